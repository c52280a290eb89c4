"""Slow, oversized and numberless requests against the server that the application runs on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from teleconsult.bounded_http import BoundedHttp

ASK = b"GET /here HTTP/1.1\r\nHost: x\r\n\r\n"


class Quick(BoundedHttp):
    """The same bounds at a size that a test can wait for."""

    head_within_s = 0.3
    body_watched_every_s = 0.3
    answer_taken_within_s = 0.3
    connections_at_most = 20


def an_application() -> FastAPI:
    app = FastAPI()
    app.state.still_going = asyncio.Event()

    @app.get("/here")
    async def here() -> str:
        return "here"

    @app.get("/waits")
    async def waits() -> str:
        await app.state.still_going.wait()
        return "done"

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            while True:
                yield bytes(1 << 20)
                await asyncio.sleep(0)

        return StreamingResponse(pieces())

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    return app


class Server:
    def __init__(self, app: FastAPI) -> None:
        self.app = app
        config = uvicorn.Config(app, port=0, http=Quick, lifespan="off", log_level="critical")
        self._server = uvicorn.Server(config)
        self._running = asyncio.create_task(self._server.serve())

    async def port(self) -> int:
        while not self._server.started:
            await asyncio.sleep(0.01)
        name: tuple[str, int] = self._server.servers[0].sockets[0].getsockname()
        return name[1]

    async def stop(self) -> None:
        self.app.state.still_going.set()
        self._server.force_exit = self._server.should_exit = True
        await self._running


class Line:
    """One connection, of which bytes are sent as they are written here."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> "Line":
        self.writer.write(data)
        return self

    async def status(self) -> int:
        """Of the answer; 0 where the connection ended without one."""
        try:
            line = await asyncio.wait_for(self.reader.readline(), 20)
        except ConnectionError:
            line = b""
        return int(line.split()[1]) if line else 0

    async def rest(self) -> bytes:
        """All until the other side ends the connection."""
        try:
            return await asyncio.wait_for(self.reader.read(), 20)
        except ConnectionError:
            return b""

    async def keep_sending(self, piece: bytes) -> None:
        with suppress(ConnectionError):
            while True:
                self.writer.write(piece)
                await self.writer.drain()
                await asyncio.sleep(0.05)


Lines = Callable[[], Awaitable[Line]]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    running = Server(an_application())
    yield running
    await running.stop()


@pytest.fixture
async def lines(server: Server) -> AsyncIterator[Lines]:
    port, opened = await server.port(), []

    async def connect() -> Line:
        opened.append(Line(*await asyncio.open_connection("127.0.0.1", port)))
        return opened[-1]

    yield connect
    for line in opened:
        line.writer.close()


async def is_served(lines: Lines) -> bool:
    return await (await lines()).send(ASK).status() == 200


@pytest.mark.parametrize(
    "drip",
    [b"", b"\r\n", b"X-A: b\r\n", b"x"],
    ids=["nothing", "empty lines", "header lines", "one long header"],
)
async def test_a_head_that_never_ends_is_cut_off_and_others_are_served(lines: Lines, drip: bytes) -> None:
    slow = await lines()
    if drip.strip():
        slow.send(b"GET /here HTTP/1.1\r\nHost: x\r\n")
    dripping = asyncio.create_task(slow.keep_sending(drip))
    assert await is_served(lines)
    assert await slow.status() in (408, 0)
    dripping.cancel()


async def test_empty_lines_after_an_answer_hold_no_connection(lines: Lines) -> None:
    slow = await lines()
    assert await slow.send(ASK).status() == 200
    dripping = asyncio.create_task(slow.keep_sending(b"\r\n"))
    await slow.rest()
    dripping.cancel()
    assert await is_served(lines)


async def test_a_body_that_never_ends_is_cut_off_and_a_slow_one_that_goes_on_is_not(lines: Lines) -> None:
    slow, steady = await lines(), await lines()
    head = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    dripping = asyncio.create_task(slow.send(head % 40_000).keep_sending(b"x"))
    steady.send(head % 40_000)
    for _ in range(40):
        steady.send(bytes(1_000))
        await asyncio.sleep(0.03)
    assert await steady.status() == 200
    assert await slow.status() in (408, 0)
    dripping.cancel()


async def test_many_slow_connections_keep_nobody_out(lines: Lines) -> None:
    """More than there is room for: each gives way to the next, and who asks at once is served."""
    for _ in range(3 * Quick.connections_at_most):
        (await lines()).send(b"GET / HTTP/1.1\r\nX-Slow: ")
    assert await is_served(lines)


async def test_where_all_connections_are_busy_the_next_is_told_when_to_come_again(
    server: Server, lines: Lines
) -> None:
    busy = [await lines() for _ in range(Quick.connections_at_most)]
    for line in busy:
        line.send(b"GET /waits HTTP/1.1\r\nHost: x\r\n\r\n")
    while len([task for task in server._server.server_state.tasks if not task.done()]) < len(busy):
        await asyncio.sleep(0.01)
    answer = await (await lines()).rest()
    assert answer.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: 3\r\n" in answer
    server.app.state.still_going.set()
    assert [await line.status() for line in busy] == [200] * len(busy)
    assert await is_served(lines)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /here HTTP/1.1\r\nHost: x\r\nX-Big: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /here HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"GET /here?" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /here HTTP/1.1\r\nHost: x\r\nX-Never-Ends: " + b"a" * 200_000,
    ],
    ids=["one header", "many headers", "the address", "a header that never ends"],
)
async def test_a_head_of_200_kb_is_refused(lines: Lines, head: bytes) -> None:
    assert await (await lines()).send(head).status() == 431
    assert await is_served(lines)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "5", "Transfer-Encoding": "chunked"},
        {"Transfer-Encoding": "chunked", "Content-Length": "5"},
        {"Content-Length": "5, 6"},
        {"Content-Length": "-5"},
        {"Content-Length": "5\r\nContent-Length: 6"},
        {"Transfer-Encoding": "xchunked"},
        {"Transfer-Encoding": "chunked, identity"},
        {"Transfer-Encoding\x20": "chunked"},
    ],
    ids=str,
)
async def test_a_body_whose_end_can_be_read_in_two_ways_is_refused(
    lines: Lines, headers: Mapping[str, str]
) -> None:
    line = await lines()
    named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    line.send(f"POST /length HTTP/1.1\r\nHost: x\r\n{named}\r\n".encode())
    line.send(b"0\r\n\r\nGET /here HTTP/1.1\r\nHost: x\r\n\r\n")
    answers = await line.rest()
    assert answers.startswith(b"HTTP/1.1 400 ") and answers.count(b"HTTP/1.1 ") == 1


async def test_what_comes_after_the_content_length_is_no_part_of_the_body(lines: Lines) -> None:
    line = await lines()
    line.send(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcdefghij\r\n\r\n")
    answers = await line.rest()
    assert b"HTTP/1.1 400 " in answers and b"\r\n\r\n10" not in answers


async def test_who_does_not_take_the_answer_loses_the_connection(server: Server, lines: Lines) -> None:
    await (await lines()).send(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").status()
    while server._server.server_state.tasks:
        await asyncio.sleep(0.02)
    assert await is_served(lines)
