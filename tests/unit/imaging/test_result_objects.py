"""Which objects a run gives, and what all of them carry."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import (
    Comprehensive3DSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    MammographyCADSRStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from imaging.parsing import parse_dicom
from imaging.part10 import part10_bytes
from imaging.result_header import is_result_object
from imaging.result_objects import Run, result_objects
from imaging.sop_class import is_image
from imaging.structured_report import DecidedFinding, decisions_report
from tests.dicom_builders import a_ct_series, a_mammogram
from tests.installation_server import REPOSITORY
from tests.result_builders import AT, MAKER, a_ct_run, a_mammogram_run, check_with_others

CHINESE = {
    "SpecificCharacterSet": "GB18030",
    "PatientName": "Zhang^Wei=张^伟",
    "PatientID": "住院-0001",
    "StudyDescription": "胸部平扫",
    "TimezoneOffsetFromUTC": "+0800",
}
SLICES = a_ct_series(12, **CHINESE)
IMAGE = a_mammogram(**CHINESE)
del IMAGE.ImageLaterality
SR, SEG, CAD, PR, SC = (
    Comprehensive3DSRStorage,
    SegmentationStorage,
    MammographyCADSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
)


def classes(run: Run) -> list[str]:
    return [ds.SOPClassUID for ds in result_objects(run)]


@pytest.mark.parametrize(
    ("run", "made"),
    [
        (a_ct_run(SLICES, 1), [SR, SEG, PR, SC]),
        (a_ct_run(SLICES, 1, secondary_capture=False), [SR, SEG, PR]),
        (a_ct_run(SLICES, 0), [SR]),
        (a_mammogram_run(IMAGE, 2), [SR, CAD, PR, SC]),
        (a_mammogram_run(IMAGE, 2, secondary_capture=False), [SR, CAD, PR]),
        (a_mammogram_run(IMAGE, 0), [SR, CAD]),
    ],
    ids=["ct", "ct, no pictures", "ct, nothing found", "mg", "mg, no pictures", "mg, nothing found"],
)
def test_a_run_gives_the_objects_that_the_table_says(run: Run, made: list[str]) -> None:
    assert classes(run) == made


@pytest.mark.parametrize("count", [0, 1, 8])
@pytest.mark.parametrize("modality", ["CT", "MG"])
def test_others_accept_every_object_with_the_patient_and_study_of_its_images(
    modality: str, count: int, tmp_path: Path
) -> None:
    run = a_ct_run(SLICES, count) if modality == "CT" else a_mammogram_run(IMAGE, count)

    for made in result_objects(run):
        check_with_others(made, tmp_path)
        ds = parse_dicom(part10_bytes(made))
        assert (str(ds.PatientName), ds.PatientID) == ("Zhang^Wei=张^伟", "住院-0001")
        assert (ds.StudyInstanceUID, ds.StudyDescription) == (IMAGE.StudyInstanceUID, "胸部平扫")
        assert (ds.StudyDate, ds.StudyTime, ds.AccessionNumber) == ("20260102", "101500", "A-1")
        assert (ds.SpecificCharacterSet, ds.TimezoneOffsetFromUTC) == ("ISO_IR 192", "+0800")
        assert (ds.InstanceCreationDate, ds.InstanceCreationTime) == ("20261124", "110000")
        assert ds.SeriesInstanceUID not in {s.SeriesInstanceUID for s in run.sources}
        assert "AI, not for diagnosis 人工智能，非诊断" in ds.SeriesDescription
        (algorithm,) = ds.ContributingEquipmentSequence
        assert (algorithm.ManufacturerModelName, algorithm.SoftwareVersions) == (MAKER.model, MAKER.version)
        assert algorithm.DeviceUID == MAKER.device_uid
        assert algorithm.DeviceSerialNumber == MAKER.weights_sha256


def test_a_retry_makes_the_same_objects_and_another_run_others() -> None:
    for run in (a_ct_run(SLICES, 2), a_mammogram_run(IMAGE, 2), a_ct_run(SLICES, 0)):
        uids = [ds.SOPInstanceUID for ds in result_objects(run)]
        retry = replace(run, at=run.at + timedelta(hours=5), sources=list(run.sources))
        another = replace(run, job_id="job-2")

        assert [ds.SOPInstanceUID for ds in result_objects(retry)] == uids
        assert not set(uids) & {ds.SOPInstanceUID for ds in result_objects(another)}
        assert len(set(uids)) == len(uids)


def test_objects_of_one_kind_share_a_series_and_no_other_kind_is_in_it() -> None:
    by_series: dict[str, set[str]] = {}
    for run in (a_ct_run(SLICES, 2), a_ct_run(SLICES, 8, job_id="job-2")):
        for ds in result_objects(run):
            by_series.setdefault(ds.SeriesInstanceUID, set()).add(ds.SOPClassUID)

    assert sorted(by_series.values(), key=str) == sorted([{SR}, {SEG}, {PR}, {SC}], key=str)


def test_images_without_a_place_still_give_the_report(caplog: pytest.LogCaptureFixture) -> None:
    slices = a_ct_series(6)
    run = a_ct_run(slices, 2)
    for ds in slices:
        del ds.ImagePositionPatient

    assert classes(run) == [SR, PR, SC, SC]
    assert "object=segmentation" in caplog.text


def test_our_results_are_told_from_images_also_from_our_phantoms() -> None:
    made = [*result_objects(a_ct_run(SLICES, 1)), *result_objects(a_mammogram_run(IMAGE, 1))]
    finding = a_ct_run(SLICES, 1).findings[0]
    decisions = decisions_report(
        [DecidedFinding(finding, "f", accepted=True)], SLICES, observer_name="李伟", at=AT, conclusion=""
    )

    assert all(is_result_object(ds) and not is_image(ds) for ds in [*made, decisions])
    phantom = a_mammogram(Manufacturer="Teleconsult", ManufacturerModelName="Mammogram phantom")
    foreign = Dataset()
    foreign.SOPClassUID, foreign.Manufacturer = SC, "Another"
    assert not any(is_result_object(ds) for ds in (phantom, foreign, SLICES[0]))
    assert is_image(phantom)


def test_every_row_of_the_page_on_results_names_a_test_that_exists() -> None:
    page = (REPOSITORY / "docs" / "ai-results.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and "test_" in line]
    named = {name for row in rows for name in re.findall(r"`(test_\w+)`", row)}
    tests = "".join(path.read_text() for path in (REPOSITORY / "tests").rglob("test_*.py"))

    assert len(rows) >= 25
    assert {name for name in named if f"def {name}(" not in tests} == set()
