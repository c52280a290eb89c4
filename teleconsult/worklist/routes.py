"""The worklist: studies and consults in one table, who reads which study, and saved views."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from storage import audit_log
from teleconsult import access
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import NotAllowed, NotFound
from teleconsult.studies.repository import Study
from teleconsult.users.schemas import InstitutionOut, UserRefOut
from teleconsult.users.user import User
from teleconsult.worklist.paging import After
from teleconsult.worklist.reading import Reading
from teleconsult.worklist.reading_repository import ReadingRepository
from teleconsult.worklist.repository import WorklistRepository
from teleconsult.worklist.schemas import (
    AssignmentIn,
    OpeningIn,
    ReadIn,
    ReadingOut,
    ViewIn,
    ViewOut,
    WorklistChoicesOut,
    WorklistOut,
    one_reading_out,
    rows_out,
)
from teleconsult.worklist.views import View, ViewRepository
from teleconsult.worklist.worklist_filter import WorklistFilter

router = APIRouter(prefix="/api/worklist", tags=["worklist"])
readings = ReadingRepository()
views = ViewRepository()


class WorklistQuery(WorklistFilter):
    after: After = None


@router.get("")
def read_worklist(
    wanted: Annotated[WorklistQuery, Query()], parts: Parts, user: CurrentUser, now: Now
) -> WorklistOut:
    worklist = WorklistRepository(parts.consults)
    with parts.database.reading() as connection:
        page = worklist.page(connection, user, wanted, now, wanted.after, counts=wanted.after is None)
        return WorklistOut(
            rows=rows_out(parts, connection, page.rows, user, now), next=page.next, count=page.count
        )


@router.get("/choices")
def read_worklist_choices(parts: Parts, user: CurrentUser, now: Now) -> WorklistChoicesOut:
    """Institutions to filter by, and colleagues to give a study to."""
    worklist = WorklistRepository(parts.consults)
    with parts.database.reading() as connection:
        places = worklist.institutions_of(connection, user, now)
        return WorklistChoicesOut(
            institutions=[InstitutionOut.of(one) for one in places],
            colleagues=[UserRefOut.of(one) for one in _colleagues(parts, connection, user)],
        )


@router.get("/studies/{study_instance_uid}/reading")
def read_reading(study_instance_uid: str, parts: Parts, user: CurrentUser, now: Now) -> ReadingOut:
    with parts.database.reading() as connection:
        study = parts.studies.get_for(connection, study_instance_uid, user)
        found = readings.of_studies(connection, [study_instance_uid])
        reading = found.get(study_instance_uid, Reading(study_instance_uid))
        return one_reading_out(parts, connection, reading, now, is_own=_is_own(study, user))


@router.put("/studies/{study_instance_uid}/assignment")
def assign_study(
    study_instance_uid: str, body: AssignmentIn, parts: Parts, user: CurrentUser, now: Now
) -> ReadingOut:
    """Take a study of the own institution, give it to a colleague, or give it back."""
    with parts.database.transaction() as connection:
        study = _own_study(parts, connection, study_instance_uid, user)
        if body.assignee_id is not None and all(
            one.id != body.assignee_id for one in _colleagues(parts, connection, user)
        ):
            raise NotFound
        before = readings.get(connection, study_instance_uid)
        after = before.assigned(body.assignee_id, body.was_id, now)
        readings.save(connection, before, after)
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action="study-assigned" if body.assignee_id else "study-given-back",
            subject=f"study/{study_instance_uid}",
            details={"to": body.assignee_id, "was": body.was_id},
        )
        out = one_reading_out(parts, connection, after, now, is_own=_is_own(study, user))
    _changed(parts, study_instance_uid)
    return out


@router.post("/studies/{study_instance_uid}/opening")
def open_study(
    study_instance_uid: str, body: OpeningIn, parts: Parts, user: CurrentUser, now: Now
) -> ReadingOut:
    """Say that the user has the study open, or still has; the answer names the colleague who has it instead.

    To take it over from the colleague a reason is needed.
    """
    with parts.database.transaction() as connection:
        study = parts.studies.get_for(connection, study_instance_uid, user)
        before = readings.get(connection, study_instance_uid)
        if body.take_over_reason is None:
            after = before.opened(user.id, now)
        else:
            after = before.taken_over(user.id, now, body.take_over_reason)
            audit_log.record(
                connection,
                at=now,
                actor=user.id,
                action="study-taken-over",
                subject=f"study/{study_instance_uid}",
                details={"from": before.holder(now), "reason": body.take_over_reason},
            )
        readings.save(connection, before, after)
        out = one_reading_out(parts, connection, after, now, is_own=_is_own(study, user))
    if before.holder(now) != after.holder(now):
        _changed(parts, study_instance_uid)
    return out


@router.delete("/studies/{study_instance_uid}/opening", status_code=204)
def close_study(study_instance_uid: str, parts: Parts, user: CurrentUser, now: Now) -> None:
    """The user's page left the study; it does no harm when another has it open."""
    with parts.database.transaction() as connection:
        parts.studies.get_for(connection, study_instance_uid, user)
        before = readings.get(connection, study_instance_uid)
        after = before.left(user.id)
        readings.save(connection, before, after)
    if before.holder(now) != after.holder(now):
        _changed(parts, study_instance_uid)


