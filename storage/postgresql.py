"""Make the PostgreSQL driver, which is written in Python, read less of what it has read before.

A page asks some twenty queries. The driver went through each character of each of them, every time, to
number its parameters; and it read each time stamp by a pattern.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from pg8000 import dbapi, legacy
from pg8000.converters import timestamptz_in
from sqlalchemy import Engine, event

TIMESTAMPTZ: Final = 1184  # its number in pg_type
KEPT_STATEMENTS: Final = 2_000  # there are fewer in the program, but for the lengths of lists


def set_up_postgresql(engine: Engine) -> None:
    """For this engine's connections; the numbering, which is the driver's alone, for all."""
    legacy.convert_paramstyle = numbered

    @event.listens_for(engine, "connect")
    def on_connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.register_in_adapter(TIMESTAMPTZ, timestamp)


def numbered(style: str, query: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """The query with its parameters as $1, $2 and so on, and their values in that order."""
    if style not in ("format", "qmark", "numeric"):
        named: tuple[str, Sequence[Any]] = dbapi.convert_paramstyle(style, query, values)
        return named
    return _numbered(style, query), values


@lru_cache(maxsize=KEPT_STATEMENTS)
def _numbered(style: str, query: str) -> str:
    statement: str = dbapi.convert_paramstyle(style, query, ())[0]
    return statement


def timestamp(text: str) -> Any:
    """A time stamp as the server writes it; what no datetime holds stays as the driver reads it."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return timestamptz_in(text)
