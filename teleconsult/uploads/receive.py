"""Take in one uploaded file: check it, store it in the archive, write it down, keep the bad part apart."""

import hashlib
import re
from contextlib import suppress
from pathlib import Path

from imaging.errors import PacsRefused
from imaging.intake import IntakeFile, read_drop
from imaging.reasons import Reason, reason
from storage import audit_log
from storage.errors import ObjectAlreadyStored
from teleconsult.dependencies import PartsOfApp
from teleconsult.studies.registration import Arrival, conflict, register
from teleconsult.uploads.repository import FileResult, Upload

MAX_QUARANTINED_BYTES = 64 * 1024**2


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
    """Store, refuse or quarantine one file that the intake has looked at, and note the result."""
    result = _receive(parts, upload, path, file, arrival)
    with parts.database.transaction() as connection:
        parts.uploads.add_file(connection, upload.id, result)
    return result


def _receive(parts: PartsOfApp, upload: Upload, path: str, file: IntakeFile, arrival: Arrival) -> FileResult:
    if file.verdict != "accepted" or file.content is None or file.header is None:
        return _set_aside(
            parts, upload, path, file.content, file.reason, quarantine=file.verdict == "quarantined"
        )
    with parts.database.transaction() as connection:
        hindrance = conflict(parts.studies, connection, file.header, arrival)
        if hindrance is None and not parts.studies.has_instance(connection, str(file.header.SOPInstanceUID)):
            owner = parts.studies.expect(
                connection, str(file.header.SOPInstanceUID), arrival.institution_id, arrival.uploaded_by_id
            )
            hindrance = None if owner == arrival.institution_id else reason("study-held-elsewhere")
    if hindrance:
        return _set_aside(parts, upload, path, file.content, hindrance, quarantine=True)
    try:
        stored = parts.pacs.store(file.content)
    except PacsRefused:
        return _set_aside(parts, upload, path, file.content, reason("archive-refused"), quarantine=True)
    with parts.database.transaction() as connection:
        new = register(parts.studies, connection, file.header, stored.orthanc_id, arrival)
        if new:
            audit_log.record(
                connection,
                at=arrival.at,
                actor=arrival.uploaded_by_id or "system",
                action="instance-stored",
                subject=f"instance/{stored.sop_instance_uid}",
            )
    return FileResult(
        path=path,
        verdict="stored",
        already_present=not new,
        study_instance_uid=str(file.header.StudyInstanceUID),
        series_instance_uid=str(file.header.SeriesInstanceUID),
        sop_instance_uid=str(file.header.SOPInstanceUID),
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
    return FileResult(
        path=path,
        verdict="quarantined" if quarantine else "refused",
        reason=why.to_json() if why else None,
        quarantine_key=key,
    )
