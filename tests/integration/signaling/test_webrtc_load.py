"""The participants without codecs that benchmarks use: what they measure rests on these."""

from collections.abc import Callable

import pytest
from aiortc import RTCSessionDescription
from aiortc.rtcdtlstransport import RTCCertificate

from benchmarks.media_pattern import FACE
from benchmarks.webrtc_load import LightConnection, LightParticipant, until
from signaling.media import Stay
from signaling.messages import Connection, SessionDescription
from signaling.relay.c_core import CCore
from signaling.relay.packet_core import PacketCore
from signaling.relay.python_core import PythonCore
from signaling.relay_media import RelayMedia
from tests.contract.media_bots import Tone, new_connection

HOST = "127.0.0.1"
CERTIFICATE = RTCCertificate.generateCertificate()


@pytest.mark.parametrize("make_core", [PythonCore, CCore], ids=["python", "c"])
async def test_two_connect_to_the_relay_and_each_receives_all_that_the_other_sends(
    make_core: Callable[[], PacketCore],
) -> None:
    people: dict[Stay, LightParticipant] = {}

    def take(stay: Stay, connection: Connection, description: SessionDescription) -> None:
        people[stay].take(connection, description)

    core = make_core()
    engine = RelayMedia(take, lambda stay: None, core=core, host=HOST)
    for number in range(2):
        stay = Stay("room", f"participant-{number}", number)
        people[stay] = LightParticipant(engine, stay, HOST, CERTIFICATE, reads_delays=True)
    anna, ben = people.values()
    for one in (anna, ben):
        await one.enter(sends=True)
    await until(
        lambda: all(one.inbound is not None and one.inbound.connected.is_set() for one in (anna, ben)),
        "both receive",
    )

    sent = await anna.publish(FACE, 4.0, 0.5)
    await until(lambda: ben.received == sent, f"all {sent} come")
    assert len(ben.delays_ms) == sent and 0 < min(ben.delays_ms) < 1_000
    assert anna.received == 0, "nobody gets back what is its own"
    for one in (anna, ben):
        await one.leave()
    await engine.close_all()


async def test_it_takes_what_a_full_ice_agent_offers() -> None:
    server = new_connection()
    server.addTransceiver(Tone(), direction="sendonly")
    await server.setLocalDescription(await server.createOffer())
    client = LightConnection(HOST, CERTIFICATE)
    await server.setRemoteDescription(
        RTCSessionDescription(client.answer(server.localDescription.sdp), "answer")
    )
    await until(lambda: client.received.total() > 10, "sound comes")
    client.close()
    client.close()
    await server.close()
