"""Pictures with burnt-in marks: the mark on the right pixels, and said to be AI's."""

from pathlib import Path

import numpy as np
from pydicom import Dataset

from imaging.parsing import parse_dicom
from imaging.part10 import part10_bytes
from imaging.secondary_capture import YELLOW, secondary_captures
from tests.dicom_builders import a_ct_series, a_mammogram, with_pixels
from tests.result_builders import AT, a_finding, check_with_others

SIZE = 64


def slices_with_a_bright_block() -> list[Dataset]:
    """Air, with a block of tissue in columns 40 to 51 and rows 20 to 27 of the third slice."""
    slices = a_ct_series(4)
    for n, ds in enumerate(slices):
        stored = np.full((SIZE, SIZE), 24, np.uint16)
        if n == 2:
            stored[20:28, 40:52] = 1064
        with_pixels(ds, stored)
    return slices


def test_the_line_goes_around_what_was_flagged_and_nowhere_over_it(tmp_path: Path) -> None:
    slices = slices_with_a_bright_block()
    finding = a_finding(slices[2], box_px=(40.0, 20.0, 52.0, 28.0))

    (capture,) = secondary_captures([finding], slices, at=AT)

    picture = parse_dicom(part10_bytes(capture)).pixel_array
    assert picture.shape == (1024, 1024, 3)
    factor = 1024 // SIZE
    yellow = (picture == YELLOW).all(axis=2)
    # Unbroken lines as long as what was flagged; letters are no such lines.
    rows = np.flatnonzero(yellow[:, 40 * factor : 52 * factor].all(axis=1))
    columns = np.flatnonzero(yellow[20 * factor : 28 * factor].all(axis=0))
    around = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    assert np.abs(np.array(around) - np.array([20, 28, 40, 52]) * factor).max() <= 6
    inside = picture[20 * factor : 28 * factor, 40 * factor : 52 * factor]
    assert (inside[..., 0] == inside[..., 2]).all()  # grey: nothing is drawn over it
    assert inside.mean() > 200 > 50 > picture[: 2 * factor, 40 * factor :].mean()
    check_with_others(capture, tmp_path)


def test_it_says_that_it_is_derived_burnt_in_and_not_for_diagnosis() -> None:
    slices = slices_with_a_bright_block()

    (capture,) = secondary_captures([a_finding(slices[2])], slices, at=AT)

    assert capture.ImageType[:2] == ["DERIVED", "SECONDARY"]
    assert capture.BurnedInAnnotation == "YES"
    assert capture.StudyInstanceUID == slices[2].StudyInstanceUID
    assert capture.SeriesInstanceUID != slices[2].SeriesInstanceUID
    assert capture.SourceImageSequence[0].ReferencedSOPInstanceUID == slices[2].SOPInstanceUID
    for text in (capture.SeriesDescription, capture.DerivationDescription, capture.ImageComments):
        assert "AI, not for diagnosis 人工智能，非诊断" in text
    assert list(capture.PatientOrientation) == ["L", "P"]


def test_there_is_one_picture_for_each_image_however_many_findings_it_has() -> None:
    slices = slices_with_a_bright_block()
    findings = [a_finding(slices[n], probability=p) for n, p in ((2, 0.9), (1, 0.8), (2, 0.7))]

    captures = secondary_captures(findings, slices, at=AT)

    assert [capture.InstanceNumber for capture in captures] == [1, 2]
    assert captures[0].ImageComments.count("AI ") == 2
    assert len({capture.SeriesInstanceUID for capture in captures}) == 1


def test_a_mammogram_keeps_its_shape_side_and_orientation(tmp_path: Path) -> None:
    stored = np.full((90, 60), 100, np.uint16)
    image = a_mammogram(stored, ImageLaterality="L", PatientOrientation=["A", "FR"])

    (capture,) = secondary_captures([a_finding(image, box_px=(0.0, 0.0, 60.0, 90.0))], [image], at=AT)

    assert (capture.Rows, capture.Columns) == (1024, 683)
    assert (capture.Laterality, list(capture.PatientOrientation)) == ("L", ["A", "FR"])
    check_with_others(capture, tmp_path)
