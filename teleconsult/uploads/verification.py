"""Whether the archive still has, on its disk, what was sent: only then may the sender's disk go.

Orthanc acknowledges when a file is synced. This asks it afterwards to read the file back and to compare it
with the digest it took on arrival, and compares that digest with the sender's.
"""

import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update

from imaging.errors import InstanceNotFound
from imaging.reasons import reason
from storage import audit_log
from storage.tables import instances, series, studies, upload_files
from teleconsult.dependencies import PartsOfApp

# An upload that is running needs the archive more than this does; but not for ever.
REST = timedelta(seconds=1)
PATIENCE = timedelta(minutes=2)
AT_ONCE = 100
IN_PARALLEL = 2
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Unverified:
    sop_instance_uid: str
    orthanc_id: str
    sha256: str


def verify_some(parts: PartsOfApp, at: datetime) -> bool:
    """Verify instances that came a while ago and were not verified yet. True: there are more.

    Raises:
        PacsUnavailable: the archive is away; nothing is lost, they stay unverified.
    """
    with parts.database.reading() as connection:
        arriving = select(series.c.series_instance_uid).where(series.c.last_arrival_at.between(at - REST, at))
        is_uploading = connection.execute(arriving.limit(1)).first() is not None
        arrived_before = at - (PATIENCE if is_uploading else REST)
        rows = connection.execute(
            select(instances.c.sop_instance_uid, instances.c.orthanc_id, instances.c.sha256)
            .join(series, series.c.series_instance_uid == instances.c.series_instance_uid)
            .join(studies, studies.c.study_instance_uid == series.c.study_instance_uid)
            .where(
                studies.c.tier == "archive",
                instances.c.verified_at.is_(None),
                instances.c.sha256.is_not(None),
                # what seems to be still to come, came before the clock was set back
                or_(instances.c.arrived_at < arrived_before, instances.c.arrived_at > at),
            )
            .order_by(instances.c.arrived_at)
            .limit(AT_ONCE)
        ).all()
    waiting = [_Unverified(row.sop_instance_uid, row.orthanc_id, row.sha256) for row in rows]
    if not waiting:
        return False
    with ThreadPoolExecutor(IN_PARALLEL) as pool:
        sound = list(pool.map(lambda one: _is_sound(parts, one), waiting))
    good = [one.sop_instance_uid for one, is_sound in zip(waiting, sound, strict=True) if is_sound]
    bad = [one for one, is_sound in zip(waiting, sound, strict=True) if not is_sound]
    with parts.database.transaction() as connection:
        connection.execute(
            update(instances).where(instances.c.sop_instance_uid.in_(good)).values(verified_at=at)
        )
        concerned = parts.uploads.of_instances(connection, [*good, *(one.sop_instance_uid for one in bad)])
    for one in bad:
        _give_up(parts, one, at)
    for upload_id in concerned:
        parts.publish({"type": "upload-changed", "upload_id": upload_id})
    return len(waiting) == AT_ONCE


def _is_sound(parts: PartsOfApp, one: _Unverified) -> bool:
    try:
        content = parts.pacs.file_of(one.orthanc_id)
        return hashlib.sha256(content).hexdigest() == one.sha256
    except InstanceNotFound:
        return False


def _give_up(parts: PartsOfApp, one: _Unverified, at: datetime) -> None:
    """The archive's copy is not what was sent: forget it, so that sending it again repairs it, and say so.

    Unless the archive is not to have it any more: the study was deleted or moved to the cold store meanwhile.
    """
    with parts.database.reading() as connection:
        if not _is_to_be_in_archive(connection, one):
            return
    log.error("archive-copy-damaged sop_instance_uid=%s", one.sop_instance_uid)
    parts.pacs.delete_instance(one.sop_instance_uid)
    with parts.database.transaction() as connection:
        if not _is_to_be_in_archive(connection, one):
            return
        connection.execute(
            instances.delete().where(instances.c.sop_instance_uid == one.sop_instance_uid)
        )
        connection.execute(
            update(upload_files)
            .where(upload_files.c.sop_instance_uid == one.sop_instance_uid)
            .values(verdict="refused", reason=reason("archive-copy-damaged").to_json(), sha256=None)
        )
        audit_log.record(
            connection,
            at=at,
            actor="system",
            action="archive-copy-damaged",
            subject=f"instance/{one.sop_instance_uid}",
        )


def _is_to_be_in_archive(connection: Connection, one: _Unverified) -> bool:
    query = (
        select(instances.c.sop_instance_uid)
        .join(series, series.c.series_instance_uid == instances.c.series_instance_uid)
        .join(studies, studies.c.study_instance_uid == series.c.study_instance_uid)
        .where(instances.c.sop_instance_uid == one.sop_instance_uid, studies.c.tier == "archive")
    )
    return connection.execute(query).first() is not None
