"""The outlines of findings as a binary DICOM Segmentation: a segment for each, on frames of its own.

Binary, not a label map: many archives and checkers do not know the newer class yet.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import highdicom as hd
import numpy as np
from highdicom import seg
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.utils import unpack_bits
from pydicom.sr.coding import Code

from imaging import report_codes as code
from imaging.errors import DicomError
from imaging.finding import Finding
from imaging.image_plane import ImagePlane
from imaging.lesion_mask import LesionMask, mask_of
from imaging.reasons import reason
from imaging.report_sources import as_evidence
from imaging.result_header import (
    CHARACTER_SET,
    MANUFACTURER,
    NOT_FOR_DIAGNOSIS,
    SERIES_NUMBERS,
    SOFTWARE_VERSION,
    ResultSeries,
    as_text,
    derived_uid,
    finish,
    maker_of,
    series_uid,
    short,
    tracking_identifier,
    tracking_uid,
)

ABNORMAL_STRUCTURE: Final = Code("49755003", "SCT", "Morphologically Abnormal Structure")
AI: Final = Code("123110", "DCM", "Artificial Intelligence")
PLANE_KEYWORDS: Final = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")


def findings_segmentation(
    findings: Sequence[Finding], sources: Sequence[Dataset], *, at: datetime, job_id: str = ""
) -> Dataset:
    """Return the segmentation of those findings that have a mask.

    A segment has the tracking identifier and UID of its finding in the structured report. Frames lie
    exactly where the images lie, however these are tilted; in which order they are given does not matter.

    Args:
        findings: of one model in one series, all of the run, in the order of its report.
        sources: headers of single-frame images; those that masks lie on must be among them.
        at: when the model finished, with time zone.
        job_id: of the run; the same run gives the same object.

    Raises:
        ValueError: no mask, one on an image that is not in `sources`, or one beyond the image.
        GeometryError: an image does not say where it lies.

    Source: DICOM PS3.3 A.51, C.8.20.2; PS3.16 CID 7150, 7151, 7162.
    """
    maker = maker_of(findings)
    masked = [(number, f, f.mask) for number, f in enumerate(findings, start=1) if f.mask is not None]
    if not masked:
        raise ValueError("a segmentation needs a mask")
    images = _images(sources, {uid for _, _, mask in masked for uid in mask.sop_instance_uids})
    masks = [mask for _, _, mask in masked]
    series = findings[0].series_instance_uid
    segments = [_segment(n, finding, number) for n, (number, finding, _) in enumerate(masked, start=1)]
    ds: Dataset = seg.Segmentation(
        source_images=images,
        pixel_array=_pixels(masks, images),
        segmentation_type=seg.SegmentationTypeValues.BINARY,
        segment_descriptions=segments,
        series_instance_uid=series_uid(ResultSeries.SEGMENTATION, series, maker),
        series_number=SERIES_NUMBERS[ResultSeries.SEGMENTATION],
        sop_instance_uid=derived_uid(
            "segmentation", series, job_id, _digest(masks), *(as_text(f) for f in findings)
        ),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=SOFTWARE_VERSION,
        device_serial_number=maker.weights_sha256[:64],
        content_label="AI_FINDINGS",
        content_description=NOT_FOR_DIAGNOSIS,
        specific_character_set=CHARACTER_SET,
        omit_empty_frames=True,
    )
    source = next(s for s in sources if str(s.SOPInstanceUID) == str(images[0].SOPInstanceUID))
    finish(ds, source, at, maker)
    return ds


def read_segmentation(ds: Dataset) -> list[tuple[str, LesionMask]]:
    """Return (tracking UID, mask) of each segment of a binary segmentation of ours.

    Raises:
        DicomError: the dataset is no such segmentation, or lacks a part of it.
    """
    try:
        shape = int(ds.NumberOfFrames), int(ds.Rows), int(ds.Columns)
        bits = unpack_bits(ds.PixelData)[: shape[0] * shape[1] * shape[2]]
        frames = np.asarray(bits).reshape(shape).astype(np.bool_)
        places: dict[int, list[tuple[int, str]]] = {}
        shared = ds.SharedFunctionalGroupsSequence[0]
        for index, item in enumerate(ds.PerFrameFunctionalGroupsSequence):
            # What all frames have in common, such as a single segment, is said once (PS3.3 C.7.6.16.1.1).
            group = item if "SegmentIdentificationSequence" in item else shared
            number = int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
            image = item.DerivationImageSequence[0].SourceImageSequence[0]
            places.setdefault(number, []).append((index, str(image.ReferencedSOPInstanceUID)))
        read = []
        for segment in ds.SegmentSequence:
            indices, uids = zip(*places[int(segment.SegmentNumber)], strict=True)
            mask = mask_of(frames[list(indices)], uids)
            if mask is not None:
                read.append((str(segment.TrackingUID), mask))
        return read
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise DicomError(reason("damaged-dicom"), f"{ds.get('SOPInstanceUID')}: {error!r}") from error


def _images(sources: Sequence[Dataset], wanted: set[str]) -> list[Dataset]:
    """The wanted images in order along their normal, each with what highdicom needs of it."""
    planes = {
        str(source.SOPInstanceUID): (ImagePlane.from_header(source), source)
        for source in sources
        if str(source.SOPInstanceUID) in wanted
    }
    if missing := wanted - planes.keys():
        raise ValueError(f"no source for {', '.join(sorted(missing))}")
    images = []
    for _, source in sorted(planes.values(), key=lambda pair: pair[0].offset_mm):
        image = as_evidence(source)
        for keyword in PLANE_KEYWORDS:
            setattr(image, keyword, source.get(keyword))
        image.SliceThickness = source.get("SliceThickness") or None
        images.append(image)
    return images


def _pixels(masks: Sequence[LesionMask], images: Sequence[Dataset]) -> NDArray[np.uint8]:
    """Segment numbers as (image, row, column), or, where lesions overlap, 0 and 1 with an axis of segments.

    The first takes an eighth of the time and memory where there are eight lesions.
    """
    shape = int(images[0].Rows), int(images[0].Columns)
    uids = [str(image.SOPInstanceUID) for image in images]
    numbers = np.zeros((len(images), *shape), np.uint8)
    for number, mask in enumerate(masks, start=1):
        for index, uid in enumerate(uids):
            if uid not in mask.sop_instance_uids:
                continue
            plane = mask.plane_on(uid, shape)
            if numbers[index][plane].any():
                planes = [[one.plane_on(u, shape) for u in uids] for one in masks]
                return np.moveaxis(np.array(planes, np.uint8), 0, -1)
            numbers[index][plane] = number
    return numbers


def _digest(masks: Sequence[LesionMask]) -> str:
    digest = sha256()
    for mask in masks:
        place = mask.voxels.shape, mask.sop_instance_uids, mask.first_row, mask.first_column
        digest.update(repr(place).encode())
        digest.update(np.packbits(mask.voxels).tobytes())
    return digest.hexdigest()


def _segment(segment_number: int, finding: Finding, number: int) -> Any:
    return seg.SegmentDescription(
        segment_number=segment_number,
        segment_label=short(f"{finding.kind} {number}"),
        segmented_property_category=ABNORMAL_STRUCTURE,
        segmented_property_type=code.KINDS[finding.kind],
        algorithm_type=seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=finding.model,
            family=AI,
            version=finding.model_version,
            source=MANUFACTURER,
            parameters={"threshold": repr(finding.threshold), "weights_sha256": finding.weights_sha256},
        ),
        tracking_id=tracking_identifier(finding, number),
        tracking_uid=tracking_uid(finding),
    )
