"""The browser takes out the same as the server does, by the same table, and leaves no trace either."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from imaging.deidentify import Case, deidentify, report_rows
from tests.dicom_builders import a_dataset, as_bytes
from tests.unit.imaging import deidentification_files as identity

WEB = Path(__file__).parents[3] / "web"
FILES = identity.files()
NOT_IN_THE_BROWSER = {"ct big endian", "ct deflated"}
pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (WEB / "node_modules" / "rolldown").is_dir(),
    reason="node or the front end's packages are not installed",
)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's code made of all files."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    for name, content in FILES.items():
        (source / name).write_bytes(content)
    document = a_dataset("1.2.840.10008.5.1.4.1.1.104.1", EncapsulatedDocument=b"%PDF")
    (source / "document").write_bytes(as_bytes(document))
    (source / "cut off").write_bytes(FILES["report"][:2000])
    script = Path(__file__).with_name("deidentify_in_node.mjs")
    run = subprocess.run(
        ["node", str(script), str(WEB), bytes(range(32)).hex(), str(source), str(target)],
        capture_output=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr.decode()
    return target


@pytest.mark.parametrize("name", sorted(set(FILES) - NOT_IN_THE_BROWSER))
def test_browser_and_server_give_the_same_bytes(target: Path, name: str) -> None:
    case = Case(bytes(range(32)))
    for content in FILES.values():
        case.learn(content)
    expected = deidentify(FILES[name], case)
    result = (target / name).read_bytes()

    assert identity.traces(result) == []
    assert result == expected.content()
    rows = json.loads((target / f"{name}.json").read_text())["changes"]
    assert {(row["tag"], row["action"], row["count"]) for row in rows} == {
        (row["tag"], row["action"], row["count"]) for row in report_rows(expected.changes)
    }


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *((name, "deidentification-not-here") for name in sorted(NOT_IN_THE_BROWSER)),
        ("document", "deidentify-document"),
        ("cut off", "damaged-dicom"),
    ],
)
def test_what_the_browser_cannot_make_safe_it_refuses(target: Path, name: str, code: str) -> None:
    assert (target / f"{name}.refused").read_text() == code
    assert not (target / name).exists()
