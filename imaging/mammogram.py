"""One two-dimensional mammogram with its pixels turned so that dense tissue is bright."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from imaging.decoding import stored_pixels
from imaging.errors import UndecodablePixels
from imaging.reasons import reason


@dataclass(frozen=True, slots=True)
class Mammogram:
    """A projection of one breast.

    Attributes:
        pixels: (row, column) float32, stored values after rescale, dense tissue bright. The grid
            is the stored one: nothing is cropped, flipped or resampled.
        spacing_mm: between rows and between columns; at the detector where the header gives no other.
        image_laterality: "R", "L" or None.
        view_position: "CC", "MLO", ... or None.
    """

    pixels: NDArray[np.float32]
    spacing_mm: tuple[float, float] | None
    image_laterality: str | None
    view_position: str | None
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str


def read_mammogram(ds: Dataset) -> Mammogram:
    """Return the mammogram in an image object.

    Raises:
        NoPixels, ImageTooLarge, UndecodablePixels: the pixels cannot be read; the last also where
            they are no single grey image.
    """
    stored = stored_pixels(ds)
    if stored.ndim != 2:
        raise UndecodablePixels(reason("pixels-not-readable"), f"{ds.SOPInstanceUID}: shape {stored.shape}")
    slope, intercept = ds.get("RescaleSlope"), ds.get("RescaleIntercept")
    pixels = stored.astype(np.float32)
    if slope is not None and intercept is not None:
        pixels = pixels * np.float32(slope) + np.float32(intercept)
    if dense_is_dark(ds):
        # Turned within the range that the values can take, so that the same breast sent both ways agrees.
        pixels = np.float32(_largest_value(ds)) - pixels
    return Mammogram(
        pixels=np.ascontiguousarray(pixels, np.float32),
        spacing_mm=pixel_spacing_mm(ds),
        image_laterality=_code(ds, "ImageLaterality") or _code(ds, "Laterality"),
        view_position=_code(ds, "ViewPosition"),
        sop_instance_uid=str(ds.SOPInstanceUID),
        series_instance_uid=str(ds.SeriesInstanceUID),
        study_instance_uid=str(ds.StudyInstanceUID),
    )


def dense_is_dark(ds: Dataset) -> bool:
    """Return whether low stored values mean dense tissue.

    A processed image says so with MONOCHROME1 (PS3.3 C.7.6.3.1.2). Raw data is to be judged by
    Pixel Intensity Relationship Sign: 1 means that values rise with the X-ray intensity, which is
    low behind dense tissue (PS3.3 C.8.11.3.1.2).
    """
    if ds.get("PresentationIntentType") == "FOR PROCESSING" and ds.get("PixelIntensityRelationshipSign"):
        return int(ds.PixelIntensityRelationshipSign) > 0
    return str(ds.get("PhotometricInterpretation", "")) == "MONOCHROME1"


def pixel_spacing_mm(ds: Dataset) -> tuple[float, float] | None:
    """Return the spacing of rows and columns, at the object where the header knows it, else at the detector.

    Imager Pixel Spacing is divided by the estimated magnification where that is given.

    Source: DICOM PS3.3 C.8.11.7.1.1 and 10.7.1.3.
    """
    for keyword, magnification in (
        ("PixelSpacing", 1.0),
        ("ImagerPixelSpacing", ds.get("EstimatedRadiographicMagnificationFactor") or 1.0),
    ):
        values = ds.get(keyword)
        if not values or len(values) != 2:
            continue
        row_gap, column_gap = (float(v) / float(magnification) for v in values)
        if np.isfinite([row_gap, column_gap]).all() and min(row_gap, column_gap) > 0:
            return row_gap, column_gap
    return None


def _largest_value(ds: Dataset) -> float:
    """The largest value the image can hold after rescale."""
    bits = int(ds.get("BitsStored") or ds.BitsAllocated)
    largest: float = 2 ** (bits - 1) - 1 if ds.get("PixelRepresentation") else 2**bits - 1
    slope, intercept = ds.get("RescaleSlope"), ds.get("RescaleIntercept")
    if slope is not None and intercept is not None:
        return largest * float(slope) + float(intercept)
    return largest


def _code(ds: Dataset, keyword: str) -> str | None:
    return str(ds.get(keyword) or "").strip().upper() or None
