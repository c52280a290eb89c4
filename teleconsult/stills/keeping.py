"""A still is kept encrypted with the consult at once, and goes into the archive as soon as that takes it.

The row and the encrypted picture are what the page shows; the DICOM object is made of them, as often as it
takes. So a still that was acknowledged survives an archive that is away, and sent twice it is one object.
"""

import hashlib
import logging
from datetime import datetime

from pydicom import Dataset
from sqlalchemy import Connection, delete, select, update

from imaging.camera_picture import CameraPicture
from imaging.errors import PacsRefused
from imaging.pacs import StoredInstance
from imaging.part10 import part10_bytes
from imaging.photographic_image import Photograph, PhotographedPatient, instance_uid, photographic_image
from storage import audit_log, key_ring
from storage.key_ring import KeyRing
from storage.object_store import ObjectStore
from storage.sealed_stream import SealedStream, new_key, new_place
from storage.tables import instances, series, studies
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import NotFound, StillsNotKept
from teleconsult.lifecycle.archive_removal import ask_removal
from teleconsult.lifecycle.deletion_record import DeletedItem, record_deletion
from teleconsult.lifecycle.legal_hold import demand_none_on_consult, demand_none_on_study
from teleconsult.lifecycle.study_rows import forget_series
from teleconsult.lifecycle.tiering import object_key
from teleconsult.stills.still import (
    Still,
    StillSource,
    add_still,
    not_archived,
    set_archived,
    set_deleted,
    stills_of,
)
from teleconsult.studies.registration import Arrival, StoredFile, register_all

AT_ONCE = 20
log = logging.getLogger(__name__)


def keys_of(parts: PartsOfApp) -> KeyRing:
    """Raises StillsNotKept: this installation has no secret to encrypt with."""
    if parts.keys is None:
        raise StillsNotKept
    return parts.keys


def seal(objects: ObjectStore, still_id: str, jpeg: bytes) -> tuple[str, bytes]:
    """Keep the picture encrypted under a key of its own; where, and that key, which is yet to be kept."""
    key, place = new_key(), new_place(f"stills/{still_id}")
    SealedStream(objects, key, place).append(jpeg, is_last=True)
    return place, key


def picture_of(parts: PartsOfApp, connection: Connection, still: Still) -> bytes:
    """The JPEG. Raises NotFound: it was deleted; StreamDamaged."""
    if still.kept_at is None:
        raise NotFound
    key = keys_of(parts).open(connection, still.kept_at)
    return b"".join(SealedStream(parts.objects, key, still.kept_at).read(at_least=1))


def keep(connection: Connection, still: Still, at: datetime) -> None:
    """Write down a still whose picture is in the store."""
    add_still(connection, still)
    note(
        connection,
        "still-taken",
        still,
        actor=still.taken_by_id,
        at=at,
        details={
            "consult": still.consult_id,
            "camera_of": still.camera_of_id,
            "source": still.source,
            "sha256": still.sha256,
        },
    )


def archive_waiting(parts: PartsOfApp, at: datetime) -> bool:
    """Send stills into the archive that are not there yet. True: there may be more.

    Raises:
        PacsUnavailable: it is away; they are sent later.
    """
    with parts.database.reading() as connection:
        waiting = not_archived(connection, AT_ONCE)
    for still in waiting:
        try:
            archive(parts, still, at)
        except PacsRefused:
            log.exception("still-refused-by-archive still_id=%s", still.id)
    return len(waiting) == AT_ONCE


