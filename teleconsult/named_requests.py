"""Each request has an id: in the answer as X-Request-Id, and in every log line that it causes."""

import logging
import time
from secrets import token_hex

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.logs import name
from telemetry.tracing import span

HEADER = "x-request-id"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_ID = 128

log = logging.getLogger(__name__)


class NameRequests:
    """Plain ASGI. What changes something, and what fails through us, gets a line when it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, started, status = token_hex(8), time.monotonic(), 500

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (HEADER.encode(), request_id.encode())]
            await send(message)

        name(request_id=request_id)  # until the request's task ends: what handles a crash is outside of us
        with span(f"{scope['method']} request", **{"http.request.method": scope["method"]}) as traced:
            try:
                await self._app(scope, receive, send_named)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                if traced is not None:
                    traced.update_name(f"{scope['method']} {route}")
                    traced.set_attributes({"http.route": route, "http.response.status_code": status})
                self._log(scope["method"], route, status, started)

    @staticmethod
    def _log(method: str, route: str, status: int, started: float) -> None:
        if method not in READING or status >= 500:
            ms = round(1000 * (time.monotonic() - started))
            log.info("request-answered method=%s route=%s status=%d ms=%d", method, route, status, ms)


async def name_what_the_path_names(connection: HTTPConnection) -> None:
    """The identifiers in the path stand in the lines that follow; nothing else of it does."""
    ids = {key: value for key, value in connection.path_params.items() if key.endswith(("_id", "_uid"))}
    name(**{key: value[:LONGEST_ID] for key, value in ids.items()})
