"""RTCP of a participant who means harm: whatever its bytes, nobody else notices."""

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    pack_remb_fci,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.relay.ice_lite import IceCredentials
from signaling.relay.publisher import Publisher
from signaling.relay.python_core import PythonCore
from signaling.relay.subscriber import Subscriber
from signaling.relay.transport import Line

GOOD = [
    bytes(RtcpSrPacket(1, RtcpSenderInfo(1, 2, 3, 4), [])),
    bytes(RtcpRrPacket(1, [RtcpReceiverInfo(1, 0, 0, 1, 1, 0, 0)])),
    bytes(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, 2, [1, 5, 9])),
    bytes(RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, pack_remb_fci(1_000_000, [1, 2]))),
    bytes(RtcpPsfbPacket(RTCP_PSFB_FIR, 1, 0, bytes(8))),
    bytes(RtcpSdesPacket([RtcpSourceInfo(1, [(1, b"name")])])),
    bytes(RtcpByePacket([1])),
]
MUTATIONS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=5)


def a_publisher(core: PythonCore) -> Publisher:
    return Publisher(core, "eve", lambda: 1, *4 * [lambda *_: None])


@settings(max_examples=500)
@given(st.lists(st.sampled_from(GOOD), min_size=1, max_size=3), MUTATIONS, st.integers(0, 60))
def test_no_rtcp_raises(packets: list[bytes], mutations: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(b"".join(packets))
    for position, value in mutations:
        data[position % len(data)] = value
    data = data[: len(data) - cut % len(data)]
    line = Line(1, 0.0, lambda _: None, lambda _: None, lambda _: None, [IceCredentials()])
    core = PythonCore()
    Subscriber(core, line, lambda: 1).take_rtcp(bytes(data), 0.0)
    a_publisher(core).take_rtcp(bytes(data), 0.0)


@given(st.binary(max_size=60))
def test_no_unknown_rtp_raises(data: bytes) -> None:
    a_publisher(PythonCore()).take_unknown_rtp(data)
