"""The same SOP Instance UID with other pixels: noted for people to look at, never decided by a program."""

from uuid import uuid4

from sqlalchemy import Connection, insert, select

from storage import audit_log
from storage.database import utc_now
from storage.tables import instance_conflicts
from teleconsult.uploads.repository import Upload


def note_conflict(
    connection: Connection,
    *,
    sop_instance_uid: str,
    study_instance_uid: str,
    upload: Upload,
    sha256: str,
    quarantine_key: str | None,
) -> None:
    """Write the conflict down, once for each content."""
    known = connection.execute(
        select(instance_conflicts.c.id).where(
            instance_conflicts.c.sop_instance_uid == sop_instance_uid, instance_conflicts.c.sha256 == sha256
        )
    ).first()
    if known is not None:
        return
    at = utc_now()
    connection.execute(
        insert(instance_conflicts).values(
            id=str(uuid4()),
            sop_instance_uid=sop_instance_uid,
            study_instance_uid=study_instance_uid,
            institution_id=upload.institution_id,
            upload_id=upload.id,
            sha256=sha256,
            quarantine_key=quarantine_key,
            found_at=at,
        )
    )
    audit_log.record(
        connection,
        at=at,
        actor=upload.user_id or "system",
        action="instance-conflict",
        subject=f"instance/{sop_instance_uid}",
    )
