"""Port to the store of whole objects: report PDFs, quarantined files."""

import re
from typing import Protocol

from storage.errors import InvalidKey

_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MAX_KEY_LENGTH = 200


class ObjectStore(Protocol):
    """Objects are written once, durable when `put` returns, and never overwritten."""

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        """Store an object. Raises ObjectAlreadyStored, InvalidKey."""
        ...

    def get(self, key: str) -> bytes:
        """Return an object. Raises ObjectMissing, InvalidKey."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        ...

    def keys(self, prefix: str = "") -> list[str]:
        """All keys that begin with `prefix`, sorted."""
        ...

    def ping(self) -> None:
        """Return within seconds where objects can be stored now. Raises ObjectStoreUnavailable."""
        ...


def check_key(key: str) -> str:
    """Return the key when it is safe on every adapter.

    Raises:
        InvalidKey: empty, too long, or a segment that is not letters, digits, '.', '_', '-'
            after a letter or digit; so '..', '/x' and 'a//b' cannot occur.
    """
    if len(key) > MAX_KEY_LENGTH or not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise InvalidKey(f"not a usable object key: {key!r}")
    return key
