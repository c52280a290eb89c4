"""Delete a study: images and objects go, its row stays with who, when and why. Sent again, it is back."""

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from imaging.errors import PacsUnavailable
from storage import audit_log
from storage.tables import instance_conflicts, studies
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import StudyInUse
from teleconsult.lifecycle.archive_removal import ask_removal, remove_all
from teleconsult.lifecycle.study_rows import evidence_of, forget_series, instances_of, is_in_use
from teleconsult.lifecycle.tiering import object_key
from teleconsult.studies.repository import Study


def delete_study(
    parts: PartsOfApp, connection: Connection, study: Study, *, actor: str, reason: str, at: datetime
) -> None:
    """Delete within the caller's transaction; `remove_all` afterwards empties the archive.

    Raises:
        StudyInUse: a consult that is not over uses it.
    """
    uid = study.study_instance_uid
    if is_in_use(connection, uid):
        raise StudyInUse
    objects = instances_of(connection, uid)
    conflicts = connection.execute(
        select(instance_conflicts).where(instance_conflicts.c.study_instance_uid == uid)
    ).all()
    is_cold = study.tier != "archive"
    ask_removal(
        connection,
        at,
        [one.orthanc_id for one in objects],
        [
            *([object_key(uid, one.sop_instance_uid) for one in objects] if is_cold else []),
            *(row.quarantine_key for row in conflicts if row.quarantine_key),
            *evidence_of(connection, {one.series_instance_uid for one in objects}),
        ],
    )
    connection.execute(delete(instance_conflicts).where(instance_conflicts.c.study_instance_uid == uid))
    forget_series(connection, {one.series_instance_uid for one in objects})
    connection.execute(
        update(studies)
        .where(studies.c.study_instance_uid == uid)
        .values(deleted_at=at, deleted_by=actor, deletion_reason=reason, tier="archive")
    )
    audit_log.record(
        connection,
        at=at,
        actor=actor,
        action="study-deleted",
        subject=f"study/{uid}",
        details={"reason": reason, "instances": len(objects)},
    )


def empty_archive_now(parts: PartsOfApp) -> bool:
    """Remove at once what is to go. False: the archive is away, and it is done when it is back."""
    try:
        remove_all(parts)
    except PacsUnavailable:
        return False
    return True
