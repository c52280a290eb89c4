"""A Matroska file as it grows: a head with its tracks, then clusters. Pure; nothing is decoded.

Whatever was written up to a cluster's end is a file that plays: sizes of the segment are unknown, and nothing
is written that refers to what comes later. WebM is Matroska with VP8 and Opus only. Sources: RFC 8794 (EBML),
RFC 9559 (Matroska), https://www.webmproject.org/docs/container/ (WebM), RFC 7845 section 5.1 (OpusHead).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from signaling.relay.packet_core import Codec

TIMESTAMP_SCALE_NS = 1_000_000  # timestamps are in ms
OPUS_PRE_SKIP_SAMPLES = 312  # libopus: 6.5 ms of look-ahead
OPUS_SEEK_PRE_ROLL_NS = 80_000_000  # RFC 7845 section 4.6
UNKNOWN_SIZE = b"\x01\xff\xff\xff\xff\xff\xff\xff"
MAX_BLOCK_OFFSET_MS = 0x7FFF  # of a block in its cluster, 16 bits with a sign
WRITER = "teleconsult"

EBML, EBML_VERSION, EBML_READ_VERSION = 0x1A45DFA3, 0x4286, 0x42F7
EBML_MAX_ID_LENGTH, EBML_MAX_SIZE_LENGTH = 0x42F2, 0x42F3
DOC_TYPE, DOC_TYPE_VERSION, DOC_TYPE_READ_VERSION = 0x4282, 0x4287, 0x4285
SEGMENT, INFO, TIMESTAMP_SCALE, DURATION, VOID = 0x18538067, 0x1549A966, 0x2AD7B1, 0x4489, 0xEC
MUXING_APP, WRITING_APP = 0x4D80, 0x5741
TRACKS, TRACK_ENTRY, TRACK_NUMBER, TRACK_UID, TRACK_TYPE = 0x1654AE6B, 0xAE, 0xD7, 0x73C5, 0x83
FLAG_LACING, CODEC_ID, CODEC_PRIVATE, CODEC_DELAY, SEEK_PRE_ROLL = 0x9C, 0x86, 0x63A2, 0x56AA, 0x56BB
VIDEO, PIXEL_WIDTH, PIXEL_HEIGHT = 0xE0, 0xB0, 0xBA
AUDIO, SAMPLING_FREQUENCY, CHANNELS = 0xE1, 0xB5, 0x9F
CLUSTER, CLUSTER_TIMESTAMP, SIMPLE_BLOCK = 0x1F43B675, 0xE7, 0xA3
KEY_FRAME_FLAG = 0x80
CODEC_IDS = {Codec.OPUS: "A_OPUS", Codec.VP8: "V_VP8", Codec.H264: "V_MPEG4/ISO/AVC"}
# Room for the duration, which is known at the end: an element of the same length that says nothing.
_NO_DURATION = bytes([VOID, 0x89]) + bytes(9)


@dataclass(frozen=True, slots=True)
class TrackFormat:
    """What a file says of a track. `private`: an AVCDecoderConfigurationRecord (H.264), else empty."""

    codec: Codec
    width: int = 0
    height: int = 0
    private: bytes = b""


@dataclass(frozen=True, slots=True)
class Block:
    """One frame of a track; tracks are numbered from 1 in the order of the head."""

    track: int
    at_ms: int
    data: bytes
    is_key_frame: bool


def head(tracks: Sequence[TrackFormat]) -> bytes:
    """The beginning of a file, up to its first cluster."""
    kind = "matroska" if any(track.codec is Codec.H264 for track in tracks) else "webm"
    ebml = _element(
        EBML,
        _unsigned(EBML_VERSION, 1)
        + _unsigned(EBML_READ_VERSION, 1)
        + _unsigned(EBML_MAX_ID_LENGTH, 4)
        + _unsigned(EBML_MAX_SIZE_LENGTH, 8)
        + _element(DOC_TYPE, kind.encode())
        + _unsigned(DOC_TYPE_VERSION, 4)
        + _unsigned(DOC_TYPE_READ_VERSION, 2),
    )
    info = _element(
        INFO,
        _unsigned(TIMESTAMP_SCALE, TIMESTAMP_SCALE_NS)
        + _NO_DURATION
        + _element(MUXING_APP, WRITER.encode())
        + _element(WRITING_APP, WRITER.encode()),
    )
    entries = b"".join(_track_entry(number, track) for number, track in enumerate(tracks, start=1))
    return ebml + _id(SEGMENT) + UNKNOWN_SIZE + info + _element(TRACKS, entries)


def with_duration(beginning: bytes, duration_ms: int) -> bytes:
    """The same beginning of a file, which now says how long the file is."""
    duration = _id(DURATION) + b"\x88" + struct.pack(">d", duration_ms)
    return beginning.replace(_NO_DURATION, duration, 1)


def clusters(blocks: Sequence[Block]) -> bytes:
    """Clusters with these blocks, given in order of time."""
    written = b""
    rest = list(blocks)
    while rest:
        begin_ms = rest[0].at_ms
        taken = 0
        while taken < len(rest) and rest[taken].at_ms - begin_ms <= MAX_BLOCK_OFFSET_MS:
            taken += 1
        content = b"".join(_simple_block(block, begin_ms) for block in rest[:taken])
        written += _element(CLUSTER, _unsigned(CLUSTER_TIMESTAMP, begin_ms) + content)
        rest = rest[taken:]
    return written


def _simple_block(block: Block, cluster_ms: int) -> bytes:
    flags = KEY_FRAME_FLAG if block.is_key_frame else 0
    beginning = bytes([0x80 | block.track]) + struct.pack(">hB", block.at_ms - cluster_ms, flags)
    return _id(SIMPLE_BLOCK) + _size(len(beginning) + len(block.data)) + beginning + block.data


def _track_entry(number: int, track: TrackFormat) -> bytes:
    is_sound = track.codec is Codec.OPUS
    entry = (
        _unsigned(TRACK_NUMBER, number)
        + _unsigned(TRACK_UID, number)
        + _unsigned(TRACK_TYPE, 2 if is_sound else 1)
        + _unsigned(FLAG_LACING, 0)
        + _element(CODEC_ID, CODEC_IDS[track.codec].encode())
    )
    if is_sound:
        channels = 2
        opus_head = struct.pack("<8sBBHIhB", b"OpusHead", 1, channels, OPUS_PRE_SKIP_SAMPLES, 48_000, 0, 0)
        entry += _element(CODEC_PRIVATE, opus_head)
        entry += _unsigned(CODEC_DELAY, OPUS_PRE_SKIP_SAMPLES * 1_000_000_000 // 48_000)
        entry += _unsigned(SEEK_PRE_ROLL, OPUS_SEEK_PRE_ROLL_NS)
        sound = _element(SAMPLING_FREQUENCY, struct.pack(">d", 48_000.0)) + _unsigned(CHANNELS, channels)
        entry += _element(AUDIO, sound)
    else:
        if track.private:
            entry += _element(CODEC_PRIVATE, track.private)
        entry += _element(VIDEO, _unsigned(PIXEL_WIDTH, track.width) + _unsigned(PIXEL_HEIGHT, track.height))
    return _element(TRACK_ENTRY, entry)


def _id(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _size(length: int) -> bytes:
    """RFC 8794 section 4: as few bytes as hold it; all ones would mean unknown."""
    count = 1
    while length >= (1 << (7 * count)) - 1:
        count += 1
    return (length | 1 << (7 * count)).to_bytes(count, "big")


def _element(number: int, content: bytes) -> bytes:
    return _id(number) + _size(len(content)) + content


def _unsigned(number: int, value: int) -> bytes:
    return _element(number, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))
