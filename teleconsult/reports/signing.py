"""Signing: decisions are complete, the report becomes final, its PDF and SR are written."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pydicom import Dataset
from pydicom.uid import Comprehensive3DSRStorage, ComprehensiveSRStorage
from sqlalchemy import Connection

from imaging.parsing import parse_dicom
from imaging.part10 import part10_bytes
from imaging.report_reading import read_findings
from imaging.result_header import is_result_object
from imaging.structured_report import DecidedFinding, decisions_report
from storage import audit_log
from storage.errors import StaleVersion
from teleconsult.consults.consult import Consult, Event
from teleconsult.critical_results.in_report import critical_sections
from teleconsult.dependencies import PartsOfApp
from teleconsult.findings.finding_record import DecisionStatus, FindingRecord
from teleconsult.notifications.telling import announce, tell_of_step
from teleconsult.opinions.in_report import compared_sections, opinion_sections, require_opinions
from teleconsult.reports.archiving import archive_at_once
from teleconsult.reports.assembling import Assembled, assemble, figures_of
from teleconsult.reports.figures import figure_lines
from teleconsult.reports.illustrations import Illustration, all_as_planned
from teleconsult.reports.pades import PdfSeal
from teleconsult.reports.pdf import FindingLine, ReportContents, accepted_lines, render_report
from teleconsult.reports.report import Report
from teleconsult.reports.schemas import ReportOut, report_out
from teleconsult.reports.signed_version import SignedVersion, section_differences
from teleconsult.reports.structured import entries_to_json, lines
from teleconsult.users.user import User

REPORT_CLASSES = frozenset({Comprehensive3DSRStorage, ComprehensiveSRStorage})
LEGAL_ROLES = {"consultation": "会诊 consultation", "remote-diagnosis": "远程诊断 remote diagnosis"}
URGENCIES = {"routine": "常规 routine", "urgent": "加急 urgent", "emergency": "急诊 emergency"}


def sign_report(
    parts: PartsOfApp,
    seal: PdfSeal,
    consult: Consult,
    user: User,
    illustrations: Sequence[Illustration],
    *,
    read_version: int,
    at: datetime,
) -> ReportOut:
    """Sign, in one transaction: status, PDF, audit entry stand together or not at all.

    The SR goes to the archive first: written twice it is the same object, and an archive that
    is away stops the signing with a sentence instead of leaving half of it behind. The PDF goes there
    afterwards: it is another each time it is made, and only the one that was kept may get there.

    Raises: FindingsUndecided, ConclusionMissing, EntriesFaulty, ComparisonMissing, OpinionsMissing,
        ReportIsFinal, StaleVersion, PacsUnavailable, CertificateNotValid, TimeStampMissing.
    """
    with parts.database.reading() as connection:
        report = parts.reports.get(connection, consult.id)
        assembled = assemble(parts, connection, consult, report)
        signed = report.sign(
            user_id=user.id, undecided=assembled.undecided, faults=assembled.faults, at=at
        )
        require_opinions(connection, consult, signed.conclusion)
        if assembled.template is not None:
            signed = replace(signed, template=assembled.template.ref)
        if illustrations:  # what an amendment starts with, whatever is marked until then
            signed = replace(signed, key_images=[each.figure.key_image_id for each in illustrations])
        earlier = parts.reports.signed_versions(connection, consult.id)
        contents = _contents(parts, connection, consult, signed, assembled, user, illustrations)
        contents = replace(contents, has_time_stamp=seal.time_stamp_url is not None)
    _store_decisions(parts, assembled.records, user, signed, at)
    pdf = seal.sign(
        render_report(contents),
        signer=contents.signer,
        reason="远程会诊报告签发 Remote consultation report signed",
        at=at,
    )
    with parts.database.transaction() as connection:
        # A finding that arrived, or a decision that was changed, since the look above.
        current = assemble(parts, connection, consult, report)
        report.sign(user_id=user.id, undecided=current.undecided, faults=current.faults, at=at)
        around = _opening(parts, connection, consult), opinion_sections(parts, connection, consult)
        figures = figures_of(parts, connection, consult, report)
        if (
            current.records != assembled.records
            or around != (contents.opening, contents.appendices)
            or not all_as_planned(figures, illustrations)
        ):
            raise StaleVersion(consult.id)
        digest = hashlib.sha256(pdf).hexdigest()
        key = f"reports/{consult.id}/{digest[:32]}.pdf"
        saved = parts.reports.save(
            connection, replace(signed, pdf_key=key, pdf_sha256=digest), read_version=read_version
        )
        version = SignedVersion(
            consult_id=consult.id,
            number=len(earlier) + 1,
            status=signed.status,
            reason=contents.amendment_reason,
            accepted=accepted_lines(contents.findings),
            findings_text=signed.findings_text,
            conclusion=signed.conclusion,
            recommendation=signed.recommendation,
            signed_by_id=user.id,
            signed_at=at,
            has_time_stamp=contents.has_time_stamp,
            pdf_key=key,
            pdf_sha256=digest,
            template_id=signed.template.id if signed.template else None,
            template_version=signed.template.version if signed.template else None,
            entries=entries_to_json(contents.entries) if signed.template else None,
            figures=[each.figure.model_dump(mode="json") for each in illustrations],
        )
        parts.reports.add_signed_version(connection, version)
        moved = parts.consults.get(connection, consult.id).apply(Event.SIGN, actor_id=user.id, at=at)
        saved_consult = parts.consults.save(connection, moved)
        told = tell_of_step(parts, connection, saved_consult, Event.SIGN, user)
        audit_log.record(
            connection,
            at=at,
            actor=user.id,
            action="report-signed",
            subject=f"consult/{consult.id}",
            details={"pdf_sha256": digest, "version": version.number},
        )
        parts.objects.put(key, pdf, "application/pdf")
        out = report_out(parts, connection, moved, saved, may_write=False)
    announce(parts, told)
    archive_at_once(parts, version)
    return out


def render_draft(
    parts: PartsOfApp, consult: Consult, report: Report, illustrations: Sequence[Illustration]
) -> bytes:
    """The report as it would look, marked as a draft on every page and without a signature."""
    with parts.database.reading() as connection:
        assembled = assemble(parts, connection, consult, report)
        specialist = parts.users.get(connection, consult.specialist_id or consult.requested_by_id)
        contents = _contents(parts, connection, consult, report, assembled, specialist, illustrations)
    return render_report(contents)


def _store_decisions(
    parts: PartsOfApp, records: list[FindingRecord], user: User, report: Report, at: datetime
) -> None:
    """One SR for each series whose findings were decided on, referring to the instances they lie in."""
    by_series: dict[tuple[str, str], list[FindingRecord]] = {}
    for record in records:
        place = (record.finding.study_instance_uid, record.finding.series_instance_uid)
        by_series.setdefault(place, []).append(record)
    for (study_instance_uid, series_instance_uid), decided in by_series.items():
        sources = parts.pacs.series_headers(study_instance_uid, series_instance_uid)
        document = decisions_report(
            [_decided(record) for record in decided],
            sources,
            observer_name=user.display_name,
            observer_organisation=user.institution.name_en,
            conclusion=report.conclusion,
            ai_report=_ai_report(parts, study_instance_uid, series_instance_uid),
            at=at,
        )
        parts.pacs.store(part10_bytes(document))


def _ai_report(parts: PartsOfApp, study_instance_uid: str, series_instance_uid: str) -> Dataset | None:
    """The newest AI report on the series in the archive: the one that the reader's continues."""
    candidates = [
        parse_dicom(parts.pacs.instance_file(ref.sop_instance_uid))
        for ref in parts.pacs.find_instances(study_instance_uid, modality="SR")
        if ref.sop_class_uid in REPORT_CLASSES
    ]
    on_series = [
        document
        for document in candidates
        if is_result_object(document)  # others' reports are not ours to read
        and document.get("VerificationFlag") == "UNVERIFIED"
        and any(f.series_instance_uid == series_instance_uid for f in read_findings(document))
    ]
    return max(on_series, key=lambda document: (document.ContentDate, document.ContentTime), default=None)


