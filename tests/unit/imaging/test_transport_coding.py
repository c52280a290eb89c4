"""Files that travel coded are restored byte for byte, or refused."""

import json
import zlib
from typing import Any

import jpeg_ls
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from imaging.errors import NotRestored
from imaging.transport_coding import restore
from tests.dicom_builders import a_ct_slice, as_bytes

LIMIT = 1 << 20


def framed(
    content: bytes, offset: int, pixels: NDArray[np.uint16], codestream: bytes, **changed: Any
) -> bytes:
    end = offset + pixels.nbytes
    header = {
        "offset": offset,
        "length": pixels.nbytes,
        "rows": pixels.shape[0],
        "columns": pixels.shape[1],
        "sign_flipped": False,
        "suffix_bytes": len(content) - end,
        **changed,
    }
    encoded = json.dumps(header).encode()
    return len(encoded).to_bytes(4, "big") + encoded + content[:offset] + content[end:] + codestream


def jls(pixels: NDArray[np.uint16]) -> bytes:
    return bytes(jpeg_ls.encode_array(pixels))


@given(
    st.integers(0, 2**32 - 1),
    st.integers(16, 40),  # the encoder's own buffer is too small for random values in less
    st.integers(16, 40),
    st.binary(max_size=60),
    st.binary(max_size=60),
    st.booleans(),
)
def test_any_16_bit_image_between_any_bytes_is_restored_exactly_from_jpeg_ls(
    seed: int, rows: int, columns: int, before: bytes, after: bytes, flipped: bool
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 1 << 16, (rows, columns), np.uint16)
    content = before + pixels.astype("<u2").tobytes() + after
    coded = pixels ^ np.uint16(0x8000) if flipped else pixels
    body = framed(content, len(before), pixels, jls(coded), sign_flipped=flipped)
    assert restore("jls", body, LIMIT) == content


def test_a_slice_is_restored_exactly_from_a_deflated_file() -> None:
    content = as_bytes(a_ct_slice(1))
    assert restore("deflate", zlib.compress(content), LIMIT) == content


def test_a_deflate_bomb_is_refused_at_the_limit() -> None:
    with pytest.raises(NotRestored):
        restore("deflate", zlib.compress(bytes(4 * LIMIT)), LIMIT)


def test_a_codestream_of_another_size_is_refused_before_it_is_decoded() -> None:
    small = np.zeros((4, 4), np.uint16)
    with pytest.raises(NotRestored, match="claims"):
        restore("jls", framed(small.tobytes(), 0, small, jls(np.zeros((64, 64), np.uint16))), LIMIT)


@given(st.sampled_from(["deflate", "jls", "gzip"]), st.binary(max_size=300))
def test_no_bytes_raise_anything_but_not_restored(coding: str, body: bytes) -> None:
    with pytest.raises(NotRestored):
        restore(coding, body, LIMIT)


@settings(deadline=None)  # some damage is found only after seconds
@given(st.binary(min_size=1, max_size=12), st.integers(0, 400))
def test_no_damage_to_a_codestream_raises_anything_but_not_restored(damage: bytes, at: int) -> None:
    pixels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    body = framed(pixels.tobytes(), 0, pixels, jls(pixels))
    at = min(at, len(body))
    try:
        restored = restore("jls", body[:at] + damage + body[at + len(damage) :], LIMIT)
    except NotRestored:
        return
    assert len(restored) == pixels.nbytes
