"""The body of a request, as far as it is not too large."""

from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from teleconsult.errors import UploadIncomplete, UploadTooLarge

# JSON is read whole before it is known who sends it; a list of 1,000 files and their parts has 2 MB.
MOST_JSON_BYTES = 4 << 20
# Of a route that reads its body itself, by `read_body` or `body_chunks`.
LIMITED_BY_ROUTE = 1 << 62


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
