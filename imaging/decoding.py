"""From an image object to its stored pixel values, within a bound on memory.

The decoders are chosen by name: JPEG by GDCM, JPEG-LS by CharLS, JPEG 2000 by OpenJPEG, RLE by
pydicom itself. Whatever else is installed beside them is not asked. All but RLE run in processes of their
own (imaging/decoder_process.py). Grey values that are not compressed are seen where they lie, without a copy.
"""

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.utils import pixel_array
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

from imaging import extended_jpeg
from imaging.decoder_process import decode_frame
from imaging.errors import ImageTooLarge, NoPixels, UndecodablePixels
from imaging.header_values import real_number, whole_number
from imaging.reasons import reason

MAX_IMAGE_BYTES = 1 << 30
PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

PLUGINS: Mapping[UID, str] = {
    JPEGBaseline8Bit: "gdcm",
    JPEGExtended12Bit: extended_jpeg.PLUGIN,
    JPEGLossless: "gdcm",
    JPEGLosslessSV1: "gdcm",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
    HTJ2KLossless: "pylibjpeg",
    HTJ2KLosslessRPCL: "pylibjpeg",
    HTJ2K: "pylibjpeg",
    RLELossless: "pydicom",
}

_BYTE_ORDER: Mapping[str, str] = {
    ImplicitVRLittleEndian: "<",
    ExplicitVRLittleEndian: "<",
    DeflatedExplicitVRLittleEndian: "<",
    ExplicitVRBigEndian: ">",
}

# What pydicom and the decoders raise on damaged pixels; anything else is a bug of ours.
_DECODER_ERRORS = (
    struct.error,
    EOFError,
    AttributeError,
    KeyError,
    IndexError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


def pixel_value(ds: Dataset) -> bytes | None:
    """Return the value of the pixel data element as it is stored; None where there is none."""
    return next((bytes(ds[keyword].value) for keyword in PIXEL_KEYWORDS if keyword in ds), None)


def claimed_bytes(header: Dataset) -> int:
    """Return how many bytes the decoded image would take, as its header claims; 0 where it claims nothing."""
    sizes = [whole_number(header.get(keyword)) for keyword in ("Rows", "Columns", "BitsAllocated")]
    rows, columns, bits = (size or 0 for size in sizes)
    samples = whole_number(header.get("SamplesPerPixel")) or 1
    frames = whole_number(header.get("NumberOfFrames")) or 1
    if min(rows, columns, bits, samples, frames) < 0:
        return 0
    return -(-rows * columns * samples * frames * bits // 8)


def rescale_of(ds: Dataset) -> tuple[float, float]:
    """Return slope and intercept from stored values to the modality's units; 1 and 0 where absent.

    Raises:
        UndecodablePixels: they are there and no numbers: what the pixels mean is not known.

    Source: DICOM PS3.3 C.11.1.1.2.
    """
    slope, intercept = (
        default if ds.get(keyword) in (None, "") else real_number(ds.get(keyword))
        for keyword, default in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0))
    )
    if slope is None or intercept is None:
        raise UndecodablePixels(reason("damaged-dicom"), f"{ds.get('SOPInstanceUID')}: rescale")
    return slope, intercept


def stored_range(bits_stored: int, *, signed: bool) -> tuple[int, int]:
    """Return the lowest and the highest value that so many bits can hold."""
    if signed:
        return -(1 << bits_stored - 1), (1 << bits_stored - 1) - 1
    return 0, (1 << bits_stored) - 1


