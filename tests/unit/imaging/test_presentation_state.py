"""Presentation states that outline each finding on its own image."""

from pathlib import Path

from pydicom import Dataset

from imaging.parsing import parse_dicom
from imaging.part10 import part10_bytes
from imaging.presentation_state import presentation_states
from tests.dicom_builders import a_ct_series, a_mammogram
from tests.result_builders import AT, a_ct_run, a_finding, a_mammogram_run, check_with_others

SLICES = a_ct_series(6)


def the_state(states: list[Dataset]) -> Dataset:
    (state,) = states
    return parse_dicom(part10_bytes(state))


def test_each_image_has_the_outlines_and_labels_of_its_findings(tmp_path: Path) -> None:
    findings = [a_finding(SLICES[1]), a_finding(SLICES[4]), a_finding(SLICES[1], probability=0.5)]

    state = the_state(presentation_states(findings, SLICES, at=AT))

    first, second = state.GraphicAnnotationSequence
    assert first.ReferencedImageSequence[0].ReferencedSOPInstanceUID == SLICES[1].SOPInstanceUID
    assert second.ReferencedImageSequence[0].ReferencedSOPInstanceUID == SLICES[4].SOPInstanceUID
    assert [t.UnformattedTextValue[:5] for t in first.TextObjectSequence] == ["AI 1:", "AI 3:"]
    assert first.TextObjectSequence[0].UnformattedTextValue == (
        "AI 1: nodule 结节 83% 23.4 mm 99LUNGRADS 4B"
    )
    outline = first.GraphicObjectSequence[0]
    assert outline.GraphicAnnotationUnits == "PIXEL"
    assert list(outline.GraphicData) == [3, 4.5, 9, 4.5, 9, 11.25, 3, 11.25, 3, 4.5]
    referenced = state.ReferencedSeriesSequence[0].ReferencedImageSequence
    assert {r.ReferencedSOPInstanceUID for r in referenced} == {
        SLICES[1].SOPInstanceUID, SLICES[4].SOPInstanceUID,
    }  # fmt: skip
    check_with_others(state, tmp_path)


def test_a_ct_is_shown_in_the_lung_window_and_a_mammogram_in_its_own(tmp_path: Path) -> None:
    ct = the_state(presentation_states(a_ct_run(SLICES, 1).findings, SLICES, at=AT))
    image = a_mammogram(WindowCenter=[2653, 2713], WindowWidth=[900, 750], VOILUTFunction="SIGMOID")
    mammogram = the_state(presentation_states(a_mammogram_run(image, 1).findings, [image], at=AT))

    (lung,), (own,) = ct.SoftcopyVOILUTSequence, mammogram.SoftcopyVOILUTSequence
    assert (lung.WindowCenter, lung.WindowWidth, ct.RescaleIntercept) == (-600, 1500, -1024)
    assert (own.WindowCenter, own.WindowWidth, own.VOILUTFunction) == (2653, 900, "SIGMOID")
    check_with_others(mammogram, tmp_path)


def test_labels_stay_on_the_image() -> None:
    corners = [(0.0, 0.0, 3.0, 2.0), (13.0, 14.0, 16.0, 16.0)]
    findings = [a_finding(SLICES[1], box_px=box) for box in corners]

    state = the_state(presentation_states(findings, SLICES, at=AT))

    for text in state.GraphicAnnotationSequence[0].TextObjectSequence:
        x0, y0 = text.BoundingBoxTopLeftHandCorner
        x1, y1 = text.BoundingBoxBottomRightHandCorner
        assert 0 <= x0 < x1 <= 16 and 0 <= y0 < y1 <= 16


def test_images_of_another_polarity_or_rescale_have_a_state_of_their_own() -> None:
    slices = a_ct_series(3)
    slices[1].RescaleIntercept = 0
    slices[2].PhotometricInterpretation = "MONOCHROME1"

    states = presentation_states([a_finding(ds) for ds in slices], slices, at=AT)

    assert [state.PresentationLUTShape for state in states] == ["IDENTITY", "IDENTITY", "INVERSE"]
    assert [state.RescaleIntercept for state in states] == [-1024, 0, -1024]
    assert len({state.SOPInstanceUID for state in states}) == 3


def test_findings_without_a_box_are_in_no_state() -> None:
    assert presentation_states([a_finding(SLICES[1], box_px=None)], SLICES, at=AT) == []
