"""Headers that every answer of ours carries, unless its route said otherwise."""

from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self)",
    # The viewer's codecs are WebAssembly in workers; the room's socket is the relay's own port.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' blob: data:; media-src 'self' blob:; worker-src 'self' blob:; font-src 'self' data:; "
        "connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
    ),
}
DATA_PATHS = ("/api/", "/dicom-web/")


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_FOR_PAGES = _raw(SECURITY_HEADERS)
_FOR_DATA = _raw({**SECURITY_HEADERS, "Cache-Control": "no-store"})


class SecurityHeaders:
    """Plain ASGI: it touches the first message of an answer and none of the bytes that follow."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        defaults = _FOR_DATA if scope["path"].startswith(DATA_PATHS) else _FOR_PAGES

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", [])
                present = {name.lower() for name, _ in given}
                message["headers"] = [*given, *(pair for pair in defaults if pair[0] not in present)]
            await send(message)

        await self._app(scope, receive, send_with_headers)
