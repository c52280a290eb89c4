"""Make the PostgreSQL driver tell of a server that is away as SQLAlchemy means it, and read less.

A server that is away is an `OperationalError`, and the connections to it are given up: the driver, and
SQLAlchemy after it, say that in many other ways. Of broken constraints the driver tells only the one of
uniqueness apart; all are an `IntegrityError`.

A page asks some twenty queries. The driver, which is written in Python, went through each character of each
of them, every time, to number its parameters; it read each time stamp by a pattern; and it went through each
character of each word of a list.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO, Final

from pg8000 import core, dbapi, legacy
from pg8000.converters import array_out, timestamptz_in
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import IntegrityError, OperationalError

TIMESTAMPTZ: Final = 1184  # its number in pg_type
KEPT_STATEMENTS: Final = 2_000  # there are fewer in the program, but for the lengths of lists
# SQLSTATE, PostgreSQL appendix A: connection exceptions, too many connections, shutdown, crash, start; below
# those of broken constraints.
AWAY_CODES: Final = ("08", "53300", "57P01", "57P02", "57P03")
CONSTRAINT_CODES: Final = "23"
_ESCAPED: Final = str.maketrans({"\\": r"\\", '"': r"\""})
AWAY_WORDS: Final = ("network error", "communication error", "connection is closed", "create a connection")


def set_up_postgresql(engine: Engine) -> None:
    """For this engine's connections; what is the driver's alone, for all."""
    legacy.convert_paramstyle = numbered
    core._read = read

    @event.listens_for(engine, "connect")
    def on_connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.register_in_adapter(TIMESTAMPTZ, timestamp)
        dbapi_connection.register_out_adapter(list, array)

    @event.listens_for(engine, "handle_error")
    def on_error(context: ExceptionContext) -> OperationalError | IntegrityError | None:
        error = context.original_exception
        if _code_of(error).startswith(CONSTRAINT_CODES):
            return IntegrityError(context.statement, None, error, hide_parameters=True)
        if not is_server_away(error):
            return None
        context.is_disconnect = True
        return OperationalError(
            context.statement, None, error, hide_parameters=True, connection_invalidated=True
        )


def read(source: BinaryIO, size: int) -> bytes:
    """Exactly `size` bytes. Where the first of them do not come, the driver leaves the socket's own error."""
    content = bytearray()
    while len(content) < size:
        try:
            piece = source.read(size - len(content))
        except OSError as error:
            raise dbapi.InterfaceError("network error") from error
        if not piece:
            raise dbapi.InterfaceError("network error")
        content += piece
    return bytes(content)


def is_server_away(error: BaseException) -> bool:
    """Return whether the driver says that the server is gone, going, or not there yet."""
    if isinstance(error, dbapi.InterfaceError):
        return any(words in str(error) for words in AWAY_WORDS)
    return _code_of(error).startswith(AWAY_CODES)


def _code_of(error: BaseException) -> str:
    """The SQLSTATE in the server's message, by the letters of its protocol (section 54.8), or ''."""
    said = error.args[0] if isinstance(error, dbapi.Error) and error.args else None
    return str(said.get("C")) if isinstance(said, dict) else ""


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


def array(values: list[Any]) -> str:
    """The literal of an array; one of words alone is written at once (PostgreSQL 8.15.6)."""
    if values and all(type(one) is str for one in values):
        words = '","'.join(one.translate(_ESCAPED) for one in values)
        return f'{{"{words}"}}'
    literal: str = array_out(values)
    return literal
