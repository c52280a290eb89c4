"""A signed report's PDF as a DICOM object, for archives and workstations that know nothing of us."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian
from pydicom.valuerep import DT

from imaging.part10 import file_meta_of
from imaging.result_header import (
    MANUFACTURER,
    SERIES_NUMBERS,
    SOFTWARE_VERSION,
    ResultSeries,
    coded,
    derived_uid,
    finish,
    patient_and_study,
    study_references,
)

CONSULTATION: Final = Code("11488-4", "LN", "Consult note")
DIAGNOSTIC_REPORT: Final = Code("18748-4", "LN", "Diagnostic imaging study")


def report_reference(study_instance_uid: str, report_id: str, number: int) -> Dataset:
    """Return what names the object of a report's `number`th version: its class and UIDs."""
    ds = Dataset()
    ds.StudyInstanceUID = study_instance_uid
    ds.SeriesInstanceUID = derived_uid(ResultSeries.SIGNED_REPORT, study_instance_uid)
    ds.SOPClassUID = EncapsulatedPDFStorage
    ds.SOPInstanceUID = derived_uid("signed-report", study_instance_uid, report_id, str(number))
    return ds


def encapsulated_report(
    pdf: bytes,
    source: Dataset,
    *,
    report_id: str,
    number: int,
    title: str,
    concept: Code,
    at: datetime,
    predecessors: Sequence[Dataset] = (),
) -> Dataset:
    """Return the object: complete and verified, in the study of `source`.

    Args:
        source: header of an image of the study.
        report_id, number: of the report and its version; the same version gives the same object.
        at: when it was signed, with time zone.
        predecessors: references to the versions that this one replaces.

    Source: DICOM PS3.3 A.45.1, C.24.1, C.24.2.
    """
    ds = patient_and_study(source)
    ds.update(report_reference(str(source.StudyInstanceUID), report_id, number))
    ds.Modality = "DOC"
    ds.SeriesNumber = SERIES_NUMBERS[ResultSeries.SIGNED_REPORT]
    ds.SeriesDescription = "Signed report 会诊报告"
    ds.InstanceNumber = number
    ds.Manufacturer = ds.ManufacturerModelName = MANUFACTURER
    ds.SoftwareVersions = SOFTWARE_VERSION
    ds.ConversionType = "WSD"
    ds.AcquisitionDateTime = DT(at)
    ds.BurnedInAnnotation = "YES"
    ds.DocumentTitle = title
    ds.ConceptNameCodeSequence = [coded(concept)]
    ds.VerificationFlag = "VERIFIED"
    if predecessors:
        ds.PredecessorDocumentsSequence = study_references(predecessors)
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocument = pdf
    ds.EncapsulatedDocumentLength = len(pdf)  # without the byte that makes it even
    ds.file_meta = file_meta_of(ds, ExplicitVRLittleEndian)
    finish(ds, source, at, None)
    return ds
