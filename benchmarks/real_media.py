"""Real pictures and sound, encoded once, for servers that decode."""

from fractions import Fraction

import numpy as np
from aiortc.codecs.opus import OpusEncoder
from aiortc.codecs.vpx import Vp8Encoder
from av import AudioFrame, VideoFrame

from benchmarks.media_pattern import AUDIO_PER_S, FRAMES_PER_S

VIDEO_BPS = 1_000_000


def real_second() -> tuple[list[list[bytes]], list[bytes]]:
    """A second of 720p and of a tone, encoded: the payloads of each picture, and those of the sound."""
    encoder, pictures = Vp8Encoder(), []
    encoder.target_bitrate = VIDEO_BPS
    for number in range(FRAMES_PER_S):
        picture = np.full((720, 1280, 3), 60, dtype=np.uint8)
        picture[:, 40 * number : 40 * number + 80] = 220
        frame = VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = number * 3_000, Fraction(1, 90_000)
        pictures.append(encoder.encode(frame, force_keyframe=number == 0)[0])
    opus, sound = OpusEncoder(), []
    for number in range(AUDIO_PER_S):
        phase = 2 * np.pi * 440 * (np.arange(960) + 960 * number) / 48_000
        samples = (np.sin(phase) * 16_000).astype(np.int16).repeat(2)[None, :]
        tone = AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        tone.sample_rate, tone.pts, tone.time_base = 48_000, 960 * number, Fraction(1, 48_000)
        sound += opus.encode(tone)[0]
    return pictures, sound
