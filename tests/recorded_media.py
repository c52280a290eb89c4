"""Sound and pictures as a browser sends them, made by real encoders, and what a file is found to hold."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from signaling.recorder.frames import Packet

SAMPLE_RATE_HZ = 48_000
VIDEO_CLOCK_HZ = 90_000
FPS = 20
PAYLOAD_BYTES = 1_000
OPTIONS = {
    "libvpx": {"deadline": "realtime", "lag-in-frames": "0"},
    "libx264": {"tune": "zerolatency", "profile": "baseline", "preset": "ultrafast"},
}


@dataclass(frozen=True)
class Encoded:
    """One frame as its encoder made it. `timestamp` in steps of the RTP clock."""

    timestamp: int
    data: bytes


def pictures(
    codec: str, width: int, height: int, count: int, bit_rate_bps: int | None = None
) -> list[Encoded]:
    """A bar that moves; `libvpx`, or `libx264` in NAL units with start codes. Each 20th is a key frame.

    Args:
        bit_rate_bps: what a camera's picture would take; the bar then moves over noise that moves as well.
    """
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate, context.gop_size = Fraction(1, FPS), Fraction(FPS), 20
    context.options = OPTIONS[codec]
    background = np.full((height, width, 3), 40, dtype=np.uint8)
    if bit_rate_bps is not None:
        context.bit_rate = bit_rate_bps
        coarse = np.random.default_rng(3).integers(0, 200, (height // 8, width // 8, 3), np.uint8)
        background = coarse.repeat(8, 0).repeat(8, 1)
    frames = []
    for number in range(count):
        picture = np.roll(background, 3 * number, axis=1)
        at = number * 4 % (width - 20)
        picture[:, at : at + 20] = 230
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        frames += [Encoded(number * VIDEO_CLOCK_HZ // FPS, bytes(packet)) for packet in context.encode(frame)]
    return frames


def tone(hz: float, seconds: float) -> list[Encoded]:
    """Opus, 20 ms at a time."""
    context = av.CodecContext.create("libopus", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout, context.format = SAMPLE_RATE_HZ, "stereo", "s16"
    context.time_base = Fraction(1, SAMPLE_RATE_HZ)
    samples = SAMPLE_RATE_HZ // 50
    frames = []
    for number in range(round(seconds * 50)):
        at = np.arange(samples) + number * samples
        wave = (16_000 * np.sin(2 * np.pi * hz * at / SAMPLE_RATE_HZ)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.repeat(wave, 2)[None, :], format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, number * samples, context.time_base
        frames += [Encoded(number * samples, bytes(packet)) for packet in context.encode(frame)]
    return frames


def vp8_packets(frames: Sequence[Encoded], first: int = 65_530) -> Iterator[Packet]:
    """RFC 7741: a descriptor of one byte, S set on the first packet of a frame."""
    number = first
    for frame in frames:
        pieces = [frame.data[at : at + PAYLOAD_BYTES] for at in range(0, len(frame.data), PAYLOAD_BYTES)]
        for at, piece in enumerate(pieces):
            head = b"\x10" if at == 0 else b"\x00"
            yield Packet(number & 0xFFFF, frame.timestamp, at == len(pieces) - 1, head + piece)
            number += 1


def h264_packets(frames: Sequence[Encoded], first: int = 10) -> Iterator[Packet]:
    """RFC 6184, mode 1: parameter sets in a STAP-A, large NAL units in FU-As, others alone."""
    number = first
    for frame in frames:
        units = [unit for unit in frame.data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit]
        sets = [unit for unit in units if unit[0] & 0x1F in (7, 8)]
        payloads = []
        if sets:
            payloads.append(b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in sets))
        for unit in (unit for unit in units if unit[0] & 0x1F not in (7, 8)):
            if len(unit) <= PAYLOAD_BYTES:
                payloads.append(unit)
                continue
            pieces = [unit[at : at + PAYLOAD_BYTES] for at in range(1, len(unit), PAYLOAD_BYTES)]
            for at, piece in enumerate(pieces):
                flags = (0x80 if at == 0 else 0) | (0x40 if at == len(pieces) - 1 else 0)
                payloads.append(bytes([unit[0] & 0xE0 | 28, flags | unit[0] & 0x1F]) + piece)
        for at, payload in enumerate(payloads):
            yield Packet(number & 0xFFFF, frame.timestamp, at == len(payloads) - 1, payload)
            number += 1


def opus_packets(frames: Sequence[Encoded], first: int = 65_500) -> Iterator[Packet]:
    for number, frame in enumerate(frames, start=first):
        yield Packet(number & 0xFFFF, frame.timestamp, False, frame.data)


@dataclass(frozen=True)
class Contents:
    """What a file holds, decoded. Times in seconds of the file."""

    sizes: list[tuple[int, int]]
    picture_times_s: list[float]
    sound_times_s: list[float]
    tone_hz: float | None
    duration_s: float | None


def contents(file: bytes) -> Contents:
    """Decode all of it; whatever is damaged raises."""
    sizes, picture_times, sound_times, wave = [], [], [], []
    with av.open(io.BytesIO(file), "r") as container:
        duration_s = None if container.duration is None else container.duration / av.time_base
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                sizes.append((frame.width, frame.height))
                picture_times.append(frame.time or 0.0)
            else:
                assert isinstance(frame, av.AudioFrame)
                sound_times.append(frame.time or 0.0)
                wave.append(frame.to_ndarray().astype(np.float64).reshape(-1, frame.samples)[0])
    return Contents(
        sizes, picture_times, sound_times, loudest_hz(np.concatenate(wave)) if wave else None, duration_s
    )


def loudest_hz(wave: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(np.argmax(spectrum) * SAMPLE_RATE_HZ / len(wave))
