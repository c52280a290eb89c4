"""What one participant receives: a place for each track of the others, and what follows from its reports.

A place is an m-line of our offers and an output of the core. When a track ends its place becomes inactive and
serves the next one of its kind.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from struct import error as struct_error

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSourceInfo,
    RtcpSrPacket,
    unpack_remb_fci,
)

from signaling.relay.descriptions import RTX_PAYLOAD_TYPES, Answer, Place
from signaling.relay.layer_choice import LayerChoice
from signaling.relay.losses import Losses, newly_lost
from signaling.relay.packet_core import Output, PacketCore
from signaling.relay.probing import STEP_S, TRAIN_PACKETS, Probing
from signaling.relay.publisher import Layer, Track, clock_as_sent, parse_rtcp
from signaling.relay.receiver_estimate import ReceiverEstimate
from signaling.relay.repairs import Repairs
from signaling.relay.speech_copies import SpeechCopies
from signaling.relay.transport import Line, LineState

AUDIO_BPS = 50_000  # what is kept back of an estimate for each voice
COPIES_BPS = 35_000  # and for copies of it
ENOUGH_PACKETS = 25  # between two reports: of fewer, as of a silent microphone, one lost packet says little
CHOICE_INTERVAL_S = 0.5
TRAIN_REPEATS = 3  # the newest packets: a key frame has more, so all are there from the start


@dataclass(slots=True, eq=False)
class Seat:
    """One place with what fills it. `output` is the core's number."""

    output: int
    kind: str
    mid: str
    ssrc: int
    rtx_ssrc: int | None
    track: Track | None = None
    layer: Layer | None = None  # that the core was told to forward
    is_running: bool = False  # the core does, from a key frame on
    takes_copies: bool = False  # of speech
    reported_packets: int = 0  # sent before the receiver's last report
    reported_lost: int = 0  # of them, as it said
    clock_sent: tuple[int, float] = (0, 0.0)  # the last report to the receiver: its NTP time, when it went
    choice: LayerChoice = field(default_factory=LayerChoice)