@router.put("/studies/{study_instance_uid}/read")
def mark_study(
    study_instance_uid: str, body: ReadIn, parts: Parts, user: CurrentUser, now: Now
) -> ReadingOut:
    """Mark a study of the own institution as read, or as not read after all."""
    with parts.database.transaction() as connection:
        study = _own_study(parts, connection, study_instance_uid, user)
        before = readings.get(connection, study_instance_uid)
        after = before.marked(user.id, body.is_read, now)
        readings.save(connection, before, after)
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action="study-read" if body.is_read else "study-unread",
            subject=f"study/{study_instance_uid}",
        )
        out = one_reading_out(parts, connection, after, now, is_own=_is_own(study, user))
    _changed(parts, study_instance_uid)
    return out


@router.get("/views")
def list_views(parts: Parts, user: CurrentUser) -> list[ViewOut]:
    with parts.database.reading() as connection:
        return [ViewOut.of(view, user) for view in views.seen_by(connection, user)]


@router.post("/views", status_code=201)
def add_view(body: ViewIn, parts: Parts, user: CurrentUser) -> ViewOut:
    return _save_view(parts, user, str(uuid4()), body)


@router.put("/views/{view_id}")
def change_view(view_id: str, body: ViewIn, parts: Parts, user: CurrentUser) -> ViewOut:
    with parts.database.reading() as connection:
        views.own(connection, view_id, user)
    return _save_view(parts, user, view_id, body)


@router.delete("/views/{view_id}", status_code=204)
def remove_view(view_id: str, parts: Parts, user: CurrentUser) -> None:
    with parts.database.transaction() as connection:
        views.remove(connection, views.own(connection, view_id, user))


def _save_view(parts: PartsOfApp, user: User, view_id: str, body: ViewIn) -> ViewOut:
    if body.is_shared and not access.may_share_views(user):
        raise NotAllowed
    view = View(view_id, user.id, user.institution.id, **body.model_dump())
    with parts.database.transaction() as connection:
        views.save(connection, view)
    return ViewOut.of(view, user)


def _own_study(parts: PartsOfApp, connection: Connection, study_instance_uid: str, user: User) -> Study:
    """Raises NotFound, or NotAllowed for a study that a consult lets the user see."""
    study = parts.studies.get_for(connection, study_instance_uid, user)
    if not _is_own(study, user):
        raise NotAllowed
    return study


def _is_own(study: Study, user: User) -> bool:
    return study.institution_id == user.institution.id and access.sees_own_institution(user)


def _colleagues(parts: PartsOfApp, connection: Connection, user: User) -> list[User]:
    """Who of the own institution reads its studies."""
    members = parts.users.of_institutions(connection, [user.institution.id])
    return [one for one in members if access.sees_own_institution(one)]


def _changed(parts: PartsOfApp, study_instance_uid: str) -> None:
    parts.publish({"type": "reading-changed", "study_instance_uid": study_instance_uid})
