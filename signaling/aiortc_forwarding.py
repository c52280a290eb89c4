"""aiortc as a relay: RTP goes from one peer connection to others, and is never decoded.

aiortc's receiver decodes whatever arrives and its sender encodes whatever a track gives. Here both are
replaced, transport and negotiation are kept. **This is the one file that touches what aiortc and aioice keep
private**; tests/contract/test_media_aiortc_internals.py fails when a new version takes it away.

An outgoing stream has its own SSRC, payload type, sequence numbers and timestamps, which go on when its
source changes; it carries only header extensions that were negotiated with its receiver. Requests for key
frames go to the publisher, at most two a second. Lost packets are asked for from the publisher (NACK) and
sent again to receivers out of a history (RTX). The publisher learns of arrivals (transport-wide feedback) and
may not send more than the poorest of its receivers takes (REMB).
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import aioice.ice
import ifaddr
from aiortc import (
    RTCConfiguration,
    RTCDtlsTransport,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCRtpTransceiver,
    sdp,
)
from aiortc import clock as ntp_clock
from aiortc.codecs import get_capabilities, is_rtx
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcrtpparameters import (
    RTCRtcpFeedback,
    RTCRtpCodecParameters,
    RTCRtpReceiveParameters,
    RTCRtpSendParameters,
)
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    HeaderExtensionsMap,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    RtpPacket,
    pack_remb_fci,
    unpack_remb_fci,
    unwrap_rtx,
    wrap_rtx,
)

from signaling.rtcp_feedback import ArrivalLog, KeyFrameRequests, MissingPackets
from signaling.rtp_continuity import Continuity

CODECS = {"audio": {"audio/opus"}, "video": {"video/vp8", "video/rtx"}}
TRANSPORT_CC_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
MAX_VIDEO_BPS = 2_500_000
MIN_VIDEO_BPS = 150_000  # below this a face is no use: better to drop packets than to freeze everybody
LIMIT_VALID_S = 10.0  # a receiver that says nothing more does not hold the others back for ever
FEEDBACK_INTERVAL_S = 0.05
REPORT_INTERVAL_S = 1.0
HISTORY_PACKETS = 512  # of one stream, about 2 s of video; the oldest is dropped


def offer_loopback_candidates() -> None:
    """Make ICE offer 127.0.0.1 too, which aioice leaves out: a demonstration needs no network but `lo`."""
    aioice.ice.get_host_addresses = _host_addresses


def _host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    addresses: list[str] = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            if isinstance(ip.ip, str):
                if use_ipv4:
                    addresses.append(ip.ip)
            elif use_ipv6 and ip.ip[0] != "::1" and ip.ip[2] == 0:
                addresses.append(ip.ip[0])
    return addresses


class ForwardingReceiver(RTCRtpReceiver):
    """Takes one publisher's track and hands its packets to its sinks, which it does not own."""

    def __init__(self, kind: str, transport: RTCDtlsTransport, arrivals: ArrivalLog) -> None:
        super().__init__(kind, transport)
        self.kind = kind
        self.sinks: set[ForwardingSender] = set()
        self.key_frames = KeyFrameRequests()
        self._arrivals = arrivals
        self._missing = MissingPackets()
        self._codecs: dict[int, RTCRtpCodecParameters] = {}
        self._media_ssrc: int | None = None
        self._own_ssrc = 0
        self._statistics: dict[int, StreamStatistics] = {}
        self._last_report: tuple[int, float] | None = None  # NTP time's middle 32 bits, monotonic seconds
        self._limits: dict[ForwardingSender, tuple[int, float]] = {}
        self._is_limited = False  # what the publisher was told last
        self._task: asyncio.Task[None] | None = None

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        super()._set_rtcp_ssrc(ssrc)
        self._own_ssrc = ssrc

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        if self._task is not None:
            return
        self._codecs = _by_payload_type(parameters.codecs)
        self.transport._register_rtp_receiver(self, parameters)
        self._task = asyncio.create_task(self._give_feedback())

    async def stop(self) -> None:
        self.sinks.clear()
        if self._task is not None:
            self.transport._unregister_rtp_receiver(self)
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def limit(self, sink: "ForwardingSender", bitrate_bps: int) -> None:
        """`sink`'s receiver can take no more than this."""
        self._limits[sink] = (bitrate_bps, time.monotonic())

    def _handle_disconnect(self) -> None:
        """The connection's owner hears of it by the connection's state."""

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        at_s = time.monotonic()
        if packet.extensions.transport_sequence_number is not None:
            self._arrivals.add(packet.extensions.transport_sequence_number, round(at_s * 1e6))
        codec = self._codecs.get(packet.payload_type)
        if codec is None or not self._enabled:
            return
        self._statistics.setdefault(packet.ssrc, StreamStatistics(codec.clockRate)).add(packet)
        if is_rtx(codec):
            apt = codec.parameters.get("apt")
            if self._media_ssrc is None or apt not in self._codecs or len(packet.payload) <= 2:
                return  # padding, by which the publisher looks for more bandwidth
            packet = unwrap_rtx(packet, payload_type=apt, ssrc=self._media_ssrc)
        else:
            self._media_ssrc = packet.ssrc
        if self.kind == "video" and not self._missing.add(packet.sequence_number, at_s):
            self.key_frames.want()
        for sink in tuple(self.sinks):
            await sink.forward(packet, at_s)

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket):
            self._last_report = ((packet.sender_info.ntp_timestamp >> 16) & 0xFFFFFFFF, time.monotonic())
            for sink in tuple(self.sinks):
                await sink.forward_report(packet)

    async def _give_feedback(self) -> None:
        next_report_at_s = 0.0
        while True:
            at_s = time.monotonic()
            await self._give_transport_feedback()
            if self.kind == "video" and self._media_ssrc is not None:
                await self._ask_again(self._media_ssrc, at_s)
            if at_s >= next_report_at_s and self._statistics:
                next_report_at_s = at_s + REPORT_INTERVAL_S
                await self._report(at_s)
            await asyncio.sleep(FEEDBACK_INTERVAL_S)

    async def _give_transport_feedback(self) -> None:
        feedback = self._arrivals.take_feedback(self._own_ssrc, self._media_ssrc or 0)
        if feedback is not None:
            await _send(self.transport, feedback)

    async def _ask_again(self, media_ssrc: int, at_s: float) -> None:
        lost = sorted(self._missing.take_due(at_s))
        if lost:
            await self._send(RtcpRtpfbPacket(RTCP_RTPFB_NACK, self._own_ssrc, media_ssrc, lost))
        if self.key_frames.take(at_s):
            await self._send(RtcpPsfbPacket(RTCP_PSFB_PLI, self._own_ssrc, media_ssrc))

    async def _report(self, at_s: float) -> None:
        lsr, dlsr = 0, 0
        if self._last_report is not None:
            lsr, dlsr = self._last_report[0], round((at_s - self._last_report[1]) * 65536) & 0xFFFFFFFF
        reports = [
            RtcpReceiverInfo(
                ssrc=ssrc,
                fraction_lost=statistics.fraction_lost,
                packets_lost=statistics.packets_lost,
                highest_sequence=(statistics.cycles + (statistics.max_seq or 0)) & 0xFFFFFFFF,
                jitter=min(max(statistics.jitter, 0), 0xFFFFFFFF),
                lsr=lsr if ssrc == self._media_ssrc else 0,
                dlsr=dlsr if ssrc == self._media_ssrc else 0,
            )
            for ssrc, statistics in self._statistics.items()
        ]
        await self._send(RtcpRrPacket(ssrc=self._own_ssrc, reports=reports[:31]))
        allowed_bps = self._allowed_bps(at_s)
        # In its first seconds libwebrtc takes a limit for a promise and sends as much: so none too early.
        if self._media_ssrc is not None and (allowed_bps < MAX_VIDEO_BPS or self._is_limited):
            self._is_limited = allowed_bps < MAX_VIDEO_BPS
            fci = pack_remb_fci(allowed_bps, [self._media_ssrc])
            await self._send(RtcpPsfbPacket(RTCP_PSFB_APP, self._own_ssrc, 0, fci))

    def _allowed_bps(self, at_s: float) -> int:
        self._limits = {
            sink: (bitrate_bps, said_at_s)
            for sink, (bitrate_bps, said_at_s) in self._limits.items()
            if sink in self.sinks and at_s - said_at_s < LIMIT_VALID_S
        }
        poorest = min((bitrate_bps for bitrate_bps, _ in self._limits.values()), default=MAX_VIDEO_BPS)
        return max(MIN_VIDEO_BPS, min(MAX_VIDEO_BPS, poorest))

    async def _send(self, packet: AnyRtcpPacket) -> None:
        await _send(self.transport, bytes(packet))


