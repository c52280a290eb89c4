"""What is made of packets: files, each a part of one participant's stay. Pure: times are given from outside.

A part has the tracks that its participant sends at its beginning. One more track, or one in another format,
begins another part; a camera that is switched off does not end one. A part begins once all tracks have
(GATHER_S at most), so that a voice and its face are in one file from the start.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from signaling.recorder.control import TrackOf
from signaling.recorder.frames import Frame, FrameReader, Packet
from signaling.recorder.timeline import ParticipantClock, TrackClock
from signaling.recorder.webm import Block, TrackFormat, clusters, head
from signaling.relay.packet_core import Codec

GATHER_S = 1.5
SETTLED_S = 1.0  # frames are written once no earlier one of another track can come
EARLY_PACKETS = 512  # of streams of which it is not yet known whose they are; the oldest are dropped
MAX_PARTS = 500  # who changes formats without end is not recorded any more
MAX_HELD_BYTES = 64 * 1024 * 1024
CODECS = {111: Codec.OPUS, 96: Codec.VP8, 102: Codec.H264}


class TooMuchHeld(Exception):
    """What is recorded is not taken away in time."""


class Sender(NamedTuple):
    """Whose file it is: a participant's, or that of the screen which a participant shares."""

    participant_id: str
    is_screen: bool

    @classmethod
    def of(cls, track: TrackOf) -> "Sender":
        return cls(track.participant_id, track.is_screen)


@dataclass(slots=True, eq=False)
class Part:
    """One file. Times are seconds of the monotonic clock; `written_ms` is how long the file is so far."""

    number: int
    sender: Sender
    began_s: float
    tracks: tuple[int, ...]  # ssrc of each, in the order of the file
    formats: tuple[TrackFormat, ...]
    is_over: bool = False
    written_ms: int = 0
    lost_packets: int = 0
    _head_is_out: bool = False
    _blocks: list[Block] = field(default_factory=list)
    _last_ms: dict[int, int] = field(default_factory=dict)

    def add(self, ssrc: int, frame: Frame, at_s: float) -> None:
        track = self.tracks.index(ssrc) + 1
        at_ms = max(round(1_000 * (at_s - self.began_s)), self._last_ms.get(track, 0))
        self._last_ms[track] = at_ms
        self._blocks.append(Block(track, at_ms, frame.data, frame.is_key_frame))

    def takes(self, ssrc: int, frame: Frame) -> bool:
        """Whether the frame fits into this file. VP8 says the size of its pictures by itself."""
        if ssrc not in self.tracks:
            return False
        begun = self.formats[self.tracks.index(ssrc)]
        return begun.codec is frame.format.codec and begun.private == frame.format.private

    def take_bytes(self, at_s: float) -> bytes:
        """What can be written now; all of it where the part is over."""
        until_ms = round(1_000 * (at_s - SETTLED_S - self.began_s))
        ready = [block for block in self._blocks if self.is_over or block.at_ms < until_ms]
        if not ready:
            return b""
        self._blocks = [block for block in self._blocks if not (self.is_over or block.at_ms < until_ms)]
        ready.sort(key=lambda block: block.at_ms)
        self.written_ms = max(self.written_ms, ready[-1].at_ms)
        beginning = b"" if self._head_is_out else head(self.formats)
        self._head_is_out = True
        return beginning + clusters(ready)

    @property
    def held_bytes(self) -> int:
        return sum(len(block.data) for block in self._blocks)


@dataclass(slots=True, eq=False)
class _Track:
    what: TrackOf
    reader: FrameReader = field(default_factory=FrameReader)
    codec: Codec | None = None
    clock: TrackClock | None = None
    lost_before: int = 0


@dataclass(slots=True, eq=False)
class _Sending:
    tracks: dict[int, _Track] = field(default_factory=dict)  # by ssrc
    clock: ParticipantClock = field(default_factory=ParticipantClock)
    part: Part | None = None
    gathered: list[tuple[int, Frame, float]] = field(default_factory=list)
    gathers_since_s: float | None = None


