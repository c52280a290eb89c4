"""What only the engine on Janus has to hold: a server beside it that others may talk to, and that may end."""

import os
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from signaling.errors import MediaError
from signaling.janus_media import JanusMedia
from signaling.messages import CandidateMessage, Connection, SessionDescription
from tests.contract.media_bots import MovingBar, bots_on, new_connection, until
from tests.janus_server import JanusServer


@pytest.fixture
def other_janus(janus_server: JanusServer, tmp_path: Path) -> Iterator[JanusServer]:
    """One that may be killed."""
    server = JanusServer(tmp_path, janus_server.address).start()
    yield server
    server.stop()


def engine_on(server: JanusServer) -> partial[JanusMedia]:
    return partial(JanusMedia, url=server.url, secret=server.secret)


async def test_when_janus_ends_all_are_told_and_when_it_is_back_they_meet_again(
    other_janus: JanusServer,
) -> None:
    async with bots_on(engine_on(other_janus)) as bots:
        anna, ben = bots.bot("anna"), bots.bot("ben")
        await anna.enter(MovingBar())
        await ben.enter(MovingBar())
        await until(lambda: "ben" in anna.heard and "anna" in ben.heard, "they see each other")

        other_janus.kill()
        await until(lambda: anna.failed and ben.failed, "both are told")
        with pytest.raises(MediaError):
            await bots.engine.open(bots.stay("anna"))

        other_janus.start()
        anna, ben = bots.bot("anna"), bots.bot("ben")
        await anna.enter(MovingBar())
        await ben.enter(MovingBar())
        await until(lambda: "ben" in anna.heard and "anna" in ben.heard, "they see each other again")


async def test_one_whose_connection_ends_is_not_offered_any_longer(janus_server: JanusServer) -> None:
    async with bots_on(engine_on(janus_server)) as bots:
        anna, ben = bots.bot("anna"), bots.bot("ben")
        await anna.enter(MovingBar())
        await ben.enter(MovingBar())
        await until(lambda: "anna" in ben.heard, "anna is seen")

        assert anna.outbound is not None
        await anna.outbound.close()
        await until(lambda: anna.failed, "anna is told")
        await until(
            lambda: "a=inactive" in ben.inbound.remoteDescription.sdp,  # type: ignore[union-attr]
            "her place in ben's offer is free",
        )
        assert not ben.failed


async def test_nothing_is_left_in_janus_of_who_left(janus_server: JanusServer) -> None:
    def open_files() -> int:
        return len(os.listdir(f"/proc/{janus_server.pid}/fd"))

    async with bots_on(engine_on(janus_server)) as bots:
        before = 0
        for meeting in range(3):
            anna, ben = bots.bot("anna"), bots.bot("ben")
            await anna.enter(MovingBar())
            await ben.enter(MovingBar())
            await until(lambda a=anna, b=ben: "ben" in a.heard and "anna" in b.heard, "they see each other")
            during = open_files()
            await anna.leave()
            await ben.leave()
            if meeting == 0:
                await until(lambda d=during: open_files() <= d - 4, "four connections have closed")
                before = open_files()
        await until(lambda: open_files() <= before, f"as many files are open as after the first: {before}")


async def test_janus_knocks_at_no_address_that_a_client_names(janus_server: JanusServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((janus_server.address, 0))
        stranger.setblocking(False)
        address, port = stranger.getsockname()
        candidate = f"candidate:9 1 udp 2130706431 {address} {port} typ host"

        async with bots_on(engine_on(janus_server)) as bots:
            mallory = bots.stay("mallory")
            await bots.engine.open(mallory)
            connection = new_connection()
            connection.addTransceiver(MovingBar(), direction="sendonly")
            await connection.setLocalDescription(await connection.createOffer())
            sdp = connection.localDescription.sdp + f"a={candidate}\r\n"
            offer = SessionDescription(type="offer", sdp=sdp)
            await bots.engine.describe(mallory, Connection.SEND, offer)
            await bots.engine.add_candidate(
                mallory, CandidateMessage(connection=Connection.SEND, candidate=candidate, sdp_m_line_index=0)
            )

            anna, ben = bots.bot("anna"), bots.bot("ben")
            await anna.enter(MovingBar())
            await ben.enter(MovingBar())
            await until(lambda: "ben" in anna.heard and "anna" in ben.heard, "the others see each other")
            await bots.engine.close(mallory)
            await connection.close()
        with pytest.raises(BlockingIOError):
            stranger.recv(2_000)


async def test_a_wrong_secret_is_said_so(janus_server: JanusServer) -> None:
    async with bots_on(partial(JanusMedia, url=janus_server.url, secret="guessed")) as bots:
        with pytest.raises(MediaError, match="secret"):
            await bots.engine.open(bots.stay("anna"))
