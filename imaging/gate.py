"""The input gate: which series a model may read, which with care, which not at all, and why.

The rules are rows of a table: each looks at the series and says nothing, warns, or refuses. The
first refusal decides; without one all warnings are told. No rule looks at pixels.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from pydicom import Dataset
from pydicom.uid import (
    BreastTomosynthesisImageStorage,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
)

from imaging.body_part import BodyPart, Part, Region
from imaging.errors import GeometryError
from imaging.header_values import real_number, whole_number
from imaging.image_plane import ImagePlane, SliceStack, stack_slices
from imaging.reasons import Reason, reason
from imaging.volume_builder import MAX_MISSING_SHARE

Verdict = Literal["usable", "usable-with-caution", "not-usable"]
Model = Literal["lung_nodule_ct", "mammography"]

FEWEST_SLICES: Final = 5
AXIAL_FROM_COSINE: Final = 0.94  # within 20 degrees of the body's axis
PIXEL_SPACING_MM: Final = (0.2, 1.6)  # fields of 100 to 820 mm on 512 pixels
THICK_FROM_MM: Final = 3.05
TOO_THICK_FROM_MM: Final = 10.05
WHOLE_CHEST_MM: Final = 180.0  # adult lungs measure 200 to 300 mm from apex to base
PROJECTIONS: Final = frozenset({
    "MIP", "MINIP", "MAXIP", "CPR", "VOLUME RENDERING", "3D", "PROJECTION IMAGE", "SCREEN SAVE", "DOSE_INFO",
})
SECONDARY_CAPTURES: Final = "1.2.840.10008.5.1.4.1.1.7"  # and its multi-frame children, .7.1 to .7.4
MAMMOGRAMS: Final = frozenset({
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
})
RADIOGRAPHS: Final = "1.2.840.10008.5.1.4.1.1.1"  # CR, and DX among its children
MAGNIFIED_FROM: Final = 1.4
SPECIAL_VIEWS: Final = frozenset({"MAGNIFICATION", "SPOT COMPRESSION", "SPOT", "MAG", "SPECIMEN"})


@dataclass(frozen=True, slots=True)
class SeriesVerdict:
    """What the gate says about one series.

    Attributes:
        reasons: the refusal, or all warnings; empty where usable.
        model: who may read it; None where not usable.
    """

    series_instance_uid: str
    verdict: Verdict
    reasons: tuple[Reason, ...]
    model: Model | None


class _Series:
    """A series under the rules: headers, and what several rules need, worked out once."""

    def __init__(self, headers: Sequence[Dataset]) -> None:
        self.headers = headers
        self.first = headers[0]

    @cached_property
    def image_types(self) -> set[str]:
        """Image Type values that at least half of the images carry, in capitals."""
        count = Counter(value for ds in self.headers for value in set(_image_type(ds)))
        return {value for value, images in count.items() if 2 * images >= len(self.headers)}

    @cached_property
    def body_part(self) -> BodyPart:
        return BodyPart.from_header(self.first)

    @cached_property
    def planes(self) -> list[ImagePlane]:
        """Planes of the images that have one, in order of acquisition and number."""
        planes = []
        for ds in self.headers:
            try:
                planes.append(ImagePlane.from_header(ds))
            except GeometryError:
                continue
        return planes

    @cached_property
    def stack(self) -> SliceStack:
        """Raises GeometryError; `_no_stack` comes before every rule that asks."""
        return stack_slices(self.planes)

    @cached_property
    def thickness_mm(self) -> float:
        """The thicker of Slice Thickness and the step from slice to slice."""
        return max(real_number(self.first.get("SliceThickness")) or 0.0, self.stack.spacing_mm)


Rule = Callable[[_Series], Reason | None]


def _several_patients(series: _Series) -> Reason | None:
    return None if check_same_patient(series.headers) is None else reason("other-patient-in-series")


def _secondary_capture(series: _Series) -> Reason | None:
    uid = str(series.first.get("SOPClassUID", ""))
    is_capture = uid == SECONDARY_CAPTURES or uid.startswith(f"{SECONDARY_CAPTURES}.")
    return reason("secondary-capture") if is_capture else None


def _not_an_image(series: _Series) -> Reason | None:
    return None if any(ds.get("Rows") for ds in series.headers) else reason("no-images")


def _localiser(series: _Series) -> Reason | None:
    return reason("localiser") if series.image_types & {"LOCALIZER", "SCOUT", "TOPOGRAM"} else None


def _multiframe(series: _Series) -> Reason | None:
    plain = str(series.first.get("SOPClassUID", "")) in ("", CTImageStorage)
    frames = whole_number(series.first.get("NumberOfFrames")) or 1
    return None if plain and frames == 1 else reason("multiframe-not-read")


def _projection(series: _Series) -> Reason | None:
    return reason("projection-series") if series.image_types & PROJECTIONS else None


def _other_body_part(series: _Series) -> Reason | None:
    """Refuse what is said to show another part of the body.

    Where the code and the words contradict each other, a part that lies near the chest may take it
    in; a knee never does.
    """
    stated, described = series.body_part.stated, series.body_part.described
    if _chest_in(stated) or not stated:
        if _chest_in(described):
            return None
        others = [part for part in described if part.region is Region.FAR or not stated]
        return _marked("other-body-part", others[0]) if others else None
    far = [part for part in stated if part.region is Region.FAR]
    if _chest_in(described) and not far:
        return None
    return _marked("other-body-part", (far or stated)[0])


def _contradicting_body_part(series: _Series) -> Reason | None:
    stated, described = series.body_part.stated, series.body_part.described
    contradicts = stated and not _chest_in(stated) and _chest_in(described)
    return _marked("body-part-contradicts", stated[0]) if contradicts else None


def _unknown_body_part(series: _Series) -> Reason | None:
    known = series.body_part.stated or series.body_part.described
    return None if known else reason("body-part-unknown")


def _no_stack(series: _Series) -> Reason | None:
    if not series.planes:
        return reason("geometry-missing")
    if not _is_axial(series):
        return reason("not-axial")
    if len(series.planes) < FEWEST_SLICES:
        return reason("too-few-slices", count=len(series.planes))
    try:
        stack = series.stack
    except GeometryError as error:
        return error.reason
    if len(stack.planes) < FEWEST_SLICES:
        return reason("too-few-slices", count=len(stack.planes))
    return None


def _implausible_pixels(series: _Series) -> Reason | None:
    plane = series.stack.planes[0]
    smallest, largest = PIXEL_SPACING_MM
    plausible = smallest <= min(plane.row_gap_mm, plane.column_gap_mm)
    plausible = plausible and max(plane.row_gap_mm, plane.column_gap_mm) <= largest
    if plausible:
        return None
    return reason("implausible-pixel-spacing", spacing_mm=f"{plane.row_gap_mm:g}")


def _too_thick(series: _Series) -> Reason | None:
    if series.thickness_mm < TOO_THICK_FROM_MM:
        return None
    return reason("very-thick-slices", thickness_mm=f"{series.thickness_mm:g}")


def _too_many_missing(series: _Series) -> Reason | None:
    stack = series.stack
    if stack.missing <= MAX_MISSING_SHARE * stack.places:
        return None
    return reason("too-many-missing", missing=stack.missing)


def _missing_slices(series: _Series) -> Reason | None:
    return reason("missing-slices", missing=series.stack.missing) if series.stack.missing else None


def _sub_volume(series: _Series) -> Reason | None:
    stack = series.stack
    if stack.coverage_mm >= WHOLE_CHEST_MM:
        return None
    return reason("sub-volume", count=len(stack.planes), coverage_mm=f"{stack.coverage_mm:.0f}")


def _thick_slices(series: _Series) -> Reason | None:
    if not THICK_FROM_MM <= series.thickness_mm < TOO_THICK_FROM_MM:
        return None
    return reason("thick-slices", thickness_mm=f"{round(series.thickness_mm, 2):g}")


def _repeated_positions(series: _Series) -> Reason | None:
    count = len(series.stack.repeated)
    return reason("repeated-positions", count=count) if count else None


def _mixed_images(series: _Series) -> Reason | None:
    unfitting = len(series.headers) - len(series.planes) + len(series.stack.unfitting)
    return reason("mixed-images", count=unfitting) if unfitting else None


def _tomosynthesis(series: _Series) -> Reason | None:
    frames = whole_number(series.first.get("NumberOfFrames")) or 1
    is_tomosynthesis = str(series.first.get("SOPClassUID", "")) == BreastTomosynthesisImageStorage
    return reason("tomosynthesis-not-read") if is_tomosynthesis or frames > 1 else None


def _raw_mammogram(series: _Series) -> Reason | None:
    raw = any(ds.get("PresentationIntentType") == "FOR PROCESSING" for ds in series.headers)
    return reason("not-reconstructed-for-reading") if raw else None


def _unknown_view(series: _Series) -> Reason | None:
    for ds in series.headers:
        side = ds.get("ImageLaterality") or ds.get("Laterality")
        view = ds.get("ViewPosition") or ds.get("ViewCodeSequence")
        if not side or not view:
            return reason("view-unknown")
    return None


def _special_view(series: _Series) -> Reason | None:
    for ds in series.headers:
        meanings = {
            str(modifier.get("CodeMeaning", "")).upper()
            for view in ds.get("ViewCodeSequence") or []
            for modifier in view.get("ViewModifierCodeSequence") or []
        }
        magnification = real_number(ds.get("EstimatedRadiographicMagnificationFactor")) or 1.0
        if meanings & SPECIAL_VIEWS or magnification > MAGNIFIED_FROM:
            return reason("special-view")
    return None


def _implant(series: _Series) -> Reason | None:
    noted = any(ds.get("BreastImplantPresent") == "YES" for ds in series.headers)
    return reason("implant") if noted else None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for one modality: refusals in the order they are asked, then warnings."""

    model: Model
    refusals: tuple[Rule, ...]
    warnings: tuple[Rule, ...]