def _decided(record: FindingRecord) -> DecidedFinding:
    return DecidedFinding(
        finding=record.finding,
        tracking_id=record.id,
        accepted=record.status.is_accepted,
        reason=record.decision_reason,
        by_model=record.by_model,
    )


def _contents(
    parts: PartsOfApp,
    connection: Connection,
    consult: Consult,
    report: Report,
    assembled: Assembled,
    specialist: User,
    illustrations: Sequence[Illustration],
) -> ReportContents:
    records = assembled.records
    patient = parts.studies.get_patient(connection, consult.patient_id)
    people = parts.users.by_ids(
        connection, {consult.requested_by_id, *(r.decided_by_id for r in records if r.decided_by_id)}
    )
    inviting = people[consult.requested_by_id]
    deciders = {r.id: r.decided_by_id for r in records}
    by_models = {r.id: r.by_model for r in records}
    earlier = parts.reports.signed_versions(connection, consult.id)
    contents = ReportContents(
        consult_id=consult.id,
        version=len(earlier) + 1,
        status=report.status,
        patient=[
            ("姓名 Name", patient.name),
            ("病历号 Patient ID", patient.patient_id),
            ("出生日期 Born", patient.birth_date or "—"),
            ("性别 Sex", patient.sex or "—"),
        ],
        consult=[
            ("申请 Requested", f"{inviting.display_name}, {_both(inviting)}"),
            ("会诊 Specialist", f"{specialist.display_name}, {_both(specialist)}"),
            ("紧急程度 Urgency", URGENCIES[consult.urgency]),
            ("性质 Legal role", LEGAL_ROLES[consult.legal_role]),
        ],
        question=consult.question,
        findings=[
            FindingLine(
                number=one.number,
                kind=one.finding.kind,
                place=one.image,
                diameter_mm=one.finding.diameter_mm,
                probability=one.finding.probability,
                model=f"{one.finding.model} {one.finding.model_version}",
                decided_by=people[decider].display_name if (decider := deciders[one.id]) else "—",
                by_model_mm=by_model.diameter_mm if (by_model := by_models[one.id]) else None,
                is_edited=one.is_edited,
            )
            for one in assembled.accepted
        ],
        rejected_count=sum(r.status is DecisionStatus.REJECTED for r in records),
        template=assembled.template.content.title.both if assembled.template else None,
        entries=assembled.entries,
        findings_text=report.findings_text,
        figures=illustrations,
        conclusion=report.conclusion,
        recommendation=report.recommendation,
        signer=f"{specialist.display_name}, {_both(specialist)}",
        signed_at=report.signed_at,
        amendment_reason=next(
            (entry.reason for entry in reversed(consult.history) if entry.event is Event.AMEND), None
        ),
        opening=_opening(parts, connection, consult),
        appendices=opinion_sections(parts, connection, consult),
    )
    if not earlier:
        return contents
    now = {
        "accepted": accepted_lines(contents.findings),
        "structured": lines(contents.entries),
        "findings_text": contents.findings_text,
        "key_images": figure_lines([each.figure for each in illustrations]),
        "conclusion": contents.conclusion,
        "recommendation": contents.recommendation,
    }
    return replace(contents, changes=section_differences(earlier[-1].sections, now))


def _opening(parts: PartsOfApp, connection: Connection, consult: Consult) -> list[tuple[str, str]]:
    return [*critical_sections(parts, connection, consult), *compared_sections(connection, consult)]


def _both(user: User) -> str:
    return f"{user.institution.name_zh} {user.institution.name_en}"
