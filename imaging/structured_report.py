"""Findings, and what a reader decided on them, as DICOM structured reports that any archive can hold.

Both are Comprehensive 3D SR documents after TID 1500.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import highdicom as hd
import numpy as np
from highdicom import sr
from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.valuerep import DT

from imaging import report_codes as code
from imaging.finding import Finding
from imaging.lung_nodule import Comparison, LungLocation
from imaging.report_reading import read_decisions, read_findings
from imaging.report_sources import as_evidence
from imaging.result_header import (
    CHARACTER_SET,
    MANUFACTURER,
    SERIES_NUMBERS,
    Maker,
    ResultSeries,
    as_text,
    derived_uid,
    finish,
    maker_of,
    series_uid,
    study_references,
    tracking_identifier,
    tracking_uid,
)

__all__ = [
    "DecidedFinding",
    "decisions_report",
    "findings_report",
    "read_decisions",
    "read_findings",
    "tracking_uid",
]

NOTHING_FOUND: Final = (
    "The AI ran and flagged nothing in this series. That does not exclude disease. "
    "AI result, not for diagnosis.\n"
    "人工智能已完成分析，在本序列中未标出任何病灶；这不能排除疾病。人工智能结果，非诊断。"
)
FOUND: Final = (
    "Flagged by AI, not yet judged by a clinician. AI result, not for diagnosis.\n"
    "由人工智能标出，尚未经医师判定。人工智能结果，非诊断。"
)


@dataclass(frozen=True, slots=True)
class DecidedFinding:
    """A finding and what a reader decided on it.

    Attributes:
        tracking_id: the finding's own identifier in our records.
        reason: the reader's words, if any.
        by_model: as the model gave it, where the reader drew another box; None: the box is the model's.
    """

    finding: Finding
    tracking_id: str
    accepted: bool
    reason: str | None = None
    by_model: Finding | None = None


def findings_report(
    findings: Sequence[Finding],
    sources: Sequence[Dataset],
    *,
    at: datetime,
    job_id: str = "",
    maker: Maker | None = None,
) -> Dataset:
    """Return the report of what a model found in one series: complete, preliminary, not verified.

    The observer is the device: name, version and digest of the model. A model that found nothing says so,
    coded and in words, so that whoever reads the archive sees that it ran, and on which images.

    Args:
        findings: any number, all of the same model.
        sources: headers of the series' instances, all that the model read; one or more.
        at: when the model finished, with time zone.
        job_id: of the run; the same run gives the same object.
        maker: the model; needed where there is no finding.

    Raises:
        ValueError: no source, findings of several models, or one on an instance that is not in `sources`.

    Source: DICOM PS3.16 TID 1500, 1410, 1004, 4019; PS3.3 A.35.13; IHE RAD AI Results 6.5.3.
    """
    maker = maker_of(findings, maker)
    observer = sr.ObserverContext(
        observer_type=sr.CodedConcept("121007", "DCM", "Device"),
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=maker.device_uid,
            name=maker.model,
            manufacturer_name=MANUFACTURER,
            model_name=f"{maker.model} {maker.version}",
            serial_number=maker.weights_sha256,
        ),
    )
    evidence = _evidence(findings, sources)
    content = _root(
        sr.ObservationContext(observer_device_context=observer),
        evidence[0],
        [_group(f, evidence, tracking_identifier(f, n)) for n, f in enumerate(findings, start=1)],
    )
    summary = code.WITH_FINDINGS if findings else code.WITHOUT_FINDINGS
    content.ContentSequence.append(
        _container(code.QUALITATIVE_EVALUATIONS, _coded_item(code.SUMMARY, summary))
    )
    content.ContentSequence.append(_conclusions(FOUND if findings else NOTHING_FOUND))
    series = str(sources[0].SeriesInstanceUID)
    run = maker.model, maker.version, maker.weights_sha256
    return _document(
        content,
        evidence,
        sources,
        at,
        maker,
        series_instance_uid=series_uid(ResultSeries.AI_REPORT, series, maker),
        sop_instance_uid=derived_uid(
            "ai-report", series, job_id, *(as_text(f) for f in findings), *(() if findings else run)
        ),
        series_number=SERIES_NUMBERS[ResultSeries.AI_REPORT],
        is_final=False,
    )


def decisions_report(
    decided: Sequence[DecidedFinding],
    sources: Sequence[Dataset],
    *,
    observer_name: str,
    at: datetime,
    conclusion: str,
    observer_organisation: str = "",
    ai_report: Dataset | None = None,
) -> Dataset:
    """Return the report of what a reader decided on the findings of one series: complete, final, verified.

    Each finding keeps the tracking UID that it has in the model's report, and names the model.

    Args:
        decided: one or more.
        sources: headers of the series' instances.
        observer_name: the reader, as people write it.
        at: when it was signed, with time zone.
        conclusion: the signed report's; may be empty.
        ai_report: the model's report; given, it is named as the document that this one continues.

    Raises:
        ValueError: no finding, or one on an instance that is not in `sources`.

    Source: DICOM PS3.16 TID 1500, 1003; PS3.3 C.17.2.
    """
    findings = [d.finding for d in decided]
    if not findings:
        raise ValueError("a report needs a finding")
    evidence = _evidence(findings, sources)
    person = person_name(observer_name)
    observer = sr.ObserverContext(
        observer_type=sr.CodedConcept("121006", "DCM", "Person"),
        observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(
            name=person, organization_name=observer_organisation or None
        ),
    )
    content = _root(
        sr.ObservationContext(observer_person_context=observer),
        evidence[0],
        [_decided_group(d, evidence) for d in decided],
    )
    if conclusion.strip():
        content.ContentSequence.append(_conclusions(conclusion))
    series = findings[0].series_instance_uid
    decisions = [
        f"{d.tracking_id} {d.accepted} {d.reason} {as_text(d.finding)}"
        + ("" if d.by_model is None else f" {as_text(d.by_model)}")
        for d in decided
    ]
    report = _document(
        content,
        evidence,
        sources,
        at,
        None,
        series_instance_uid=series_uid(ResultSeries.READER_REPORT, series),
        sop_instance_uid=derived_uid("reader-report", series, observer_name, conclusion, *decisions),
        series_number=SERIES_NUMBERS[ResultSeries.READER_REPORT],
        series_description="Reader's decisions on AI findings",
        is_final=True,
        is_verified=True,
        verifying_observer_name=person,
        verifying_organization=observer_organisation or "-",
        previous_versions=None if ai_report is None else [ai_report],
    )
    report.VerifyingObserverSequence[0].VerificationDateTime = DT(at)
    return report


def person_name(name: str) -> str:
    """Return a name as people write it as a DICOM PN value.

    What is not ASCII goes into the ideographic group, undivided; a Western name is divided at its
    last space into family and given name.

    Source: DICOM PS3.5 6.2.1.
    """
    plain = " ".join(name.replace("^", " ").replace("=", " ").replace("\\", " ").split()) or "-"
    if not plain.isascii():
        return f"^={plain}"
    given, _, family = plain.rpartition(" ")
    return f"{family}^{given}"


def _root(observation_context: Any, image: Dataset, groups: Sequence[Any]) -> Any:
    """TID 1500 with its first rows. highdicom's own class of it refuses a report without a measurement."""
    root = sr.ContainerContentItem(name=code.MEASUREMENT_REPORT, template_id="1500")
    root.ContentSequence = sr.ContentSequence(is_root=True)
    language = sr.CodedConcept("en-US", "RFC5646", "English (United States)")
    root.ContentSequence.extend(sr.LanguageOfContentItemAndDescendants(language))
    root.ContentSequence.extend(observation_context)
    procedure = code.MAMMOGRAPHY if image.Modality == "MG" else code.CHEST_CT
    root.ContentSequence.append(
        sr.CodeContentItem(
            name=code.PROCEDURE_REPORTED,
            value=procedure,
            relationship_type=sr.RelationshipTypeValues.HAS_CONCEPT_MOD,
        )
    )
    if groups:
        measurements = _container(code.MEASUREMENTS)
        for group in groups:
            measurements.ContentSequence.extend(group)
        root.ContentSequence.append(measurements)
    return root


