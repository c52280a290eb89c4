"""A bundle whose weights are not the ones it names does not run."""

import json
import shutil
from pathlib import Path

import pytest

from inference.bundle import load_bundle
from inference.errors import BundleError

MODELS = Path(__file__).resolve().parents[3] / "models"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODELS / "lung_nodule_ct", tmp_path / "lung_nodule_ct"))


def edit(folder: Path, **changes: object) -> None:
    path = folder / "configs" / "metadata.json"
    metadata = json.loads(path.read_text())
    metadata.update(changes)
    path.write_text(json.dumps({key: value for key, value in metadata.items() if value is not None}))


def test_the_shipped_bundle_is_whole() -> None:
    bundle = load_bundle(MODELS / "lung_nodule_ct")
    assert bundle.name == "lung_nodule_ct"
    assert len(bundle.weights_sha256) == 64
    assert 0 < bundle.threshold < 1
    assert bundle.weights_path.stat().st_size < 10_000_000
    assert (bundle.folder / "docs" / "README.md").is_file()


def test_changed_weights_are_refused(copied: Path) -> None:
    weights = copied / "models" / "model.pt"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(bytes(content))
    with pytest.raises(BundleError, match="not the ones"):
        load_bundle(copied)


def test_absent_weights_are_refused(copied: Path) -> None:
    (copied / "models" / "model.pt").unlink()
    with pytest.raises(BundleError, match="cannot be read"):
        load_bundle(copied)


@pytest.mark.parametrize("key", ["name", "version", "weights_file", "weights_sha256", "threshold"])
def test_metadata_that_lacks_a_key_is_refused(copied: Path, key: str) -> None:
    edit(copied, **{key: None})
    with pytest.raises(BundleError, match=key):
        load_bundle(copied)


def test_weights_outside_the_folder_are_refused(copied: Path) -> None:
    edit(copied, weights_file="../elsewhere.pt")
    with pytest.raises(BundleError, match="outside"):
        load_bundle(copied)


def test_metadata_that_is_no_json_is_refused(copied: Path) -> None:
    (copied / "configs" / "metadata.json").write_text("{")
    with pytest.raises(BundleError, match="not JSON"):
        load_bundle(copied)