class SessionFiles:
    """All parts of one recording. `parts` are those that still have something to be written."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._sending: dict[Sender, _Sending] = {}
        self._by_ssrc: dict[int, _Track] = {}
        self._early: deque[tuple[int, int, Packet, float]] = deque(maxlen=EARLY_PACKETS)
        self._made = 0

    def set_tracks(self, tracks: Sequence[TrackOf], at_s: float) -> None:
        """What is sent from now on. Who sends nothing any more has ended a part."""
        wanted = {track.ssrc: track for track in tracks}
        self.tick(at_s)
        for ssrc in [ssrc for ssrc in self._by_ssrc if ssrc not in wanted]:
            sender = Sender.of(self._by_ssrc.pop(ssrc).what)
            sending = self._sending[sender]
            del sending.tracks[ssrc]
            sending.clock.forget(ssrc)
            if not sending.tracks:
                self._end_part(sending, sender)
                del self._sending[sender]
        for ssrc, what in wanted.items():
            if ssrc not in self._by_ssrc:
                sending = self._sending.setdefault(Sender.of(what), _Sending())
                self._by_ssrc[ssrc] = sending.tracks[ssrc] = _Track(what)
        early, self._early = self._early, deque(maxlen=EARLY_PACKETS)
        for packet in early:
            self.take_packet(*packet)

    def end(self, at_s: float) -> None:
        """Nothing comes any more: every part is over."""
        self.set_tracks((), at_s)
        self._early.clear()

    def take_packet(self, ssrc: int, payload_type: int, packet: Packet, at_s: float) -> None:
        """One of a type that the relay does not send is dropped."""
        track, codec = self._by_ssrc.get(ssrc), CODECS.get(payload_type)
        if track is None:
            self._early.append((ssrc, payload_type, packet, at_s))
            return
        if codec is None:
            return
        if track.clock is None:
            track.clock = TrackClock(48_000 if codec is Codec.OPUS else 90_000)
            track.clock.begin(packet.timestamp, at_s)
        track.codec = codec
        track.reader.put(packet, at_s)
        self._take_frames(track, at_s)

    def take_report(self, ssrc: int, timestamp: int, ntp: int) -> None:
        """A sender report: the stream's timestamp at a moment of its participant's clock (NTP, 64 bits)."""
        track = self._by_ssrc.get(ssrc)
        if track is not None and track.clock is not None:
            sending = self._sending[Sender.of(track.what)]
            sending.clock.take_report(ssrc, track.clock, timestamp, ntp)

    def tick(self, at_s: float) -> None:
        """Give up what is waited for too long. Raises TooMuchHeld."""
        for track in self._by_ssrc.values():
            self._take_frames(track, at_s)
        for sender, sending in self._sending.items():
            self._open_gathered(sending, sender, at_s)
        if sum(part.held_bytes for part in self.parts) > MAX_HELD_BYTES:
            raise TooMuchHeld

    def take_key_frame_requests(self) -> list[int]:
        """Streams that need a key frame, by ssrc."""
        wanting = [ssrc for ssrc, track in self._by_ssrc.items() if track.reader.wants_key_frame]
        for ssrc in wanting:
            self._by_ssrc[ssrc].reader.wants_key_frame = False
        return wanting

    def _take_frames(self, track: _Track, at_s: float) -> None:
        if track.codec is None or track.clock is None:
            return
        sender = Sender.of(track.what)
        sending = self._sending[sender]
        for frame in track.reader.take(track.codec, at_s):
            made_s = track.clock.at_s(frame.timestamp)
            part = sending.part
            if sending.gathers_since_s is None and part is not None:
                if part.takes(track.what.ssrc, frame):
                    part.add(track.what.ssrc, frame, made_s)
                    part.lost_packets += track.reader.lost - track.lost_before
                    track.lost_before = track.reader.lost
                    continue
                self._end_part(sending, sender)
            if sending.gathers_since_s is None:
                sending.gathers_since_s = at_s
            sending.gathered.append((track.what.ssrc, frame, made_s))
            self._open_gathered(sending, sender, at_s)

    def _open_gathered(self, sending: _Sending, sender: Sender, at_s: float) -> None:
        since_s = sending.gathers_since_s
        if since_s is None:
            return
        begun = {ssrc for ssrc, _, _ in sending.gathered}
        known = all(sending.clock.is_aligned(ssrc) for ssrc in sending.tracks)
        if at_s - since_s < GATHER_S and not (begun == set(sending.tracks) and known):
            return
        self._open_part(sending, sender)

    def _open_part(self, sending: _Sending, sender: Sender) -> None:
        gathered, sending.gathered, sending.gathers_since_s = sending.gathered, [], None
        if self._made >= MAX_PARTS:
            return
        formats: dict[int, TrackFormat] = {}
        for ssrc, frame, _ in gathered:
            formats.setdefault(ssrc, frame.format)
        tracks = tuple(sorted(formats, key=lambda ssrc: formats[ssrc].codec is not Codec.OPUS))
        # The clocks may have been put right since the frames were gathered.
        times = [self._made_s(sending, ssrc, frame, made_s) for ssrc, frame, made_s in gathered]
        self._made += 1
        part = Part(self._made, sender, min(times), tracks, tuple(formats[ssrc] for ssrc in tracks))
        sending.part = part
        self.parts.append(part)
        for (ssrc, frame, _), made_s in zip(gathered, times, strict=True):
            if part.takes(ssrc, frame):
                part.add(ssrc, frame, made_s)

    @staticmethod
    def _made_s(sending: _Sending, ssrc: int, frame: Frame, made_s: float) -> float:
        track = sending.tracks.get(ssrc)
        return made_s if track is None or track.clock is None else track.clock.at_s(frame.timestamp)

    def _end_part(self, sending: _Sending, sender: Sender) -> None:
        if sending.gathered:
            self._open_part(sending, sender)
        if sending.part is not None:
            sending.part.is_over = True
            sending.part = None