def _group(
    finding: Finding,
    evidence: Sequence[Dataset],
    identifier: str,
    evaluations: Sequence[sr.QualitativeEvaluation] = (),
    tracked: Finding | None = None,
) -> Any:
    """A finding's group; `tracked`: as the model reported it, where that is known to differ."""
    image = next(ds for ds in evidence if ds.SOPInstanceUID == finding.sop_instance_uid)
    measurements = [
        sr.Measurement(name=code.CERTAINTY, value=round(100 * finding.probability, 4), unit=code.PERCENT)
    ]
    measurements += [
        sr.Measurement(name=name, value=round(value, 4), unit=unit)
        for field, name, unit in code.MEASURES
        if (value := getattr(finding, field)) is not None
    ]
    category = finding.category
    evaluations = list(evaluations)
    if category is not None:
        value = sr.CodedConcept(category.code, category.scheme, category.meaning)
        evaluations.append(sr.QualitativeEvaluation(name=code.ASSESSMENT_CATEGORY, value=value))
    if finding.nodule_type is not None:
        density = code.NODULE_TYPES[finding.nodule_type]
        evaluations.append(sr.QualitativeEvaluation(name=code.NODULE_TYPE, value=density))
    shared: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(
            uid=tracking_uid(tracked or finding), identifier=identifier
        ),
        "finding_type": code.KINDS[finding.kind],
        "algorithm_id": sr.AlgorithmIdentification(
            name=finding.model,
            version=finding.model_version,
            manufacturer=MANUFACTURER,
            parameters=[f"threshold={finding.threshold!r}", f"weights_sha256={finding.weights_sha256}"],
        ),
        "measurements": measurements,
        "qualitative_evaluations": evaluations or None,
        "finding_sites": None if finding.location is None else [_site(finding.location)],
    }
    group: Any
    if finding.box_px is None:
        source = _on_frame(sr.SourceImageForMeasurementGroup.from_source_image(image), finding)
        group = sr.MeasurementsAndQualitativeEvaluations(source_images=[source], **shared)
    else:
        x0, y0, x1, y1 = finding.box_px
        region = sr.ImageRegion(
            graphic_type=sr.GraphicTypeValues.POLYLINE,
            graphic_data=np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]], np.float32),
            source_image=_on_frame(sr.SourceImageForRegion.from_source_image(image), finding),
        )
        group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=region, **shared)
    if category is not None:
        group[0].ContentSequence.append(_text_item(code.CATEGORY_RULE, category.rule))
    if finding.comparison is not None:
        group[0].ContentSequence.append(_text_item(code.COMPARISON, _sentence(finding.comparison)))
    group[0].ContentSequence.extend(_places(finding, image))
    return group


