"""From a setting to the object store that it names."""

from pathlib import Path

from storage.local_files import LocalFiles
from storage.object_store import ObjectStore


def open_object_store(where: str) -> ObjectStore:
    """Return the store at an `s3://` or `s3+http://` address, or in a folder."""
    if not where.startswith("s3"):
        return LocalFiles(Path(where))
    from storage.s3 import S3Objects  # its client takes a while to import, and most have a folder

    return S3Objects.from_url(where)