class Subscriber:
    """Closures: the line is its owner's; `end` takes its outputs out of the core."""

    def __init__(
        self, core: PacketCore, line: Line, new_output: Callable[[], int], losses: Losses | None = None
    ) -> None:
        self.line = line
        self.seats: list[Seat] = []
        self.offer_is_out = False
        self.has_changed = False
        self._core, self._new_output = core, new_output
        self._losses = losses if losses is not None else Losses()
        self._cname = f"{random.getrandbits(64):016x}"
        self._accepted: frozenset[str] = frozenset()
        self._with_red: frozenset[str] = frozenset()  # mids
        self._watched: Mapping[str, str | None] = {}
        self._estimate = ReceiverEstimate()
        self._repairs = Repairs()
        self._copies = SpeechCopies()
        self._probing = Probing()
        self._chosen_at_s = 0.0

    def take_tracks(self, tracks: Iterable[Track]) -> None:
        """Have exactly these tracks, in seats that are free or new."""
        wanted = list(tracks)
        for seat in self.seats:
            if seat.track is not None and seat.track not in wanted:
                self._core.route(seat.output, None)
                self._want_nothing(seat)
                seat.track = seat.layer = None
                self.has_changed = True
        taken = [seat.track for seat in self.seats]
        for track in wanted:
            if track not in taken:
                seat = self._free_seat(track.kind)
                seat.track, seat.choice = track, LayerChoice()
                self.has_changed = True

    def watch(self, watched: Mapping[str, str | None], at_s: float) -> None:
        """The largest size that is of use, by participant, as RID; None: the picture is not on the screen.

        Who is not in it is watched in the largest size there is.
        """
        self._watched = watched
        self.route(at_s)

    def has(self, track: Track) -> bool:
        return any(seat.track is track for seat in self.seats)

    def places(self) -> list[Place]:
        return [
            Place(
                kind=seat.kind,
                mid=seat.mid,
                ssrc=seat.ssrc,
                rtx_ssrc=seat.rtx_ssrc,
                cname=self._cname,
                stream_id=None if seat.track is None else seat.track.stream_id,
            )
            for seat in self.seats
        ]

    def take_answer(self, answer: Answer, at_s: float) -> None:
        self.offer_is_out = False
        self._accepted, self._with_red = answer.accepted_mids, answer.red_mids
        self.route(at_s)

    def route(self, at_s: float) -> None:
        """Let each seat have the layer that fits, once the client is there to take it."""
        if self.line.state is not LineState.CONNECTED:
            return
        self._chosen_at_s = at_s
        for seat in self.seats:
            if seat.track is None or seat.mid not in self._accepted:
                continue
            if seat.kind == "audio":
                self._give_copies(seat, at_s)
                layer = seat.track.layers[0] if seat.track.layers else None
            else:
                layer = self._choose(seat, seat.track, at_s)
            if layer is not seat.layer:
                seat.layer, seat.is_running = layer, False
                self._core.route(seat.output, None if layer is None else layer.source)
                if layer is not None:
                    layer.track.publisher.want_key_frame(layer, at_s)

    def _give_copies(self, seat: Seat, at_s: float) -> None:
        takes = seat.mid in self._with_red and self._copies.fit(at_s)
        if takes is not seat.takes_copies:
            seat.takes_copies = takes
            self._core.take_copies(seat.output, takes)

    def _choose(self, seat: Seat, track: Track, at_s: float) -> Layer | None:
        if not self._estimate.has_pictures(at_s) or self._largest_watched(track) is None:
            seat.choice.stop(at_s)
            self._want_nothing(seat)
            return None
        number = seat.choice.choose(
            track.bitrates_bps(at_s),
            self._available_bps(seat, at_s),
            at_s,
            largest=self._largest_watched(track),
            may_try=not any(other.choice.is_trying for other in self.seats if other is not seat),
            is_clear=self._copies.fit(at_s) and self._estimate.loss_bps is None,
        )
        track.wanted[seat.output] = frozenset(track.rids[wanted] for wanted in seat.choice.wanted)
        return None if number is None else track.layer(number)

    def _largest_watched(self, track: Track) -> int | None:
        rid = self._watched.get(track.stream_id, track.rids[-1])
        if rid is None:
            return None
        return track.rids.index(rid) if rid in track.rids else len(track.rids) - 1

    def _available_bps(self, seat: Seat, at_s: float) -> int | None:
        """For this picture: what the others leave, and never less than an equal share."""
        carries_bps = self._estimate.layers_bps(self._pictures_bps() + self._voices_bps(), at_s)
        if carries_bps is None:
            return None
        total_bps = max(0, carries_bps - self._voices_bps())
        watched = [
            one
            for one in self.seats
            if one.kind == "video" and one.track is not None and self._largest_watched(one.track) is not None
        ]
        others_bps = sum(one.layer.bitrate_bps for one in watched if one is not seat and one.layer)
        return max(total_bps - others_bps, total_bps // max(1, len(watched)))

    def _want_nothing(self, seat: Seat) -> None:
        """Who takes nothing holds nobody back, and asks for nothing."""
        if seat.track is not None:
            seat.track.limits.pop(seat.output, None)
            seat.track.wanted.pop(seat.output, None)

    def tick(self, at_s: float) -> None:
        if self.line.state is not LineState.CONNECTED:
            return
        if at_s - self._chosen_at_s >= CHOICE_INTERVAL_S:
            self.route(at_s)
        for seat in self.seats:
            if seat.layer is not None and not seat.is_running:
                seat.is_running = self._core.sent(seat.output).source == seat.layer.source
                if not seat.is_running:
                    seat.layer.track.publisher.want_key_frame(seat.layer, at_s)
        picture = next((seat for seat in self.seats if seat.kind == "video" and seat.is_running), None)
        if self._probing.is_due(picture is not None, self._estimate.is_known, at_s) and picture:
            self._send_train(picture)

    def _send_train(self, seat: Seat, packets: int = TRAIN_PACKETS) -> None:
        """Repeat what was sent last, at even distances."""
        last = self._core.sent(seat.output).last_sequence_number
        self._core.resend(seat.output, [(last - packets % TRAIN_REPEATS) & 0xFFFF])
        if packets > 1:
            asyncio.get_running_loop().call_later(STEP_S, self._send_train, seat, packets - 1)

    def take_rtcp(self, data: bytes, at_s: float) -> None:
        by_ssrc = {seat.ssrc: seat for seat in self.seats}
        for packet in parse_rtcp(data):
            if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
                seat = by_ssrc.get(packet.media_ssrc)
                if seat is not None and seat.kind == "video":
                    self._losses.nacked += len(packet.lost)
                    numbers = self._repairs.allow(seat.output, packet.lost, self._pictures_bps(), at_s)
                    self._core.resend(seat.output, numbers)
            elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_PLI:
                self._want_key_frame(by_ssrc.get(packet.media_ssrc), at_s)
            elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_FIR:
                for at in range(0, len(packet.fci) - 7, 8):  # RFC 5104 section 4.3.1.1
                    self._want_key_frame(by_ssrc.get(int.from_bytes(packet.fci[at : at + 4], "big")), at_s)
            elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
                with suppress(ValueError, IndexError, struct_error):  # another application's message
                    self._estimate.take_remb(unpack_remb_fci(packet.fci)[0], at_s)
                    self._limit_publishers(at_s)
            elif isinstance(packet, RtcpRrPacket):
                self._take_reports(packet.reports, by_ssrc, at_s)

    def forward_report(self, layer: Layer, report: RtcpSrPacket, at_s: float) -> None:
        """Pass on the publisher's clock, the same for its sound and its picture, so that lips fit words."""
        for seat in self.seats:
            if seat.layer is not layer:
                continue
            sent = self._core.sent(seat.output)
            if sent.source != layer.source:
                continue
            info = clock_as_sent(report.sender_info, sent)
            seat.clock_sent = ((info.ntp_timestamp >> 16) & 0xFFFFFFFF, at_s)
            names = RtcpSdesPacket([RtcpSourceInfo(seat.ssrc, [(1, self._cname.encode())])])
            self._core.send_rtcp(self.line.number, bytes(RtcpSrPacket(seat.ssrc, info)) + bytes(names))

    def end(self) -> None:
        self.take_tracks([])
        for seat in self.seats:
            self._core.remove_output(seat.output)
        self.seats.clear()

    def _want_key_frame(self, seat: Seat | None, at_s: float) -> None:
        if seat is not None and seat.layer is not None:
            self._losses.key_frames_asked += 1
            seat.layer.track.publisher.want_key_frame(seat.layer, at_s)

    def _take_reports(
        self, reports: Sequence[RtcpReceiverInfo], by_ssrc: Mapping[int, Seat], at_s: float
    ) -> None:
        lost, weights = [], []
        for report in reports:
            seat = by_ssrc.get(report.ssrc)
            if seat is None:
                continue
            ntp_middle, sent_at_s = seat.clock_sent
            if report.lsr == ntp_middle != 0:
                self._copies.take_round_trip(at_s - sent_at_s - report.dlsr / 65_536, at_s)
            packets = self._core.sent(seat.output).packets
            weights.append(min(1.0, (packets - seat.reported_packets) / ENOUGH_PACKETS))
            lost.append(weights[-1] * report.fraction_lost / 256)
            since = packets - seat.reported_packets
            self._losses.lost += newly_lost(report.packets_lost, seat.reported_lost, since)
            seat.reported_packets = packets
            seat.reported_lost = max(report.packets_lost, seat.reported_lost)
        if not lost:
            return
        self._estimate.take_loss(sum(lost) / max(1.0, sum(weights)), self._pictures_bps(), at_s)
        self._limit_publishers(at_s)

    def _voices_bps(self) -> int:
        voices = [seat for seat in self.seats if seat.track is not None and seat.kind == "audio"]
        return AUDIO_BPS * len(voices) + COPIES_BPS * sum(seat.takes_copies for seat in voices)

    def _pictures_bps(self) -> int:
        return sum(seat.layer.bitrate_bps for seat in self.seats if seat.layer and seat.kind == "video")

    def _limit_publishers(self, at_s: float) -> None:
        pictures = [seat for seat in self.seats if seat.track is not None and seat.kind == "video"]
        if self._estimate.bps is None or not self._estimate.has_pictures(at_s):
            return
        for seat in pictures:
            assert seat.track is not None
            seat.track.limits[seat.output] = self._estimate.bps // len(pictures)

    def _free_seat(self, kind: str) -> Seat:
        for seat in self.seats:
            if seat.kind == kind and seat.track is None:
                return seat
        has_rtx = kind == "video"
        seat = Seat(
            output=self._new_output(),
            kind=kind,
            mid=str(len(self.seats)),
            ssrc=random.getrandbits(31) | 1,
            rtx_ssrc=random.getrandbits(31) | 1 if has_rtx else None,
        )
        self.seats.append(seat)
        self._core.add_output(
            seat.output,
            Output(
                peer=self.line.number,
                ssrc=seat.ssrc,
                mid=seat.mid,
                is_audio=kind == "audio",
                rtx_ssrc=seat.rtx_ssrc,
                rtx_payload_types=RTX_PAYLOAD_TYPES if has_rtx else {},
            ),
        )
        return seat
