"""A bundle as it comes, a folder or a zip, copied to where it is looked at: bounded, nothing outside."""

import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from imaging.zip_directory import central_directory_bytes, entry_path, is_symlink
from inference.bundle_reasons import bundle_reason
from inference.errors import BundleError

MAX_FILES = 2_000
MAX_BYTES = 8 * 1024**3
MAX_DIRECTORY_BYTES = 1024 * 1024
MAX_PATH_LENGTH = 240
MAX_SEGMENT_LENGTH = 120
CHUNK_BYTES = 1024 * 1024
LEFT_BEHIND = frozenset({"__pycache__", ".git", "__MACOSX", ".DS_Store"})


def copy_bundle(source: Path, target: Path) -> Path:
    """Copy a bundle below `target`, which is empty, and return its folder there: the one that has `configs`.

    Raises:
        BundleError: it is neither a folder nor a zip, damaged, too large, or a path or link leads outside.
    """
    try:
        if source.is_dir():
            _write(target, _files_of_folder(source))
        elif source.is_file():
            _unpack(source, target)
        else:
            raise BundleError(bundle_reason("bundle-not-there", path=source.name))
    except OSError as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise BundleError(bundle_reason("bundle-not-there", path=source.name)) from error
        raise BundleError(bundle_reason("bundle-no-space")) from error
    return _top(target)


def _unpack(source: Path, target: Path) -> None:
    if not zipfile.is_zipfile(source):
        raise BundleError(bundle_reason("bundle-not-there", path=source.name))
    try:
        with source.open("rb") as stream:
            if central_directory_bytes(stream) > MAX_DIRECTORY_BYTES:
                raise _too_large()
            with zipfile.ZipFile(stream) as archive:
                _write(target, _files_of_zip(archive))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise BundleError(bundle_reason("bundle-zip-damaged")) from error


def _files_of_zip(archive: zipfile.ZipFile) -> Iterator[tuple[str, IO[bytes]]]:
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        path = entry_path(entry)
        if path is None or is_symlink(entry):
            raise BundleError(bundle_reason("bundle-unsafe-path", file=entry.filename[:80]))
        with archive.open(entry) as stream:
            yield path, stream


def _files_of_folder(folder: Path) -> Iterator[tuple[str, IO[bytes]]]:
    for path in sorted(folder.rglob("*")):
        shown = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise BundleError(bundle_reason("bundle-unsafe-path", file=shown[:80]))
        if path.is_file():
            with path.open("rb") as stream:
                yield shown, stream


def _write(target: Path, files: Iterator[tuple[str, IO[bytes]]]) -> None:
    """Write files below `target`, counting what they unfold to, not what they claim."""
    count, left = 0, MAX_BYTES
    for path, stream in files:
        parts = path.split("/")
        if LEFT_BEHIND & set(parts):
            continue
        if len(path) > MAX_PATH_LENGTH or any(len(os.fsencode(p)) > MAX_SEGMENT_LENGTH for p in parts):
            raise BundleError(bundle_reason("bundle-unsafe-path", file=path[:80]))
        count += 1
        if count > MAX_FILES:
            raise _too_large()
        place = target.joinpath(*parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:
            while chunk := stream.read(CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise _too_large()
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())


def _top(target: Path) -> Path:
    """The folder that holds `configs`: the target itself, or the only folder in it."""
    if (target / "configs").is_dir():
        return target
    folders = [path for path in target.iterdir() if path.is_dir()]
    if len(folders) == 1 and (folders[0] / "configs").is_dir():
        return folders[0]
    raise BundleError(bundle_reason("bundle-several-folders"))


def _too_large() -> BundleError:
    limit = f"{MAX_BYTES // 1024**3} GiB, {MAX_FILES:,} files"
    return BundleError(bundle_reason("bundle-too-large", limit=limit))


def remove_folder(folder: Path) -> None:
    """Remove a folder and all in it; one that is not there is no error."""
    shutil.rmtree(folder, ignore_errors=True)
