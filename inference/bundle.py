"""A model as a folder: the MONAI bundle layout, read and checked without torch.

Source: MONAI Bundle Specification (configs/metadata.json, configs/inference.json or .yaml, models/, docs/).
The weights' file and digest, the threshold and the calibration are our own keys in metadata.json; for the
bundles of others, the registry keeps what it took down when they were added.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from imaging.reasons import Reason
from inference.bundle_reasons import bundle_reason
from inference.errors import BundleError

REQUIRED_KEYS = ("name", "version", "weights_file", "weights_sha256", "threshold")
CONFIG_FILES = ("inference.json", "inference.yaml", "inference.yml")
MAX_METADATA_BYTES = 4 * 1024 * 1024
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Pinned:
    """What was taken down of somebody else's bundle when it was added, and must still hold.

    Attributes:
        bundle_sha256: over all its files, as `bundle_sha256` gives it.
        is_trusted: an administrator lets it run code of its own.
    """

    name: str
    version: str
    weights_file: str
    weights_sha256: str
    bundle_sha256: str
    is_trusted: bool = False


@dataclass(frozen=True, slots=True)
class Bundle:
    """One model version.

    Attributes:
        name: the model's name in findings.
        version: of the model, as in the CHANGELOG of metadata.json.
        folder: where it lies.
        weights_path: the weights that were verified.
        weights_sha256: their digest, hexadecimal.
        threshold: probability from which a lesion becomes a finding.
        metadata: all of metadata.json.
        is_trusted: it may run code of its own; the allow-list of targets does not hold for it.
    """

    name: str
    version: str
    folder: Path
    weights_path: Path
    weights_sha256: str
    threshold: float
    metadata: Mapping[str, Any] = field(compare=False)
    is_trusted: bool = False

    @property
    def network_config(self) -> Path:
        """The file that MONAI's ConfigParser resolves into the network."""
        return config_file(self.folder) or self.folder / "configs" / CONFIG_FILES[0]


def load_bundle(path: Path, pinned: Pinned | None = None) -> Bundle:
    """Return the bundle in a folder, its weights verified against their digest.

    Args:
        path: its folder.
        pinned: of somebody else's bundle: what must still hold. Without it metadata.json says so itself.

    Raises:
        BundleError: a file or key is missing, or the weights are not those that were named.
    """
    folder = Path(path).resolve()
    name = pinned.name if pinned else folder.name
    metadata = read_metadata(folder, name)
    if pinned is None:
        missing = [key for key in REQUIRED_KEYS if key not in metadata]
        if missing:
            raise _error("bundle-metadata-lacks", name, keys=", ".join(missing))
        named = {key: str(metadata[key]) for key in REQUIRED_KEYS}
    else:
        if bundle_sha256(folder) != pinned.bundle_sha256:
            raise _error("bundle-changed", name)
        named = {
            "name": name,
            "version": pinned.version,
            "weights_file": pinned.weights_file,
            "weights_sha256": pinned.weights_sha256,
        }
    weights_path = weights_of(folder, name, named["weights_file"])
    digest = file_sha256(weights_path)
    if digest != named["weights_sha256"]:
        raise _error("bundle-weights-digest", name, found=digest[:12], expected=named["weights_sha256"][:12])
    return Bundle(
        name=named["name"],
        version=named["version"],
        folder=folder,
        weights_path=weights_path,
        weights_sha256=digest,
        threshold=_threshold(metadata, name),
        metadata=metadata,
        is_trusted=pinned.is_trusted if pinned else False,
    )


def read_metadata(folder: Path, name: str) -> dict[str, Any]:
    """Return what configs/metadata.json holds.

    Raises:
        BundleError: it is missing, too large, not JSON or no object.
    """
    path, file = folder / "configs" / "metadata.json", "configs/metadata.json"
    try:
        if path.stat().st_size > MAX_METADATA_BYTES:
            raise _error("bundle-file-unreadable", name, file=file)
        metadata = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _error("bundle-file-unreadable", name, file=file) from error
    except (ValueError, RecursionError) as error:
        raise _error("bundle-not-json", name, file=file) from error
    if not isinstance(metadata, dict):
        raise _error("bundle-metadata-lacks", name, keys=", ".join(REQUIRED_KEYS))
    return metadata


def config_file(folder: Path) -> Path | None:
    """The inference configuration, the one file of configs/ besides the metadata that is ever read."""
    return next((path for each in CONFIG_FILES if (path := folder / "configs" / each).is_file()), None)


def weights_of(folder: Path, name: str, weights_file: str) -> Path:
    """Return the path of the weights.

    Raises:
        BundleError: they would lie outside the folder, or are not there.
    """
    path = (folder / weights_file).resolve()
    if not path.is_relative_to(folder):
        raise _error("bundle-weights-outside", name)
    if not path.is_file():
        raise _error("bundle-file-unreadable", name, file=weights_file)
    return path


def file_sha256(path: Path) -> str:
    """Return a file's digest, hexadecimal; a file that did not change is not read again."""
    stat = path.stat()
    return _sha256(path, stat.st_size, stat.st_mtime_ns)


def bundle_sha256(folder: Path) -> str:
    """Return one digest over the names and contents of all files in a bundle, hexadecimal."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink()):
        content = "link" if path.is_symlink() else file_sha256(path)
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


@lru_cache(maxsize=4096)
def _sha256(path: Path, size_bytes: int, modified_ns: int) -> str:
    """Return the file's digest; size and time are there so that a changed file is read again."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _threshold(metadata: Mapping[str, Any], name: str) -> float:
    try:
        return float(metadata.get("threshold", DEFAULT_THRESHOLD))
    except (TypeError, ValueError) as error:
        raise _error("bundle-metadata-lacks", name, keys="threshold") from error


def _error(code: str, model: str, **values: object) -> BundleError:
    said: Reason = bundle_reason(code, model=model, **values)
    return BundleError(said)
