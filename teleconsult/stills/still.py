"""Stills of consults in the database: who took one, of whose camera, when, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from imaging.photographic_image import BodySite, Laterality
from storage.tables import stills


class StillSource(StrEnum):
    CAMERA = "camera"
    SCREEN = "screen"  # that somebody shared in the room


@dataclass(frozen=True, slots=True)
class Still:
    """One still of a consult.

    Attributes:
        number: of the consult's stills, from 1; a deleted one keeps its own.
        camera_of_id: whose camera or screen it shows.
        sha256, size_bytes: of the JPEG as it is kept.
        kept_at: the prefix under which it lies encrypted in the object store; None once it is deleted.
        archived_at: when the archive had it; None: it is on its way.
    """

    id: str
    consult_id: str
    number: int
    taken_by_id: str
    taken_at: datetime
    camera_of_id: str
    source: StillSource
    title: str
    body_site: BodySite | None
    laterality: Laterality | None
    width: int
    height: int
    size_bytes: int
    sha256: str
    kept_at: str | None
    archived_at: datetime | None = None
    deleted_at: datetime | None = None
    deleted_by_id: str | None = None
    deletion_reason: str | None = None


def add_still(connection: Connection, still: Still) -> None:
    connection.execute(
        insert(stills).values(
            id=still.id,
            consult_id=still.consult_id,
            number=still.number,
            taken_by=still.taken_by_id,
            taken_at=still.taken_at,
            camera_of=still.camera_of_id,
            source=still.source,
            title=still.title,
            body_site=still.body_site,
            laterality=still.laterality,
            width=still.width,
            height=still.height,
            size_bytes=still.size_bytes,
            sha256=still.sha256,
            kept_at=still.kept_at,
        )
    )


def find_still(connection: Connection, still_id: str) -> Still | None:
    row = connection.execute(select(stills).where(stills.c.id == still_id)).first()
    return None if row is None else _still(row)


def stills_of(connection: Connection, consult_id: str) -> list[Still]:
    """All of a consult, in the order in which they were kept; deleted ones too."""
    query = select(stills).where(stills.c.consult_id == consult_id).order_by(stills.c.number)
    return [_still(row) for row in connection.execute(query)]


def next_number(connection: Connection, consult_id: str) -> int:
    last = select(func.max(stills.c.number)).where(stills.c.consult_id == consult_id)
    return (connection.execute(last).scalar() or 0) + 1


def not_archived(connection: Connection, limit: int) -> list[Still]:
    """Those on their way into the archive, the oldest first."""
    query = select(stills).where(stills.c.archived_at.is_(None), stills.c.deleted_at.is_(None))
    return [_still(row) for row in connection.execute(query.order_by(stills.c.taken_at).limit(limit))]


def set_archived(connection: Connection, still_id: str, at: datetime) -> bool:
    """False: it was deleted meanwhile."""
    changed = connection.execute(
        update(stills).where(stills.c.id == still_id, stills.c.deleted_at.is_(None)).values(archived_at=at)
    )
    return changed.rowcount == 1


def set_deleted(connection: Connection, still_id: str, *, by: str, reason: str, at: datetime) -> None:
    """Its place goes; the key of that is the caller's."""
    connection.execute(
        update(stills)
        .where(stills.c.id == still_id)
        .values(kept_at=None, deleted_at=at, deleted_by=by, deletion_reason=reason)
    )


def _still(row: Row[Any]) -> Still:
    return Still(
        id=row.id,
        consult_id=row.consult_id,
        number=row.number,
        taken_by_id=row.taken_by,
        taken_at=row.taken_at,
        camera_of_id=row.camera_of,
        source=StillSource(row.source),
        title=row.title,
        body_site=BodySite(row.body_site) if row.body_site else None,
        laterality=row.laterality,
        width=row.width,
        height=row.height,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        kept_at=row.kept_at,
        archived_at=row.archived_at,
        deleted_at=row.deleted_at,
        deleted_by_id=row.deleted_by,
        deletion_reason=row.deletion_reason,
    )
