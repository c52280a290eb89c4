"""The body of a request, read whole where it is small enough."""

from fastapi import Request
from starlette.requests import ClientDisconnect

from teleconsult.errors import UploadIncomplete, UploadTooLarge


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Raises UploadTooLarge, UploadIncomplete."""
    claimed = request.headers.get("content-length", "")
    if claimed.isdecimal() and int(claimed) > limit_bytes:
        raise UploadTooLarge
    pieces, size_bytes = [], 0
    try:
        async for chunk in request.stream():
            size_bytes += len(chunk)
            if size_bytes > limit_bytes:
                raise UploadTooLarge
            pieces.append(chunk)
    except ClientDisconnect as error:
        raise UploadIncomplete from error
    return b"".join(pieces)
