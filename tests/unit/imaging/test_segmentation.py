"""Segmentations that give the same voxels back, at the same places in the patient."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import Dataset

from imaging.errors import DicomError
from imaging.image_plane import ImagePlane
from imaging.lesion_mask import LesionMask, mask_of
from imaging.parsing import parse_dicom
from imaging.part10 import part10_bytes
from imaging.result_header import tracking_uid
from imaging.segmentation import findings_segmentation, read_segmentation
from tests.dicom_builders import a_ct_series, a_mammogram
from tests.result_builders import AT, a_finding, a_mask, check_with_others

SLICES = a_ct_series(6)


def a_stack(orientation: list[float], step: list[float], count: int = 6) -> list[Dataset]:
    slices = a_ct_series(count)
    for n, ds in enumerate(slices):
        ds.ImageOrientationPatient = orientation
        ds.ImagePositionPatient = [f"{v:.6f}" for v in (-120.5 + n * np.array(step) - 300.25)]
    return slices


def places_lps(mask: LesionMask, slices: list[Dataset]) -> NDArray[np.float64]:
    """(n, 3) sorted: where the voxels of a mask lie in the patient, by the images' own headers."""
    planes = {str(ds.SOPInstanceUID): ImagePlane.from_header(ds) for ds in slices}
    points = []
    for k, uid in enumerate(mask.sop_instance_uids):
        plane = planes[uid]
        for j, i in np.argwhere(mask.voxels[k]) + np.array([mask.first_row, mask.first_column]):
            along = np.array(plane.along_row) * i * plane.column_gap_mm
            points.append(plane.position + along + np.array(plane.down_column) * j * plane.row_gap_mm)
    return np.array(sorted(map(tuple, np.round(points, 3))))


@pytest.mark.parametrize(
    ("orientation", "step"),
    [
        ([1, 0, 0, 0, 1, 0], [0, 0, 2.5]),
        ([1, 0, 0, 0, 1, 0], [0, 0, -2.5]),
        ([1, 0, 0, 0, 0.9397, -0.342], [0, 0, 2.5]),
        ([*np.round([0.7071068, 0.7071068, 0], 7), 0, 0, -1], [1.5, -1.5, 0]),
    ],
    ids=["axial", "head first", "tilted gantry", "oblique"],
)
def test_masks_come_back_at_the_same_places_from_slices_in_any_order(
    orientation: list[float], step: list[float], tmp_path: Path
) -> None:
    slices = a_stack(orientation, step)
    masks = [
        a_mask(slices, (slice(1, 4), slice(2, 5), slice(10, 14))),
        a_mask(slices, (slice(3, 6), slice(0, 1), slice(0, 16))),
    ]
    findings = [a_finding(slices[2], mask=masks[0]), a_finding(slices[4], probability=0.5, mask=masks[1])]

    ds = findings_segmentation(findings, [slices[n] for n in (3, 0, 5, 1, 4, 2)], at=AT)

    read = read_segmentation(parse_dicom(part10_bytes(ds)))
    assert [uid for uid, _ in read] == [tracking_uid(finding) for finding in findings]
    for (_, back), mask in zip(read, masks, strict=True):
        assert np.array_equal(places_lps(back, slices), places_lps(mask, slices))
    check_with_others(ds, tmp_path)


def test_each_frame_lies_exactly_where_its_image_lies() -> None:
    slices = a_stack([1, 0, 0, 0, 0.9397, -0.342], [0, 0, 2.5])
    mask = a_mask(slices, (slice(0, 6), slice(2, 5), slice(10, 14)))

    ds = findings_segmentation([a_finding(slices[2], mask=mask)], slices, at=AT)

    positions = {str(image.SOPInstanceUID): image.ImagePositionPatient for image in slices}
    for frame in ds.PerFrameFunctionalGroupsSequence:
        source = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        assert frame.PlanePositionSequence[0].ImagePositionPatient == positions[source]


def test_frames_without_a_voxel_are_not_stored_and_lesions_that_overlap_are_kept_whole() -> None:
    masks = [
        a_mask(SLICES, (slice(0, 2), slice(2, 8), slice(2, 8))),
        a_mask(SLICES, (slice(1, 4), slice(5, 9), slice(5, 9))),
    ]
    findings = [a_finding(SLICES[1], mask=m, probability=p) for m, p in zip(masks, (0.9, 0.8), strict=True)]

    ds = findings_segmentation(findings, SLICES, at=AT)

    assert ds.NumberOfFrames == 2 + 3
    counts = [mask.voxel_count for _, mask in read_segmentation(ds)]
    assert counts == [mask.voxel_count for mask in masks]


def test_a_segment_has_its_findings_number_and_names_the_algorithm() -> None:
    mask = a_mask(SLICES, (slice(1, 3), slice(2, 5), slice(2, 5)))
    findings = [a_finding(SLICES[1]), a_finding(SLICES[2], mask=mask)]

    (segment,) = findings_segmentation(findings, SLICES, at=AT).SegmentSequence

    assert (segment.TrackingID, segment.TrackingUID) == ("lung_nodule_ct-2", tracking_uid(findings[1]))
    (algorithm,) = segment.SegmentationAlgorithmIdentificationSequence
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("lung_nodule_ct", "0.1.0")
    assert "ab" * 32 in algorithm.AlgorithmParameters
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == "27925004"


def test_the_same_run_makes_the_same_object_and_another_outline_another() -> None:
    one = a_finding(SLICES[1], mask=a_mask(SLICES, (slice(1, 3), slice(2, 5), slice(2, 5))))
    other = replace(one, mask=a_mask(SLICES, (slice(1, 3), slice(2, 5), slice(2, 6))))

    uid = findings_segmentation([one], SLICES, at=AT, job_id="1").SOPInstanceUID

    later = AT.replace(hour=9)
    assert findings_segmentation([one], SLICES[::-1], at=later, job_id="1").SOPInstanceUID == uid
    assert findings_segmentation([other], SLICES, at=AT, job_id="1").SOPInstanceUID != uid


def test_what_no_segmentation_can_be_made_of_is_refused() -> None:
    mask = a_mask(SLICES, (slice(1, 3), slice(2, 5), slice(2, 5)))
    with pytest.raises(ValueError, match="needs a mask"):
        findings_segmentation([a_finding(SLICES[1])], SLICES, at=AT)
    with pytest.raises(ValueError, match="no source"):
        findings_segmentation([a_finding(SLICES[1], mask=mask)], SLICES[:2], at=AT)
    with pytest.raises(ValueError, match="on an image of"):
        beyond = replace(a_finding(SLICES[1]), mask=replace(mask, first_row=15))
        findings_segmentation([beyond], SLICES, at=AT)
    with pytest.raises(DicomError):
        read_segmentation(a_mammogram())


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=96, max_size=96).filter(any))
def test_any_mask_comes_back_as_it_was(octets: bytes) -> None:
    bits = np.unpackbits(np.frombuffer(octets, np.uint8)).reshape(3, 16, 16)
    mask = mask_of(bits, tuple(str(ds.SOPInstanceUID) for ds in SLICES[:3]))
    assert mask is not None

    ((_, back),) = read_segmentation(findings_segmentation([a_finding(SLICES[1], mask=mask)], SLICES, at=AT))

    for uid in mask.sop_instance_uids:
        assert np.array_equal(back.plane_on(uid, (16, 16)), mask.plane_on(uid, (16, 16)))
