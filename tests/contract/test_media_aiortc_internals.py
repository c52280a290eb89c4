"""What signaling/aiortc_forwarding.py uses of aiortc and aioice beyond what they promise: a new version that
takes it away fails here, and not in a call."""

import inspect

import aioice.ice
import pytest
from aiortc import RTCDtlsTransport, RTCPeerConnection, RTCRtpReceiver, RTCRtpSender
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters
from aiortc.rtp import HeaderExtensions

from signaling.aiortc_forwarding import ForwardingPeerConnection, ForwardingReceiver, ForwardingSender


@pytest.mark.parametrize(
    ("owner", "method", "parameters"),
    [
        (RTCPeerConnection, "_RTCPeerConnection__createTransceiver", ["direction", "kind", "sender_track"]),
        (RTCDtlsTransport, "_register_rtp_receiver", ["receiver", "parameters"]),
        (RTCDtlsTransport, "_register_rtp_sender", ["sender", "parameters"]),
        (RTCDtlsTransport, "_unregister_rtp_receiver", ["receiver"]),
        (RTCDtlsTransport, "_unregister_rtp_sender", ["sender"]),
        (RTCDtlsTransport, "_send_rtp", ["data"]),
        (RTCRtpReceiver, "_handle_rtp_packet", ["packet", "arrival_time_ms"]),
        (RTCRtpReceiver, "_handle_rtcp_packet", ["packet"]),
        (RTCRtpReceiver, "_handle_disconnect", []),
        (RTCRtpReceiver, "_set_rtcp_ssrc", ["ssrc"]),
        (RTCRtpReceiver, "receive", ["parameters"]),
        (RTCRtpSender, "_handle_rtcp_packet", ["packet"]),
        (RTCRtpSender, "send", ["parameters"]),
    ],
)
def test_the_method_is_there_with_its_parameters(owner: type, method: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(owner, method)).parameters)[1:] == parameters


def test_ice_takes_its_addresses_from_the_function_that_we_replace() -> None:
    assert "get_host_addresses(" in inspect.getsource(aioice.ice.Connection.gather_candidates)
    assert list(inspect.signature(aioice.ice.get_host_addresses).parameters) == ["use_ipv4", "use_ipv6"]


def test_header_extensions_have_the_names_that_we_set() -> None:
    names = {"mid", "audio_level", "abs_send_time", "transport_sequence_number"}
    assert names <= set(HeaderExtensions.__dataclass_fields__)


async def test_transceivers_forward_and_no_decoder_starts() -> None:
    connection = ForwardingPeerConnection()
    try:
        outgoing = connection.add_outgoing("video")
        transceiver = outgoing.transceiver
        assert isinstance(transceiver.sender, ForwardingSender)
        assert isinstance(transceiver.receiver, ForwardingReceiver)
        assert transceiver._codecs == [] and transceiver._headerExtensions == []
        assert transceiver.sender._stream_id and transceiver.sender._ssrc and transceiver.sender._rtx_ssrc
        assert transceiver.sender._enabled and transceiver.receiver._enabled

        await transceiver.receiver.receive(RTCRtpReceiveParameters())
        assert transceiver.receiver._RTCRtpReceiver__decoder_thread is None
        outgoing.sender.take_from(None, "anna")
        assert "a=msid:anna " in (await connection.createOffer()).sdp
    finally:
        await connection.close()
