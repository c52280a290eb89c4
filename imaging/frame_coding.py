"""Frames and files in another coding than the archive has, made in our own process, pixel for pixel the same.

The archive is never asked to transcode: with some files that ends it. Decoding goes by `imaging.decoding`.
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

import jpeg_ls
import numpy as np
from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.encoders.base import get_encoder
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from imaging.decoding import PLUGINS, stored_pixels
from imaging.errors import UndecodablePixels
from imaging.part10 import part10_bytes
from imaging.reasons import reason

NATIVE: Final = "application/octet-stream"
# PS3.18 table 8.7.3-3: by what name a frame of a transfer syntax goes.
MEDIA_TYPES: Final[Mapping[str, str]] = {
    str(ImplicitVRLittleEndian): NATIVE,
    str(ExplicitVRLittleEndian): NATIVE,
    str(ExplicitVRBigEndian): NATIVE,
    str(DeflatedExplicitVRLittleEndian): NATIVE,
    str(JPEGBaseline8Bit): "image/jpeg",
    str(JPEGExtended12Bit): "image/jpeg",
    str(JPEGLossless): "image/jpeg",
    str(JPEGLosslessSV1): "image/jpeg",
    str(JPEGLSLossless): "image/jls",
    str(JPEGLSNearLossless): "image/jls",
    str(JPEG2000Lossless): "image/jp2",
    str(JPEG2000): "image/jp2",
    str(HTJ2KLossless): "image/jphc",
    str(HTJ2KLosslessRPCL): "image/jphc",
    str(HTJ2K): "image/jphc",
    str(RLELossless): "image/dicom-rle",
}
# What the encoders refuse with: bit depths and colour that the format has no place for.
_ENCODER_ERRORS = (AttributeError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError)


def is_native(transfer_syntax_uid: str) -> bool:
    """Whether pixels are stored one beside the other, without a codec."""
    return MEDIA_TYPES.get(transfer_syntax_uid) == NATIVE


def frame_as_stored(ds: Dataset, index: int) -> bytes:
    """Return one frame's bytes, compressed ones as they are, uncompressed ones little endian.

    Args:
        ds: an image object with its pixels.
        index: zero-based, less than the number of frames.

    Raises:
        UndecodablePixels: the pixel data is shorter than the header says, or damaged.
    """
    syntax = UID(ds.file_meta.TransferSyntaxUID)
    frames = int(ds.get("NumberOfFrames") or 1)
    try:
        if syntax.is_encapsulated:
            return get_frame(ds.PixelData, index, number_of_frames=frames)
        length = get_expected_length(ds) // frames
        frame = bytes(ds.PixelData[index * length : (index + 1) * length])
    except (AttributeError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise _unreadable(ds) from error
    if len(frame) != length:
        raise _unreadable(ds)
    if syntax == ExplicitVRBigEndian and ds.BitsAllocated == 16:
        return np.frombuffer(frame, ">u2").astype("<u2").tobytes()
    return frame


def decoded_frame(ds: Dataset, index: int) -> bytes:
    """Return one frame's pixels, little endian, colour by pixel. Raises UndecodablePixels, ImageTooLarge."""
    pixels = stored_pixels(ds, index)
    return np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<")).tobytes()


def as_jpeg_ls(native: bytes, header: Dataset) -> bytes | None:
    """Return one uncompressed frame as JPEG-LS lossless; None where that is not smaller, or not the same.

    Source: PS3.5 8.2.3, ITU-T T.87.
    """
    options: dict[str, Any] = {
        "rows": header.Rows,
        "columns": header.Columns,
        "number_of_frames": 1,
        "samples_per_pixel": header.get("SamplesPerPixel", 1),
        "bits_allocated": header.BitsAllocated,
        "bits_stored": header.get("BitsStored", header.BitsAllocated),
        "pixel_representation": header.get("PixelRepresentation", 0),
        "photometric_interpretation": header.get("PhotometricInterpretation", "MONOCHROME2"),
    }
    if options["samples_per_pixel"] != 1:
        return None
    try:
        coded = get_encoder(JPEGLSLossless).encode(native, encoding_plugin="pyjpegls", **options)
        if len(coded) >= len(native) or _decoded(coded, header) != native:
            return None
    except _ENCODER_ERRORS:
        return None
    return bytes(coded)


