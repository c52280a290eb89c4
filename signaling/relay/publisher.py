"""What one participant sends: its tracks with their layers, and what it is told in return.

It learns of each packet's arrival (transport-wide feedback) and of losses (NACK, receiver reports), is asked
for key frames three times a second at most, is told which sizes of its picture somebody watches, and may not
send more than the poorest of its receivers takes where it sends one layer only (REMB).
"""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from struct import error as struct_error

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
    pack_remb_fci,
)

from signaling.media import SCREEN_SUFFIX
from signaling.relay.descriptions import Offer, SentSection
from signaling.relay.dynacast import Dynacast
from signaling.relay.losses import Losses, newly_lost
from signaling.relay.packet_core import Arrival, PacketCore, Sent, Source
from signaling.relay.receiver_estimate import MIN_VIDEO_BPS
from signaling.relay.reception import Reception
from signaling.relay.rtcp_feedback import ArrivalLog, KeyFrameRequests, MissingPackets
from signaling.relay.rtp_packets import MalformedRtp, parse_rtp
from signaling.relay.transport import Line

FEEDBACK_INTERVAL_S = 0.05
REPORT_INTERVAL_S = 1.0
MAX_VIDEO_BPS = 2_500_000
LAYER_GONE_S = 1.5  # a layer of which nothing came for that long is not sent


@dataclass(slots=True, eq=False)
class Layer:
    """One incoming stream: the only one of its track, or one size of it. `source` is the core's number."""

    source: int
    track: "Track"
    rid: str
    ssrc: int
    rtx_ssrc: int | None
    reception: Reception
    missing: MissingPackets = field(default_factory=MissingPackets)
    key_frames: KeyFrameRequests = field(default_factory=KeyFrameRequests)
    bitrate_bps: int = 0
    bytes_since: int = 0
    heard_at_s: float = float("-inf")
    report: tuple[int, float] | None = None  # the last one of the sender: its NTP time, when it came
    clock: RtcpSenderInfo | None = None  # what it said
    counted_lost: int = 0
    counted_packets: int = 0


@dataclass(slots=True, eq=False)
class Track:
    """What comes by one m-line: `layers` from the smallest to the largest."""

    publisher: "Publisher"
    section: SentSection
    stream_id: str  # its name towards receivers
    layers: list[Layer] = field(default_factory=list)
    limits: dict[int, int] = field(default_factory=dict)  # by output: what its receiver takes, in bit/s
    wanted: dict[int, frozenset[str]] = field(default_factory=dict)  # by output: RIDs
    dynacast: Dynacast = field(init=False)

    def __post_init__(self) -> None:
        self.dynacast = Dynacast(self.section.rids)

    @property
    def kind(self) -> str:
        return self.section.kind

    @property
    def is_screen(self) -> bool:
        return self.stream_id.endswith(SCREEN_SUFFIX)

    @property
    def rids(self) -> tuple[str, ...]:
        """The names of its layers, also of those that have not come yet, the smallest first."""
        return self.section.rids or ("",)

    def layer(self, number: int) -> Layer | None:
        return next((layer for layer in self.layers if layer.rid == self.rids[number]), None)

    def bitrates_bps(self, at_s: float) -> list[int]:
        """Of each of `rids`, 0 where nothing comes; a single one is there from its start."""
        if not self.section.rids:
            return [max(layer.bitrate_bps, 1) for layer in self.layers]
        by_rid = {layer.rid: layer for layer in self.layers if at_s - layer.heard_at_s < LAYER_GONE_S}
        return [max(by_rid[rid].bitrate_bps, 1) if rid in by_rid else 0 for rid in self.section.rids]


