"""Templates of reports: whoever writes sees them; an administrator copies, changes, publishes and retires."""

from collections.abc import Sequence
from uuid import uuid4

from fastapi import APIRouter
from sqlalchemy import Connection

from storage import audit_log
from teleconsult import access
from teleconsult.dependencies import InstitutionManager, Now, Parts, PartsOfApp, TemplateReader
from teleconsult.errors import TemplateFaulty, TemplateShipped
from teleconsult.reports.mrrt import read_mrrt
from teleconsult.reports.template import Template, template_faults
from teleconsult.reports.template_repository import PublishedTemplate, TemplateRef
from teleconsult.reports.template_schemas import (
    LeftOutOut,
    MrrtIn,
    NewTemplateIn,
    ReadTemplateOut,
    RetirementIn,
    TemplateOut,
    TemplatesOut,
    TemplateSummaryOut,
    TemplateVersionIn,
)
from teleconsult.users.user import User

router = APIRouter(prefix="/api/report-templates", tags=["reports"])


@router.get("")
def list_report_templates(parts: Parts, user: TemplateReader) -> TemplatesOut:
    """The newest version of each: the own institution's, and those that came with the program."""
    with parts.database.reading() as connection:
        known = parts.templates.of(connection, user.institution.id)
        return TemplatesOut(
            may_manage=access.may_manage_institution(user),
            templates=_summaries(parts, connection, known),
        )


@router.get("/{template_id}")
def read_report_template(template_id: str, parts: Parts, user: TemplateReader) -> TemplateOut:
    """The newest version, whole."""
    with parts.database.reading() as connection:
        return _out(parts, connection, template_id, user)


@router.post("", status_code=201)
def add_report_template(body: NewTemplateIn, parts: Parts, user: InstitutionManager, now: Now) -> TemplateOut:
    """Publish a template of the own institution for the first time."""
    check(body.content)
    with parts.database.transaction() as connection:
        if body.copied_from is not None:
            parts.templates.newest(connection, body.copied_from, user.institution.id)
        added = PublishedTemplate(
            ref=TemplateRef(str(uuid4()), 0),
            content=body.content,
            institution_id=user.institution.id,
            published_at=now,
            published_by_id=user.id,
            copied_from=body.copied_from,
        )
        added = parts.templates.publish(connection, added, based_on=0)
        _audit(connection, now, user, "report-template-published", added.ref)
        return _out(parts, connection, added.ref.id, user)


@router.post("/mrrt-readings")
def read_mrrt_template(body: MrrtIn, _: InstitutionManager) -> ReadTemplateOut:
    """What a template file of IHE MRRT becomes here. Nothing is kept until it is published."""
    read = read_mrrt(body.html)
    return ReadTemplateOut(
        content=read.template,
        left_out=[LeftOutOut(what=one.what, items=list(one.items)) for one in read.left_out],
    )


@router.post("/{template_id}/versions", status_code=201)
def publish_report_template(
    template_id: str, body: TemplateVersionIn, parts: Parts, user: InstitutionManager, now: Now
) -> TemplateOut:
    """Publish the next version. Reports in writing keep theirs; a 409 says that another is newer."""
    check(body.content)
    with parts.database.transaction() as connection:
        newest = parts.templates.newest(connection, template_id, user.institution.id)
        if newest.institution_id is None:
            raise TemplateShipped
        next_one = PublishedTemplate(
            ref=newest.ref,
            content=body.content,
            institution_id=newest.institution_id,
            published_at=now,
            published_by_id=user.id,
            copied_from=newest.copied_from,
        )
        added = parts.templates.publish(connection, next_one, based_on=body.based_on)
        _audit(connection, now, user, "report-template-published", added.ref)
        return _out(parts, connection, template_id, user)


@router.put("/{template_id}/retirement")
def retire_report_template(
    template_id: str, body: RetirementIn, parts: Parts, user: InstitutionManager, now: Now
) -> TemplateOut:
    """Offer it no longer to the own institution's writers, or again; reports in it can still be signed."""
    with parts.database.transaction() as connection:
        known = parts.templates.newest(connection, template_id, user.institution.id)
        if body.retired:
            parts.templates.retire(connection, template_id, user.institution.id, user_id=user.id, at=now)
        else:
            parts.templates.restore(connection, template_id, user.institution.id)
        action = "report-template-retired" if body.retired else "report-template-restored"
        _audit(connection, now, user, action, known.ref)
        return _out(parts, connection, template_id, user)


def check(content: Template) -> None:
    """Raises TemplateFaulty."""
    if faults := template_faults(content):
        raise TemplateFaulty(faults)


def _out(parts: PartsOfApp, connection: Connection, template_id: str, user: User) -> TemplateOut:
    known = parts.templates.newest(connection, template_id, user.institution.id)
    (summary,) = _summaries(parts, connection, [known])
    return TemplateOut(summary=summary, content=known.content)


def _summaries(
    parts: PartsOfApp, connection: Connection, known: Sequence[PublishedTemplate]
) -> list[TemplateSummaryOut]:
    people = parts.users.by_ids(connection, {one.published_by_id for one in known if one.published_by_id})
    return [TemplateSummaryOut.of(one, people) for one in known]


def _audit(connection: Connection, at: Now, user: User, action: str, ref: TemplateRef) -> None:
    audit_log.record(
        connection,
        at=at,
        actor=user.id,
        action=action,
        subject=f"report-template/{ref.id}",
        details={"version": ref.version},
    )
