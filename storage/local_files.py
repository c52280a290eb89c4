"""ObjectStore on a local folder."""

import os
import tempfile
from pathlib import Path

from storage.errors import ObjectAlreadyStored, ObjectMissing, ObjectStoreUnavailable
from storage.object_store import check_key


class LocalFiles:
    """One file for each object. A file appears whole and synced to disk, or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        target = self._root / check_key(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, scratch = tempfile.mkstemp(dir=target.parent, prefix=".")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(scratch, target)  # unlike rename, refuses a name that is taken
            except FileExistsError as error:
                raise ObjectAlreadyStored(key) from error
        finally:
            os.unlink(scratch)
        sync_folder(target.parent)

    def get(self, key: str) -> bytes:
        try:
            return (self._root / check_key(key)).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise ObjectMissing(key) from error

    def delete(self, key: str) -> None:
        (self._root / check_key(key)).unlink(missing_ok=True)

    def keys(self, prefix: str = "") -> list[str]:
        folder = self._root / prefix.rpartition("/")[0]  # nothing outside of it can begin so
        found = (
            path.relative_to(self._root).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        )
        return sorted(key for key in found if key.startswith(prefix))

    def ping(self) -> None:
        if not os.access(self._root, os.R_OK | os.W_OK | os.X_OK):
            raise ObjectStoreUnavailable("the folder of objects cannot be written")


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
