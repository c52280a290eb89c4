"""Log lines of one form in every process: an event, its values, and the ids of what is being worked on.

`log.info("job-done job_id=%s", job_id)` is the event `job-done` with one value. As text it is one line; with
TELECONSULT_LOG_FORMAT=json one object on a line, for programs that collect logs. What `naming` names stands
in every line that is written meanwhile, also by others. Control characters from outside begin no new line.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from telemetry.errors import TelemetryUnclear

TEXT, JSON = "text", "json"
VALUE = re.compile(r"(?:(?<=\s)|^)(\w+)=%[-\d.]*[a-z]")
PLACEHOLDER = re.compile(r"%[-\d.]*[a-z]")
CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127, 0x85, 0x2028, 0x2029)}

_named: ContextVar[Mapping[str, str]] = ContextVar("named", default={})  # noqa: B039  never changed in place


@contextmanager
def naming(**ids: str) -> Iterator[None]:
    """Name what the block works on; in this task or thread, and in what is started from it."""
    before = _named.set({**_named.get(), **ids})
    try:
        yield
    finally:
        _named.reset(before)


def name(**ids: str) -> None:
    """Name more of what the present task works on, until it ends."""
    _named.set({**_named.get(), **ids})


def named() -> Mapping[str, str]:
    return _named.get()


def set_up_logs(environment: Mapping[str, str]) -> None:
    """Write all of this process's lines to its standard error, as TELECONSULT_LOG_FORMAT says.

    Raises:
        TelemetryUnclear: it names no format.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(environment))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for server in ("uvicorn", "uvicorn.error"):  # it has set up its own before it calls us
        theirs = logging.getLogger(server)
        theirs.handlers.clear()
        theirs.propagate = True


def formatter(environment: Mapping[str, str]) -> logging.Formatter:
    """Raises TelemetryUnclear."""
    wanted = environment.get("TELECONSULT_LOG_FORMAT") or TEXT
    if wanted not in (TEXT, JSON):
        raise TelemetryUnclear("TELECONSULT_LOG_FORMAT is neither text nor json")
    return JsonLines() if wanted == JSON else TextLines("%(asctime)s %(levelname)s %(name)s %(message)s")


class TextLines(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:
        said = values_of(record)
        more = "".join(f" {key}={value}" for key, value in named().items() if key not in said)
        return (super().formatMessage(record) + more).translate(CONTROL)


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": message.split(" ", 1)[0].rstrip(":"),
            "message": message,
            **named(),
            **values_of(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def values_of(record: logging.LogRecord) -> dict[str, Any]:
    """What stands as `name=%s` in the line's template, by name; numbers stay numbers."""
    if not isinstance(record.args, tuple) or not isinstance(record.msg, str):
        return {}
    places = {match.start(): number for number, match in enumerate(PLACEHOLDER.finditer(record.msg))}
    found: dict[str, Any] = {}
    for match in VALUE.finditer(record.msg):
        number = places[match.start() + len(match[1]) + 1]
        if number < len(record.args):
            value = record.args[number]
            found[match[1]] = value if isinstance(value, int | float | bool) else str(value)
    return found
