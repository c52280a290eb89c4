"""From an image object to its stored pixel values, within a bound on memory.

The decoders are chosen by name: JPEG by GDCM, JPEG-LS by CharLS, JPEG 2000 by OpenJPEG, RLE by
pydicom itself. Whatever else is installed beside them is not asked.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from imaging.errors import ImageTooLarge, NoPixels, UndecodablePixels
from imaging.header_values import real_number, whole_number
from imaging.reasons import reason

MAX_IMAGE_BYTES = 1 << 30
PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

PLUGINS: Mapping[UID, str] = {
    JPEGBaseline8Bit: "gdcm",
    JPEGExtended12Bit: "gdcm",
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

# What pydicom and the decoders raise on damaged pixels; anything else is a bug of ours.
_DECODER_ERRORS = (
    AttributeError, KeyError, IndexError, NotImplementedError, OSError, RuntimeError, TypeError, ValueError,
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


def stored_pixels(ds: Dataset, frame: int | None = None) -> NDArray[np.generic]:
    """Return the stored values as they are, before rescale and window.

    Args:
        ds: an image object with its pixels.
        frame: zero-based; None for the whole object.

    Returns:
        (row, column), with a leading frame axis for a whole multi-frame object and a trailing
        sample axis for colour. Colour is RGB.

    Raises:
        NoPixels: there is no pixel data.
        ImageTooLarge: the header claims more than MAX_IMAGE_BYTES; nothing was allocated.
        UndecodablePixels: the decoder refused.
    """
    uid = str(ds.get("SOPInstanceUID", ""))
    if not any(keyword in ds for keyword in PIXEL_KEYWORDS):
        raise NoPixels(reason("no-pixels"), uid)
    size = claimed_bytes(ds)
    if frame is not None:
        size //= whole_number(ds.get("NumberOfFrames")) or 1
    if size > MAX_IMAGE_BYTES:
        raise ImageTooLarge(reason("image-too-large", claimed_mib=size >> 20), uid)
    try:
        plugin = PLUGINS.get(UID(ds.file_meta.TransferSyntaxUID), "")
        return pixel_array(ds, index=frame, decoding_plugin=plugin)
    except _DECODER_ERRORS as error:
        raise UndecodablePixels(reason("pixels-not-readable"), f"{uid}: {type(error).__name__}") from error