def file_as(ds: Dataset, transfer_syntax_uid: str) -> bytes | None:
    """Return the object as a file in another transfer syntax; None where that cannot be.

    Args:
        ds: an object with its pixels; it is changed.
        transfer_syntax_uid: Explicit VR Little Endian or JPEG-LS Lossless.
    """
    try:
        if transfer_syntax_uid == ExplicitVRLittleEndian:
            _make_native(ds)
        elif transfer_syntax_uid == JPEGLSLossless and is_native(str(ds.file_meta.TransferSyntaxUID)):
            _make_native(ds)
            before = ds.pixel_array.tobytes()
            ds.compress(JPEGLSLossless, encoding_plugin="pyjpegls", generate_instance_uid=False)
            if ds.pixel_array.tobytes() != before:
                return None
        else:
            return None
        return part10_bytes(ds)
    except _ENCODER_ERRORS:
        return None


def _make_native(ds: Dataset) -> None:
    syntax = UID(ds.file_meta.TransferSyntaxUID)
    if syntax.is_encapsulated:
        stored_pixels(ds)  # by the decoders that we trust, within the bound on memory
        ds.decompress(decoding_plugin=PLUGINS.get(syntax, ""), generate_instance_uid=False)
        return
    if syntax == ExplicitVRBigEndian:
        _swap_words(ds)
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.set_original_encoding(False, True)


def _swap_words(ds: Dataset) -> None:
    """Words that pydicom keeps as bytes: their order is ours to change."""
    for element in ds:
        if element.VR == "SQ":
            for item in element.value:
                _swap_words(item)
        elif element.VR == "OW" and isinstance(element.value, bytes):
            element.value = np.frombuffer(element.value, ">u2").astype("<u2").tobytes()


def _decoded(coded: bytes, header: Dataset) -> bytes:
    pixels = np.asarray(jpeg_ls.decode(np.frombuffer(coded, np.uint8)))
    if pixels.dtype.itemsize * 8 != header.BitsAllocated:
        pixels = pixels.astype(np.uint8 if header.BitsAllocated == 8 else np.uint16)
    if header.get("PixelRepresentation", 0) and header.BitsStored < header.BitsAllocated:
        # Signed values come back without the bits above BitsStored, which repeat the sign.
        shift = header.BitsAllocated - header.BitsStored
        signed = (pixels << shift).astype(pixels.dtype).view(f"i{pixels.dtype.itemsize}") >> shift
        return bytes(signed.astype(f"<i{pixels.dtype.itemsize}").tobytes())
    return pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()


def _unreadable(ds: Dataset) -> UndecodablePixels:
    return UndecodablePixels(reason("pixels-not-readable"), str(ds.get("SOPInstanceUID", "")))


def transfer_syntax_of(beginning: bytes) -> str:
    """Return the Transfer Syntax UID from a file's first bytes, "" where there is none (PS3.10 7.1)."""
    stream = BytesIO(beginning)
    if beginning[128:132] != b"DICM":
        return ""
    stream.seek(132)
    while True:
        head = stream.read(8)
        if len(head) < 8 or head[:2] != b"\x02\x00":
            return ""
        long = head[4:6] in (b"OB", b"OW", b"UN", b"SQ", b"UT")
        length = int.from_bytes(stream.read(4), "little") if long else int.from_bytes(head[6:], "little")
        if head[2:4] == b"\x10\x00":
            return stream.read(length).rstrip(b"\0 ").decode("ascii", "replace")
        stream.seek(length, 1)
