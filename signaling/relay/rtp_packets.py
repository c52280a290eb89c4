"""What the relay reads of an RTP packet, and the header that it writes. Pure, on bytes.

Sources: RFC 3550 section 5.1, RFC 8285 (header extensions), RFC 7741 section 4 (VP8), RFC 6184 section 5
(H.264), RFC 2198 section 3 (RED).
"""

from dataclasses import dataclass
from struct import pack_into, unpack_from

from signaling.relay.packet_core import (
    EXTENSION_ABS_SEND_TIME,
    EXTENSION_AUDIO_LEVEL,
    EXTENSION_MID,
)

FIXED_HEADER_BYTES = 12
ONE_BYTE_PROFILE = 0xBEDE
H264_IDR, H264_SPS, H264_STAP_A, H264_FU_A = 5, 7, 24, 28


class MalformedRtp(ValueError):
    """No RTP packet, or one whose lengths do not fit."""


@dataclass(slots=True)
class RtpHeader:
    """`payload_at` and `payload_end` are offsets in the datagram: padding is left out."""

    marker: bool
    payload_type: int
    sequence_number: int
    timestamp: int
    ssrc: int
    extensions: dict[int, tuple[int, int]]  # id: offset and length of its data
    payload_at: int
    payload_end: int


def parse_rtp(data: bytes | bytearray | memoryview, size: int) -> RtpHeader:
    """Raises MalformedRtp."""
    if size < FIXED_HEADER_BYTES or data[0] >> 6 != 2:
        raise MalformedRtp("no RTP")
    first, second, sequence_number, timestamp, ssrc = unpack_from("!BBHLL", data)
    at = FIXED_HEADER_BYTES + 4 * (first & 0x0F)
    end = size
    if first & 0x20:
        end -= data[size - 1]
        if data[size - 1] == 0:
            raise MalformedRtp("padding of no length")
    extensions: dict[int, tuple[int, int]] = {}
    if first & 0x10:
        if at + 4 > end:
            raise MalformedRtp("extension without a header")
        profile, words = unpack_from("!HH", data, at)
        at += 4
        extensions_end = at + 4 * words
        if extensions_end > end:
            raise MalformedRtp("extension longer than its packet")
        if profile == ONE_BYTE_PROFILE:
            _read_extensions(data, at, extensions_end, 1, extensions)
        elif profile >> 4 == 0x100:
            _read_extensions(data, at, extensions_end, 2, extensions)
        at = extensions_end
    if at > end:
        raise MalformedRtp("header longer than its packet")
    return RtpHeader(
        marker=bool(second & 0x80),
        payload_type=second & 0x7F,
        sequence_number=sequence_number,
        timestamp=timestamp,
        ssrc=ssrc,
        extensions=extensions,
        payload_at=at,
        payload_end=end,
    )


def _read_extensions(
    data: bytes | bytearray | memoryview, at: int, end: int, header: int, into: dict[int, tuple[int, int]]
) -> None:
    while at < end:
        if data[at] == 0:  # padding between elements
            at += 1
            continue
        if header == 1:
            number, length = data[at] >> 4, (data[at] & 0x0F) + 1
            if number == 15:  # RFC 8285 4.2: stop here
                return
        else:
            if at + 1 >= end:
                raise MalformedRtp("extension element without its length")
            number, length = data[at], data[at + 1]
        at += header
        if at + length > end:
            raise MalformedRtp("extension element longer than the extension")
        into[number] = (at, length)
        at += length


@dataclass(frozen=True, slots=True)
class RedBlocks:
    """Offsets in a payload of RED: of each block's payload type, the latest's last; of the latest packet."""

    types_at: tuple[int, ...]
    latest_at: int


def parse_red(payload: bytes | bytearray) -> RedBlocks:
    """Raises MalformedRtp where blocks are longer than the payload or leave nothing for the latest."""
    at, copies_bytes = 0, 0
    types_at: list[int] = []
    while at < len(payload) and payload[at] & 0x80:
        if at + 4 > len(payload):
            raise MalformedRtp("a block without its length")
        types_at.append(at)
        copies_bytes += unpack_from("!H", payload, at + 2)[0] & 0x3FF
        at += 4
    latest_at = at + 1 + copies_bytes
    if latest_at >= len(payload):
        raise MalformedRtp("RED without its latest packet")
    return RedBlocks((*types_at, at), latest_at)


@dataclass(slots=True)
class Vp8Descriptor:
    """Offsets in the datagram of what has to stay continuous; None where it is not there."""

    picture_id_at: int | None  # of its 15-bit form; the 7-bit one is not rewritten
    picture_id: int
    tl0_pic_idx_at: int | None
    tl0_pic_idx: int
    is_key_frame: bool


def parse_vp8(data: bytes | bytearray | memoryview, at: int, end: int) -> Vp8Descriptor:
    """Source: RFC 7741 section 4.2 and 4.3. A payload that is too short has nothing to rewrite."""
    found = Vp8Descriptor(None, 0, None, 0, False)
    if at >= end:
        return found
    first = data[at]
    starts_frame = first & 0x17 == 0x10  # S set, and the partition is 0
    at += 1
    if first & 0x80:
        if at >= end:
            return found
        flags = data[at]
        at += 1
        if flags & 0x80:
            if at + 2 <= end and data[at] & 0x80:
                found.picture_id_at = at
                found.picture_id = unpack_from("!H", data, at)[0] & 0x7FFF
                at += 2
            else:
                at += 1
        if flags & 0x40:
            if at < end:
                found.tl0_pic_idx_at, found.tl0_pic_idx = at, data[at]
            at += 1
        if flags & 0x30:
            at += 1
    found.is_key_frame = starts_frame and at < end and not data[at] & 1
    return found


def is_h264_key_frame(data: bytes | bytearray | memoryview, at: int, end: int) -> bool:
    """True where the packet holds the parameter sets or the start of an IDR picture."""
    if at >= end:
        return False
    kind = data[at] & 0x1F
    if kind == H264_STAP_A:
        at += 1
        while at + 3 <= end:
            length = unpack_from("!H", data, at)[0]
            if data[at + 2] & 0x1F in (H264_IDR, H264_SPS):
                return True
            at += 2 + length
        return False
    if kind == H264_FU_A:
        return at + 2 <= end and bool(data[at + 1] & 0x80) and data[at + 1] & 0x1F in (H264_IDR, H264_SPS)
    return kind in (H264_IDR, H264_SPS)


@dataclass(frozen=True, slots=True)
class HeaderTemplate:
    """The header of an output: fixed part, then MID, send time and, for sound, the level."""

    data: bytes
    abs_send_time_at: int
    audio_level_at: int | None


def header_template(ssrc: int, mid: str, has_audio_level: bool) -> HeaderTemplate:
    name = mid.encode("ascii")
    elements = bytes([EXTENSION_MID << 4 | (len(name) - 1)]) + name
    send_time_at = FIXED_HEADER_BYTES + 4 + len(elements) + 1
    elements += bytes([EXTENSION_ABS_SEND_TIME << 4 | 2, 0, 0, 0])
    level_at = None
    if has_audio_level:
        level_at = FIXED_HEADER_BYTES + 4 + len(elements) + 1
        elements += bytes([EXTENSION_AUDIO_LEVEL << 4, 127])
    elements += bytes(-len(elements) % 4)
    data = bytearray(FIXED_HEADER_BYTES + 4)
    pack_into("!BBHLLHH", data, 0, 0x90, 0, 0, 0, ssrc, ONE_BYTE_PROFILE, len(elements) // 4)
    return HeaderTemplate(bytes(data) + elements, send_time_at, level_at)
