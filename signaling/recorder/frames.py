"""RTP packets of one track in, whole frames out. Pure: times are given from outside.

Packets are put in order by sequence number; one that is missing is waited for, as the relay may still get it
from its publisher, then given up and counted. After that pictures go on with the next key frame, which
`wants_key_frame` asks for. Where no sound was sent (DTX) or it is lost, silence is put in: not every player
keeps a gap. Sources: RFC 7741 (VP8), RFC 6184 (H.264), RFC 7587 (Opus, a packet is a frame).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import unpack_from

from signaling.recorder.h264 import avc_configuration, picture_size
from signaling.recorder.opus import SILENCE, SILENCE_SAMPLES, samples_of
from signaling.recorder.webm import TrackFormat
from signaling.relay.packet_core import Codec
from signaling.relay.rtp_continuity import is_newer
from signaling.relay.rtp_packets import H264_FU_A, H264_IDR, H264_SPS, H264_STAP_A

H264_PPS = 8
WAIT_S = 0.4  # the relay asks five times in a quarter of a second
MAX_WAITING = 1_024  # packets; more than come in WAIT_S of any picture
MAX_SILENCE_SAMPLES = 48_000  # in silence something comes each 0.4 s; more is no silence but nothing
MAX_FRAME_BYTES = 4 * 1024 * 1024
START_OF_PICTURE = b"\x9d\x01\x2a"  # RFC 6386 section 9.1


@dataclass(frozen=True, slots=True)
class Packet:
    sequence_number: int
    timestamp: int
    marker: bool
    payload: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    timestamp: int  # of RTP, 32 bits
    data: bytes
    is_key_frame: bool
    format: TrackFormat


@dataclass(slots=True)
class Reordering:
    """Packets in order of their numbers. `lost` counts those that were given up."""

    lost: int = 0
    _next: int | None = None
    _waiting: dict[int, tuple[Packet, float]] = field(default_factory=dict)

    def put(self, packet: Packet, at_s: float) -> None:
        if self._next is not None and is_newer(self._next, packet.sequence_number):
            return  # too late, or there already
        self._waiting.setdefault(packet.sequence_number, (packet, at_s))

    def take(self, at_s: float) -> Iterator[tuple[Packet, bool]]:
        """What is next, each with whether some before it are lost."""
        while self._waiting:
            first = self._first()
            if self._next is None:
                self._next = first
            gap = (first - self._next) & 0xFFFF
            if gap and at_s - self._waiting[first][1] < WAIT_S and len(self._waiting) < MAX_WAITING:
                return
            self.lost += gap
            self._next = (first + 1) & 0xFFFF
            yield self._waiting.pop(first)[0], gap > 0

    def _first(self) -> int:
        if self._next is not None and self._next in self._waiting:
            return self._next
        numbers = iter(self._waiting)
        first = next(numbers)
        for number in numbers:
            if is_newer(first, number):
                first = number
        return first


class FrameReader:
    """Frames of one track, which may change its codec: payload types are the relay's own."""

    def __init__(self) -> None:
        self.wants_key_frame = False
        self._packets = Reordering()
        self._opus, self._vp8, self._h264 = _OpusFrames(), _Vp8Frames(), _H264Frames()

    @property
    def lost(self) -> int:
        return self._packets.lost

    def put(self, packet: Packet, at_s: float) -> None:
        self._packets.put(packet, at_s)

    def take(self, codec: Codec, at_s: float) -> list[Frame]:
        """The frames that are whole now."""
        frames = []
        for packet, after_gap in self._packets.take(at_s):
            if codec is Codec.OPUS:
                frames += self._opus.add(packet)
                continue
            reader = self._vp8 if codec is Codec.VP8 else self._h264
            if after_gap:
                reader.break_off()
            frame = reader.add(packet)
            if frame is not None:
                frames.append(frame)
            self.wants_key_frame |= reader.is_broken
        return frames


class _OpusFrames:
    """`_until` is the timestamp up to which there is sound."""

    def __init__(self) -> None:
        self._format = TrackFormat(Codec.OPUS)
        self._until: int | None = None

    def add(self, packet: Packet) -> list[Frame]:
        """The packet's frame, behind silence where nothing was sent before it."""
        if not packet.payload:
            return []
        until = packet.timestamp if self._until is None else self._until
        gap = (packet.timestamp - until) & 0xFFFFFFFF
        silent = gap // SILENCE_SAMPLES if gap <= MAX_SILENCE_SAMPLES else 0
        self._until = (packet.timestamp + samples_of(packet.payload)) & 0xFFFFFFFF
        return [
            *(
                Frame((until + at * SILENCE_SAMPLES) & 0xFFFFFFFF, SILENCE, True, self._format)
                for at in range(silent)
            ),
            Frame(packet.timestamp, packet.payload, True, self._format),
        ]


