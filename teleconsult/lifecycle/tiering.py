"""Studies that nobody opens move from the archive to the object store, and come back when somebody does.

    archive -- a rule, or a person --> cold -- opened --> warming -- every file is back --> archive

The study keeps its rows all the time. Files leave one store only after the other has given them back.
"""

import hashlib
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, delete, select

from imaging.errors import InstanceNotFound
from storage import audit_log
from storage.errors import ObjectAlreadyStored, ObjectMissing
from storage.tables import archive_removals, studies
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import CopyNotVerified, StudyNotInArchive
from teleconsult.lifecycle.archive_removal import ask_removal
from teleconsult.lifecycle.study_rows import instances_of, set_tier


class Tier(StrEnum):
    ARCHIVE = "archive"
    COLD = "cold"
    WARMING = "warming"  # asked for; files are on their way back


def object_key(study_instance_uid: str, sop_instance_uid: str) -> str:
    return f"cold/{study_instance_uid}/{sop_instance_uid}"


def make_cold(parts: PartsOfApp, study_instance_uid: str, actor: str, at: datetime) -> None:
    """Move the study's files into the object store.

    Raises:
        StudyNotInArchive: it is there already, grew meanwhile, or was deleted.
        CopyNotVerified: the object store gave back something else; nothing was moved.
        PacsUnavailable
    """
    with parts.database.reading() as connection:
        objects = instances_of(connection, study_instance_uid)
    for one in objects:
        _copy_to_cold(parts, object_key(study_instance_uid, one.sop_instance_uid), one.orthanc_id)
    with parts.database.transaction() as connection:
        is_same = set(instances_of(connection, study_instance_uid)) == set(objects)
        if not is_same or not set_tier(connection, study_instance_uid, Tier.COLD, was=Tier.ARCHIVE):
            raise StudyNotInArchive
        ask_removal(connection, at, [one.orthanc_id for one in objects])
        audit_log.record(
            connection,
            at=at,
            actor=actor,
            action="study-moved-to-cold-store",
            subject=f"study/{study_instance_uid}",
            details={"instances": len(objects)},
        )


def ask_back(connection: Connection, study_instance_uid: str, actor: str, at: datetime) -> bool:
    """Have a cold study brought back; `warm_some` does it. False: it is not cold."""
    if not set_tier(connection, study_instance_uid, Tier.WARMING, was=Tier.COLD):
        return False
    audit_log.record(
        connection,
        at=at,
        actor=actor,
        action="study-asked-back",
        subject=f"study/{study_instance_uid}",
    )
    return True


def warm_some(parts: PartsOfApp, at: datetime) -> bool:
    """Bring back the studies that were asked for. True: something was brought back.

    Raises:
        PacsUnavailable: the archive is away; it goes on later where it was.
    """
    with parts.database.reading() as connection:
        asked = (
            connection.execute(
                select(studies.c.study_instance_uid).where(
                    studies.c.tier == Tier.WARMING, studies.c.deleted_at.is_(None)
                )
            )
            .scalars()
            .all()
        )
    for study_instance_uid in asked:
        _warm(parts, study_instance_uid, at)
    return bool(asked)


def _warm(parts: PartsOfApp, study_instance_uid: str, at: datetime) -> None:
    with parts.database.transaction() as connection:
        objects = instances_of(connection, study_instance_uid)
        # Those that were still to be removed from the archive stay there now.
        connection.execute(
            delete(archive_removals).where(
                archive_removals.c.orthanc_id.in_([one.orthanc_id for one in objects])
            )
        )
    for one in objects:
        try:
            parts.pacs.store(parts.objects.get(object_key(study_instance_uid, one.sop_instance_uid)))
        except ObjectMissing:  # it came while the study was cold, and is in the archive
            continue
    with parts.database.transaction() as connection:
        if not set_tier(connection, study_instance_uid, Tier.ARCHIVE, was=Tier.WARMING):
            return
        ask_removal(
            connection,
            at,
            object_keys=[object_key(study_instance_uid, one.sop_instance_uid) for one in objects],
        )
        audit_log.record(
            connection,
            at=at,
            actor="system",
            action="study-brought-back",
            subject=f"study/{study_instance_uid}",
            details={"instances": len(objects)},
        )
    parts.publish({"type": "study-changed", "study_instance_uid": study_instance_uid})


def _copy_to_cold(parts: PartsOfApp, key: str, orthanc_id: str) -> None:
    try:
        content = parts.pacs.file_of(orthanc_id)
    except InstanceNotFound as error:  # `reconcile` says what became of it
        raise StudyNotInArchive from error
    try:
        parts.objects.put(key, content, "application/dicom")
    except ObjectAlreadyStored:  # begun and broken off before, or left from the last time
        parts.objects.delete(key)
        parts.objects.put(key, content, "application/dicom")
    if hashlib.sha256(parts.objects.get(key)).digest() != hashlib.sha256(content).digest():
        raise CopyNotVerified