def stored_pixels(ds: Dataset, frame: int | None = None) -> NDArray[np.generic]:
    """Return the stored values as they are, before rescale and window.

    Bits beside the stored ones, where old systems kept overlays or left garbage, are taken off values
    that are not compressed; a decoder gives the stored ones only.

    Args:
        ds: an image object with its pixels.
        frame: zero-based; None for the whole object.

    Returns:
        (row, column), with a leading frame axis for a whole multi-frame object and a trailing
        sample axis for colour. Colour is RGB; a palette's indices stay as they are. It may be a view of the
        object's own bytes, and then cannot be written to.

    Raises:
        NoPixels: there is no pixel data.
        ImageTooLarge: the header claims more than MAX_IMAGE_BYTES; nothing was allocated.
        UndecodablePixels: the decoder refused, or there is no such frame.

    Source: DICOM PS3.5 section 8.
    """
    uid = str(ds.get("SOPInstanceUID", ""))
    if not any(keyword in ds for keyword in PIXEL_KEYWORDS):
        raise NoPixels(reason("no-pixels"), uid)
    size = claimed_bytes(ds)
    if frame is not None:
        size //= max(whole_number(ds.get("NumberOfFrames")) or 1, 1)
    if size > MAX_IMAGE_BYTES:
        raise ImageTooLarge(reason("image-too-large", claimed_mib=size >> 20), uid)
    try:
        stored = _native_pixels(ds, frame)
        if stored is not None:
            return stored
        plugin = PLUGINS.get(UID(ds.file_meta.TransferSyntaxUID), "")
        if plugin in ("", "pydicom"):
            return pixel_array(ds, index=frame, decoding_plugin=plugin)
        return _foreign_pixels(ds, frame, plugin)
    except _DECODER_ERRORS as error:
        raise UndecodablePixels(reason("pixels-not-readable"), f"{uid}: {type(error).__name__}") from error


def _native_pixels(ds: Dataset, frame: int | None) -> NDArray[np.generic] | None:
    """Uncompressed grey values of 8, 16 or 32 bits; None where they are anything else.

    Raises:
        IndexError, ValueError: fewer bytes or frames than promised.
    """
    order = _BYTE_ORDER.get(ds.file_meta.TransferSyntaxUID)
    allocated = ds.get("BitsAllocated")
    is_plain = order is not None and "PixelData" in ds and ds.get("SamplesPerPixel", 1) == 1
    # 8-bit values in words of the other byte order lie in pairs: pydicom turns them.
    if not is_plain or allocated not in (8, 16, 32) or (allocated == 8 and order == ">"):
        return None
    signed = ds.get("PixelRepresentation", 0) == 1
    rows, columns, frames = ds.Rows, ds.Columns, whole_number(ds.get("NumberOfFrames")) or 1
    kind = np.dtype(f"{order}{'i' if signed else 'u'}{allocated // 8}")
    first, count = (0, frames) if frame is None else (frame, 1)
    if not 0 <= first < frames or rows < 1 or columns < 1:
        raise IndexError(f"frame {frame} of {frames}")
    values = np.frombuffer(ds.PixelData, kind, count * rows * columns, first * rows * columns * kind.itemsize)
    stored = _of_stored_bits(values.astype(kind.newbyteorder("="), copy=False), ds, signed=signed)
    return stored.reshape((rows, columns) if count == 1 else (count, rows, columns))


def _foreign_pixels(ds: Dataset, frame: int | None, plugin: str) -> NDArray[np.generic]:
    """Compressed values, one frame or all, from a decoder that is a process of its own."""
    frames = whole_number(ds.get("NumberOfFrames")) or 1
    offsets = None
    if "ExtendedOffsetTable" in ds:
        offsets = (ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths)
    if frame is not None and not 0 <= frame < frames:
        raise IndexError(f"frame {frame} of {frames}")
    wanted = range(frames) if frame is None else (frame,)
    # One at a time: all code streams of an object are there anyway, but only one frame's values twice.
    decoded: NDArray[Any] | None = None
    for place, number in enumerate(wanted):
        stream = get_frame(ds.PixelData, number, number_of_frames=frames, extended_offsets=offsets)
        values = decode_frame(ds, stream, plugin)
        if len(wanted) == 1:
            return values
        if decoded is None:
            decoded = np.empty((len(wanted), *values.shape), values.dtype)
        decoded[place] = values
    if decoded is None:
        raise ValueError("no frames")
    return decoded


def _of_stored_bits(values: NDArray[Any], ds: Dataset, *, signed: bool) -> NDArray[Any]:
    """The values without what lies beside their stored bits, the sign carried on to the left."""
    allocated = 8 * values.dtype.itemsize
    stored = whole_number(ds.get("BitsStored")) or allocated
    high = whole_number(ds.get("HighBit"))
    high = stored - 1 if high is None or not stored - 1 <= high < allocated else high
    if not 0 < stored < allocated:
        return values
    if high == stored - 1 and values.size:
        lowest, highest = stored_range(stored, signed=signed)
        if values.max() <= highest and (not signed or values.min() >= lowest):
            return values
    shifted: NDArray[Any] = (values << (allocated - 1 - high)) >> (allocated - stored)
    return shifted
