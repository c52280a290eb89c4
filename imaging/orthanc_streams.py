"""Orthanc's files for those who send them on: on the event loop, several ahead, within a bound on memory.

A file is always had whole before its first byte goes out. A small one is held in memory, a large one in an
unnamed file on disk. So a slow receiver holds no thread of the archive, the length and checksum of a file are
known before it is sent, and a part of it costs no second transfer.
"""

import asyncio
import tempfile
import zlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import aiohttp

from imaging.errors import InstanceNotFound, PacsLoginRefused, PacsUnavailable
from imaging.plain_http import ConnectionLost, NotPlain, PlainHttp

HELD_IN_MEMORY_BYTES: Final = 4 << 20
CHUNK_BYTES: Final = 256 << 10
AHEAD: Final = 6  # files fetched while one is being sent
# Orthanc answers with 16 threads, and others want some of them.
CONNECTIONS: Final = 8
FILE_TIMEOUT_S = 60.0  # for one that is held in memory
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=60)
KEEP_ALIVE_S = 0.8  # Orthanc closes after one second

Chunk = bytes | memoryview
T = TypeVar("T")
K = TypeVar("K")


@dataclass(slots=True)
class ArchivedFile:
    """A file as the archive holds it, in memory or in a file without a name. Close it."""

    size_bytes: int
    content: memoryview | None
    _spooled: IO[bytes] | None = field(default=None, repr=False)
    _crc32: int | None = None

    @property
    def crc32(self) -> int:
        if self._crc32 is None:
            assert self.content is not None
            self._crc32 = zlib.crc32(self.content)
        return self._crc32

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        """Return the bytes from `start` to before `stop`. Blocks for a large file."""
        stop = self.size_bytes if stop is None else stop
        if self.content is not None:
            return bytes(self.content[start:stop])
        assert self._spooled is not None
        self._spooled.seek(start)
        return self._spooled.read(stop - start)

    async def chunks(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[Chunk, None]:
        """Yield the bytes from `start` to before `stop`, those in memory without copying them."""
        stop = self.size_bytes if stop is None else stop
        if self.content is not None:
            yield self.content[start:stop]
            return
        for at in range(start, stop, CHUNK_BYTES):
            yield await asyncio.to_thread(self.read, at, min(at + CHUNK_BYTES, stop))

    def close(self) -> None:
        """Give disk and memory back; calling it again does no harm."""
        self.content = None
        if self._spooled is not None:
            self._spooled.close()
            self._spooled = None


class OrthancStreams:
    """Orthanc 1.10 or newer, read only. Belongs to the event loop that first asks it."""

    def __init__(self, url: str, username: str, password: str, spool_folder: Path) -> None:
        self._url = url.rstrip("/")
        self._auth = aiohttp.BasicAuth(username, password)
        self._spool_folder = spool_folder
        self._opened: aiohttp.ClientSession | None = None
        self._plain = PlainHttp(
            url,
            username,
            password,
            connections=CONNECTIONS,
            keep_alive_s=KEEP_ALIVE_S,
            timeout_s=FILE_TIMEOUT_S,
        )

    async def close(self) -> None:
        """Close the connections; calling it again does no harm."""
        self._plain.close()
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    async def file(self, orthanc_id: str) -> ArchivedFile:
        """Return a file as it was stored. Raises InstanceNotFound, PacsUnavailable."""
        path = f"/instances/{orthanc_id}/file"
        try:
            status, content = await self._plain.get(path, HELD_IN_MEMORY_BYTES)
        except ConnectionLost as error:
            raise PacsUnavailable("the archive does not answer") from error
        except NotPlain:
            async with self._answer("GET", path) as response:
                return await self._spool(response)
        _check(status, path)
        return ArchivedFile(len(content), memoryview(content))

    async def header_bytes(self, orthanc_id: str) -> bytes:
        """Return a file's bytes up to its pixels, or all of a small file. Raises as `file`."""
        async with self._answer("GET", f"/instances/{orthanc_id}/file") as response:
            length = response.content_length
            if length is not None and length <= HELD_IN_MEMORY_BYTES:
                return await response.read()
            ends = await self._json("GET", f"/instances/{orthanc_id}/metadata/PixelDataOffset")
            header = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                header += chunk
                if len(header) >= int(ends):
                    break
            return bytes(header[: int(ends)])

    async def frame(self, orthanc_id: str, index: int) -> bytes:
        """Return one frame as it is stored, uncompressed ones little endian; `index` counts from zero.

        Raises as `file`.
        """
        async with self._answer("GET", f"/instances/{orthanc_id}/frames/{index}/raw") as response:
            return await response.read()

    async def find_studies(self, query: dict[str, str]) -> list[str]:
        """Return the Study Instance UIDs that match, whoever they belong to. Raises PacsUnavailable."""
        rows = await self._json(
            "POST", "/tools/find", json={"Level": "Study", "Query": query, "Expand": True}
        )
        return [str(row["MainDicomTags"]["StudyInstanceUID"]) for row in rows]

    async def files(self, orthanc_ids: Iterable[str]) -> AsyncGenerator[ArchivedFile, None]:
        """Yield files in the order asked for, the next ones on their way already. Each is closed here."""
        async with aclosing(in_order(self.file, orthanc_ids, discard=ArchivedFile.close)) as files:
            async for file in files:
                try:
                    yield file
                finally:
                    file.close()

    async def _spool(self, response: aiohttp.ClientResponse) -> ArchivedFile:
        try:
            spooled = tempfile.TemporaryFile(dir=self._spool_folder)  # noqa: SIM115
        except OSError as error:
            raise PacsUnavailable("no room to hold a large file") from error
        crc32 = size_bytes = 0
        try:
            async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                crc32, size_bytes = zlib.crc32(chunk, crc32), size_bytes + len(chunk)
                await asyncio.to_thread(spooled.write, chunk)
            return ArchivedFile(size_bytes, None, spooled, crc32)
        except OSError as error:
            spooled.close()
            raise PacsUnavailable("no room to hold a large file") from error
        except BaseException:
            spooled.close()
            raise

    async def _json(self, method: str, path: str, **options: Any) -> Any:
        async with self._answer(method, path, **options) as response:
            return await response.json(content_type=None)

    @asynccontextmanager
    async def _answer(self, method: str, path: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            async with self._session().request(method, self._url + path, **options) as response:
                _check(response.status, path)
                yield response
        except (aiohttp.ClientError, TimeoutError) as error:
            raise PacsUnavailable(f"the archive does not answer: {type(error).__name__}") from error

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                auth=self._auth,
                # Orthanc compresses for whoever accepts it, at a hundred times the cost of sending.
                headers={"Accept-Encoding": "identity"},
                auto_decompress=False,
                connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S),
                read_bufsize=1 << 20,
                timeout=TIMEOUT,
            )
        return self._opened


def _check(status: int, path: str) -> None:
    if status == 404:
        raise InstanceNotFound(path)
    if status in (401, 403):
        raise PacsLoginRefused("the archive refused the login")
    if status != 200:
        raise PacsUnavailable(f"status {status}")


async def in_order(
    fetch: Callable[[K], Awaitable[T]],
    keys: Iterable[K],
    *,
    ahead: int = AHEAD,
    discard: Callable[[T], None] = lambda _: None,
) -> AsyncGenerator[T, None]:
    """Yield what `fetch` returns for each key, in order, with `ahead` more under way.

    Whoever stops listening, or is cancelled, stops what is under way; `discard` gets what nobody took.
    """
    under_way: deque[asyncio.Future[T]] = deque()
    remaining = iter(keys)

    def start_one() -> None:
        for key in remaining:
            under_way.append(asyncio.ensure_future(fetch(key)))
            return

    try:
        for _ in range(ahead + 1):
            start_one()
        while under_way:
            result = await under_way[0]
            under_way.popleft()
            start_one()
            yield result
    finally:
        for task in under_way:
            task.cancel()
        for left in await asyncio.gather(*under_way, return_exceptions=True):
            if not isinstance(left, BaseException):
                discard(left)
