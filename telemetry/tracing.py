"""Traces for OpenTelemetry, where somebody collects them: of requests, AI jobs and the database's statements.

| variable | meaning |
|---|---|
| OTEL_EXPORTER_OTLP_ENDPOINT | the collector, http://host:4318; without it nothing is traced or even loaded |
| OTEL_... | what else the SDK reads, see "Environment Variable Specification" of OpenTelemetry |

A span has the ids that log lines have, and of a statement its text, in which values are placeholders: no
patient is named. A trace id that a caller sends is not taken over. Names follow OpenTelemetry's semantic
conventions for HTTP servers and databases.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from telemetry.logs import named

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
MOST_OF_A_STATEMENT = 2_000  # characters
_tracing: list[tuple["Tracer", "TracerProvider"]] = []  # none, or the process's one


def set_up_tracing(environment: Mapping[str, str], part: str) -> None:
    """From now on this process's spans go to the collector, as those of `teleconsult-PART`.

    What cannot be sent is dropped after a while: no request waits for a collector.
    """
    if not environment.get(ENDPOINT) or _tracing:
        return
    # Half a second of imports that only those who want them pay for.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"teleconsult-{part}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracing.append((provider.get_tracer("teleconsult"), provider))
    _trace_statements()


def stop_tracing() -> None:
    """Send what is still held; the SDK does the same when a process ends."""
    while _tracing:
        _tracing.pop()[1].shutdown()


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator["Span | None"]:
    """What happens in the block, within the span around it; None: nothing is traced."""
    if not _tracing:
        yield None
        return
    # What an error says may name a patient: its kind alone is told.
    with _tracing[0][0].start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except BaseException as error:
            current.set_attribute("error.type", type(error).__name__)
            raise
        finally:
            current.set_attributes({f"teleconsult.{key}": value for key, value in named().items()})


@cache
def _trace_statements() -> None:
    """Once in each process."""
    from opentelemetry import trace
    from sqlalchemy import Engine, event

    @event.listens_for(Engine, "before_cursor_execute")
    def begin(_c: Any, _cursor: Any, statement: str, _p: Any, context: Any, _many: bool) -> None:
        if not _tracing or context is None or not trace.get_current_span().is_recording():
            return  # what nobody asked for, such as a look for due jobs twice a second
        context.teleconsult_span = _tracing[0][0].start_span(
            statement.split(None, 1)[0].upper(), attributes={"db.query.text": statement[:MOST_OF_A_STATEMENT]}
        )

    @event.listens_for(Engine, "after_cursor_execute")
    def end(_c: Any, _cursor: Any, _statement: str, _p: Any, context: Any, _many: bool) -> None:
        if (begun := getattr(context, "teleconsult_span", None)) is not None:
            begun.end()

    @event.listens_for(Engine, "handle_error")
    def fail(failure: Any) -> None:
        context = failure.execution_context
        if (begun := getattr(context, "teleconsult_span", None)) is not None:
            begun.set_attribute("error.type", type(failure.original_exception).__name__)
            begun.end()
