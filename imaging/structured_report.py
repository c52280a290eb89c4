"""Findings, and what a reader decided on them, as DICOM structured reports that any archive can hold.

Both are Comprehensive 3D SR documents after TID 1500. Their UIDs follow from their content, so that
writing one twice, after a crash or a retry, makes the same object and not a second one.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import highdicom as hd
import numpy as np
from highdicom import sr
from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid
from pydicom.valuerep import DA, DT, TM

from imaging import report_codes as code
from imaging.finding import Finding
from imaging.report_reading import read_decisions, read_findings
from imaging.report_sources import as_evidence

__all__ = ["DecidedFinding", "decisions_report", "findings_report", "read_decisions", "read_findings"]

MANUFACTURER: Final = "Teleconsult"
AI_SERIES_NUMBER: Final = 9001
READER_SERIES_NUMBER: Final = 9002


@dataclass(frozen=True, slots=True)
class DecidedFinding:
    """A finding and what a reader decided on it.

    Attributes:
        tracking_id: the finding's own identifier in our records.
        reason: the reader's words, if any.
    """

    finding: Finding
    tracking_id: str
    accepted: bool
    reason: str | None = None


def findings_report(
    findings: Sequence[Finding],
    sources: Sequence[Dataset],
    *,
    at: datetime,
    job_id: str = "",
    series_number: int = AI_SERIES_NUMBER,
) -> Dataset:
    """Return the report of what a model found in one series: complete, preliminary, not verified.

    The observer is the device: name, version and digest of the model.

    Args:
        findings: one or more, all of the same model.
        sources: headers of the series' instances; those that findings lie on must be among them.
        at: when the model finished, with time zone.
        job_id: of the run; the same run gives the same object.

    Raises:
        ValueError: no finding, findings of several models, or one on an instance that is not in `sources`.

    Source: DICOM PS3.16 TID 1500, 1004; PS3.3 A.35.13.
    """
    makers = {(f.model, f.model_version, f.weights_sha256) for f in findings}
    if len(makers) != 1:
        raise ValueError(f"a report is of one model, not of {len(makers)}")
    model, version, digest = makers.pop()
    observer = sr.ObserverContext(
        observer_type=sr.CodedConcept("121007", "DCM", "Device"),
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=_derived_uid("device", model, version, digest),
            name=model,
            manufacturer_name=MANUFACTURER,
            model_name=f"{model} {version}",
            serial_number=digest,
        ),
    )
    evidence = _evidence(findings, sources)
    groups = [_group(f, evidence, f"{f.model}-{number}") for number, f in enumerate(findings, start=1)]
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=_procedure(evidence),
        imaging_measurements=groups,
    )
    series = findings[0].series_instance_uid
    return _document(
        content,
        evidence,
        at,
        series_instance_uid=_derived_uid("ai-series", series, model, version, digest),
        sop_instance_uid=_derived_uid("ai-report", series, job_id, *(_as_text(f) for f in findings)),
        series_number=series_number,
        series_description=f"AI findings, {model} {version}",
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
    series_number: int = READER_SERIES_NUMBER,
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
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_person_context=observer),
        procedure_reported=_procedure(evidence),
        imaging_measurements=[_decided_group(d, evidence) for d in decided],
    )
    if conclusion.strip():
        content[0].ContentSequence.append(_conclusions(conclusion))
    series = findings[0].series_instance_uid
    decisions = [f"{d.tracking_id} {d.accepted} {d.reason} {_as_text(d.finding)}" for d in decided]
    report = _document(
        content,
        evidence,
        at,
        series_instance_uid=_derived_uid("reader-series", series),
        sop_instance_uid=_derived_uid("reader-report", series, observer_name, conclusion, *decisions),
        series_number=series_number,
        series_description="Reader's decisions on AI findings",
        is_final=True,
        is_verified=True,
        verifying_observer_name=person,
        verifying_organization=observer_organisation or "-",
        previous_versions=None if ai_report is None else [ai_report],
    )
    report.VerifyingObserverSequence[0].VerificationDateTime = DT(at)
    return report


def tracking_uid(finding: Finding) -> str:
    """Return the UID that stands for this finding in every report about it."""
    return _derived_uid("finding", _as_text(finding))


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


def _group(
    finding: Finding,
    evidence: Sequence[Dataset],
    identifier: str,
    evaluations: Sequence[sr.QualitativeEvaluation] | None = None,
) -> Any:
    image = next(ds for ds in evidence if ds.SOPInstanceUID == finding.sop_instance_uid)
    measurements = [
        sr.Measurement(name=code.CERTAINTY, value=round(100 * finding.probability, 4), unit=code.PERCENT)
    ]
    if finding.diameter_mm is not None:
        measurements.append(
            sr.Measurement(name=code.DIAMETER, value=round(finding.diameter_mm, 4), unit=code.MILLIMETRE)
        )
    shared: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(uid=tracking_uid(finding), identifier=identifier),
        "finding_type": code.KINDS[finding.kind],
        "algorithm_id": sr.AlgorithmIdentification(
            name=finding.model,
            version=finding.model_version,
            manufacturer=MANUFACTURER,
            parameters=[f"threshold={finding.threshold!r}", f"weights_sha256={finding.weights_sha256}"],
        ),
        "measurements": measurements,
        "qualitative_evaluations": evaluations,
    }
    group: Any
    if finding.box_px is None:
        source = sr.SourceImageForMeasurementGroup.from_source_image(image)
        group = sr.MeasurementsAndQualitativeEvaluations(source_images=[source], **shared)
    else:
        x0, y0, x1, y1 = finding.box_px
        region = sr.ImageRegion(
            graphic_type=sr.GraphicTypeValues.POLYLINE,
            graphic_data=np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]], np.float32),
            source_image=sr.SourceImageForRegion.from_source_image(image),
        )
        group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=region, **shared)
    group[0].ContentSequence.extend(_places(finding, image))
    return group


def _decided_group(decided: DecidedFinding, evidence: Sequence[Dataset]) -> Any:
    value = code.ACCEPTED if decided.accepted else code.REJECTED
    decision = sr.QualitativeEvaluation(name=code.DECISION, value=value)
    group = _group(decided.finding, evidence, decided.tracking_id, [decision])
    if decided.reason and decided.reason.strip():
        group[0].ContentSequence.append(
            sr.TextContentItem(
                name=code.COMMENT,
                value=decided.reason.strip(),
                relationship_type=sr.RelationshipTypeValues.CONTAINS,
            )
        )
    return group


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
    container = sr.ContainerContentItem(
        name=code.CONCLUSIONS, relationship_type=sr.RelationshipTypeValues.CONTAINS
    )
    text = sr.TextContentItem(
        name=code.CONCLUSION, value=conclusion.strip(), relationship_type=sr.RelationshipTypeValues.CONTAINS
    )
    container.ContentSequence = sr.ContentSequence([text])
    return container


def _document(content: Any, evidence: Sequence[Dataset], at: datetime, **attributes: Any) -> Dataset:
    report = sr.Comprehensive3DSR(
        evidence=evidence,
        content=content[0],
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=f"highdicom {hd.__version__}",
        specific_character_set="ISO_IR 192",
        is_complete=True,
        **attributes,
    )
    local = at.astimezone().replace(microsecond=0)
    report.ContentDate = report.SeriesDate = report.InstanceCreationDate = DA(local.date())
    report.ContentTime = report.SeriesTime = report.InstanceCreationTime = TM(local.time())
    return report


def _evidence(findings: Sequence[Finding], sources: Sequence[Dataset]) -> list[Dataset]:
    """Those sources that a finding lies on, as highdicom wants them."""
    wanted = {finding.sop_instance_uid for finding in findings}
    evidence = [as_evidence(ds) for ds in sources if str(ds.SOPInstanceUID) in wanted]
    missing = wanted - {str(ds.SOPInstanceUID) for ds in evidence}
    if missing:
        raise ValueError(f"no source for {', '.join(sorted(missing))}")
    return evidence


def _procedure(evidence: Sequence[Dataset]) -> Code:
    return code.MAMMOGRAPHY if evidence[0].Modality == "MG" else code.CHEST_CT


def _as_text(finding: Finding) -> str:
    return json.dumps(finding.to_json(), sort_keys=True)


def _derived_uid(*parts: str) -> str:
    digest = hashlib.sha512("\0".join(parts).encode()).hexdigest()
    return str(generate_uid(entropy_srcs=[digest]))
