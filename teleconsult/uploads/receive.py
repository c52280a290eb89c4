"""Take in one file, whichever way it came: store it in the archive, write it down, keep the bad part apart.

The order is what makes it safe. Whose the instance is, is written down before the archive gets it; the
archive has it on its disk before the rows are written; the sender hears of it after. Whatever is killed in
between, the change feed finds the instance and knows whose it is, and a sender that heard nothing sends
again, which does no harm.
"""

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset
from sqlalchemy import Connection

from imaging.decoding import pixel_value, stored_pixels
from imaging.errors import DicomError, InstanceNotFound, PacsRefused
from imaging.intake import IntakeFile, read_drop
from imaging.pacs import StoredInstance
from imaging.parsing import parse_dicom
from imaging.reasons import Reason, reason
from storage import audit_log
from storage.errors import ObjectAlreadyStored
from teleconsult.dependencies import PartsOfApp
from teleconsult.studies.registration import Arrival, conflict, register
from teleconsult.studies.repository import InstanceRecord
from teleconsult.uploads.conflicts import note_conflict
from teleconsult.uploads.repository import FileResult, Upload

MAX_QUARANTINED_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class _Accepted:
    """A file that the intake found whole, with what is known of it."""

    path: str
    content: bytes
    header: Dataset
    sha256: str

    @property
    def sop_instance_uid(self) -> str:
        return str(self.header.SOPInstanceUID)


def receive_file(
    parts: PartsOfApp, upload: Upload, path: str, received: Path, arrival: Arrival
) -> list[FileResult]:
    """Take in one file as it came: a DICOM file, or a zip of them. One result for each file in it."""
    results = []
    for file in read_drop(received):
        shown = (
            path if file.path == received.name else f"{path}/{file.path.removeprefix(received.name + '/')}"
        )
        results.append(receive_one(parts, upload, shown, file, arrival))
    return results


def receive_one(
    parts: PartsOfApp, upload: Upload, path: str, file: IntakeFile, arrival: Arrival
) -> FileResult:
    """Store, refuse or quarantine one file that the intake has looked at, and note the result.

    Safe from several threads; what they write at the same moment shares one commit.

    Raises:
        PacsUnavailable: the archive is away. Nothing is noted, the file is to be sent again.
    """
    if file.verdict != "accepted" or file.content is None or file.header is None or file.sha256 is None:
        return _set_aside(
            parts, upload, path, file.content, file.reason, quarantine=file.verdict == "quarantined"
        )
    given = _Accepted(path, file.content, file.header, file.sha256)
    hindrance = _announce(parts, given, arrival)
    if isinstance(hindrance, Reason):
        return _set_aside(parts, upload, path, given.content, hindrance, quarantine=True)
    if hindrance is not None:
        return _already_there(parts, upload, given)
    try:
        stored = parts.pacs.store(given.content)
    except PacsRefused:
        return _set_aside(
            parts, upload, path, given.content, reason("archive-refused"), quarantine=True
        )
    if stored.already_stored and not _is_what_we_have(parts, given):
        return _in_conflict(parts, upload, given)
    try:
        return parts.database.in_group(
            lambda connection: _write_down(parts, connection, upload, given, stored, arrival)
        )
    except _CameTooLate as late:
        if not stored.already_stored:
            parts.pacs.delete_instance(stored.sop_instance_uid)
        return _set_aside(parts, upload, path, given.content, late.reason, quarantine=True)


def _announce(parts: PartsOfApp, given: _Accepted, arrival: Arrival) -> Reason | InstanceRecord | None:
    """Why the file is kept apart, or what is here under its number, or None once it is known whose it is."""
    uid = given.sop_instance_uid
    with parts.database.reading() as connection:
        hindrance = conflict(parts.studies, connection, given.header, arrival)
        if hindrance is not None:
            return hindrance
        known = parts.studies.find_instance(connection, uid)
        owner = parts.studies.expected(connection, uid)
    if known is not None:
        return known
    if owner is None:
        owner_id = parts.database.in_group(
            lambda connection: parts.studies.expect(
                connection, uid, arrival.institution_id, arrival.uploaded_by_id
            )
        )
    else:
        owner_id = owner[0]
    return None if owner_id == arrival.institution_id else reason("study-held-elsewhere")


class _CameTooLate(Exception):
    """While this file was on its way into the archive, its study became another patient's."""

    def __init__(self, why: Reason) -> None:
        super().__init__(why.code)
        self.reason = why


