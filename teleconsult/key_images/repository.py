"""Key images in the database. Those whose image left the study are not found, and come back with it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, select, update

from storage import audit_log
from storage.tables import instances, key_images, series, studies
from teleconsult.key_images.key_image import KeyImage, Turn, Window
from teleconsult.studies.repository import places_of


@dataclass(frozen=True, slots=True)
class Shown:
    """A key image with what its image is called, as far as that is known.

    Attributes:
        is_there: its image is in the study, and neither was deleted.
        place: among the slices of its series as the viewer counts, from 1, and how many these are; None: its
            image is not there, or it was not `placed`.
    """

    key_image: KeyImage
    is_there: bool
    study_date: str | None
    modality: str
    series_number: int | None
    series_description: str | None
    instance_number: int | None
    number_of_frames: int
    place: tuple[int, int] | None = None


_IS_THERE = and_(
    series.c.study_instance_uid == key_images.c.study_instance_uid, studies.c.deleted_at.is_(None)
)
_MARKED = (
    select(
        key_images,
        studies.c.study_date,
        func.coalesce(_IS_THERE, False).label("is_there"),
        series.c.modality,
        series.c.series_number,
        series.c.description,
        instances.c.instance_number,
        instances.c.number_of_frames,
    )
    .join(studies, studies.c.study_instance_uid == key_images.c.study_instance_uid)
    .outerjoin(instances, instances.c.sop_instance_uid == key_images.c.sop_instance_uid)
    .outerjoin(series, series.c.series_instance_uid == instances.c.series_instance_uid)
)
_SHOWN = _MARKED.where(_IS_THERE, key_images.c.removed_at.is_(None))


def shown_of(connection: Connection, study_instance_uids: Collection[str]) -> list[Shown]:
    """The key images of these studies, in the order in which they were marked."""
    query = _SHOWN.where(key_images.c.study_instance_uid.in_(study_instance_uids))
    return [_shown(row) for row in connection.execute(query.order_by(key_images.c.made_at, key_images.c.id))]


def shown_by_ids(connection: Connection, ids: Collection[str]) -> dict[str, Shown]:
    """Those that are there to be shown, without a look at rights."""
    rows = connection.execute(_SHOWN.where(key_images.c.id.in_(ids)))
    return {row.id: _shown(row) for row in rows}


def marked_by_ids(connection: Connection, ids: Collection[str]) -> dict[str, Shown]:
    """Also removed ones, and those whose images are gone, without a look at rights."""
    rows = connection.execute(_MARKED.where(key_images.c.id.in_(ids)))
    return {row.id: _shown(row) for row in rows}


def placed(connection: Connection, many: Collection[Shown]) -> list[Shown]:
    """With the places of their images, for who may see them: to look for those takes as long as there are."""
    places = places_of(connection, {one.key_image.series_instance_uid for one in many}) if many else {}
    return [replace(one, place=places.get(one.key_image.sop_instance_uid)) for one in many]


def find(connection: Connection, key_image_id: str) -> KeyImage | None:
    """Also a removed one."""
    row = connection.execute(select(key_images).where(key_images.c.id == key_image_id)).first()
    return None if row is None else _key_image(row)


def count_in(connection: Connection, study_instance_uid: str) -> int:
    query = select(func.count()).where(
        key_images.c.study_instance_uid == study_instance_uid, key_images.c.removed_at.is_(None)
    )
    return connection.execute(query).scalar_one()


def queue_for(connection: Connection, study_instance_uid: str) -> None:
    """Until this transaction ends nobody else marks images of the study."""
    connection.execute(
        select(studies.c.study_instance_uid)
        .where(studies.c.study_instance_uid == study_instance_uid)
        .with_for_update()
    )


def save(connection: Connection, one: KeyImage, action: str, at: datetime) -> None:
    """Keep it as it is now, and write into the audit log what its maker did."""
    values = {
        "study_instance_uid": one.study_instance_uid,
        "series_instance_uid": one.series_instance_uid,
        "sop_instance_uid": one.sop_instance_uid,
        "frame": one.frame,
        "window_center": one.window.center if one.window else None,
        "window_width": one.window.width if one.window else None,
        "invert": one.invert,
        "rotation": one.turn.rotation if one.turn else None,
        "flip": one.turn.flip if one.turn else None,
        "note": one.note,
        "made_by": one.made_by_id,
        "made_at": one.made_at,
        "removed_at": one.removed_at,
    }
    this = key_images.c.id == one.id
    if connection.execute(update(key_images).where(this).values(**values)).rowcount == 0:
        connection.execute(insert(key_images).values(id=one.id, **values))
    audit_log.record(
        connection,
        at=at,
        actor=one.made_by_id,
        action=action,
        subject=f"study/{one.study_instance_uid}",
        details={"key_image": one.id, "instance": one.sop_instance_uid, "frame": one.frame},
    )


def _shown(row: Row[Any]) -> Shown:
    return Shown(
        _key_image(row),
        is_there=row.is_there,
        study_date=row.study_date,
        modality=row.modality or "",
        series_number=row.series_number,
        series_description=row.description,
        instance_number=row.instance_number,
        number_of_frames=row.number_of_frames or 1,
    )


def _key_image(row: Row[Any]) -> KeyImage:
    return KeyImage(
        id=row.id,
        study_instance_uid=row.study_instance_uid,
        series_instance_uid=row.series_instance_uid,
        sop_instance_uid=row.sop_instance_uid,
        frame=row.frame,
        window=None if row.window_width is None else Window(row.window_center, row.window_width),
        invert=row.invert,
        note=row.note,
        made_by_id=row.made_by,
        made_at=row.made_at,
        turn=None if row.rotation is None else Turn(row.rotation, row.flip),
        removed_at=row.removed_at,
    )
