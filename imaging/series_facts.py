"""What the headers of a series say and what can be measured in them: the facts that the gate judges."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
from pydicom import Dataset
from pydicom.uid import (
    BreastTomosynthesisImageStorage,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    EnhancedCTImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
)

from imaging.body_part import BodyPart, Part, Region
from imaging.errors import DicomError, GeometryError
from imaging.frames import frames_of, stacks_in
from imaging.header_values import real_number, whole_number
from imaging.image_plane import ImagePlane, SliceStack, stack_slices
from imaging.kernel import Sharpness, sharpness_of
from imaging.mammogram import has_implant, shows_a_part

Orientation = Literal["axial", "coronal", "sagittal", "oblique"]
Share = Literal["none", "some", "all"]  # of a series' images

ALIGNED_FROM_COSINE: Final = 0.94  # within 20 degrees of one of the body's axes
MOST_PLACES_TOLD: Final = 50
LEAST_GAP_MM: Final = 1.0  # less is rounding in the header, or of no consequence
SECONDARY_CAPTURES: Final = "1.2.840.10008.5.1.4.1.1.7"  # and its multi-frame children, .7.1 to .7.4
MAMMOGRAMS: Final = frozenset({
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
})
MULTIFRAME: Final = frozenset({
    EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage, BreastTomosynthesisImageStorage,
})
RADIOGRAPHS: Final = "1.2.840.10008.5.1.4.1.1.1"  # CR, and DX among its children
LOCALISERS: Final = frozenset({"LOCALIZER", "SCOUT", "TOPOGRAM"})
PROJECTIONS: Final = frozenset({
    "MIP", "MINIP", "MAXIP", "CPR", "VOLUME RENDERING", "3D", "PROJECTION IMAGE", "SCREEN SAVE", "DOSE_INFO",
})
NO_AGENT: Final = frozenset({"", "NO", "NONE", "N", "N/A", "无", "0"})
# Words of descriptions; the first row that fits counts.
CONTRAST_WORDS: Final[tuple[tuple[str, bool], ...]] = (
    (r"平扫|\bNON[- ]?(?:CON|CE\b|ENH)|\bW/?O\b|\bWITHOUT\b|\bUNENHANCED\b|\bNATIVE?\b|\bC-(?!\w)", False),
    (r"增强|动脉期|静脉期|延迟期|门脉期|造影", True),
    (r"\bARTERIAL\b|\bVENOUS\b|\bPORTAL\b|\bDELAYED\b|\bENHANCED\b|\bCTP?A\b|\bCONTRAST\b|\+C\b|\bC\+", True),
)


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """Facts about one series; None where the headers do not say or it cannot be worked out.

    Attributes:
        images: with rows and columns; a multi-frame object counts once.
        several_patients: how many patient numbers, where there is more than one; else None.
        part, part_zh: the part of the body, as it is stated or else described.
        other_part, other_part_zh: a part that is not the chest and keeps a chest model away.
        contradicting_part, contradicting_part_zh: stated, while the description says chest.
        slices: at different places; missing: places without one between the first and the last.
        missing_at_mm: along the normal, the first MOST_PLACES_TOLD.
        repeated: images that show a place again; unfitting: of another size or direction, or no place at all.
        spacing_mm: between slices; spacing_is_regular: False where the gaps are no whole multiples of one.
        thickness_mm: Slice Thickness, or the spacing where that is not stated or hardly differs.
        gap_mm: between one slice's face and the next one's, where they do not touch.
        pixel_spacing_mm: between rows, between columns.
        coverage_mm: from the first slice's outer face to the last one's.
        gantry_tilt_deg: between the line of the positions and the slices' normal.
        is_plain_ct: CT Image objects, one slice each.
        lossy_ratio: the highest of the lossy compressions that the images went through; 1 where none is told.
    """

    modality: str
    images: int
    several_patients: int | None = None
    part: str | None = None
    part_zh: str | None = None
    other_part: str | None = None
    other_part_zh: str | None = None
    contradicting_part: str | None = None
    contradicting_part_zh: str | None = None
    is_secondary_capture: bool = False
    is_localiser: bool = False
    is_projection: bool = False
    is_derived: bool = False
    is_multiframe: bool = False
    stacks: int = 1
    planes: int = 0
    orientation: Orientation | None = None
    slices: int | None = None
    missing: int | None = None
    missing_at_mm: tuple[float, ...] = ()
    repeated: int | None = None
    unfitting: int | None = None
    spacing_mm: float | None = None
    spacing_is_regular: bool | None = None
    thickness_mm: float | None = None
    gap_mm: float | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    missing_share: float | None = None
    coverage_mm: float | None = None
    gantry_tilt_deg: float | None = None
    is_plain_ct: bool | None = None
    reconstruction_diameter_mm: float | None = None
    kernel: str | None = None
    sharpness: Sharpness | None = None
    has_contrast: bool | None = None
    is_lossy: bool = False
    lossy_ratio: float | None = None
    is_digital_mammogram: bool | None = None
    is_for_processing: bool | None = None
    laterality: str | None = None
    view: str | None = None
    view_is_known: bool | None = None
    special_views: Share | None = None
    magnification: float | None = None
    implants: Share | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the form that goes into the database and to the browser, without what is not known."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value is not None
        }


def facts_of(headers: Sequence[Dataset]) -> SeriesFacts:
    """Return the facts about a series.

    Args:
        headers: of all its instances, in any order, at least one; pixels are not looked at.
    """
    series = _Series(sorted(headers, key=_acquired))
    facts: dict[str, Any] = series.identity() | series.places()
    if facts["modality"] == "CT":
        facts |= series.reconstruction()
    if facts["modality"] == "MG":
        facts |= series.mammogram()
    return SeriesFacts(**facts)


class _Series:
    """The headers, and what several facts need, worked out once."""

    def __init__(self, headers: Sequence[Dataset]) -> None:
        self.headers = headers
        self.first = headers[0]

    @cached_property
    def image_types(self) -> set[str]:
        """Image Type values that at least half of the images carry, in capitals."""
        count = Counter(value for ds in self.headers for value in set(_image_type(ds)))
        return {value for value, images in count.items() if 2 * images >= len(self.headers)}

    def identity(self) -> dict[str, Any]:
        uid = str(self.first.get("SOPClassUID", ""))
        patients = {str(ds.get("PatientID") or "").strip() for ds in self.headers}
        frames = whole_number(self.first.get("NumberOfFrames")) or 1
        ratios = [ratio for ds in self.headers for ratio in _ratios(ds)]
        is_lossy = any(str(ds.get("LossyImageCompression") or "") == "01" for ds in self.headers)
        types = self.image_types
        return {
            "modality": str(self.first.get("Modality") or "OT").upper(),
            "images": sum(bool(ds.get("Rows")) for ds in self.headers),
            "several_patients": len(patients) if len(patients) > 1 else None,
            "is_secondary_capture": uid == SECONDARY_CAPTURES or uid.startswith(f"{SECONDARY_CAPTURES}."),
            "is_localiser": bool(types & LOCALISERS),
            "is_projection": bool(types & PROJECTIONS),
            "is_derived": {"DERIVED", "SECONDARY"} <= types or "MPR" in types,
            "is_multiframe": frames > 1 or uid in MULTIFRAME,
            "stacks": max(stacks_in(ds) for ds in self.headers),
            "is_lossy": is_lossy,
            "lossy_ratio": max(ratios, default=1.0) if is_lossy else None,
            **self._body_part(),
        }

    def _body_part(self) -> dict[str, Any]:
        """The part of the body, and the one that is to be refused as another than the chest.

        Where the code and the words contradict each other, a part that lies near the chest may take it
        in; a knee never does.
        """
        body_part = BodyPart.from_header(self.first)
        stated, described = body_part.stated, body_part.described
        other: Part | None = None
        if _chest_in(stated) or not stated:
            if not _chest_in(described):
                others = [part for part in described if part.region is Region.FAR or not stated]
                other = others[0] if others else None
        else:
            far = [part for part in stated if part.region is Region.FAR]
            other = None if _chest_in(described) and not far else (far or stated)[0]
        contradicts = bool(stated) and not _chest_in(stated) and _chest_in(described)
        shown = next((p for p in (*stated, *described)), None)
        return {
            **_told("part", shown),
            **_told("other_part", other),
            **_told("contradicting_part", stated[0] if contradicts else None),
        }

    def places(self) -> dict[str, Any]:
        planes: list[ImagePlane] = []
        without_place = 0
        for ds in self.headers:
            try:
                planes += [frame.plane for frame in frames_of(ds)]
            except DicomError:
                without_place += 1
        if not planes:
            return {"planes": 0}
        commonest, _ = Counter(plane.shape_key for plane in planes).most_common(1)[0]
        plane = next(plane for plane in planes if plane.shape_key == commonest)
        found: dict[str, Any] = {
            "planes": len(planes),
            "orientation": _orientation(plane),
            "pixel_spacing_mm": (round(plane.row_gap_mm, 6), round(plane.column_gap_mm, 6)),
        }
        try:
            stack = stack_slices(planes)
        except GeometryError as error:
            if error.reason.code == "too-few-slices":
                return found | {"slices": 1}
            return found | {"spacing_is_regular": False}
        return found | _measured(stack, self._stated_thickness_mm(), without_place)

    def _stated_thickness_mm(self) -> float:
        if (stated := real_number(self.first.get("SliceThickness"))) is not None:
            return stated
        for shared in self.first.get("SharedFunctionalGroupsSequence") or []:
            for measures in shared.get("PixelMeasuresSequence") or []:
                return real_number(measures.get("SliceThickness")) or 0.0
        return 0.0

    def reconstruction(self) -> dict[str, Any]:
        kernel = self.first.get("ConvolutionKernel")
        names = [str(name) for name in ([kernel] if isinstance(kernel, str) else kernel or [])]
        name = "\\".join(names)[:64] or None
        words = " ; ".join(
            str(self.first.get(keyword) or "") for keyword in ("SeriesDescription", "ProtocolName")
        ).upper()
        agent = str(self.first.get("ContrastBolusAgent") or "").strip().upper()
        said = next((with_agent for words_, with_agent in CONTRAST_WORDS if re.search(words_, words)), None)
        return {
            "is_plain_ct": str(self.first.get("SOPClassUID", "")) in ("", CTImageStorage),
            "reconstruction_diameter_mm": real_number(self.first.get("ReconstructionDiameter")),
            "kernel": name,
            "sharpness": sharpness_of(names[0], str(self.first.get("Manufacturer") or "")) if names else None,
            "has_contrast": True if agent not in NO_AGENT else said,
        }

    def mammogram(self) -> dict[str, Any]:
        uid = str(self.first.get("SOPClassUID", ""))
        is_radiograph = uid == RADIOGRAPHS or uid.startswith(f"{RADIOGRAPHS}.")
        sides = [str(ds.get("ImageLaterality") or ds.get("Laterality") or "") for ds in self.headers]
        views = [str(ds.get("ViewPosition") or "") for ds in self.headers]
        known = all(
            side and (view or ds.get("ViewCodeSequence"))
            for ds, side, view in zip(self.headers, sides, views, strict=True)
        )
        factors = [real_number(ds.get("EstimatedRadiographicMagnificationFactor")) for ds in self.headers]
        return {
            # Some older systems send mammograms as CR or DX objects with the modality MG.
            "is_digital_mammogram": uid in MAMMOGRAMS or is_radiograph,
            "is_for_processing": any(
                ds.get("PresentationIntentType") == "FOR PROCESSING" for ds in self.headers
            ),
            "laterality": "/".join(sorted(set(filter(None, sides)))) or None,
            "view": "/".join(sorted(set(filter(None, views)))) or None,
            "view_is_known": known,
            "special_views": _share(shows_a_part(ds) for ds in self.headers),
            "magnification": max((factor for factor in factors if factor), default=None),
            "implants": _share(has_implant(ds) for ds in self.headers),
        }


def _share(which: Iterable[bool]) -> Share:
    each = list(which)
    return "all" if all(each) else "some" if any(each) else "none"


def _measured(stack: SliceStack, stated_thickness_mm: float, without_place: int) -> dict[str, Any]:
    first, last = stack.planes[0], stack.planes[-1]
    step = (np.array(last.position) - np.array(first.position)) / stack.grid[-1]
    along = abs(float(step @ first.normal)) / stack.spacing_mm
    absent = sorted(set(range(stack.places)) - set(stack.grid))
    rise_mm = (last.offset_mm - first.offset_mm) / stack.grid[-1]
    return {
        "slices": len(stack.planes),
        "missing": stack.missing,
        "missing_share": stack.missing / stack.places,
        "missing_at_mm": tuple(
            round(first.offset_mm + place * rise_mm, 2) for place in absent[:MOST_PLACES_TOLD]
        ),
        "repeated": len(stack.repeated),
        "unfitting": without_place + len(stack.unfitting),
        "spacing_mm": round(stack.spacing_mm, 4),
        "spacing_is_regular": True,
        **_thickness(stated_thickness_mm, stack.spacing_mm),
        "coverage_mm": round(stack.coverage_mm, 2),
        "gantry_tilt_deg": round(math.degrees(math.acos(min(1.0, along))), 1),
    }


def _thickness(stated_mm: float, spacing_mm: float) -> dict[str, float]:
    gap_mm = spacing_mm - stated_mm
    if stated_mm > 0 and gap_mm > LEAST_GAP_MM:
        return {"thickness_mm": round(stated_mm, 4), "gap_mm": round(gap_mm, 4)}
    return {"thickness_mm": round(max(stated_mm, spacing_mm), 4)}


def _orientation(plane: ImagePlane) -> Orientation:
    along_x, along_y, along_z = (float(v) for v in np.abs(plane.normal))
    if along_z >= ALIGNED_FROM_COSINE:
        return "axial"
    if along_y >= ALIGNED_FROM_COSINE:
        return "coronal"
    return "sagittal" if along_x >= ALIGNED_FROM_COSINE else "oblique"


def _told(name: str, part: Part | None) -> dict[str, str]:
    return {} if part is None else {name: part.name, f"{name}_zh": part.name_zh}


def _chest_in(parts: Sequence[Part]) -> bool:
    return any(part.region is Region.CHEST for part in parts)


def _ratios(ds: Dataset) -> list[float]:
    value = ds.get("LossyImageCompressionRatio")
    values = [value] if isinstance(value, str | float | int) else list(value or [])
    return [ratio for each in values if (ratio := real_number(each)) is not None]


def _image_type(ds: Dataset) -> list[str]:
    value = ds.get("ImageType") or []
    return [str(v).strip().upper() for v in ([value] if isinstance(value, str) else value)]


def _acquired(ds: Dataset) -> tuple[int, int, str]:
    return (
        whole_number(ds.get("AcquisitionNumber")) or 0,
        whole_number(ds.get("InstanceNumber")) or 0,
        str(ds.get("SOPInstanceUID", "")),
    )
