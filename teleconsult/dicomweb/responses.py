"""How files leave: whole, in part, not again where the browser has them, and never cut off unnoticed."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from imaging.errors import ImagingError
from imaging.orthanc_streams import ArchivedFile, Chunk, OrthancStreams
from teleconsult.studies.repository import InstanceRecord

# What is stored under a SOP Instance UID never changes; only this user's browser may keep it.
IMMUTABLE = {"Cache-Control": "private, max-age=86400, immutable"}
STALLED_S = 120.0  # for one chunk: a receiver slower than 2 KB/s is let go
log = logging.getLogger(__name__)


class Streamed(Response):
    """A body of unknown or great length, sent as it comes.

    Where the archive fails in the middle, the answer is broken off: the connection closes before the last
    chunk, so that every client sees that it does not have all. Where the client leaves, what is under way
    for it stops.
    """

    def __init__(
        self,
        body: AsyncGenerator[Chunk, None],
        *,
        media_type: str,
        headers: Mapping[str, str],
        length: int | None = None,
        status_code: int = 200,
    ) -> None:
        self._chunks = body
        self.status_code, self.media_type, self.background = status_code, media_type, None
        self.init_headers(headers if length is None else {**headers, "Content-Length": str(length)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send(scope["method"] == "HEAD", send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            outcome, _ = await asyncio.gather(sending, leaving, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome

    async def _send(self, headers_only: bool, send: Send) -> None:
        async with aclosing(self._chunks) as chunks:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            try:
                if not headers_only:
                    async for chunk in chunks:
                        async with asyncio.timeout(STALLED_S):
                            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except (ImagingError, TimeoutError) as error:
                # Returning without a last message makes the server close the connection.
                log.warning("answer-broken-off error=%s", type(error).__name__)
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def begun(body: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk, None]:
    """The same body, with its first chunk there: what fails before it fails with a proper answer."""
    try:
        first = await anext(body)
    except StopAsyncIteration:
        first = b""

    async def whole() -> AsyncGenerator[Chunk, None]:
        async with aclosing(body):
            yield first
            async for chunk in body:
                yield chunk

    return whole()


async def instance_file_response(
    request: Request, streams: OrthancStreams, instance: InstanceRecord
) -> Response:
    """One DICOM file as it is stored: whole or a range of it, or 304 (RFC 9110 sections 13 and 14)."""
    headers = {**IMMUTABLE, "Accept-Ranges": "bytes"}
    if instance.sha256:
        headers["ETag"] = f'"{instance.sha256}"'
    if is_known(request, headers.get("ETag")):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD" and instance.size_bytes is not None and "range" not in request.headers:
        headers["Content-Length"] = str(instance.size_bytes)
        return Response(media_type="application/dicom", headers=headers)
    file = await streams.file(instance.orthanc_id)
    size = file.size_bytes
    wanted = _range(request, size, headers.get("ETag"))
    if wanted is None:
        if file.content is not None:
            return Response(file.content, media_type="application/dicom", headers=headers)
        start, stop, status = 0, size, 200
    elif wanted[0] >= wanted[1]:
        file.close()
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    else:
        (start, stop), status = wanted, 206
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Streamed(
        _closing(file, start, stop),
        media_type="application/dicom",
        headers=headers,
        length=stop - start,
        status_code=status,
    )


def is_known(request: Request, etag: str | None) -> bool:
    """Whether the client says that it has this one (If-None-Match)."""
    given = request.headers.get("if-none-match")
    if given is None or etag is None:
        return False
    return given.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in given.split(","))


async def _closing(file: ArchivedFile, start: int, stop: int) -> AsyncGenerator[Chunk, None]:
    try:
        async for chunk in file.chunks(start, stop):
            yield chunk
    finally:
        file.close()


def _range(request: Request, size: int, etag: str | None) -> tuple[int, int] | None:
    """The bytes asked for, from and to before; empty where there are none such; None for all.

    Several ranges, and what is no range, are answered with all (RFC 9110 14.2).
    """
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", request.headers.get("range", "").replace(" ", ""))
    if match is None or match.group(0) == "bytes=-":
        return None
    if request.headers.get("if-range", etag) != etag:
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size if int(last) else 0
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1) if last else size
