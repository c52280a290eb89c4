"""Writing, signing and downloading a consult's report."""

from dataclasses import replace
from datetime import datetime

from fastapi import APIRouter, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from storage import audit_log
from teleconsult import access
from teleconsult.consults.consult import Consult, Event, Status
from teleconsult.dependencies import CurrentUser, Now, PageSite, Parts, PartsOfApp, Seal
from teleconsult.dicomweb.images_out import Images
from teleconsult.errors import IllegalTransition, NotAllowed, NotFound
from teleconsult.key_images.repository import marked_by_ids
from teleconsult.reports.assembling import assemble, figures_of
from teleconsult.reports.figures import Figure
from teleconsult.reports.illustrations import illustrated, require_pictures
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
            key_images=_key_images(connection, consult, body),
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


def _key_images(connection: Connection, consult: Consult, body: ReportIn) -> list[str] | None:
    """Each once. Raises NotFound where one is of none of the consult's studies."""
    if body.key_images is None:
        return None
    wanted = list(dict.fromkeys(map(str, body.key_images)))
    known = marked_by_ids(connection, wanted)
    for one in wanted:
        if one not in known or known[one].key_image.study_instance_uid not in consult.study_instance_uids:
            raise NotFound
    return wanted


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
async def sign(
    consult_id: str,
    body: SignIn,
    parts: Parts,
    images: Images,
    seal: Seal,
    user: CurrentUser,
    now: Now,
    site: PageSite,
) -> ReportOut:
    """Sign with the second factor, or else the password, given again: the report becomes final.

    A picture that cannot be had is said before the proof is asked for: a code is good for one try.
    """
    consult, figures = await run_in_threadpool(_to_sign, parts, consult_id, user)
    illustrations = await illustrated(parts, images, user, figures, now)
    if not body.without_pictures:
        require_pictures(illustrations)

    def sign_now() -> ReportOut:
        parts.identity.prove(user, body.proof(), now, site)
        return sign_report(parts, seal, consult, user, illustrations, read_version=body.version, at=now)

    out = await run_in_threadpool(sign_now)
    parts.publish({"type": "report-changed", "consult_id": consult_id})
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    return out


def _to_sign(parts: PartsOfApp, consult_id: str, user: User) -> tuple[Consult, list[Figure]]:
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        if not access.may_cause(user, Event.SIGN, consult):
            raise NotAllowed
        if consult.status is not Status.REPORTING:
            raise IllegalTransition(Event.SIGN, consult.status, access.possible_events(user, consult))
        return consult, figures_of(parts, connection, consult, parts.reports.get(connection, consult_id))


@router.get("/report.pdf", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
async def download_report(
    consult_id: str, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    """The signed PDF, for every part of the consult; before that, for the writer, a marked draft."""
    signed = await run_in_threadpool(_signed_pdf, parts, consult_id, user, now)
    if signed is not None:
        return _pdf(signed, f"report-{consult_id}")
    consult, report, figures = await run_in_threadpool(_draft, parts, consult_id, user)
    illustrations = await illustrated(parts, images, user, figures, now)
    draft = await run_in_threadpool(render_draft, parts, consult, report, illustrations)
    return _pdf(draft, f"draft-{consult_id}")


def _signed_pdf(parts: PartsOfApp, consult_id: str, user: User, at: datetime) -> bytes | None:
    """None: who asks is writing it. The download of either is in the audit log."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        report = parts.reports.get(connection, consult.id)
        writes_it = access.writes_report(user, consult) and not report.is_signed
        if report.pdf_key is None and not writes_it:
            raise NotFound
        audit_log.record(
            connection, at=at, actor=user.id, action="report-exported", subject=f"consult/{consult_id}"
        )
        return None if writes_it or report.pdf_key is None else parts.objects.get(report.pdf_key)


def _draft(parts: PartsOfApp, consult_id: str, user: User) -> tuple[Consult, Report, list[Figure]]:
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        report = parts.reports.get(connection, consult.id)
        return consult, report, figures_of(parts, connection, consult, report)


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