def archive(parts: PartsOfApp, still: Still, at: datetime) -> None:
    """Send one into the archive and add its study to the consult. Raises PacsUnavailable, PacsRefused."""
    with parts.database.reading() as connection:
        picture = CameraPicture(picture_of(parts, connection, still), still.width, still.height)
    with parts.database.transaction() as connection:
        consult = parts.consults.get(connection, still.consult_id)
        ds = photographic_image(picture, _about(parts, connection, still), parts.settings.time_zone)
        institution_id = consult.inviting_institution_id
        parts.studies.expect(connection, [str(ds.SOPInstanceUID)], institution_id, still.taken_by_id)
    content = part10_bytes(ds)
    stored = parts.pacs.store(content)
    with parts.database.transaction() as connection:
        if not set_archived(connection, still.id, at):
            ask_removal(connection, at, [stored.orthanc_id])
            return
        arrival = Arrival(institution_id, still.taken_by_id, at)
        register_all(parts.studies, connection, [_as_file(ds, stored, content)], arrival)
        parts.consults.add_study(connection, still.consult_id, str(ds.StudyInstanceUID), at)
    parts.publish({"type": "study-changed", "study_instance_uid": str(ds.StudyInstanceUID)})
    parts.publish({"type": "consult-changed", "consult_id": still.consult_id})


def remove(
    parts: PartsOfApp, connection: Connection, still: Still, *, by: str, reason: str, at: datetime
) -> None:
    """Delete its picture here and in the archive; that it was taken, and why it went, stays.

    Raises:
        OnLegalHold: its consult, or the study that it is in, is to be kept, whoever asks.
    """
    demand_none_on_consult(connection, still.consult_id)
    if still.kept_at is not None:
        key_ring.forget(connection, still.kept_at)
    set_deleted(connection, still.id, by=by, reason=reason, at=at)
    record_deletion(
        connection,
        "still-deleted",
        f"still/{still.id}",
        [DeletedItem(f"still/{still.id}", still.sha256, still.size_bytes)],
        actor=by,
        reason=reason,
        at=at,
    )
    sop_instance_uid = instance_uid(still.id)
    place = connection.execute(
        select(instances.c.orthanc_id, series.c.series_instance_uid, series.c.study_instance_uid)
        .join(series, series.c.series_instance_uid == instances.c.series_instance_uid)
        .where(instances.c.sop_instance_uid == sop_instance_uid)
    ).first()
    kept_at = parts.objects.keys(f"stills/{still.id}/")
    if place is None:
        ask_removal(connection, at, object_keys=kept_at)
        return
    demand_none_on_study(connection, place.study_instance_uid)
    cold = object_key(place.study_instance_uid, sop_instance_uid)
    ask_removal(connection, at, [place.orthanc_id], [*kept_at, cold])
    connection.execute(delete(instances).where(instances.c.sop_instance_uid == sop_instance_uid))
    in_series = instances.c.series_instance_uid == place.series_instance_uid
    if connection.execute(select(instances.c.sop_instance_uid).where(in_series).limit(1)).first() is None:
        forget_series(connection, [place.series_instance_uid])
        connection.execute(
            update(studies)
            .where(studies.c.study_instance_uid == place.study_instance_uid)
            .values(deleted_at=at, deleted_by=by, deletion_reason=reason, tier="archive")
        )


def note(
    connection: Connection,
    action: str,
    still: Still,
    *,
    actor: str,
    at: datetime,
    details: dict[str, str] | None = None,
) -> None:
    audit_log.record(
        connection, at=at, actor=actor, action=action, subject=f"still/{still.id}", details=details
    )


def _about(parts: PartsOfApp, connection: Connection, still: Still) -> Photograph:
    consult = parts.consults.get(connection, still.consult_id)
    patient = parts.studies.get_patient(connection, consult.patient_id)
    return Photograph(
        still_id=still.id,
        consult_id=still.consult_id,
        patient=PhotographedPatient(patient.patient_id, patient.name, patient.birth_date, patient.sex),
        operator=parts.users.get(connection, still.taken_by_id).display_name,
        taken_at=still.taken_at,
        begun_at=stills_of(connection, still.consult_id)[0].taken_at,
        number=still.number,
        title=still.title,
        site=still.body_site,
        laterality=still.laterality,
        is_screen=still.source is StillSource.SCREEN,
    )


def _as_file(ds: Dataset, stored: StoredInstance, content: bytes) -> StoredFile:
    return StoredFile(ds, stored.orthanc_id, hashlib.sha256(content).hexdigest(), len(content))
