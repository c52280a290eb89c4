"""What the relay reads of packets, against packets that aiortc writes and against nonsense."""

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import HeaderExtensionsMap, RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from signaling.relay.rtp_packets import (
    MalformedRtp,
    header_template,
    is_h264_key_frame,
    parse_rtp,
    parse_vp8,
)


@given(
    st.integers(0, 127),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=50),
    st.integers(0, 15),
)
def test_a_packet_of_aiortc_is_read_as_it_was_written(
    payload_type: int, sequence_number: int, timestamp: int, payload: bytes, padding: int
) -> None:
    packet = RtpPacket(payload_type, 1, sequence_number, timestamp, ssrc=7, payload=payload)
    packet.padding_size = padding
    packet.csrc = [1, 2]
    data = packet.serialize(HeaderExtensionsMap())
    header = parse_rtp(data, len(data))
    assert (header.payload_type, header.marker, header.ssrc) == (payload_type, True, 7)
    assert (header.sequence_number, header.timestamp) == (sequence_number, timestamp)
    assert data[header.payload_at : header.payload_end] == payload


@given(st.binary(max_size=80))
def test_nonsense_is_malformed_or_within_its_bounds(data: bytes) -> None:
    try:
        header = parse_rtp(data, len(data))
    except MalformedRtp:
        return
    assert 12 <= header.payload_at <= header.payload_end <= len(data)
    assert all(at + length <= header.payload_end for at, length in header.extensions.values())


@given(st.binary(max_size=40))
def test_nonsense_is_no_picture_that_is_read_beyond_its_end(data: bytes) -> None:
    found = parse_vp8(data, 0, len(data))
    assert found.picture_id_at is None or found.picture_id_at + 2 <= len(data)
    assert found.tl0_pic_idx_at is None or found.tl0_pic_idx_at < len(data)
    is_h264_key_frame(data, 0, len(data))


@given(st.integers(0x80, 0x7FFF), st.integers(0, 255), st.booleans())
def test_a_vp8_descriptor_of_aiortc_is_read(picture_id: int, tl0: int, is_key: bool) -> None:
    descriptor = VpxPayloadDescriptor(
        partition_start=1, partition_id=0, picture_id=picture_id, tl0picidx=tl0, tid=(1, 0), keyidx=3
    )
    data = bytes(descriptor) + bytes([0 if is_key else 1]) + b"rest"
    found = parse_vp8(data, 0, len(data))
    assert (found.picture_id, found.tl0_pic_idx, found.is_key_frame) == (picture_id, tl0, is_key)


@pytest.mark.parametrize(
    ("payload", "is_key"),
    [
        (b"\x65", True),
        (b"\x67\x42", True),
        (b"\x41", False),
        (b"\x78\x00\x02\x67\x42\x00\x02\x68\x01", True),
        (b"\x78\x00\x02\x06\x42\x00\x02\x41\x01", False),
        (b"\x7c\x85\x00", True),
        (b"\x7c\x05\x00", False),  # a later piece of one
        (b"\x7c\x81\x00", False),
    ],
)
def test_h264_key_frames_are_known_in_every_packing(payload: bytes, is_key: bool) -> None:
    assert is_h264_key_frame(payload, 0, len(payload)) is is_key


@given(st.text("abcxyz019", min_size=1, max_size=16), st.booleans())
def test_a_header_that_is_written_can_be_read(mid: str, is_audio: bool) -> None:
    template = header_template(5, mid, is_audio)
    header = parse_rtp(template.data, len(template.data))
    assert header.payload_at == len(template.data)
    at, length = header.extensions[1]
    assert template.data[at : at + length].decode() == mid
    assert header.extensions[2] == (template.abs_send_time_at, 3)
    assert (3 in header.extensions) is is_audio
