"""What a coturn that is set up as ours lets through, and what it refuses."""

import asyncio
import os
import re
import socket
import ssl
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aioice import stun
from aioice.turn import TurnTransport, create_turn_endpoint

from signaling.main import Settings
from signaling.messages import IceServer
from teleconsult.installation import open_installation
from teleconsult.readiness import turn_answers
from teleconsult.services import SaysReady, services
from teleconsult.turn_server import BASE
from tests.contract.media_bots import until
from tests.free_ports import free_ports
from tests.turn_server import TurnServer


class Received(asyncio.DatagramProtocol):
    """What comes from a peer over TURN, and what was refused."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.errors: list[Exception] = []

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.data.append(data)

    def error_received(self, error: Exception) -> None:
        self.errors.append(error)


async def allocate(
    server: TurnServer, credentials: IceServer, how: str = "udp"
) -> tuple[TurnTransport, Received]:
    context = None
    if how == "tls":
        context = ssl.create_default_context(cafile=str(server.secret_file.with_name("certificate.pem")))
    return await create_turn_endpoint(
        Received,
        server_addr=(server.address, server.tls_port if how == "tls" else server.port),
        username=credentials.username,
        password=credentials.credential,
        ssl=context,
        transport="udp" if how == "udp" else "tcp",
    )


async def refusal(server: TurnServer, credentials: IceServer) -> int | None:
    """The error code of an allocation, None if there is one."""
    try:
        transport, _ = await allocate(server, credentials)
    except stun.TransactionFailed as error:
        return error.response.error_code
    transport.close()
    return None


def credentials_for(
    server: TurnServer, participant_id: str, lifetime: timedelta = timedelta(hours=1)
) -> IceServer:
    return server.access(lifetime).ice_servers(participant_id, datetime.now(UTC))[0]


@pytest.mark.parametrize("how", ["udp", "tcp", "tls"])
async def test_good_credentials_reach_the_relay(turn_server: TurnServer, how: str) -> None:
    transport, received = await allocate(turn_server, credentials_for(turn_server, "anna"), how)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((turn_server.address, 0))
        peer.setblocking(False)
        transport.sendto(b"there", peer.getsockname())
        loop = asyncio.get_running_loop()
        data, address = await asyncio.wait_for(loop.sock_recvfrom(peer, 1_500), 10)
        assert data == b"there"
        await loop.sock_sendto(peer, b"and back", address)
        await until(lambda: received.data == [b"and back"], "the answer is there")
    transport.close()


async def test_expired_wrong_and_borrowed_credentials_are_refused(turn_server: TurnServer) -> None:
    good = credentials_for(turn_server, "anna")
    assert await refusal(turn_server, good) is None
    expired = credentials_for(turn_server, "anna", timedelta(seconds=-5))
    later = str(int(good.username.partition(":")[0]) + 3_600)
    for bad in (
        expired,
        good.model_copy(update={"credential": expired.credential}),
        good.model_copy(update={"username": good.username.replace("anna", "ben")}),
        good.model_copy(update={"username": f"{later}:anna"}),
    ):
        assert await refusal(turn_server, bad) == 401


async def test_credentials_that_were_good_are_refused_once_their_time_is_over(
    turn_server: TurnServer,
) -> None:
    short = credentials_for(turn_server, "anna", timedelta(seconds=2))
    assert await refusal(turn_server, short) is None
    async with asyncio.timeout(20):
        while await refusal(turn_server, short) != 401:
            await asyncio.sleep(0.2)  # between two tries


async def test_one_participant_gets_no_more_allocations_than_a_page_needs_and_others_get_theirs(
    turn_server: TurnServer,
) -> None:
    quota = int(re.findall(r"^user-quota=(\d+)$", BASE.read_text(), re.MULTILINE)[0])
    allocated = [await allocate(turn_server, credentials_for(turn_server, "mallory")) for _ in range(quota)]
    try:
        # Newer credentials are the same participant's.
        for lifetime in (timedelta(hours=1), timedelta(hours=2)):
            assert await refusal(turn_server, credentials_for(turn_server, "mallory", lifetime)) == 486
        assert await refusal(turn_server, credentials_for(turn_server, "anna")) is None
    finally:
        for transport, _ in allocated:
            transport.close()


async def test_no_internal_address_but_the_relays_is_reached(turn_server: TurnServer) -> None:
    transport, received = await allocate(turn_server, credentials_for(turn_server, "eve"))
    inner = ["10.0.0.1", "172.16.9.9", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"]
    for address in (one for one in inner if one != turn_server.address):
        received.errors.clear()
        transport.sendto(b"let me in", (address, 8042))
        await until(lambda: received.errors, f"{address} is refused")
        [error] = received.errors
        assert isinstance(error, stun.TransactionFailed) and error.response.error_code == 403, address
    transport.close()


async def test_it_is_known_to_answer(turn_server: TurnServer) -> None:
    assert await turn_answers(turn_server.address, turn_server.port)()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert not await turn_answers("127.0.0.1", nobody.getsockname()[1])()


async def test_the_supervisor_starts_it_where_it_is_asked_for_and_the_relay_knows_its_secret(
    tmp_path: Path, turn_server: TurnServer
) -> None:
    port = free_ports(1)[0]
    given = {**os.environ, "TELECONSULT_TURN_URLS": f"turn:{turn_server.address}:{port}"}
    table = services(open_installation(tmp_path, "127.0.0.1", port + 1), given)
    [row] = [service for service in table if service.name == "turn"]
    [relay] = [service for service in table if service.name == "relay"]
    process = await asyncio.create_subprocess_exec(*row.command, stdout=asyncio.subprocess.DEVNULL)
    try:
        assert not isinstance(row.ready, SaysReady)
        async with asyncio.timeout(60):
            while not await row.ready():
                assert process.returncode is None
                await asyncio.sleep(0.05)  # between two looks at the condition
        access = Settings.from_environment(relay.environment).turn
        there = copy(turn_server)
        there.port = port
        assert await refusal(there, access.ice_servers("anna", datetime.now(UTC))[0]) is None
        assert await refusal(there, credentials_for(turn_server, "anna")) == 401, "another one's secret"
    finally:
        process.kill()
        await process.wait()
