"""Delete a study: images and objects go, its row stays with who, when and why. Sent again, it is back."""

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from imaging.errors import PacsUnavailable
from storage.tables import instance_conflicts, instances, series, studies
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import StudyInUse
from teleconsult.lifecycle.announced_deletions import forget
from teleconsult.lifecycle.archive_removal import ask_removal, remove_all
from teleconsult.lifecycle.deletion_record import DeletedItem, record_deletion
from teleconsult.lifecycle.legal_hold import demand_none_on_study
from teleconsult.lifecycle.study_rows import evidence_of, forget_series, instances_of, is_in_use
from teleconsult.lifecycle.tiering import object_key
from teleconsult.studies.repository import Study


def delete_study(
    parts: PartsOfApp,
    connection: Connection,
    study: Study,
    *,
    actor: str,
    reason: str,
    at: datetime,
    announced_at: datetime | None = None,
) -> None:
    """Delete within the caller's transaction; `remove_all` afterwards empties the archive.

    `announced_at`: since when a rule was to do this.

    Raises:
        StudyInUse: a consult that is not over uses it.
        OnLegalHold: it is to be kept, whoever asks.
    """
    uid = study.study_instance_uid
    demand_none_on_study(connection, uid)
    if is_in_use(connection, uid):
        raise StudyInUse
    objects = instances_of(connection, uid)
    conflicts = connection.execute(
        select(instance_conflicts).where(instance_conflicts.c.study_instance_uid == uid)
    ).all()
    is_cold = study.tier != "archive"
    others = [
        *(row.quarantine_key for row in conflicts if row.quarantine_key),
        *evidence_of(connection, {one.series_instance_uid for one in objects}),
    ]
    items = [*_instances(connection, uid), *(DeletedItem(key) for key in others)]
    cold = [object_key(uid, one.sop_instance_uid) for one in objects] if is_cold else []
    ask_removal(connection, at, [one.orthanc_id for one in objects], [*cold, *others])
    connection.execute(delete(instance_conflicts).where(instance_conflicts.c.study_instance_uid == uid))
    forget_series(connection, {one.series_instance_uid for one in objects})
    connection.execute(
        update(studies)
        .where(studies.c.study_instance_uid == uid)
        .values(deleted_at=at, deleted_by=actor, deletion_reason=reason, tier="archive")
    )
    forget(connection, [f"study/{uid}"])
    record_deletion(
        connection,
        "study-deleted",
        f"study/{uid}",
        items,
        actor=actor,
        reason=reason,
        at=at,
        announced_at=announced_at,
    )


def _instances(connection: Connection, study_instance_uid: str) -> list[DeletedItem]:
    query = (
        select(instances.c.sop_instance_uid, instances.c.sha256, instances.c.size_bytes)
        .join(series, series.c.series_instance_uid == instances.c.series_instance_uid)
        .where(series.c.study_instance_uid == study_instance_uid)
        .order_by(instances.c.sop_instance_uid)
    )
    return [DeletedItem(*row) for row in connection.execute(query)]


def empty_archive_now(parts: PartsOfApp) -> bool:
    """Remove at once what is to go. False: the archive is away, and it is done when it is back."""
    try:
        remove_all(parts)
    except PacsUnavailable:
        return False
    return True