RULES: Final[Mapping[str, Rules]] = MappingProxyType({
    "CT": Rules(
        model="lung_nodule_ct",
        refusals=(
            _several_patients, _secondary_capture, _not_an_image, _localiser, _multiframe, _projection,
            _other_body_part, _no_stack, _implausible_pixels, _too_thick, _too_many_missing,
        ),
        warnings=(
            _sub_volume, _missing_slices, _thick_slices, _contradicting_body_part, _unknown_body_part,
            _repeated_positions, _mixed_images,
        ),
    ),
    "MG": Rules(
        model="mammography",
        refusals=(_several_patients, _secondary_capture, _not_an_image, _tomosynthesis),
        warnings=(_raw_mammogram, _unknown_view, _special_view, _implant),
    ),
})
# Before the modality is asked: a screen capture or a report may carry any.
FOR_ALL: Final[tuple[Rule, ...]] = (_secondary_capture, _not_an_image)


def assess_series(headers: Sequence[Dataset]) -> SeriesVerdict:
    """Return whether a model may read the series, which one, and why or why not.

    Args:
        headers: of all instances of one series, in any order; pixels are not looked at.

    Raises:
        ValueError: there is no header.
    """
    if not headers:
        raise ValueError("a series without instances has no verdict")
    series = _Series(sorted(headers, key=_acquired))
    uid = str(series.first.get("SeriesInstanceUID", ""))
    modality = str(series.first.get("Modality") or "OT").upper()
    rules = RULES.get(modality)
    for rule in (*FOR_ALL, *(rules.refusals if rules else ())):
        if refusal := rule(series):
            return SeriesVerdict(uid, "not-usable", (refusal,), None)
    if rules is None or (modality == "MG" and not _is_digital_mammogram(series.first)):
        return SeriesVerdict(uid, "not-usable", (reason("modality-not-read", modality=modality),), None)
    warnings = tuple(warning for rule in rules.warnings if (warning := rule(series)))
    return SeriesVerdict(uid, "usable-with-caution" if warnings else "usable", warnings, rules.model)


