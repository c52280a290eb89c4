"""A signed report in the archive: what others make of it, and what it refers to."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydicom import Dataset

from imaging.encapsulated_pdf import CONSULTATION, encapsulated_report, report_reference
from imaging.part10 import dataset_of, part10_bytes
from imaging.result_header import is_result_object
from imaging.sop_class import is_image
from tests.dicom_builders import a_ct_slice
from tests.result_builders import check_with_others

PDF = b"%PDF-1.4 an odd number of"
SOURCE = a_ct_slice()


def a_signed_report(number: int = 1, predecessors: Sequence[Dataset] = ()) -> Dataset:
    return encapsulated_report(
        PDF,
        SOURCE,
        report_id="c",
        number=number,
        title="远程会诊报告 Remote consultation report",
        concept=CONSULTATION,
        at=datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
        predecessors=predecessors,
    )


def test_others_find_no_fault_with_it_first_or_amended(tmp_path: Path) -> None:
    first = report_reference(SOURCE.StudyInstanceUID, "c", 1)
    for report in (a_signed_report(), a_signed_report(2, [first])):
        check_with_others(report, tmp_path)


def test_the_pdf_comes_back_byte_for_byte_though_dicom_makes_its_length_even() -> None:
    assert len(PDF) % 2
    read = dataset_of(part10_bytes(a_signed_report()))
    assert read.EncapsulatedDocument[: read.EncapsulatedDocumentLength] == PDF
    assert (read.PatientID, read.StudyInstanceUID) == (SOURCE.PatientID, SOURCE.StudyInstanceUID)


def test_a_version_is_one_object_however_often_it_is_made_and_names_the_one_before() -> None:
    first, again = a_signed_report(), a_signed_report()
    assert first.SOPInstanceUID == again.SOPInstanceUID
    second = a_signed_report(2, [report_reference(SOURCE.StudyInstanceUID, "c", 1)])
    named = second.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert named.SeriesInstanceUID == second.SeriesInstanceUID == first.SeriesInstanceUID
    assert named.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == first.SOPInstanceUID


def test_it_is_no_image_and_known_as_ours() -> None:
    report = a_signed_report()
    assert is_result_object(report) and not is_image(report)