class Publisher:
    """Closures: the line is its owner's; `end` takes its sources out of the core."""

    def __init__(
        self,
        core: PacketCore,
        participant_id: str,
        new_source: Callable[[], int],
        on_layer: "Callable[[Layer], None]",
        on_report: "Callable[[Layer, RtcpSrPacket], None]",
        on_wanted: "Callable[[Track, tuple[str, ...]], None]",
        on_level: Callable[[int, float], None],
        losses: Losses | None = None,
    ) -> None:
        self.participant_id = participant_id
        self.tracks: dict[str, Track] = {}  # by mid
        self.layers: dict[int, Layer] = {}  # by source
        self._core, self._new_source = core, new_source
        self._on_layer, self._on_report, self._on_wanted = on_layer, on_report, on_wanted
        self._on_level = on_level
        self._losses = losses if losses is not None else Losses()
        self._line: Line | None = None
        self._ssrc = random.getrandbits(31) | 1
        self._arrivals = ArrivalLog()
        self._feedback_at_s = self._report_at_s = 0.0
        self._is_limited = False  # whether a limit was told last time

    def take_offer(self, line: Line, offer: Offer) -> None:
        """What is sent from now on: sections that are there stay, those that stopped lose their layers."""
        self._line = line
        stream_ids = offer.stream_ids(self.participant_id)
        for section in offer.sections:
            track = self.tracks.get(section.mid)
            if not section.is_sending:
                if track is not None:
                    self._forget(track)
                continue
            if track is None:
                track = self.tracks[section.mid] = Track(self, section, stream_ids[section.mid])
            if track.section.rids != section.rids:
                track.dynacast = Dynacast(section.rids)
            track.section = section
            if section.ssrc is not None and not section.rids:
                self._know(track, "", section.ssrc, section.rtx_ssrc)

    def end(self) -> None:
        for track in list(self.tracks.values()):
            self._forget(track)

    def take_unknown_rtp(self, data: bytes) -> None:
        """A stream announces itself by MID and RID (RFC 8852), or a single one by its section alone."""
        try:
            header = parse_rtp(data, len(data))
        except MalformedRtp:
            return
        for track in self.tracks.values():
            names = _extension_texts(data, header.extensions, track.section.extensions)
            if names.get("mid") != track.section.mid:
                continue
            rid, repaired = names.get("rid", ""), names.get("repaired-rid")
            known = {layer.rid: layer for layer in track.layers}
            if repaired is not None and repaired in known:
                layer = known[repaired]
                self._know(track, repaired, layer.ssrc, header.ssrc)
            elif header.payload_type in track.section.payload_types and rid in track.rids:
                self._know(track, rid, header.ssrc, None)
            return

    def take_rtcp(self, data: bytes, at_s: float) -> None:
        for packet in parse_rtcp(data):
            if isinstance(packet, RtcpSrPacket):
                for layer in self.layers.values():
                    if layer.ssrc == packet.ssrc:
                        ntp_middle = (packet.sender_info.ntp_timestamp >> 16) & 0xFFFFFFFF
                        layer.report, layer.clock = (ntp_middle, at_s), packet.sender_info
                        self._on_report(layer, packet)

    def take_arrival(self, arrival: Arrival, at_s: float) -> None:
        layer = self.layers[arrival.source]
        if arrival.transport_sequence_number >= 0:
            self._arrivals.add(arrival.transport_sequence_number, arrival.at_us)
        was_gone = at_s - layer.heard_at_s >= LAYER_GONE_S
        layer.heard_at_s = at_s
        if not arrival.is_rtx:  # most of those are padding, by which a publisher looks for more bandwidth
            layer.bytes_since += arrival.size_bytes
            layer.reception.add(arrival.sequence_number, arrival.timestamp, arrival.at_us)
        if layer.track.kind == "video" and not layer.missing.add(arrival.sequence_number, at_s):
            layer.key_frames.want()
        if arrival.audio_level >= 0:
            self._on_level(arrival.audio_level, at_s)
        if was_gone:
            self._on_layer(layer)

    def want_key_frame(self, layer: Layer, at_s: float) -> None:
        if layer.track.kind == "video":
            layer.key_frames.want()
            self._ask_for_key_frame(layer, at_s)

    def tick(self, at_s: float) -> None:
        if self._line is None:
            return
        if at_s - self._feedback_at_s >= FEEDBACK_INTERVAL_S:
            self._feedback_at_s = at_s
            self._give_feedback(at_s)
            self._say_what_is_wanted(at_s)
        if at_s - self._report_at_s >= REPORT_INTERVAL_S:
            elapsed_s, self._report_at_s = at_s - self._report_at_s, at_s
            for layer in self.layers.values():
                layer.bitrate_bps = round(8 * layer.bytes_since / elapsed_s)
                layer.bytes_since = 0
            self._report(at_s)

    def _give_feedback(self, at_s: float) -> None:
        first = next(iter(self.layers.values()), None)
        feedback = self._arrivals.take_feedback(self._ssrc, first.ssrc if first is not None else 0)
        if feedback is not None:
            self._send(feedback)
        for layer in self.layers.values():
            if lost := sorted(layer.missing.take_due(at_s)):
                self._send(bytes(RtcpRtpfbPacket(RTCP_RTPFB_NACK, self._ssrc, layer.ssrc, lost)))
                self._losses.nacked += len(lost)
            self._ask_for_key_frame(layer, at_s)

    def _say_what_is_wanted(self, at_s: float) -> None:
        for track in self.tracks.values():
            if track.layers and track.section.rids:
                wanted = track.dynacast.take(frozenset().union(*track.wanted.values()), at_s)
                if wanted is not None:
                    self._on_wanted(track, wanted)

    def _ask_for_key_frame(self, layer: Layer, at_s: float) -> None:
        if layer.key_frames.take(at_s):
            self._send(bytes(RtcpPsfbPacket(RTCP_PSFB_PLI, self._ssrc, layer.ssrc)))
            self._losses.key_frames_asked += 1

    def _report(self, at_s: float) -> None:
        reports = []
        for layer in self.layers.values():
            if layer.reception.received == 0:
                continue
            self._count_lost(layer)
            lsr, dlsr = 0, 0
            if layer.report is not None:
                lsr, dlsr = layer.report[0], round((at_s - layer.report[1]) * 65_536) & 0xFFFFFFFF
            reports.append(
                RtcpReceiverInfo(
                    ssrc=layer.ssrc,
                    fraction_lost=layer.reception.take_fraction_lost(),
                    packets_lost=layer.reception.packets_lost,
                    highest_sequence=layer.reception.highest_sequence,
                    jitter=round(layer.reception.jitter),
                    lsr=lsr,
                    dlsr=dlsr,
                )
            )
        if reports:
            self._send(bytes(RtcpRrPacket(ssrc=self._ssrc, reports=reports)))
        self._limit()

    def _count_lost(self, layer: Layer) -> None:
        lost, expected = layer.reception.packets_lost, layer.reception.expected
        self._losses.lost += newly_lost(lost, layer.counted_lost, expected - layer.counted_packets)
        layer.counted_lost, layer.counted_packets = max(lost, layer.counted_lost), expected

    def _limit(self) -> None:
        """Only where one layer serves all: of a simulcast each receiver gets what fits.

        libwebrtc takes the last message for all that it sends, so that there is one, with the sum. In its
        first seconds it takes a limit for a promise and sends as much: so none too early.
        """
        tracks = [track for track in self.tracks.values() if track.kind == "video" and track.layers]
        if all(track.section.rids for track in tracks):
            return
        most_bps = MAX_VIDEO_BPS * len(tracks)
        allowed_bps = sum(
            MAX_VIDEO_BPS
            if track.section.rids
            else max(MIN_VIDEO_BPS, min([MAX_VIDEO_BPS, *track.limits.values()]))
            for track in tracks
        )
        if allowed_bps < most_bps or self._is_limited:
            self._is_limited = allowed_bps < most_bps
            ssrcs = [layer.ssrc for track in tracks for layer in track.layers]
            fci = pack_remb_fci(allowed_bps, ssrcs)
            self._send(bytes(RtcpPsfbPacket(RTCP_PSFB_APP, self._ssrc, 0, fci)))

    def _know(self, track: Track, rid: str, ssrc: int, rtx_ssrc: int | None) -> None:
        """There is a layer of this name; one that has another SSRC than before is another."""
        layer = next((layer for layer in track.layers if layer.rid == rid), None)
        if layer is not None and layer.ssrc != ssrc:
            self._forget_layer(layer)
            layer = None
        is_new = layer is None
        if layer is None:
            clock_rate_hz = next(iter(track.section.payload_types.values())).clock_rate_hz
            layer = Layer(self._new_source(), track, rid, ssrc, rtx_ssrc, Reception(clock_rate_hz))
            self.layers[layer.source] = layer
            track.layers = sorted([*track.layers, layer], key=lambda one: track.rids.index(one.rid))
        layer.rtx_ssrc = rtx_ssrc if rtx_ssrc is not None else layer.rtx_ssrc
        assert self._line is not None
        section = track.section
        self._core.add_source(
            layer.source,
            self._line.number,
            Source(
                ssrc=layer.ssrc,
                payload_types=section.payload_types,
                rtx_ssrc=layer.rtx_ssrc,
                rtx_payload_types=section.rtx_payload_types,
                transport_cc_id=section.extensions.get("transport-cc", 0),
                audio_level_id=section.extensions.get("audio-level", 0),
            ),
        )
        if is_new:
            self._on_layer(layer)

    def _forget(self, track: Track) -> None:
        for layer in track.layers:
            self._forget_layer(layer)
        self.tracks.pop(track.section.mid, None)

    def _forget_layer(self, layer: Layer) -> None:
        self.layers.pop(layer.source, None)
        layer.track.layers = [one for one in layer.track.layers if one is not layer]
        self._core.remove_source(layer.source)

    def _send(self, data: bytes) -> None:
        if self._line is not None:
            self._core.send_rtcp(self._line.number, data)


def clock_as_sent(clock: RtcpSenderInfo, sent: Sent) -> RtcpSenderInfo:
    """A publisher's clock in the timestamps of an output, with what that output has sent (RFC 3550 6.4.1)."""
    return RtcpSenderInfo(
        ntp_timestamp=clock.ntp_timestamp,
        rtp_timestamp=(clock.rtp_timestamp + sent.timestamp_offset) & 0xFFFFFFFF,
        packet_count=sent.packets & 0xFFFFFFFF,
        octet_count=sent.octets & 0xFFFFFFFF,
    )


def parse_rtcp(data: bytes) -> Iterator[AnyRtcpPacket]:
    """The packets of a compound one; none where it is malformed."""
    with suppress(ValueError, IndexError, KeyError, UnicodeDecodeError, struct_error):
        yield from RtcpPacket.parse(data)


def _extension_texts(
    data: bytes, extensions: Mapping[int, tuple[int, int]], numbers: Mapping[str, int]
) -> dict[str, str]:
    texts = {}
    for name in ("mid", "rid", "repaired-rid"):
        at, length = extensions.get(numbers.get(name, 0), (0, 0))
        if length:
            texts[name] = data[at : at + length].decode("ascii", "replace").rstrip("\0")
    return texts