class ForwardingSender(RTCRtpSender):
    """Sends what one source receives, as a stream of its own."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        super().__init__(kind, transport)
        self._source: ForwardingReceiver | None = None
        self._is_sending = False
        self._cname = ""
        self._mid = ""
        self._extensions = HeaderExtensionsMap()
        self._payload_type = 0
        self._rtx_payload_type: int | None = None
        self._rtx_sequence_number = 0
        self._continuity = Continuity(48_000 if kind == "audio" else 90_000)
        self._history: dict[int, RtpPacket] = {}
        self._packet_count = 0
        self._octet_count = 0

    def take_from(self, source: ForwardingReceiver | None, stream_id: str) -> None:
        """Forward `source` from now on, announced as part of the MediaStream `stream_id`; None: nothing."""
        if self._source is not None:
            self._source.sinks.discard(self)
        self._source = source
        self._stream_id = stream_id
        if source is not None:
            source.sinks.add(self)
            self.want_key_frame()

    def want_key_frame(self) -> None:
        if self._source is not None and self._source.kind == "video":
            self._source.key_frames.want()

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        if self._is_sending:
            return
        self._cname = parameters.rtcp.cname or ""
        self._mid = parameters.muxId
        self.transport._register_rtp_sender(self, parameters)
        self._extensions.configure(parameters)
        codecs = _by_payload_type(parameters.codecs)
        self._payload_type = next(iter(codecs))
        self._rtx_payload_type = next((number for number, codec in codecs.items() if is_rtx(codec)), None)
        self._is_sending = True
        self.want_key_frame()

    async def stop(self) -> None:
        if self._source is not None:
            self._source.sinks.discard(self)
            self._source = None
        if self._is_sending:
            self._is_sending = False
            self.transport._unregister_rtp_sender(self)

    async def forward(self, packet: RtpPacket, at_s: float) -> None:
        if not (self._is_sending and self._enabled):
            return
        sequence_number, timestamp = self._continuity.map(
            packet.ssrc, packet.sequence_number, packet.timestamp, at_s
        )
        out = RtpPacket(
            payload_type=self._payload_type,
            marker=packet.marker,
            sequence_number=sequence_number,
            timestamp=timestamp,
            ssrc=self._ssrc,
            payload=packet.payload,
        )
        out.extensions.audio_level = packet.extensions.audio_level
        if self.kind == "video":
            self._history[sequence_number % HISTORY_PACKETS] = out
        await self._send_rtp(out)
        self._packet_count += 1
        self._octet_count += len(out.payload)

    async def forward_report(self, report: RtcpSrPacket) -> None:
        """Pass on the publisher's clock, the same for its sound and its picture, so that lips fit words."""
        if not (self._is_sending and self._enabled):
            return
        timestamp = self._continuity.map_timestamp(report.ssrc, report.sender_info.rtp_timestamp)
        if timestamp is None:
            return
        info = RtcpSenderInfo(
            ntp_timestamp=report.sender_info.ntp_timestamp,
            rtp_timestamp=timestamp,
            packet_count=self._packet_count & 0xFFFFFFFF,
            octet_count=self._octet_count & 0xFFFFFFFF,
        )
        names = RtcpSdesPacket([RtcpSourceInfo(self._ssrc, [(1, self._cname.encode())])])
        await _send(self.transport, bytes(RtcpSrPacket(self._ssrc, info)) + bytes(names))

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            for sequence_number in packet.lost:
                await self._send_again(sequence_number)
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
            self.want_key_frame()
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP and self._source is not None:
            with suppress(ValueError):  # another application's message
                bitrate_bps, ssrcs = unpack_remb_fci(packet.fci)
                self._source.limit(self, bitrate_bps // max(1, len(ssrcs)))

    async def _send_again(self, sequence_number: int) -> None:
        packet = self._history.get(sequence_number % HISTORY_PACKETS)
        if packet is None or packet.sequence_number != sequence_number:
            return
        if self._rtx_payload_type is not None:
            packet = wrap_rtx(packet, self._rtx_payload_type, self._rtx_sequence_number, self._rtx_ssrc)
            self._rtx_sequence_number = (self._rtx_sequence_number + 1) & 0xFFFF
        await self._send_rtp(packet)

    async def _send_rtp(self, packet: RtpPacket) -> None:
        packet.extensions.mid = self._mid
        packet.extensions.abs_send_time = (ntp_clock.current_ntp_time() >> 14) & 0x00FFFFFF
        await _send(self.transport, packet.serialize(self._extensions))


async def _send(transport: RTCDtlsTransport, data: bytes) -> None:
    with suppress(ConnectionError):  # it ends here; whoever owns the connection closes it
        await transport._send_rtp(data)


def _by_payload_type(codecs: Iterable[RTCRtpCodecParameters]) -> dict[int, RTCRtpCodecParameters]:
    return {codec.payloadType: codec for codec in codecs if codec.payloadType is not None}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A place in a `receive` connection through which one source goes to one participant."""

    transceiver: RTCRtpTransceiver
    sender: ForwardingSender

    @property
    def kind(self) -> str:
        return str(self.transceiver.kind)


class ForwardingPeerConnection(RTCPeerConnection):
    """A peer connection whose transceivers forward: Opus, and VP8 with retransmission."""

    def __init__(self) -> None:
        # No ICE server: aiortc's default is a public one, and whoever runs this must be reachable anyway.
        super().__init__(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._arrivals = ArrivalLog()

    def _RTCPeerConnection__createTransceiver(
        self, direction: str, kind: str, sender_track: object = None
    ) -> RTCRtpTransceiver:
        create = super()._RTCPeerConnection__createTransceiver  # type: ignore[misc]
        transceiver: RTCRtpTransceiver = create(direction, kind, sender_track)
        transport = transceiver.receiver.transport
        sender = ForwardingSender(kind, transport)
        receiver = ForwardingReceiver(kind, transport, self._arrivals)
        receiver._set_rtcp_ssrc(sender._ssrc)
        transceiver._RTCRtpTransceiver__sender = sender  # type: ignore[attr-defined]
        transceiver._RTCRtpTransceiver__receiver = receiver  # type: ignore[attr-defined]
        codecs = get_capabilities(kind).codecs
        transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType.lower() in CODECS[kind]])
        return transceiver

    def sources(self) -> list[ForwardingReceiver]:
        """The tracks that the client sends, as far as it has offered any."""
        return [
            transceiver.receiver
            for transceiver in self.getTransceivers()
            if isinstance(transceiver.receiver, ForwardingReceiver) and transceiver.receiver.track is not None
        ]

    def add_outgoing(self, kind: str) -> Outgoing:
        transceiver = self.addTransceiver(kind, direction="sendonly")
        assert isinstance(transceiver.sender, ForwardingSender)
        return Outgoing(transceiver, transceiver.sender)

    def accept_transport_feedback(self, offer: sdp.SessionDescription) -> None:
        """Between taking an offer and answering it: agree to tell the client when its packets arrive."""
        by_mid = {media.rtp.muxId: media for media in offer.media}
        for transceiver in self.getTransceivers():
            media = by_mid.get(transceiver.mid or "")
            if media is None:
                continue
            offered = [e for e in media.rtp.headerExtensions if e.uri == TRANSPORT_CC_URI]
            known = [e for e in transceiver._headerExtensions if e not in offered]
            transceiver._headerExtensions = [*known, *offered]
            if offered:
                for codec in transceiver._codecs:
                    if not is_rtx(codec):
                        codec.rtcpFeedback.append(RTCRtcpFeedback(type="transport-cc"))
