"""Whether an error says that there is no room left on a disk, whoever raised it."""

import errno
import sqlite3
from collections.abc import Iterator
from typing import Final

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
POSTGRESQL_DISK_FULL: Final = "53100"  # SQLSTATE, PostgreSQL appendix A


def is_disk_full(error: BaseException) -> bool:
    """Return whether the error, or what led to it, is that a disk or a quota is full."""
    return any(_says_so(each) for each in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    next_: BaseException | None = error
    while next_ is not None and id(next_) not in seen:
        seen.add(id(next_))
        yield next_
        next_ = next_.__cause__ or next_.__context__


def _says_so(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return True
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    # The driver gives the server's message by the letters of its protocol (section 54.8): C is the code.
    said = error.args[0] if error.args else None
    return isinstance(said, dict) and said.get("C") == POSTGRESQL_DISK_FULL
