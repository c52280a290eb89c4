"""Lines on one port: who is let in, restart of ICE, and what strangers can do."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aioice import stun
from aiortc.rtcdtlstransport import RTCCertificate

from signaling.relay.c_core import CCore
from signaling.relay.descriptions import UnusableDescription
from signaling.relay.dtls import DtlsClient
from signaling.relay.ice_lite import IceCredentials
from signaling.relay.packet_core import PacketCore
from signaling.relay.python_core import PythonCore
from signaling.relay.transport import PROOF_INTERVAL_S, Line, LineState, Transport
from tests.contract.media_bots import until

THEIRS = RTCCertificate.generateCertificate().getFingerprints()


@pytest.fixture(params=[PythonCore, CCore], ids=["python", "c"])
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    running = Transport(request.param(), "127.0.0.1", 0, ["127.0.0.1"], lambda _: None, lambda _: None)
    yield running
    await running.close()


def open_line(transport: Transport) -> Line:
    return transport.open_line(lambda _: None, lambda _: None, lambda _: None)


def check(ours: IceCredentials, *, password: str | None = None) -> bytes:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{ours.ufrag}:theirs"
    request.attributes["ICE-CONTROLLING"] = 1
    request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity((password or ours.password).encode())
    return bytes(request)


async def asked(transport: Transport, own: socket.socket, request: bytes) -> bool:
    """True if the check is answered."""
    loop = asyncio.get_running_loop()
    own.setblocking(False)
    await loop.sock_sendto(own, request, ("127.0.0.1", transport.port))
    try:
        answer = await asyncio.wait_for(loop.sock_recv(own, 1_500), 1.0)
    except TimeoutError:
        return False
    return stun.parse_message(answer).message_class is stun.Class.RESPONSE


async def test_after_a_restart_both_credentials_are_good_and_the_path_moves_with_the_new_ones(
    transport: Transport,
) -> None:
    line = open_line(transport)
    transport.set_remote(line, IceCredentials("one1", "x" * 22), THEIRS)
    first = transport.describe(line)
    transport.set_remote(line, IceCredentials("two2", "x" * 22), THEIRS)
    second = transport.describe(line)
    assert first.ice != second.ice and second.version == first.version + 1
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as before,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as after,
    ):
        for own in (before, after):
            own.bind(("127.0.0.1", 0))
        assert await asked(transport, before, check(first.ice))
        assert line.address == before.getsockname()
        assert await asked(transport, after, check(second.ice))
        assert line.address == after.getsockname()
        assert await asked(transport, before, check(first.ice)), "the old path may still be in use"
        assert line.address == after.getsockname()

    transport.set_remote(line, IceCredentials("two2", "x" * 22), THEIRS)
    assert transport.describe(line).ice == second.ice, "the same description again restarts nothing"


async def test_another_certificate_on_a_line_that_stands_is_refused(transport: Transport) -> None:
    line = open_line(transport)
    transport.set_remote(line, IceCredentials(), THEIRS)
    with pytest.raises(UnusableDescription):
        transport.set_remote(line, IceCredentials(), RTCCertificate.generateCertificate().getFingerprints())


async def test_strangers_get_no_answer_and_are_counted(transport: Transport) -> None:
    line = open_line(transport)
    ours = transport.describe(line).ice
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as eve:
        assert not await asked(transport, eve, check(ours, password="guessed" * 4))
        for datagram in (b"\x00", bytes(30), b"\x16\xfe\xff" + bytes(60), b"\x50what", b"\xff" * 20):
            eve.sendto(datagram, ("127.0.0.1", transport.port))
        await until(lambda: transport.unknown_datagrams >= 6, "all are counted")
    assert line.address is None


async def test_a_closed_line_answers_nobody(transport: Transport) -> None:
    line = open_line(transport)
    ours = transport.describe(line).ice
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anna:
        assert await asked(transport, anna, check(ours))
        transport.close_line(line)
        transport.close_line(line)
        assert not await asked(transport, anna, check(ours))


async def test_a_core_that_receives_nothing_any_more_is_found_out_though_nobody_sends(
    transport: Transport,
) -> None:
    asked = asyncio.get_running_loop().time() + 3 * PROOF_INTERVAL_S
    await until(lambda: asyncio.get_running_loop().time() > asked, "it was asked more than once")
    assert transport.works and not transport.unknown_datagrams
    asyncio.get_running_loop().remove_reader(transport.core.fileno())
    transport.core.close()  # ends its thread
    await until(lambda: not transport.works, "it is found out")


async def test_a_line_says_no_goodbye_to_an_address_that_is_another_clients_by_now(
    transport: Transport,
) -> None:
    former, later = open_line(transport), open_line(transport)
    certificate = RTCCertificate.generateCertificate()
    transport.set_remote(former, IceCredentials(), certificate.getFingerprints())
    loop, there = asyncio.get_running_loop(), ("127.0.0.1", transport.port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as shared:
        shared.bind(("127.0.0.1", 0))
        assert await asked(transport, shared, check(transport.describe(former).ice))
        client = DtlsClient(certificate, [transport._fingerprint])
        flight = client.start()
        while former.state is not LineState.CONNECTED:
            for datagram in flight:
                await loop.sock_sendto(shared, datagram, there)
            flight = client.take(await asyncio.wait_for(loop.sock_recv(shared, 1_500), 5))

        assert await asked(transport, shared, check(transport.describe(later).ice))
        transport.close_line(former)
        assert await asked(transport, shared, check(transport.describe(later).ice)), "the next that comes"
        transport.close_line(later)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("core", [PythonCore, CCore], ids=["python", "c"])
async def test_a_client_is_told_the_ipv6_address_that_its_check_came_from(core: type[PacketCore]) -> None:
    transport = Transport(core(), "::", 0, ["::1"], lambda _: None, lambda _: None)
    line = open_line(transport)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as anna:
        anna.bind(("::1", 0))
        anna.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendto(anna, check(transport.describe(line).ice), ("::1", transport.port))
        answer = stun.parse_message(await asyncio.wait_for(loop.sock_recv(anna, 1_500), 5))
        assert answer.attributes["XOR-MAPPED-ADDRESS"] == line.address == anna.getsockname()[:2]
    await transport.close()
