"""A picture of an image, as its header or a window asks for it to be shown. Not for reading."""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from imaging.decoding import stored_pixels
from imaging.errors import UndecodablePixels
from imaging.header_values import number_pair, whole_number
from imaging.reasons import reason
from imaging.view_window import ViewWindow, voi_function

LARGEST_PX = 2048
# Pillow turns the other way.
_CLOCKWISE = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
# What is left out at either end where the header gives no window.
DARKEST_PERCENTILE, BRIGHTEST_PERCENTILE = 0.5, 99.5


def render_png(
    ds: Dataset,
    size_px: int,
    frame: int | None = None,
    window: tuple[float, float] | None = None,
    function: str | None = None,
    invert: bool | None = None,
    rotation: int = 0,
    flip: bool = False,
) -> bytes:
    """Return the image as an 8-bit PNG that fits into a square, in the shape it has in the patient.

    Args:
        ds: an image object with its pixels.
        size_px: the longer side, at most LARGEST_PX; a smaller image is not enlarged.
        frame: zero-based; None for the middle one of several.
        window: centre and width in the modality's units; None for the first window or VOI LUT of the
            header (PS3.3 C.11.2).
        function: what that window means, as VOILUTFunction has it; None for what the header says.
        invert: whether low values are bright; None for what the header says: MONOCHROME1 (C.7.6.3.1.2).
        rotation, flip: how it is laid: mirrored left to right first, then turned by 0, 90, 180 or 270
            degrees clockwise.

    Raises:
        NoPixels, ImageTooLarge, UndecodablePixels: the pixels cannot be read.
    """
    frames = whole_number(ds.get("NumberOfFrames")) or 1
    if frame is None:
        frame = frames // 2
    stored = stored_pixels(ds, frame=frame if frames > 1 else None)
    size_px = min(size_px, LARGEST_PX)
    step = max(1, max(stored.shape[:2]) // (2 * size_px))  # what the preview cannot show need not be windowed
    stored = stored[::step, ::step]
    view = None if window is None else ViewWindow(*window, function or voi_function(ds))
    shades = stored if stored.ndim == 3 else _windowed(stored, ds, view, invert)
    if shades.dtype != np.uint8:
        shades = _stretched(shades)
    picture = Image.fromarray(np.ascontiguousarray(shades))
    picture = picture.resize(_fitting(picture.size, _aspect(ds), size_px), Image.Resampling.BOX)
    if flip:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rotation:
        picture = picture.transpose(_CLOCKWISE[rotation])
    output = BytesIO()
    picture.save(output, "PNG")
    return output.getvalue()


def _windowed(
    stored: NDArray[Any], ds: Dataset, window: ViewWindow | None, invert: bool | None
) -> NDArray[np.uint8]:
    """(row, column) uint8."""
    try:
        values: NDArray[Any] = apply_modality_lut(stored, ds)
        has_view = "WindowCenter" in ds or "VOILUTSequence" in ds
        if window is None and has_view:
            values = apply_voi_lut(values, ds, index=0, prefer_lut=False)
    except (AttributeError, IndexError, KeyError, NotImplementedError, TypeError, ValueError) as error:
        raise UndecodablePixels(reason("damaged-dicom"), f"{ds.SOPInstanceUID}: {error!r}") from error
    if window is not None:
        shades = _shades(values, window)
    else:
        shades = _stretched(values, within=(0.0, 100.0) if has_view else None)
    inverted = str(ds.get("PhotometricInterpretation", "")) == "MONOCHROME1" if invert is None else invert
    return 255 - shades if inverted else shades


def _shades(values: NDArray[Any], window: ViewWindow) -> NDArray[np.uint8]:
    """The values through a window. Source: PS3.3 C.11.2.1.2.1, C.11.2.1.3."""
    from_centre = values.astype(np.float32) - window.centre
    if window.function == "SIGMOID":
        bright = 1 / (1 + np.exp(np.clip(-4 * from_centre / window.width, -80, 80)))
    elif window.function == "LINEAR_EXACT":
        bright = from_centre / window.width + 0.5
    else:
        bright = (from_centre + 0.5) / max(window.width - 1, 1e-6) + 0.5
    shades: NDArray[np.uint8] = np.rint(np.clip(bright, 0, 1) * 255).astype(np.uint8)
    return shades


def _stretched(values: NDArray[Any], within: tuple[float, float] | None = None) -> NDArray[np.uint8]:
    """The values between two percentiles spread over 0 to 255."""
    low, high = np.percentile(values, within or (DARKEST_PERCENTILE, BRIGHTEST_PERCENTILE))
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    scaled = (values.astype(np.float32) - low) / (high - low)
    shades: NDArray[np.uint8] = np.rint(np.clip(scaled, 0, 1) * 255).astype(np.uint8)
    return shades


def _aspect(ds: Dataset) -> float:
    """Height of a pixel divided by its width."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio"):
        pair = number_pair(ds.get(keyword))
        if pair is not None and min(pair) > 0:
            return pair[0] / pair[1]
    return 1.0


def _fitting(size: tuple[int, int], aspect: float, size_px: int) -> tuple[int, int]:
    width, height = float(size[0]), size[1] * aspect
    share = min(1.0, size_px / max(width, height))
    return max(1, round(width * share)), max(1, round(height * share))