def _write_down(
    parts: PartsOfApp,
    connection: Connection,
    upload: Upload,
    given: _Accepted,
    stored: StoredInstance,
    arrival: Arrival,
) -> FileResult:
    hindrance = conflict(parts.studies, connection, given.header, arrival)
    if hindrance is not None:
        raise _CameTooLate(hindrance)
    new = register(
        parts.studies,
        connection,
        given.header,
        stored.orthanc_id,
        arrival,
        sha256=given.sha256,
        size_bytes=len(given.content),
        expected_series=upload.expected_series,
    )
    if new:
        audit_log.record(
            connection,
            at=arrival.at,
            actor=arrival.uploaded_by_id or "system",
            action="instance-stored",
            subject=f"instance/{stored.sop_instance_uid}",
        )
    return _noted(parts, connection, upload, _stored_result(given, already_present=not new))


def _already_there(parts: PartsOfApp, upload: Upload, given: _Accepted) -> FileResult:
    if not _is_what_we_have(parts, given):
        return _in_conflict(parts, upload, given)
    result = _stored_result(given, already_present=True)
    return parts.database.in_group(lambda connection: _noted(parts, connection, upload, result))


def _is_what_we_have(parts: PartsOfApp, given: _Accepted) -> bool:
    """Whether the file shows what the archive holds under its number.

    That is so for the same bytes, for the same pixels under another header, and for pixels that decode to the
    same: one side sends an image compressed, another plain. What the archive has lost is stored anew.
    """
    with parts.database.reading() as connection:
        known = parts.studies.find_instance(connection, given.sop_instance_uid)
    if known is not None and known.sha256 == given.sha256:
        return True
    try:
        there = parts.pacs.instance_file(given.sop_instance_uid)
        if known is not None and known.sha256 is None:
            digest = hashlib.sha256(there).hexdigest()
            parts.database.in_group(
                lambda connection: parts.studies.set_digest(
                    connection, given.sop_instance_uid, digest, len(there)
                )
            )
        return there == given.content or _show_the_same(parse_dicom(given.content), parse_dicom(there))
    except InstanceNotFound:
        parts.pacs.store(given.content)
        return True


def _show_the_same(one: Dataset, other: Dataset) -> bool:
    pixels = pixel_value(one)
    if pixels is None:
        return False
    if pixels == pixel_value(other):
        return True
    if one.file_meta.TransferSyntaxUID == other.file_meta.TransferSyntaxUID:
        return False
    try:
        return bool(np.array_equal(stored_pixels(one), stored_pixels(other)))
    except DicomError:
        return False


def _in_conflict(parts: PartsOfApp, upload: Upload, given: _Accepted) -> FileResult:
    """The first one stays; this one is kept apart, and shown to people as a conflict."""
    why = reason("same-number-other-content")
    result = _set_aside(parts, upload, given.path, given.content, why, quarantine=True)
    parts.database.in_group(
        lambda connection: note_conflict(
            connection,
            sop_instance_uid=given.sop_instance_uid,
            study_instance_uid=str(given.header.StudyInstanceUID),
            upload=upload,
            sha256=given.sha256,
            quarantine_key=result.quarantine_key,
        )
    )
    return result


def _stored_result(given: _Accepted, *, already_present: bool) -> FileResult:
    return FileResult(
        path=given.path,
        verdict="stored",
        already_present=already_present,
        study_instance_uid=str(given.header.StudyInstanceUID),
        series_instance_uid=str(given.header.SeriesInstanceUID),
        sop_instance_uid=given.sop_instance_uid,
        sha256=given.sha256,
    )


def _set_aside(
    parts: PartsOfApp,
    upload: Upload,
    path: str,
    content: bytes | None,
    why: Reason | None,
    *,
    quarantine: bool,
) -> FileResult:
    """Refused: nothing is kept. Quarantined: the bytes are kept for support, out of everybody's way."""
    key = None
    if quarantine and content is not None and len(content) <= MAX_QUARANTINED_BYTES:
        name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(path).name)[-60:].lstrip("._-") or "file"
        key = f"quarantine/{upload.id}/{hashlib.sha256(content).hexdigest()[:16]}-{name}"
        with suppress(ObjectAlreadyStored):  # the same bytes came twice
            parts.objects.put(key, content)
    result = FileResult(
        path=path,
        verdict="quarantined" if quarantine else "refused",
        reason=why.to_json() if why else None,
        quarantine_key=key,
        sha256=hashlib.sha256(content).hexdigest() if content is not None else None,
    )
    return parts.database.in_group(lambda connection: _noted(parts, connection, upload, result))


def _noted(parts: PartsOfApp, connection: Connection, upload: Upload, result: FileResult) -> FileResult:
    parts.uploads.add_file(connection, upload.id, result)
    return result
