"""A model as a folder: the MONAI bundle layout, read and checked without torch.

Source: MONAI Bundle Specification (configs/metadata.json, models/, docs/). The weights' digest,
the threshold and the calibration are our own keys in metadata.json.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from inference.errors import BundleError

REQUIRED_KEYS = ("name", "version", "weights_file", "weights_sha256", "threshold")


@dataclass(frozen=True, slots=True)
class Bundle:
    """One model version.

    Attributes:
        name: the folder's name, which is the model's name in findings.
        version: of the model, as in the CHANGELOG of metadata.json.
        folder: where it lies.
        weights_path: the weights that were verified.
        weights_sha256: their digest, hexadecimal.
        threshold: probability from which a lesion becomes a finding.
        metadata: all of metadata.json.
    """

    name: str
    version: str
    folder: Path
    weights_path: Path
    weights_sha256: str
    threshold: float
    metadata: Mapping[str, Any]

    @property
    def network_config(self) -> Path:
        """The file that MONAI's ConfigParser resolves into the network."""
        return self.folder / "configs" / "inference.json"


def load_bundle(path: Path) -> Bundle:
    """Return the bundle in a folder, its weights verified against their digest.

    Raises:
        BundleError: a file or key is missing, or the weights are not those the metadata names.
    """
    folder = Path(path).resolve()
    metadata_path = folder / "configs" / "metadata.json"
    try:
        metadata = json.loads(metadata_path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(f"model {folder.name}: configs/metadata.json cannot be read") from error
    except ValueError as error:
        raise BundleError(f"model {folder.name}: configs/metadata.json is not JSON") from error
    missing = [key for key in REQUIRED_KEYS if not isinstance(metadata, dict) or key not in metadata]
    if missing:
        raise BundleError(f"model {folder.name}: configs/metadata.json lacks {', '.join(missing)}")
    weights_path = (folder / metadata["weights_file"]).resolve()
    if not weights_path.is_relative_to(folder):
        raise BundleError(f"model {folder.name}: the weights lie outside the model's folder")
    try:
        stat = weights_path.stat()
        digest = _sha256(weights_path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise BundleError(f"model {folder.name}: {metadata['weights_file']} cannot be read") from error
    if digest != metadata["weights_sha256"]:
        raise BundleError(
            f"model {folder.name}: the weights are not the ones that metadata.json names "
            f"(SHA-256 {digest[:12]} instead of {str(metadata['weights_sha256'])[:12]})"
        )
    return Bundle(
        name=metadata["name"],
        version=str(metadata["version"]),
        folder=folder,
        weights_path=weights_path,
        weights_sha256=digest,
        threshold=float(metadata["threshold"]),
        metadata=metadata,
    )


@lru_cache(maxsize=16)
def _sha256(path: Path, size_bytes: int, modified_ns: int) -> str:
    """Return the file's digest; size and time are there so that a changed file is read again."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
