"""What of a study can be sent: every instance with its place in it, for those who may see it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select
from starlette.concurrency import run_in_threadpool

from storage import audit_log
from storage.tables import instances, series, studies
from teleconsult.dependencies import PartsOfApp
from teleconsult.emergency_access.emergency_access import EMERGENCY
from teleconsult.errors import NotFound, StudyNotInArchive
from teleconsult.quick_look import quick_look
from teleconsult.studies.repository import InstanceRecord, Study, slice_order
from teleconsult.users.user import User
from teleconsult.viewings import RecentViewings

IN_ARCHIVE = "archive"
VIEWED = "images-viewed"


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """One series with all that is stored of it, reports and masks as well as images, in slice order."""

    study_instance_uid: str
    series_instance_uid: str
    modality: str
    series_number: int | None
    description: str | None
    body_part: str | None
    instances: tuple[InstanceRecord, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of a study is asked for; what is None is not narrowed down."""

    study: str
    series: str | None = None
    instance: str | None = None


async def one_instance(
    parts: PartsOfApp, viewings: RecentViewings, user: User, place: Place, at: datetime
) -> InstanceRecord:
    """The instance, once the look at its study is in the audit log. Raises NotFound, StudyNotInArchive."""
    found = await quick_look(_find_instance, parts, user, place)
    if not viewings.is_noted(actor=user.id, action=VIEWED, subject=f"study/{place.study}"):
        await run_in_threadpool(note_viewing, parts, viewings, user, place.study, at)
    return found


def _find_instance(parts: PartsOfApp, user: User, place: Place) -> InstanceRecord:
    """One query for rights and place: a viewer asks for slice after slice."""
    query = (
        select(instances, studies.c.tier, parts.studies.emergency_of(user).label("emergency"))
        .join(series, instances.c.series_instance_uid == series.c.series_instance_uid)
        .join(studies, series.c.study_instance_uid == studies.c.study_instance_uid)
        .where(
            instances.c.sop_instance_uid == place.instance,
            studies.c.study_instance_uid == place.study,
            parts.studies.visible(user),
        )
    )
    if place.series is not None:
        query = query.where(series.c.series_instance_uid == place.series)
    with parts.database.reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NotFound
    if row.emergency is not None:
        audit_log.mark(EMERGENCY, row.emergency)
    if row.tier != IN_ARCHIVE:
        raise StudyNotInArchive
    return _instance(row)


def stored_series(
    parts: PartsOfApp, viewings: RecentViewings, user: User, place: Place, at: datetime
) -> tuple[Study, list[StoredSeries]]:
    """The study and what the place names of it, once the look at it is in the audit log.

    Raises:
        NotFound: it is not there, or the user has no part in it.
        StudyNotInArchive: its files lie in the cold store.
    """
    with parts.database.reading() as connection:
        study = parts.studies.get_for(connection, place.study, user)
        found = contents(connection, place)
    if not found:
        raise NotFound
    if study.tier != IN_ARCHIVE:
        raise StudyNotInArchive
    note_viewing(parts, viewings, user, place.study, at)
    return study, found


def note_viewing(parts: PartsOfApp, viewings: RecentViewings, user: User, study: str, at: datetime) -> None:
    """Write into the audit log that the user looks at images of the study, once an hour."""
    viewings.note(parts.database, at=at, actor=user.id, action=VIEWED, subject=f"study/{study}")


def note_export(parts: PartsOfApp, user: User, place: Place, how: str, count: int, at: datetime) -> None:
    """Write into the audit log that a copy of a whole study or series leaves."""
    details: dict[str, Any] = {"as": how, "instances": count}
    if place.series:
        details["series"] = place.series
    with parts.database.transaction() as connection:
        audit_log.record(
            connection,
            at=at,
            actor=user.id,
            action="study-exported",
            subject=f"study/{place.study}",
            details=details,
        )


def contents(connection: Connection, place: Place) -> list[StoredSeries]:
    """Series by number with their instances, as far as they lie in the place; rights are the caller's."""
    query = (
        select(instances, series)
        .join(series, instances.c.series_instance_uid == series.c.series_instance_uid)
        .where(series.c.study_instance_uid == place.study)
    )
    if place.series is not None:
        query = query.where(series.c.series_instance_uid == place.series)
    if place.instance is not None:
        query = query.where(instances.c.sop_instance_uid == place.instance)
    members: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(query):
        members.setdefault(row.series_instance_uid, []).append(row)
    return sorted((_series(rows) for rows in members.values()), key=_place_in_study)


def every_instance(found: Iterable[StoredSeries]) -> list[InstanceRecord]:
    """All of them, series by series."""
    return [instance for one in found for instance in one.instances]


def _place_in_study(one: StoredSeries) -> tuple[bool, int, str]:
    return one.series_number is None, one.series_number or 0, one.series_instance_uid


def _series(rows: list[Row[Any]]) -> StoredSeries:
    first = rows[0]
    return StoredSeries(
        study_instance_uid=first.study_instance_uid,
        series_instance_uid=first.series_instance_uid,
        modality=first.modality,
        series_number=first.series_number,
        description=first.description,
        body_part=first.body_part,
        instances=tuple(slice_order(map(_instance, rows))),
    )


def _instance(row: Row[Any]) -> InstanceRecord:
    return InstanceRecord(
        sop_instance_uid=row.sop_instance_uid,
        sop_class_uid=row.sop_class_uid,
        orthanc_id=row.orthanc_id,
        instance_number=row.instance_number,
        position_mm=row.position_mm,
        number_of_frames=row.number_of_frames,
        is_image=row.is_image,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
    )
