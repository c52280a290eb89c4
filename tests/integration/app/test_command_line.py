"""The command line beside a running installation."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import Client, Installation


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    for n, ds in enumerate(a_series_of_its_own(3, patient_id=f"T-{tmp_path.name[-20:]}")):
        (folder / f"{n}.dcm").write_bytes(as_bytes(ds))
    (folder / "cut.dcm").write_bytes((folder / "0.dcm").read_bytes()[:-3000])
    (folder / "notes.txt").write_text("not an image, and long enough not to be taken for an empty file")
    return folder


def run(*words: str) -> tuple[int, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "teleconsult.cli", *words], capture_output=True, text=True, timeout=120
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def verdicts(answer: Any) -> dict[str, str]:
    return {file["path"]: file["verdict"] for file in answer["files"]}


def test_a_dry_run_says_what_would_become_of_each_file_and_stores_nothing(
    disk: Path, clinician: Client
) -> None:
    before = len(clinician.get("/api/studies")["studies"])
    code, answer = run("import", str(disk), "--dry-run", "--json")
    assert code == 0
    assert sorted(verdicts(answer).values()) == ["accepted"] * 3 + ["refused"] * 2
    assert all(file["reason"] for file in answer["files"] if file["verdict"] == "refused")
    assert len(clinician.get("/api/studies")["studies"]) == before


def test_an_import_stores_what_the_page_would_store(
    disk: Path, installation: Installation, clinician: Client
) -> None:
    before = len(clinician.get("/api/studies")["studies"])
    words = (
        "import",
        str(disk),
        "--json",
        "--data",
        str(installation.data),
        "--port",
        str(installation.port),
    )
    code, answer = run(*words)
    assert code == 0
    assert sorted(verdicts(answer).values()) == ["refused"] * 2 + ["stored"] * 3
    assert len(clinician.get("/api/studies")["studies"]) == before + 1
    assert run(*words)[0] == 0
    assert len(clinician.get("/api/studies")["studies"]) == before + 1


def test_an_import_without_a_running_installation_says_so(disk: Path, tmp_path: Path) -> None:
    code, said = run("import", str(disk), "--data", str(tmp_path / "nothing"))
    assert code == 1
    assert "make up" in said