def _site(location: LungLocation) -> sr.FindingSite:
    return sr.FindingSite(
        anatomic_location=code.LUNG,
        laterality=code.LATERALITIES[location.laterality],
        topographical_modifier=None if location.third is None else code.LUNG_THIRDS[location.third],
    )


def _sentence(comparison: Comparison) -> str:
    """What a reader without our page must know of the comparison."""
    parts = [f"{comparison.change} against study {comparison.study_instance_uid}"]
    if comparison.study_date is not None:
        parts.append(f"of {comparison.study_date.isoformat()}")
    if comparison.diameter_mm is not None:
        parts.append(f"mean diameter there {comparison.diameter_mm:.1f} mm")
    if comparison.volume_mm3 is not None:
        parts.append(f"volume there {comparison.volume_mm3:.0f} mm3")
    if comparison.doubling_time_days is not None:
        low, high = comparison.doubling_time_low_days, comparison.doubling_time_high_days
        upper = "no upper end" if high is None else str(high)
        parts.append(f"volume doubling time {comparison.doubling_time_days} days (95 % {low} to {upper})")
    return ", ".join(parts)


def _on_frame(source: Any, finding: Finding) -> Any:
    """The reference to an image, narrowed to the finding's frame (PS3.3 10.3)."""
    if finding.frame_number is not None:
        source.ReferencedSOPSequence[0].ReferencedFrameNumber = finding.frame_number
    return source


