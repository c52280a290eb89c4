"""The images within an object: one, or the frames of an enhanced multi-frame object, each with its plane."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom import Dataset

from imaging.decoding import rescale_of
from imaging.errors import DicomError, GeometryError
from imaging.header_values import real_number, whole_number
from imaging.image_plane import ImagePlane
from imaging.reasons import reason


@dataclass(frozen=True, slots=True)
class Frame:
    """One image, as its header or its functional groups describe it.

    Attributes:
        index: zero-based, within its object; None for an object that is one image.
        acquired: what orders images of one place: the first one counts.
        slope, intercept: from stored values to the modality's units.
        nominal_step_mm: between slices, as stated; None where nothing is.
    """

    plane: ImagePlane
    index: int | None
    acquired: tuple[int, int, str, int]
    slope: float
    intercept: float
    nominal_step_mm: float | None


def is_multiframe(header: Dataset) -> bool:
    """Return whether the object holds frames that have places of their own."""
    frames = whole_number(header.get("NumberOfFrames")) or 1
    return frames > 1 or "PerFrameFunctionalGroupsSequence" in header


def frames_of(header: Dataset) -> list[Frame]:
    """Return the images of an object, in the order of its frames.

    A value stands in a frame's own functional groups, else in the shared ones, else in the header.

    Raises:
        GeometryError: one has no plane, or they are several stacks or times under one number.
        UndecodablePixels: a rescale that is no number.

    Source: DICOM PS3.3 C.7.6.16 (Enhanced CT, Breast Tomosynthesis, legacy converted).
    """
    if not is_multiframe(header):
        slope, intercept = rescale_of(header)
        plane = ImagePlane.from_header(header)
        return [Frame(plane, None, _acquired(header, None, 0), slope, intercept, _step_mm(header))]
    try:
        return list(_frames(header))
    except DicomError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        uid = header.get("SOPInstanceUID", "")
        raise GeometryError(reason("geometry-missing"), f"{uid}: {type(error).__name__}") from error


def stacks_in(header: Dataset) -> int:
    """Return how many stacks, or times of one stack, the frames of an object belong to; 1 for a single image.

    Source: DICOM PS3.3 C.7.6.16.2.2, Stack ID and Temporal Position Index.
    """
    stacks = set()
    for groups in header.get("PerFrameFunctionalGroupsSequence") or []:
        content = _item(groups, "FrameContentSequence")
        stacks.add((str(content.get("StackID") or ""), str(content.get("TemporalPositionIndex") or "")))
    return max(1, len(stacks))


def _frames(header: Dataset) -> Iterator[Frame]:
    uid = str(header.get("SOPInstanceUID", ""))
    if stacks_in(header) > 1:
        raise GeometryError(reason("several-stacks"), uid)
    shared = next(iter(header.get("SharedFunctionalGroupsSequence") or []), Dataset())
    each = list(header.get("PerFrameFunctionalGroupsSequence") or [])
    if len(each) != (whole_number(header.get("NumberOfFrames")) or 1):
        raise GeometryError(reason("geometry-missing"), f"{uid}: {len(each)} frames described")
    size = (header.get("Rows"), header.get("Columns"))
    for index, groups in enumerate(each):
        measures = _group(groups, shared, header, "PixelMeasuresSequence")
        rescale = _group(groups, shared, header, "PixelValueTransformationSequence")
        plane = ImagePlane.from_values(
            uid,
            _group(groups, shared, header, "PlanePositionSequence").get("ImagePositionPatient"),
            _group(groups, shared, header, "PlaneOrientationSequence").get("ImageOrientationPatient"),
            measures.get("PixelSpacing"),
            size,
            index + 1,
        )
        slope, intercept = rescale_of(rescale)
        acquired = _acquired(header, _item(groups, "FrameContentSequence"), index)
        yield Frame(plane, index, acquired, slope, intercept, _step_mm(measures))


def _group(groups: Dataset, shared: Dataset, header: Dataset, keyword: str) -> Dataset:
    return next((found for source in (groups, shared) if (found := _item(source, keyword))), header)


def _item(groups: Dataset, keyword: str) -> Dataset:
    return next(iter(groups.get(keyword) or []), Dataset())


def _step_mm(source: Dataset) -> float | None:
    stated = (real_number(source.get(keyword)) for keyword in ("SpacingBetweenSlices", "SliceThickness"))
    return next((abs(step) for step in stated if step), None)


def _acquired(header: Dataset, content: Dataset | None, index: int) -> tuple[int, int, str, int]:
    own = content.get("FrameAcquisitionNumber") if content else None
    return (
        whole_number(own) or whole_number(header.get("AcquisitionNumber")) or 0,
        whole_number(header.get("InstanceNumber")) or 0,
        str(header.get("SOPInstanceUID", "")),
        index,
    )
