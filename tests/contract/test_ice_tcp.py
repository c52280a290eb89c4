"""ICE over TCP: framing whatever the pieces, who is cut off, and that a line's checks pass."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from struct import pack

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from signaling.relay.ice_tcp import BadFrame, Framing, IceTcp
from signaling.relay.packet_core import MAX_DATAGRAM_BYTES
from signaling.relay.python_core import PythonCore
from signaling.relay.transport import Transport
from tests.contract.media_bots import until
from tests.contract.test_relay_transport import check, open_line


def framed(datagram: bytes) -> bytes:
    return pack("!H", len(datagram)) + datagram


@given(st.lists(st.binary(max_size=40)), st.lists(st.integers(0, 200)))
def test_the_same_datagrams_come_out_however_they_are_cut(datagrams: list[bytes], cuts: list[int]) -> None:
    stream, framing, found = b"".join(map(framed, datagrams)), Framing(), []
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {len(stream)})
    for start, end in zip([0, *ends], ends, strict=False):
        found += framing.take(stream[start:end])
    assert found == [datagram for datagram in datagrams if datagram]


@given(st.binary(max_size=5_000))
def test_bytes_of_strangers_are_datagrams_of_allowed_sizes_or_refused(data: bytes) -> None:
    try:
        datagrams = Framing().take(data)
    except BadFrame:
        return
    assert all(0 < len(datagram) <= MAX_DATAGRAM_BYTES for datagram in datagrams)


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    running = Transport(PythonCore(), "127.0.0.1", 0, ["127.0.0.1"], lambda _: None, lambda _: None)
    yield running
    await running.close()


@pytest.fixture
async def ice_tcp(transport: Transport) -> AsyncIterator[IceTcp]:
    running = IceTcp(("127.0.0.1", transport.port), answered_within_s=0.5)
    yield running
    await running.close()


async def test_a_check_is_answered_and_who_passed_it_stays(transport: Transport, ice_tcp: IceTcp) -> None:
    port = await ice_tcp.start("127.0.0.1", 0)
    line = open_line(transport)
    request = framed(check(transport.describe(line).ice))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stranger, _ = await asyncio.open_connection("127.0.0.1", port)
    for part in (request[:1], request[1:30], request[30:]):
        writer.write(part)
        await writer.drain()
    size = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), 5), "big")
    answer = stun.parse_message(await reader.readexactly(size))
    assert answer.message_class is stun.Class.RESPONSE
    assert await asyncio.wait_for(stranger.read(), 5) == b"", "who says nothing of use is cut off"
    assert len(ice_tcp.connections) == 1
    writer.close()
    await until(lambda: not ice_tcp.connections, "who hangs up is forgotten")


async def test_a_frame_that_no_datagram_has_ends_the_connection(transport: Transport) -> None:
    patient = IceTcp(("127.0.0.1", transport.port), answered_within_s=600)
    reader, writer = await asyncio.open_connection("127.0.0.1", await patient.start("127.0.0.1", 0))
    writer.write(pack("!H", MAX_DATAGRAM_BYTES + 1))
    with suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 10) == b""
    assert not patient.connections
    await patient.close()
    await patient.close()
