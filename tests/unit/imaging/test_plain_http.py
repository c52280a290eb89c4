"""The fast client against servers of every temper: it returns the whole body or says that it did not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from imaging.orthanc_streams import in_order
from imaging.plain_http import ConnectionLost, NotPlain, PlainHttp

LIMIT = 1 << 20
Answers = Callable[[int], list[bytes]]


def ok(body: bytes, *fields: str) -> bytes:
    head = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *fields]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


@asynccontextmanager
async def a_server(answers: Answers) -> AsyncIterator[tuple[PlainHttp, list[int]]]:
    """A client of a server that answers request n with these pieces; an empty one closes the connection.

    With it how many requests each connection had.
    """
    requests_on: list[int] = []
    count = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        this = len(requests_on)
        requests_on.append(0)
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                assert b"Accept-Encoding: identity" in request and b"Authorization: Basic" in request
                requests_on[this] += 1
                count += 1
                for piece in answers(count):
                    if not piece:
                        return
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = PlainHttp(
        f"http://127.0.0.1:{port}", "u", "p", connections=3, keep_alive_s=10.0, timeout_s=2.0
    )
    try:
        yield client, requests_on
    finally:
        client.close()
        server.close()


async def test_a_body_is_whole_however_it_is_cut() -> None:
    body = bytes(range(256)) * 400
    answer = ok(body)
    for size in (1, 7, 60, 1000, len(answer)):
        head = [answer[at : at + size] for at in range(0, 200, size)]
        pieces = [*head, answer[len(b"".join(head)) :]]
        async with a_server(lambda _, pieces=pieces: pieces) as (client, _):  # type: ignore[misc]
            assert await client.get("/x", LIMIT) == (200, body)


async def test_connections_are_used_again_and_one_that_was_closed_meanwhile_is_made_anew() -> None:
    # The third answer ends the connection after it, as an idle server does.
    async with a_server(lambda n: [ok(b"abc")] + ([b""] if n == 3 else [])) as (client, requests_on):
        for _ in range(6):
            assert await client.get("/x", LIMIT) == (200, b"abc")
            await asyncio.sleep(0.01)
        assert requests_on == [3, 3]


async def test_an_empty_body_and_an_error_status_are_answers() -> None:
    not_there = b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno"
    async with a_server(lambda n: [ok(b"") if n == 1 else not_there]) as (client, _):
        assert await client.get("/x", LIMIT) == (200, b"")
        assert await client.get("/x", LIMIT) == (404, b"no")


@pytest.mark.parametrize(
    "pieces",
    [
        [b""],
        [b"HTTP/1.1 200 OK\r\n", b""],
        [ok(b"x" * 1000)[:-1], b""],
        [ok(b"x" * 1000)[:-1]],  # and then nothing: the time runs out
    ],
)
async def test_what_ends_early_is_never_taken_for_whole(pieces: list[bytes]) -> None:
    async with a_server(lambda _: pieces) as (client, _):
        with pytest.raises(ConnectionLost):
            await client.get("/x", LIMIT)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
        ok(b"x" * (LIMIT + 1)),
        ok(b"abc") + b"more than was promised",
        b"nonsense" * 10_000,
        b"\r\n\r\n",
        b"HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
    ],
)
async def test_what_it_does_not_know_is_left_to_another_client(answer: bytes) -> None:
    async with a_server(lambda _: [answer]) as (client, _):
        with pytest.raises(NotPlain):
            await client.get("/x", LIMIT)


async def test_nobody_listening_is_a_lost_connection() -> None:
    client = PlainHttp("http://127.0.0.1:9", "u", "p", connections=1, keep_alive_s=1.0, timeout_s=2.0)
    with pytest.raises(ConnectionLost):
        await client.get("/x", LIMIT)


async def test_a_request_that_is_given_up_leaves_no_answer_for_the_next() -> None:
    async with a_server(lambda n: [] if n == 1 else [ok(b"%d" % n)]) as (client, _):
        waiting = asyncio.create_task(client.get("/first", LIMIT))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert await client.get("/second", LIMIT) == (200, b"2")


async def test_more_requests_than_connections_wait_for_their_turn() -> None:
    async with a_server(lambda n: [ok(b"%d" % n)]) as (client, requests_on):
        answers = await asyncio.gather(*(client.get("/x", LIMIT) for _ in range(40)))
        assert sorted(int(body) for _, body in answers) == list(range(1, 41))
        assert len(requests_on) <= 3


async def test_results_come_in_order_and_no_more_than_asked_for_is_under_way() -> None:
    under_way = most = 0

    async def fetch(key: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.002 * (key % 3))
        under_way -= 1
        return key

    assert [result async for result in in_order(fetch, range(30), ahead=4)] == list(range(30))
    assert most <= 5


async def test_who_stops_listening_stops_the_rest_and_gets_nothing_lost() -> None:
    discarded: list[int] = []
    cancelled: list[int] = []

    async def fetch(key: int) -> int:
        try:
            await asyncio.sleep(0 if key < 3 else 10)
        except asyncio.CancelledError:
            cancelled.append(key)
            raise
        return key

    results = in_order(fetch, range(100), ahead=4, discard=discarded.append)
    assert await anext(results) == 0
    await asyncio.sleep(0.01)
    await results.aclose()
    assert (discarded, cancelled) == ([1, 2], [3, 4, 5])
