"""One two-dimensional mammogram with its pixels turned so that dense tissue is bright."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from imaging.decoding import rescale_of, stored_pixels
from imaging.errors import UndecodablePixels
from imaging.header_values import number_pair, real_number, whole_number
from imaging.reasons import reason

# View modifiers (CID 4015) of a part of a breast, or of what was cut out of it: SNOMED CT, SRT, words.
SPECIAL_VIEW_CODES: Final = frozenset({"399163009", "R-102D6", "399055006", "R-102D7", "127457009", "G-8115"})
SPECIAL_VIEW_WORDS: Final = frozenset({"MAGNIFICATION", "SPOT COMPRESSION", "SPOT", "MAG", "SPECIMEN"})
# Contact views have a factor of 1.05 or so.
MAGNIFIED_FROM: Final = 1.4
_CHEST_WALL: Final[Mapping[str, Literal["left", "right"]]] = {"A": "left", "P": "right"}


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
    slope, intercept = rescale_of(ds)
    pixels = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    if dense_is_dark(ds):
        # Turned within the range that the values can take, so that the same breast sent both ways agrees.
        # (R - v) * slope + intercept, written for what is already rescaled.
        pixels = np.float32(slope * _range_sum(ds) + 2 * intercept) - pixels
    return Mammogram(
        pixels=np.ascontiguousarray(pixels, np.float32),
        spacing_mm=pixel_spacing_mm(ds),
        image_laterality=_code(ds, "ImageLaterality") or _code(ds, "Laterality"),
        view_position=_code(ds, "ViewPosition"),
        sop_instance_uid=str(ds.SOPInstanceUID),
        series_instance_uid=str(ds.SeriesInstanceUID),
        study_instance_uid=str(ds.StudyInstanceUID),
    )


def shows_a_part(ds: Dataset) -> bool:
    """Return whether the image is a magnified or spot view, or shows a specimen."""
    magnification = real_number(ds.get("EstimatedRadiographicMagnificationFactor")) or 1.0
    modifiers = [
        modifier
        for view in ds.get("ViewCodeSequence") or []
        for modifier in view.get("ViewModifierCodeSequence") or []
    ]
    return magnification > MAGNIFIED_FROM or any(
        str(modifier.get("CodeValue", "")) in SPECIAL_VIEW_CODES
        or str(modifier.get("CodeMeaning", "")).upper() in SPECIAL_VIEW_WORDS
        for modifier in modifiers
    )


def has_implant(ds: Dataset) -> bool:
    """Return whether the header notes an implant in the breast that the image shows."""
    return str(ds.get("BreastImplantPresent") or "").upper() == "YES"


def sides_contradict(ds: Dataset) -> bool:
    """Return whether Image Laterality and the series' Laterality name opposite sides."""
    return {_code(ds, "ImageLaterality"), _code(ds, "Laterality")} >= {"L", "R"}


def chest_wall_by_header(ds: Dataset) -> Literal["left", "right"] | None:
    """Return on which side of the image the chest wall is, by Patient Orientation; None where it tells not.

    Its first value is what lies at the end of a row: P, to the back, or A, to the front.

    Source: DICOM PS3.3 C.7.6.1.1.1.
    """
    orientation = ds.get("PatientOrientation") or [""]
    return _CHEST_WALL.get(str(orientation[0]).strip().upper()[:1])


def dense_is_dark(ds: Dataset) -> bool:
    """Return whether low stored values mean dense tissue.

    A processed image says so with MONOCHROME1 (PS3.3 C.7.6.3.1.2). Raw data is to be judged by
    Pixel Intensity Relationship Sign: 1 means that values rise with the X-ray intensity, which is
    low behind dense tissue (PS3.3 C.8.11.3.1.2).
    """
    if ds.get("PresentationIntentType") == "FOR PROCESSING" and ds.get("PixelIntensityRelationshipSign"):
        return (whole_number(ds.PixelIntensityRelationshipSign) or 0) > 0
    return str(ds.get("PhotometricInterpretation", "")) == "MONOCHROME1"


def pixel_spacing_mm(ds: Dataset) -> tuple[float, float] | None:
    """Return the spacing of rows and columns, at the object where the header knows it, else at the detector.

    Imager Pixel Spacing is divided by the estimated magnification where that is given.

    Source: DICOM PS3.3 C.8.11.7.1.1 and 10.7.1.3.
    """
    magnification = real_number(ds.get("EstimatedRadiographicMagnificationFactor")) or 1.0
    for keyword, factor in (("PixelSpacing", 1.0), ("ImagerPixelSpacing", magnification)):
        pair = number_pair(ds.get(keyword))
        if pair is not None and min(pair) > 0 and factor > 0:
            return pair[0] / factor, pair[1] / factor
    return None


def _range_sum(ds: Dataset) -> int:
    """The smallest and the largest stored value together: what a value and its opposite add up to."""
    bits = whole_number(ds.get("BitsStored")) or whole_number(ds.get("BitsAllocated")) or 16
    return -1 if whole_number(ds.get("PixelRepresentation")) else 2**bits - 1


def _code(ds: Dataset, keyword: str) -> str | None:
    return str(ds.get(keyword) or "").strip().upper() or None
