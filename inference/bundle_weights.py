"""What a weights file is, told from its outside: a table of numbers or a program, and how large it unfolds.

Source: torch.save writes a zip of stored (not compressed) entries, with the objects in data.pkl; the zip of
TorchScript has its program in code/ and its constants in constants.pkl.
"""

import zipfile
from enum import StrEnum
from pathlib import Path

from imaging.zip_directory import central_directory_bytes
from inference.bundle_reasons import bundle_reason
from inference.errors import BundleError

MAX_WEIGHTS_BYTES = 4 * 1024**3
MAX_DIRECTORY_BYTES = 16 * 1024**2


class WeightsKind(StrEnum):
    STATE = "state"
    TORCHSCRIPT = "torchscript"


def kind_of_weights(path: Path, model: str) -> WeightsKind:
    """Return what the file holds, without opening it as what it claims to be.

    Raises:
        BundleError: too large, or it would unfold to more than it takes on the disk.
    """
    size_bytes = path.stat().st_size
    if size_bytes > MAX_WEIGHTS_BYTES:
        raise BundleError(bundle_reason("bundle-too-large", limit=f"{MAX_WEIGHTS_BYTES // 1024**3} GiB"))
    if not zipfile.is_zipfile(path):
        return WeightsKind.STATE  # the form before PyTorch 1.6; torch reads it within the same bounds
    try:
        with path.open("rb") as stream:
            if central_directory_bytes(stream) > MAX_DIRECTORY_BYTES:
                raise BundleError(bundle_reason("weights-unreadable", model=model))
            with zipfile.ZipFile(stream) as archive:
                entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise BundleError(bundle_reason("weights-unreadable", model=model)) from error
    if sum(entry.file_size for entry in entries) > size_bytes:
        raise BundleError(bundle_reason("weights-unreadable", model=model))
    names = [entry.filename.partition("/")[2] for entry in entries]
    is_program = any(name.startswith("code/") or name == "constants.pkl" for name in names)
    return WeightsKind.TORCHSCRIPT if is_program else WeightsKind.STATE