def _decided_group(decided: DecidedFinding, evidence: Sequence[Dataset]) -> Any:
    kept = code.ACCEPTED if decided.by_model is None else code.EDITED
    decision = sr.QualitativeEvaluation(name=code.DECISION, value=kept if decided.accepted else code.REJECTED)
    group = _group(decided.finding, evidence, decided.tracking_id, [decision], decided.by_model)
    if decided.by_model is not None:
        group[0].ContentSequence.append(_text_item(code.BY_MODEL, _as_by_model(decided.by_model)))
    if decided.reason and decided.reason.strip():
        group[0].ContentSequence.append(_text_item(code.COMMENT, decided.reason.strip()))
    return group


def _as_by_model(finding: Finding) -> str:
    """What the model measured; box and measurements of the group are the reader's."""
    size = "no size" if finding.diameter_mm is None else f"diameter {finding.diameter_mm:.1f} mm"
    category = "" if finding.category is None else f", {finding.category.meaning}"
    return f"{size}{category}"


def _places(finding: Finding, image: Dataset) -> list[Any]:
    """Centre as a point, and box as its two corners, in the patient. A projection has neither."""
    frame_of_reference = image.get("FrameOfReferenceUID")
    if not frame_of_reference:
        return []
    places = []
    if finding.centre_lps_mm is not None:
        places.append((code.CENTRE, sr.GraphicTypeValues3D.POINT, [finding.centre_lps_mm]))
    if finding.box_lps_mm is not None:
        corners = [finding.box_lps_mm[:3], finding.box_lps_mm[3:]]
        places.append((code.OUTLINE, sr.GraphicTypeValues3D.MULTIPOINT, corners))
    if finding.location is not None and finding.location.lung_box_lps_mm is not None:
        lung = finding.location.lung_box_lps_mm
        places.append((code.LUNG_BOX, sr.GraphicTypeValues3D.MULTIPOINT, [lung[:3], lung[3:]]))
    return [
        sr.Scoord3DContentItem(
            name=name,
            graphic_type=graphic_type,
            graphic_data=np.array(points, np.float32),
            frame_of_reference_uid=frame_of_reference,
            relationship_type=sr.RelationshipTypeValues.CONTAINS,
        )
        for name, graphic_type, points in places
    ]


def _conclusions(conclusion: str) -> Any:
    return _container(code.CONCLUSIONS, _text_item(code.CONCLUSION, conclusion.strip()))


def _container(name: Code, *items: Any) -> Any:
    container = sr.ContainerContentItem(name=name, relationship_type=sr.RelationshipTypeValues.CONTAINS)
    container.ContentSequence = sr.ContentSequence(items)
    return container


def _text_item(name: Code, value: str) -> Any:
    return sr.TextContentItem(name=name, value=value, relationship_type=sr.RelationshipTypeValues.CONTAINS)


def _coded_item(name: Code, value: Code) -> Any:
    return sr.CodeContentItem(name=name, value=value, relationship_type=sr.RelationshipTypeValues.CONTAINS)


def _document(
    content: Any,
    evidence: Sequence[Dataset],
    sources: Sequence[Dataset],
    at: datetime,
    maker: Maker | None,
    **attributes: Any,
) -> Dataset:
    report = sr.Comprehensive3DSR(
        evidence=evidence,
        content=content,
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=f"highdicom {hd.__version__}",
        specific_character_set=CHARACTER_SET,
        is_complete=True,
        **attributes,
    )
    # All that the observer had before him, not only what the findings lie on.
    report.CurrentRequestedProcedureEvidenceSequence = study_references(sources)
    if "PertinentOtherEvidenceSequence" in report:
        del report.PertinentOtherEvidenceSequence
    finish(report, sources[0], at, maker)
    return report


def _evidence(findings: Sequence[Finding], sources: Sequence[Dataset]) -> list[Dataset]:
    """Those sources that a finding lies on, or else the first one, as highdicom wants them."""
    if not sources:
        raise ValueError("a report needs an image")
    wanted = {finding.sop_instance_uid for finding in findings} or {str(sources[0].SOPInstanceUID)}
    evidence = [as_evidence(ds) for ds in sources if str(ds.SOPInstanceUID) in wanted]
    missing = wanted - {str(ds.SOPInstanceUID) for ds in evidence}
    if missing:
        raise ValueError(f"no source for {', '.join(sorted(missing))}")
    return evidence
