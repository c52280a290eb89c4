"""The body of a request, as far as it is not too large."""

from collections.abc import AsyncIterator

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from teleconsult.errors import UploadIncomplete, UploadTooLarge
from teleconsult.problems import as_response

# JSON is read whole before it is known who sends it; a list of 1,000 files and their parts has 2 MB.
MOST_JSON_BYTES = 4 << 20
# Of a route that reads its body itself, by `read_body` or `body_chunks`.
LIMITED_BY_ROUTE = 1 << 62


class LimitBodies:
    """Plain ASGI: Starlette's limit, whose refusal is said as every problem is, in both languages.

    Where the head claims too much, Starlette puts a plain text in the place of whatever is answered.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._limited = RequestBodyLimitMiddleware(app, max_body_size=MOST_JSON_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_refused = False

        async def send_unless_plain(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and message["status"] == 413:
                kind = dict(message["headers"]).get(b"content-type", b"")
                is_refused = kind.startswith(b"text/plain")
            if not is_refused:
                await send(message)

        await self._limited(scope, receive, send_unless_plain)
        if is_refused:
            await as_response(Request(scope), HTTPException(413))(scope, receive, send)


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Raises UploadTooLarge, UploadIncomplete."""
    claimed = request.headers.get("content-length", "")
    if claimed.isdecimal() and int(claimed) > limit_bytes:
        raise UploadTooLarge
    return b"".join([chunk async for chunk in body_chunks(request, limit_bytes)])


async def body_chunks(request: Request, limit_bytes: int) -> AsyncIterator[bytes]:
    """As they come. Raises UploadTooLarge, UploadIncomplete."""
    size_bytes = 0
    try:
        async for chunk in request.stream():
            size_bytes += len(chunk)
            if size_bytes > limit_bytes:
                raise UploadTooLarge
            yield chunk
    except ClientDisconnect as error:
        raise UploadIncomplete from error