class _Pictures:
    """Frames of pictures; `is_broken` from a loss to the next key frame, and before the first."""

    def __init__(self) -> None:
        self.is_broken = True
        self._pieces: list[bytes] = []
        self._timestamp: int | None = None
        self._is_whole = False

    def break_off(self) -> None:
        self.is_broken, self._is_whole = True, False

    def add(self, packet: Packet) -> Frame | None:
        """The frame that this packet ends."""
        if packet.timestamp != self._timestamp:
            self._timestamp, self._pieces, self._is_whole = packet.timestamp, [], True
        if sum(map(len, self._pieces)) + len(packet.payload) > MAX_FRAME_BYTES:
            self.break_off()
        if not self._is_whole:
            return None
        if not self._put(packet.payload):
            self.break_off()
            return None
        if not packet.marker:
            return None
        pieces, self._pieces, self._is_whole = self._pieces, [], False
        frame = self._frame(packet.timestamp, pieces)
        if frame is None or (self.is_broken and not frame.is_key_frame):
            return None
        self.is_broken = False
        return frame

    def _put(self, payload: bytes) -> bool:
        """False: this is no piece of the frame that has begun."""
        raise NotImplementedError

    def _frame(self, timestamp: int, pieces: list[bytes]) -> Frame | None:
        raise NotImplementedError


class _Vp8Frames(_Pictures):
    def __init__(self) -> None:
        super().__init__()
        self._format = TrackFormat(Codec.VP8)

    def _put(self, payload: bytes) -> bool:
        at = _vp8_descriptor_bytes(payload)
        if at is None or at >= len(payload):
            return False
        starts_frame = payload[0] & 0x17 == 0x10  # S set, and the partition is 0
        if starts_frame == bool(self._pieces):
            return False
        self._pieces.append(payload[at:])
        return True

    def _frame(self, timestamp: int, pieces: list[bytes]) -> Frame | None:
        data = b"".join(pieces)
        is_key_frame = not data[0] & 1
        if is_key_frame:
            if len(data) < 10 or data[3:6] != START_OF_PICTURE:
                return None
            width, height = unpack_from("<HH", data, 6)
            self._format = TrackFormat(Codec.VP8, width & 0x3FFF, height & 0x3FFF)
        return Frame(timestamp, data, is_key_frame, self._format)


class _H264Frames(_Pictures):
    def __init__(self) -> None:
        super().__init__()
        self._sps = self._pps = b""
        self._format = TrackFormat(Codec.H264)
        self._fragment: bytes | None = None

    def _put(self, payload: bytes) -> bool:
        if not payload:
            return False
        if not self._pieces:
            self._fragment = None
        kind = payload[0] & 0x1F
        if kind == H264_FU_A:
            return self._put_fragment(payload)
        if self._fragment is not None:
            return False
        if kind == H264_STAP_A:
            at = 1
            while at + 2 <= len(payload):
                length = unpack_from("!H", payload, at)[0]
                if length == 0 or at + 2 + length > len(payload):
                    return False
                self._pieces.append(payload[at + 2 : at + 2 + length])
                at += 2 + length
            return True
        if kind > H264_STAP_A:
            return False
        self._pieces.append(payload)
        return True

    def _put_fragment(self, payload: bytes) -> bool:
        if len(payload) < 3:
            return False
        starts, ends = payload[1] & 0x80, payload[1] & 0x40
        if bool(starts) != (self._fragment is None):
            return False
        if starts:
            self._fragment = bytes([payload[0] & 0xE0 | payload[1] & 0x1F])
        assert self._fragment is not None
        self._fragment += payload[2:]
        if ends:
            self._pieces.append(self._fragment)
            self._fragment = None
        return True

    def _frame(self, timestamp: int, pieces: list[bytes]) -> Frame | None:
        if self._fragment is not None:
            return None
        is_key_frame = any(piece[0] & 0x1F == H264_IDR for piece in pieces)
        parameters = {piece[0] & 0x1F: piece for piece in pieces if piece[0] & 0x1F in (H264_SPS, H264_PPS)}
        if parameters:
            self._sps = parameters.get(H264_SPS, self._sps)
            self._pps = parameters.get(H264_PPS, self._pps)
        if is_key_frame:
            size = picture_size(self._sps)
            if size is None or not self._pps:
                return None
            self._format = TrackFormat(Codec.H264, *size, avc_configuration(self._sps, self._pps))
        pictures = [piece for piece in pieces if piece[0] & 0x1F not in (H264_SPS, H264_PPS)]
        if not pictures:
            return None
        data = b"".join(len(piece).to_bytes(4, "big") + piece for piece in pictures)
        return Frame(timestamp, data, is_key_frame, self._format)


def _vp8_descriptor_bytes(payload: bytes) -> int | None:
    """The length of the payload descriptor (RFC 7741 section 4.2)."""
    if not payload:
        return None
    at = 1
    if payload[0] & 0x80:
        if len(payload) < 3:
            return None
        flags = payload[1]
        at = 2
        if flags & 0x80:
            at += 2 if payload[at] & 0x80 else 1
        at += bool(flags & 0x40) + bool(flags & 0x30)
    return at
