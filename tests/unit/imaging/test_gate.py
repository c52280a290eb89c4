"""The gate: what a model may read, and the sentence where it may not or should take care."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import (
    BreastTomosynthesisImageStorage,
    EnhancedCTImageStorage,
    MRImageStorage,
    SecondaryCaptureImageStorage,
    XRayRadiofluoroscopicImageStorage,
)

from imaging.gate import SeriesVerdict, assess_series, check_same_patient
from imaging.intake import read_drop
from tests.dicom_builders import a_ct_series, a_ct_slice, a_mammogram, a_report

CAUTION = "usable-with-caution"


def told(verdict: SeriesVerdict) -> list[str]:
    return [reason.code for reason in verdict.reasons]


def changed(slices: list[Dataset], **attributes: Any) -> list[Dataset]:
    for ds in slices:
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
    return slices


def test_a_whole_axial_chest_is_usable() -> None:
    verdict = assess_series(a_ct_series())

    assert (verdict.verdict, verdict.reasons, verdict.model) == ("usable", (), "lung_nodule_ct")


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"BodyPartExamined": "KNEE"}, "other-body-part"),
        ({"BodyPartExamined": "HEAD", "StudyDescription": "CT chest"}, "other-body-part"),
        ({"BodyPartExamined": "ABDOMEN"}, "other-body-part"),
        ({"BodyPartExamined": "", "SeriesDescription": "Knie LKNEE 1.0"}, "other-body-part"),
        ({"BodyPartExamined": "", "ProtocolName": "膝关节平扫"}, "other-body-part"),
        ({"BodyPartExamined": "CHEST", "SeriesDescription": "KNEE 2.0"}, "other-body-part"),
        ({"Modality": "MR", "SOPClassUID": MRImageStorage}, "modality-not-read"),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, "secondary-capture"),
        ({"SOPClassUID": EnhancedCTImageStorage, "NumberOfFrames": 100}, "multiframe-not-read"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localiser"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MIP"]}, "projection-series"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "not-axial"),
        ({"ImagePositionPatient": None}, "geometry-missing"),
        ({"PixelSpacing": [0.05, 0.05]}, "implausible-pixel-spacing"),
        ({"SliceThickness": 15}, "very-thick-slices"),
    ],
)
def test_what_no_model_reads_is_refused_with_one_sentence(attributes: dict[str, Any], code: str) -> None:
    verdict = assess_series(changed(a_ct_series(), **attributes))

    assert (verdict.verdict, told(verdict), verdict.model) == ("not-usable", [code], None)
    assert "{" not in verdict.reasons[0].en + verdict.reasons[0].zh


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"BodyPartExamined": ""}, "body-part-unknown"),
        ({"BodyPartExamined": "UNKNOWN"}, "body-part-unknown"),
        ({"BodyPartExamined": "ABDOMEN", "StudyDescription": "CT chest abdomen"}, "body-part-contradicts"),
        ({"SliceThickness": 5}, "thick-slices"),
    ],
)
def test_what_is_to_be_read_with_care_says_why(attributes: dict[str, Any], code: str) -> None:
    verdict = assess_series(changed(a_ct_series(), **attributes))

    assert (verdict.verdict, told(verdict), verdict.model) == (CAUTION, [code], "lung_nodule_ct")


@pytest.mark.parametrize(
    "attributes",
    [
        {"BodyPartExamined": "", "StudyDescription": "胸部平扫"},
        {"BodyPartExamined": "", "ProtocolName": "Thorax HEAD FIRST"},
        {"BodyPartExamined": "CHESTABDPELVIS"},
        {"BodyPartExamined": "LUNG"},
        {"BodyPartExamined": "Thorax"},
        {"SeriesDescription": "Lung arms up"},
    ],
)
def test_the_many_words_for_a_chest_are_understood(attributes: dict[str, Any]) -> None:
    assert assess_series(changed(a_ct_series(), **attributes)).verdict == "usable"


def test_missing_slices_are_counted() -> None:
    slices = a_ct_series()
    del slices[40:43]

    verdict = assess_series(slices)

    assert (verdict.verdict, told(verdict)) == (CAUTION, ["missing-slices"])
    assert "3 slices" in verdict.reasons[0].en and "3 层" in verdict.reasons[0].zh


def test_a_series_mostly_missing_is_refused() -> None:
    slices = [ds for ds in a_ct_series() if ds.InstanceNumber < 30 or ds.InstanceNumber > 80]

    assert told(assess_series(slices)) == ["too-many-missing"]


def test_uneven_slices_are_refused() -> None:
    slices = [a_ct_slice(n, z_mm=2.5 * n + (1.2 if n > 50 else 0)) for n in range(1, 101)]

    assert told(assess_series(slices)) == ["irregular-spacing"]


def test_a_few_slices_are_refused_and_a_part_of_the_chest_is_read_with_care() -> None:
    assert told(assess_series(a_ct_series(3))) == ["too-few-slices"]
    assert told(assess_series(a_ct_series(16))) == ["sub-volume"]


def test_the_same_slices_twice_are_said_and_read_once() -> None:
    first, again = a_ct_series(), a_ct_series()
    for ds in again:
        ds.SOPInstanceUID += ".7"

    assert told(assess_series([*first, *again])) == ["repeated-positions"]
    assert assess_series([*first, *first]).verdict == "usable"


def test_a_scout_within_the_series_does_not_spoil_it() -> None:
    scout = a_ct_slice(
        900, ImageOrientationPatient=[1, 0, 0, 0, 0, -1], ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]
    )

    assert told(assess_series([scout, *a_ct_series()])) == ["mixed-images"]


def test_another_patients_slice_in_the_series_keeps_the_model_away() -> None:
    slices = a_ct_series()
    slices[50].PatientID = "P-2"

    verdict = assess_series(slices)

    assert (verdict.verdict, told(verdict)) == ("not-usable", ["other-patient-in-series"])
    assert check_same_patient(slices) is not None
    assert check_same_patient(a_ct_series(3)) is None


def test_a_mammogram_is_usable() -> None:
    verdict = assess_series([a_mammogram()])

    assert (verdict.verdict, verdict.model) == ("usable", "mammography")


@pytest.mark.parametrize(
    ("attributes", "verdict", "code"),
    [
        (
            {"SOPClassUID": BreastTomosynthesisImageStorage, "NumberOfFrames": 60},
            "not-usable",
            "tomosynthesis-not-read",
        ),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, "not-usable", "secondary-capture"),
        ({"SOPClassUID": XRayRadiofluoroscopicImageStorage}, "not-usable", "other-mammogram"),
        ({"PresentationIntentType": "FOR PROCESSING"}, CAUTION, "not-reconstructed-for-reading"),
        ({"ViewPosition": ""}, CAUTION, "view-unknown"),
        ({"EstimatedRadiographicMagnificationFactor": 1.8}, "not-usable", "special-view"),
        ({"BreastImplantPresent": "YES"}, "not-usable", "implant"),
    ],
)
def test_unusual_mammograms_have_their_sentence(attributes: dict[str, Any], verdict: str, code: str) -> None:
    assessed = assess_series([a_mammogram(**attributes)])

    assert (assessed.verdict, told(assessed)) == (verdict, [code])


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"EstimatedRadiographicMagnificationFactor": 1.8}, "some-special-views"),
        ({"BreastImplantPresent": "YES"}, "some-implants"),
    ],
)
def test_one_view_that_is_not_read_does_not_stop_the_others(attributes: dict[str, Any], code: str) -> None:
    assessed = assess_series([a_mammogram(), a_mammogram(**attributes)])

    assert (assessed.verdict, told(assessed)) == (CAUTION, [code])


def test_a_report_and_an_empty_series() -> None:
    assert told(assess_series([a_report()])) == ["no-images"]
    with pytest.raises(ValueError, match="without instances"):
        assess_series([])


@given(st.lists(st.sampled_from(a_ct_series(60)), min_size=1, max_size=60), st.randoms())
def test_no_choice_and_no_order_of_slices_brings_the_gate_down(slices: list[Dataset], rng: Any) -> None:
    first = assess_series(slices)
    rng.shuffle(slices)

    assert assess_series(slices) == first
    assert (first.verdict == "not-usable") == (first.model is None)
    assert (first.verdict == "usable") == (not first.reasons)


def test_the_real_images_get_the_verdicts_they_should(real_data: Path) -> None:
    def verdict_of(name: str) -> SeriesVerdict:
        return assess_series([file.header for file in read_drop(real_data / name) if file.header is not None])

    whole, part, breast = (verdict_of(n) for n in ("ct-chest-c3n-00247", "ct-lidc-0001", "mg-senographe"))
    assert (whole.verdict, whole.model) == ("usable", "lung_nodule_ct")
    assert (part.verdict, told(part)) == (CAUTION, ["sub-volume"])
    assert "16" in part.reasons[0].en and "40 mm" in part.reasons[0].zh
    assert (breast.verdict, breast.model) == ("usable", "mammography")
