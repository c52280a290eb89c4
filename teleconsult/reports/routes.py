"""Writing, signing and downloading a consult's report."""

from dataclasses import replace

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from storage import audit_log
from teleconsult import access
from teleconsult.consults.consult import Consult, Event, Status
from teleconsult.dependencies import CurrentUser, Now, PageSite, Parts, PartsOfApp, Seal
from teleconsult.errors import IllegalTransition, NotAllowed, NotFound
from teleconsult.reports.assembling import assemble
from teleconsult.reports.report import Report
from teleconsult.reports.schemas import (
    ReportIn,
    ReportOut,
    SectionDifferenceOut,
    SignedVersionOut,
    SignIn,
    difference_out,
    report_out,
    signed_versions_out,
)
from teleconsult.reports.signed_version import SignedVersion
from teleconsult.reports.signing import render_draft, sign_report
from teleconsult.reports.structured import Written
from teleconsult.reports.template_repository import TemplateRef
from teleconsult.users.user import User

router = APIRouter(prefix="/api/consults/{consult_id}", tags=["reports"])


@router.get("/report")
def read_report(consult_id: str, parts: Parts, user: CurrentUser) -> ReportOut:
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        report = parts.reports.get(connection, consult_id)
        return report_out(parts, connection, consult, report, may_write=access.writes_report(user, consult))


@router.put("/report")
def write_report(consult_id: str, body: ReportIn, parts: Parts, user: CurrentUser, now: Now) -> ReportOut:
    """Save the draft. A 409 says that another page saved meanwhile; nothing is overwritten."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        if not access.writes_report(user, consult):
            raise NotAllowed
        report = parts.reports.get(connection, consult_id)
        written = report.write(
            findings_text=body.findings_text,
            conclusion=body.conclusion,
            recommendation=body.recommendation,
            template=_chosen_template(parts, connection, user, report, body),
            written=_written(report, body),
        )
        written = _remembering(parts, connection, consult, written)
        saved = parts.reports.save(connection, written, read_version=body.version)
        audit_log.record(
            connection, at=now, actor=user.id, action="report-saved", subject=f"consult/{consult_id}"
        )
        out = report_out(parts, connection, consult, saved, may_write=True)
    parts.publish({"type": "report-changed", "consult_id": consult_id})
    return out


def _chosen_template(
    parts: PartsOfApp, connection: Connection, user: User, report: Report, body: ReportIn
) -> TemplateRef | None:
    """Raises NotFound where it is another institution's, or none at all."""
    if body.template is None:
        return report.template
    ref = TemplateRef(body.template.id, body.template.version)
    if ref != report.template:
        parts.templates.newest(connection, ref.id, user.institution.id)
        parts.templates.get(connection, ref)
    return ref


def _written(report: Report, body: ReportIn) -> dict[str, Written]:
    """What was sent, with the words that are known of each; those are the server's to say."""
    known = report.written
    nothing = Written(None)
    return {
        path: Written(one.value, one.over, known.get(path, nothing).label, known.get(path, nothing).text)
        for path, one in body.written.items()
    }


def _remembering(
    parts: PartsOfApp, connection: Connection, consult: Consult, report: Report
) -> Report:
    """The report, its values with the words of its template, by which they are shown in one without them."""
    structured = assemble(parts, connection, consult, report).structured
    return report if structured is None else replace(report, written=structured.remembered())


@router.post("/report/sign")
def sign(
    consult_id: str, body: SignIn, parts: Parts, seal: Seal, user: CurrentUser, now: Now, site: PageSite
) -> ReportOut:
    """Sign with the second factor, or else the password, given again: the report becomes final."""
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
    if not access.may_cause(user, Event.SIGN, consult):
        raise NotAllowed
    if consult.status is not Status.REPORTING:
        raise IllegalTransition(Event.SIGN, consult.status, access.possible_events(user, consult))
    parts.identity.prove(user, body.proof(), now, site)
    out = sign_report(parts, seal, consult, user, read_version=body.version, at=now)
    parts.publish({"type": "report-changed", "consult_id": consult_id})
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    return out


@router.get("/report.pdf", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
def download_report(consult_id: str, parts: Parts, user: CurrentUser, now: Now) -> Response:
    """The signed PDF, for every part of the consult; before that, for the writer, a marked draft."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        report = parts.reports.get(connection, consult.id)
        writes_it = access.writes_report(user, consult) and not report.is_signed
        if report.pdf_key is None and not writes_it:
            raise NotFound
        audit_log.record(
            connection, at=now, actor=user.id, action="report-exported", subject=f"consult/{consult_id}"
        )
        pdf = (
            parts.objects.get(report.pdf_key)
            if report.pdf_key and not writes_it
            else render_draft(parts, connection, consult, report)
        )
    return _pdf(pdf, f"{'draft' if writes_it else 'report'}-{consult_id}")


@router.get("/report/versions")
def list_signed_versions(consult_id: str, parts: Parts, user: CurrentUser) -> list[SignedVersionOut]:
    """What was signed, the first first; an amendment takes nothing away."""
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        versions = parts.reports.signed_versions(connection, consult.id)
        return signed_versions_out(parts, connection, versions)


@router.get(
    "/report/versions/{number}/report.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def download_signed_version(
    consult_id: str, number: int, parts: Parts, user: CurrentUser, now: Now
) -> Response:
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        version = _version(parts, connection, consult.id, number)
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action="report-exported",
            subject=f"consult/{consult_id}",
            details={"version": number},
        )
        pdf = parts.objects.get(version.pdf_key)
    return _pdf(pdf, f"report-{consult_id}-{number}")


@router.get("/report/versions/{number}/difference")
def compare_signed_versions(
    consult_id: str, number: int, before: int, parts: Parts, user: CurrentUser
) -> list[SectionDifferenceOut]:
    """What version `number` says otherwise than version `before`, by words."""
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        old, new = (_version(parts, connection, consult.id, which) for which in (before, number))
    return difference_out(old, new)


def _version(parts: PartsOfApp, connection: Connection, consult_id: str, number: int) -> SignedVersion:
    for version in parts.reports.signed_versions(connection, consult_id):
        if version.number == number:
            return version
    raise NotFound


def _pdf(content: bytes, name: str) -> Response:
    return Response(
        content,
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}.pdf"'},
    )