def check_same_patient(headers: Sequence[Dataset]) -> Reason | None:
    """Return the sentence to tell when the headers carry more than one Patient ID, or None."""
    patients = {str(ds.get("PatientID") or "").strip() for ds in headers}
    return reason("several-patients-in-drop", count=len(patients)) if len(patients) > 1 else None


def _is_digital_mammogram(header: Dataset) -> bool:
    # Some older systems send mammograms as CR or DX objects with the modality MG.
    uid = str(header.get("SOPClassUID", ""))
    return uid in MAMMOGRAMS or uid == RADIOGRAPHS or uid.startswith(f"{RADIOGRAPHS}.")


def _is_axial(series: _Series) -> bool:
    commonest, _ = Counter(plane.shape_key for plane in series.planes).most_common(1)[0]
    plane = next(plane for plane in series.planes if plane.shape_key == commonest)
    return float(np.abs(plane.normal[2])) >= AXIAL_FROM_COSINE


def _acquired(ds: Dataset) -> tuple[int, int, str]:
    return (
        whole_number(ds.get("AcquisitionNumber")) or 0,
        whole_number(ds.get("InstanceNumber")) or 0,
        str(ds.get("SOPInstanceUID", "")),
    )


def _image_type(ds: Dataset) -> list[str]:
    value = ds.get("ImageType") or []
    return [str(v).strip().upper() for v in ([value] if isinstance(value, str) else value)]


def _chest_in(parts: Sequence[Part]) -> bool:
    return any(part.region is Region.CHEST for part in parts)


def _marked(code: str, part: Part) -> Reason:
    return reason(code, part=part.name, part_zh=part.name_zh)
