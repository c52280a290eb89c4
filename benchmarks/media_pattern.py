"""What a participant of a media benchmark sends: when, and how much."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from signaling.relay.packet_core import Codec, PayloadType

VIDEO, AUDIO = 1, 2
PAYLOAD_TYPES = {96: PayloadType(96, Codec.VP8, 90_000), 111: PayloadType(111, Codec.OPUS, 48_000)}
FRAMES_PER_S = 30
PAIRS_APART_S = 0.005  # libwebrtc's pacer lets a burst go each 5 ms
AUDIO_PER_S, AUDIO_BYTES = 50, 80
# A VP8 descriptor of a frame that needs no other: whoever joins can begin with any of them.
KEY_FRAME = b"\x10\x10"


@dataclass(frozen=True)
class Picture:
    packets_per_frame: int
    packet_bytes: int


HD = Picture(packets_per_frame=4, packet_bytes=1_125)  # 720p: 1.08 Mbit/s
FACE = Picture(packets_per_frame=1, packet_bytes=1_250)  # 300 kbit/s


class Planned(NamedTuple):
    """One packet. `at_s` from the start; `ends_frame` is RTP's marker; `payload_bytes` with KEY_FRAME."""

    at_s: float
    kind: int
    payload_type: int
    timestamp: int
    payload_bytes: int
    ends_frame: bool


def packets(picture: Picture, speed: float, seconds: float) -> Iterator[Planned]:
    """Video of 30 pictures and Opus of 50 packets a second, `speed` times as fast, in order of time."""
    timeline = []
    for frame in range(int(FRAMES_PER_S * seconds * speed)):
        for number in range(picture.packets_per_frame):
            at_s = frame / FRAMES_PER_S + number // 2 * PAIRS_APART_S
            is_last = number == picture.packets_per_frame - 1
            size = picture.packet_bytes - number % 2
            timeline.append(Planned(at_s / speed, VIDEO, 96, frame * 3_000, size, is_last))
    for number in range(int(AUDIO_PER_S * seconds * speed)):
        timeline.append(Planned(number / AUDIO_PER_S / speed, AUDIO, 111, number * 960, AUDIO_BYTES, False))
    yield from sorted(timeline)
