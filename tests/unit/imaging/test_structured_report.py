"""Reports that other systems' checkers accept, and that give our findings back."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import EnhancedCTImageStorage

from imaging.errors import DicomError
from imaging.finding import Category, Finding, FindingKind
from imaging.lung_nodule import Change, Comparison, Laterality, LungLocation, LungThird, NoduleType
from imaging.parsing import parse_dicom
from imaging.result_header import derived_uid
from imaging.structured_report import (
    DecidedFinding,
    decisions_report,
    findings_report,
    person_name,
    read_decisions,
    read_findings,
    tracking_uid,
)
from tests.dicom_builders import SERIES_UID, STUDY_UID, a_ct_series, a_ct_slice, a_mammogram, as_bytes
from tests.result_builders import CATEGORY, MAKER, check_with_others

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SLICES = a_ct_series(5)
NODULE = Finding(
    kind=FindingKind.NODULE,
    probability=0.8312,
    threshold=0.35,
    study_instance_uid=STUDY_UID,
    series_instance_uid=SERIES_UID,
    sop_instance_uid=str(SLICES[2].SOPInstanceUID),
    centre_lps_mm=(56.2, 86.3, -115.9),
    box_lps_mm=(44.5, 74.6, -127.6, 67.9, 98.0, -104.2),
    box_px=(299.0, 350.5, 333.0, 384.25),
    diameter_mm=23.4,
    model="lung_nodule_ct",
    model_version="0.1.0",
    weights_sha256="ab" * 32,
)
MASS = replace(
    NODULE, kind=FindingKind.MASS, sop_instance_uid=str(SLICES[4].SOPInstanceUID), diameter_mm=31.0
)
MAMMOGRAM = a_mammogram()
CLUSTER = replace(
    NODULE,
    kind=FindingKind.CALCIFICATION_CLUSTER,
    sop_instance_uid=str(MAMMOGRAM.SOPInstanceUID),
    centre_lps_mm=None,
    box_lps_mm=None,
    diameter_mm=None,
    model="mammography",
)


def decided(finding: Finding, accepted: bool, reason: str | None = None) -> DecidedFinding:
    return DecidedFinding(finding, tracking_id="0f5c", accepted=accepted, reason=reason)


def a_decisions_report(**changes: object) -> Dataset:
    arguments = {
        "observer_name": "李伟",
        "observer_organisation": "县医院 County Hospital",
        "conclusion": "右肺结节。\nFollow up in 3 months.",
        "at": AT,
    }
    return decisions_report(
        [decided(NODULE, True), decided(MASS, False, "血管 a vessel")], SLICES, **{**arguments, **changes}
    )


@pytest.mark.parametrize(
    ("findings", "sources"), [([NODULE, MASS], SLICES), ([CLUSTER], [MAMMOGRAM])], ids=["ct", "mammogram"]
)
def test_findings_come_back_from_a_report_that_others_accept(
    findings: list[Finding], sources: list[Dataset], tmp_path: Path
) -> None:
    report = parse_dicom(as_bytes(findings_report(findings, sources, at=AT, job_id="j")))

    assert read_findings(report) == findings
    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert report.StudyInstanceUID == STUDY_UID and report.PatientID == "P-1"
    check_with_others(report, tmp_path)


def test_the_readers_decisions_stand_in_a_verified_report_that_continues_the_models(tmp_path: Path) -> None:
    of_the_model = findings_report([NODULE, MASS], SLICES, at=AT)

    report = parse_dicom(as_bytes(a_decisions_report(ai_report=of_the_model)))

    assert read_decisions(report) == [("0f5c", True, None), ("0f5c", False, "血管 a vessel")]
    assert read_findings(report) == [NODULE, MASS]
    assert report.VerificationFlag == "VERIFIED"
    assert report.VerifyingObserverSequence[0].VerifyingObserverName.ideographic == "李伟"
    predecessor = report.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert predecessor.ReferencedSOPInstanceUID == of_the_model.SOPInstanceUID
    assert report.ContentSequence[-1].ContentSequence[0].TextValue == "右肺结节。\nFollow up in 3 months."
    check_with_others(report, tmp_path)


def test_a_box_that_the_reader_drew_stands_beside_what_the_model_gave(tmp_path: Path) -> None:
    drawn = replace(NODULE, box_px=(1.0, 2.0, 9.0, 8.0), diameter_mm=7.0, category=None, volume_mm3=None)
    edited = DecidedFinding(drawn, tracking_id="0f5c", accepted=True, by_model=NODULE)
    reader = {"observer_name": "Li", "observer_organisation": "", "conclusion": ""}

    report = parse_dicom(as_bytes(decisions_report([edited], SLICES, at=AT, **reader)))

    assert read_findings(report) == [drawn] and read_decisions(report) == [("0f5c", True, None)]
    assert "Accepted, with a box that the reader drew" in str(report)
    assert f"diameter {NODULE.diameter_mm:.1f} mm" in str(report) and tracking_uid(NODULE) in str(report)
    check_with_others(report, tmp_path)


def test_a_finding_has_one_tracking_uid_in_both_reports() -> None:
    assert tracking_uid(NODULE) in str(findings_report([NODULE], SLICES, at=AT))
    assert tracking_uid(NODULE) in str(a_decisions_report())
    assert tracking_uid(NODULE) != tracking_uid(MASS)


def test_a_report_lists_as_evidence_every_instance_that_was_read() -> None:
    report = findings_report([NODULE, MASS], SLICES, at=AT)

    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    referred = {instance.ReferencedSOPInstanceUID for instance in series.ReferencedSOPSequence}
    assert referred == {ds.SOPInstanceUID for ds in SLICES}
    assert "PertinentOtherEvidenceSequence" not in report


def test_writing_twice_makes_the_same_object_and_another_run_another() -> None:
    later = AT.replace(hour=9)
    uid = findings_report([NODULE], SLICES, at=AT, job_id="1").SOPInstanceUID

    assert findings_report([NODULE], SLICES, at=later, job_id="1").SOPInstanceUID == uid
    assert findings_report([NODULE], SLICES, at=AT, job_id="2").SOPInstanceUID != uid
    assert a_decisions_report().SOPInstanceUID == a_decisions_report(at=later).SOPInstanceUID
    assert a_decisions_report().SOPInstanceUID != a_decisions_report(conclusion="none").SOPInstanceUID


def test_a_source_with_the_flaws_of_real_headers_still_gives_a_valid_report(tmp_path: Path) -> None:
    source = a_mammogram(
        SOPInstanceUID=CLUSTER.sop_instance_uid, PatientBirthDate="00000000", PatientName="王芳"
    )
    for keyword in ("StudyID", "AccessionNumber", "ReferringPhysicianName", "PatientSex", "StudyTime"):
        delattr(source, keyword)

    report = parse_dicom(as_bytes(findings_report([CLUSTER], [source], at=AT)))

    assert str(report.PatientName) == "王芳^"
    check_with_others(report, tmp_path)


def test_findings_of_two_models_or_on_unknown_images_are_refused() -> None:
    with pytest.raises(ValueError, match="one model"):
        findings_report([NODULE, replace(NODULE, model_version="0.2.0")], SLICES, at=AT)
    with pytest.raises(ValueError, match="no source"):
        findings_report([NODULE], SLICES[:1], at=AT)


def test_a_report_of_another_kind_has_no_findings_and_a_damaged_one_is_told() -> None:
    assert read_findings(a_mammogram()) == []
    damaged = findings_report([NODULE], SLICES, at=AT)
    del damaged.CurrentRequestedProcedureEvidenceSequence
    with pytest.raises(DicomError):
        read_findings(damaged)


@pytest.mark.parametrize(
    ("written", "stored"),
    [("Li Wei", "Wei^Li"), ("Wei", "Wei^"), ("李伟", "^=李伟"), ("Dr A^B=C", "C^Dr A B"), ("", "-^")],
)
def test_names_become_person_names(written: str, stored: str) -> None:
    assert person_name(written) == stored


def test_a_model_that_found_nothing_says_so_of_every_image_it_read(tmp_path: Path) -> None:
    report = parse_dicom(as_bytes(findings_report([], SLICES, at=AT, job_id="j", maker=MAKER)))

    assert read_findings(report) == []
    evaluations, conclusions = report.ContentSequence[-2:]
    summary = evaluations.ContentSequence[0].ConceptCodeSequence[0].CodeMeaning
    assert summary == "All algorithms succeeded; without findings"
    assert "未标出任何病灶" in conclusions.ContentSequence[0].TextValue
    (series,) = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert len(series.ReferencedSOPSequence) == len(SLICES)
    check_with_others(report, tmp_path)
    another = findings_report([], SLICES, at=AT, job_id="j", maker=replace(MAKER, version="0.2.0"))
    assert another.SOPInstanceUID != report.SOPInstanceUID
    with pytest.raises(ValueError, match="one model"):
        findings_report([], SLICES, at=AT)
    with pytest.raises(ValueError, match="needs an image"):
        findings_report([], [], at=AT, maker=MAKER)


def test_a_report_names_the_model_its_weights_and_each_measure_by_its_code(tmp_path: Path) -> None:
    finding = replace(NODULE, volume_mm3=6543.2, long_axis_mm=25.0, short_axis_mm=21.8, category=CATEGORY)

    report = parse_dicom(as_bytes(findings_report([finding], SLICES, at=AT)))

    (algorithm,) = report.ContributingEquipmentSequence
    assert (algorithm.ManufacturerModelName, algorithm.SoftwareVersions) == ("lung_nodule_ct", "0.1.0")
    assert algorithm.DeviceSerialNumber == NODULE.weights_sha256
    measurements = next(
        i for i in report.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "126010"
    )
    group = measurements.ContentSequence[0].ContentSequence
    measured = {
        i.ConceptNameCodeSequence[0].CodeValue: (
            float(i.MeasuredValueSequence[0].NumericValue),
            i.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue,
        )
        for i in group
        if i.ValueType == "NUM"
    }
    assert measured == {
        "111012": (83.12, "%"),
        "81827009": (23.4, "mm"),
        "103339001": (25.0, "mm"),
        "103340004": (21.8, "mm"),
        "118565006": (6543.2, "mm3"),
    }
    (category,) = (i for i in group if i.ConceptNameCodeSequence[0].CodeValue == "111005")
    assert category.ConceptCodeSequence[0].CodeValue == "4B"
    check_with_others(report, tmp_path)


def test_a_finding_on_one_frame_of_several_names_it(tmp_path: Path) -> None:
    image = a_ct_slice(SOPClassUID=EnhancedCTImageStorage, NumberOfFrames=40)
    findings = [replace(NODULE, sop_instance_uid=str(image.SOPInstanceUID), frame_number=n) for n in (1, 17)]

    report = parse_dicom(as_bytes(findings_report(findings, [image], at=AT)))

    assert read_findings(report) == findings
    check_with_others(report, tmp_path)


def test_names_of_any_character_set_come_out_as_utf_8_with_the_studys_own_time_zone(tmp_path: Path) -> None:
    source = a_ct_series(1)[0]
    source.SpecificCharacterSet = "GB18030"
    source.PatientName = "Wang^XiaoDong=王^小东"
    source.TimezoneOffsetFromUTC = "+0800"
    source.IssuerOfPatientID = "县医院"
    source = parse_dicom(as_bytes(source))

    report = parse_dicom(as_bytes(findings_report([], [source], at=AT, maker=MAKER)))

    assert report.SpecificCharacterSet == "ISO_IR 192"
    assert report.PatientName == "Wang^XiaoDong=王^小东"
    assert report.IssuerOfPatientID == "县医院"
    assert (report.TimezoneOffsetFromUTC, report.ContentTime) == ("+0800", "110000")
    check_with_others(report, tmp_path)


def test_a_finding_of_an_earlier_version_is_read_and_keeps_its_tracking_uid() -> None:
    row = NODULE.to_json()
    for later in [name for name, value in row.items() if value is None]:
        del row[later]

    assert Finding.from_json(row) == NODULE
    # What the version before these measures wrote into its reports.
    assert tracking_uid(NODULE) == derived_uid("finding", json.dumps(row, sort_keys=True))


@pytest.mark.parametrize("change", [{"code": ""}, {"code": "x" * 17}, {"meaning": "x" * 65}, {"rule": " "}])
def test_a_category_that_dicom_cannot_hold_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        replace(CATEGORY, **change)


COORDINATES = st.floats(-900, 900).map(lambda v: round(v, 2) + 0.0)
MEASURES = st.one_of(st.none(), st.floats(1e-4, 9.9e6).map(lambda v: round(v, 4)))
LETTERS = st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="\\")
TEXTS = st.text(LETTERS, min_size=1)
CATEGORIES = st.builds(
    Category,
    code=st.text("ABC0123456789-.", min_size=1, max_size=16),
    scheme=st.sampled_from(["99LUNGRADS", "DCM", "SCT"]),
    meaning=TEXTS.map(lambda text: text[:64]),
    rule=st.one_of(TEXTS, st.just("实性结节≥15mm，第 4B 行")),
)
LOCATIONS = st.builds(
    LungLocation,
    laterality=st.sampled_from(Laterality),
    third=st.one_of(st.none(), st.sampled_from(LungThird)),
    lung_box_lps_mm=st.one_of(st.none(), st.tuples(*[COORDINATES] * 6)),
)
DAYS = st.one_of(st.none(), st.integers(-9999, 9999))
COMPARISONS = st.builds(
    Comparison,
    change=st.sampled_from(Change),
    study_instance_uid=st.just("1.2.3"),
    study_date=st.one_of(st.none(), st.dates()),
    interval_days=DAYS,
    sop_instance_uid=st.one_of(st.none(), st.just("1.2.3.4")),
    diameter_mm=MEASURES,
    volume_mm3=MEASURES,
    doubling_time_days=DAYS,
    doubling_time_low_days=DAYS,
    doubling_time_high_days=DAYS,
)


@settings(deadline=None)
@given(
    st.sampled_from(FindingKind),
    st.integers(0, 10_000),
    st.tuples(COORDINATES, COORDINATES, COORDINATES),
    st.tuples(MEASURES, MEASURES, MEASURES, MEASURES),
    st.one_of(st.none(), CATEGORIES),
    st.one_of(st.none(), st.sampled_from(NoduleType)),
    st.tuples(MEASURES, MEASURES, MEASURES, MEASURES),
    st.one_of(st.none(), LOCATIONS),
    st.one_of(st.none(), COMPARISONS),
)
def test_any_finding_goes_to_json_and_to_a_report_and_back(
    kind: FindingKind,
    probability: int,
    centre: tuple[float, float, float],
    measures: tuple[float | None, ...],
    category: Category | None,
    nodule_type: NoduleType | None,
    other_measures: tuple[float | None, ...],
    location: LungLocation | None,
    comparison: Comparison | None,
) -> None:
    diameter, long_axis, short_axis, volume = measures
    solid, error, to_pleura, to_nipple = other_measures
    finding = replace(
        NODULE,
        kind=kind,
        probability=probability / 10_000,
        centre_lps_mm=centre,
        diameter_mm=diameter,
        long_axis_mm=long_axis,
        short_axis_mm=short_axis,
        volume_mm3=volume,
        category=category,
        nodule_type=nodule_type,
        solid_diameter_mm=solid,
        volume_error=error,
        distance_to_pleura_mm=to_pleura,
        distance_to_nipple_mm=to_nipple,
        location=location,
        comparison=comparison,
    )

    assert Finding.from_json(json.loads(json.dumps(finding.to_json()))) == finding
    report = parse_dicom(as_bytes(findings_report([finding], SLICES, at=AT)))
    assert read_findings(report) == [replace(finding, comparison=None)]
