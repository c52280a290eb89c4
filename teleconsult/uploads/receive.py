"""Take in files, whichever way they came: store them in the archive, write them down, keep the bad part
apart.

The order is what makes it safe. Whose an instance is, is written down before the archive gets it; the
archive has it on its disk before the rows are written; the sender hears of it after. Whatever is killed in
between, the change feed finds the instance and knows whose it is, and a sender that heard nothing sends
again, which does no harm.

Several files at once cost little more than one: they go into the archive side by side, and share one commit.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
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
from teleconsult.metrics import RECEIVED
from teleconsult.studies.registration import Arrival, KnownStudies, StoredFile, register_all
from teleconsult.uploads.conflicts import note_conflict
from teleconsult.uploads.repository import FileResult, Upload

MAX_QUARANTINED_BYTES = 64 * 1024**2
STORES_AT_ONCE = 4
# Shared by all uploads, so that many of them do not open more connections than the archive has threads.
_archive_hands = ThreadPoolExecutor(STORES_AT_ONCE * 2, thread_name_prefix="archive")


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


@dataclass(frozen=True, slots=True)
class _Kept:
    """What became of an accepted file at the archive's door.

    Attributes:
        stored: the archive's answer; None where the file was here already.
        result: the outcome, where it is not that the archive took the file.
    """

    given: _Accepted
    stored: StoredInstance | None
    result: FileResult | None


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
    """Store, refuse or quarantine one file that the intake has looked at. As `receive_all`."""
    (result,) = receive_all(parts, upload, [replace(file, path=path)], arrival)
    return result


def receive_all(
    parts: PartsOfApp, upload: Upload, files: Sequence[IntakeFile], arrival: Arrival
) -> list[FileResult]:
    """Store, refuse or quarantine files that the intake has looked at, note the results and return them in
    order.

    Safe from several threads; what they write at the same moment shares one commit.

    Raises:
        PacsUnavailable: the archive is away. What it has already is found again by its change feed; nothing
        is
            noted, the files are to be sent again.
    """
    results: dict[int, FileResult] = {}
    accepted: dict[int, _Accepted] = {}
    for number, file in enumerate(files):
        if file.verdict == "accepted" and file.content and file.header is not None and file.sha256:
            accepted[number] = _Accepted(file.path, file.content, file.header, file.sha256)
        else:
            results[number] = _not_accepted(parts, upload, file)
            _note(parts, upload, results[number])
    doors = _announce(parts, accepted, arrival)
    tasks = {
        number: _archive_hands.submit(_at_the_door, parts, upload, given, doors[number])
        for number, given in accepted.items()
    }
    kept = {number: task.result() for number, task in tasks.items()}
    results |= _write_down(parts, upload, kept, arrival)
    for result in results.values():
        RECEIVED.add(verdict=result.verdict)
    return [results[number] for number in range(len(files))]


Door = Reason | bool


def _announce(parts: PartsOfApp, accepted: dict[int, _Accepted], arrival: Arrival) -> dict[int, Door]:
    """For each file: why it is kept apart, or whether something is here under its number.

    For those that are neither, it is known afterwards whose they are.
    """
    uids = [given.sop_instance_uid for given in accepted.values()]
    doors: dict[int, Door] = {}
    with parts.database.reading() as connection:
        known = parts.studies.known_instances(connection, uids)
        owners = parts.studies.expected_among(connection, uids)
        study_of = KnownStudies(parts.studies)
        for number, given in accepted.items():
            why = study_of.conflict(connection, given.header, arrival)
            doors[number] = why or given.sop_instance_uid in known
    missing = [uid for uid in uids if uid not in owners and uid not in known]
    if missing:
        owners = owners | parts.database.in_group(partial(_expect, parts, missing, arrival))
    for number, given in accepted.items():
        owner = owners.get(given.sop_instance_uid)
        if doors[number] is False and owner is not None and owner[0] != arrival.institution_id:
            doors[number] = reason("study-held-elsewhere")
    return doors


def _expect(
    parts: PartsOfApp, uids: Sequence[str], arrival: Arrival, connection: Connection
) -> dict[str, tuple[str, str | None]]:
    parts.studies.expect(connection, uids, arrival.institution_id, arrival.uploaded_by_id)
    return parts.studies.expected_among(connection, uids)


def _at_the_door(parts: PartsOfApp, upload: Upload, given: _Accepted, door: Door) -> _Kept:
    if isinstance(door, Reason):
        return _Kept(given, None, _kept_apart(parts, upload, given, door))
    if door:
        same = _is_what_we_have(parts, given)
        result = _stored_result(given, already_present=True) if same else _in_conflict(parts, upload, given)
        return _Kept(given, None, result)
    try:
        stored = parts.pacs.store(given.content, given.header)
    except PacsRefused:
        return _Kept(given, None, _kept_apart(parts, upload, given, reason("archive-refused")))
    if stored.already_stored and not _is_what_we_have(parts, given):
        return _Kept(given, None, _in_conflict(parts, upload, given))
    return _Kept(given, stored, None)


def _write_down(
    parts: PartsOfApp, upload: Upload, kept: Mapping[int, _Kept], arrival: Arrival
) -> dict[int, FileResult]:
    """Write the rows of what the archive took and note all results, in one commit.

    While a file was on its way into the archive, its study may have become another patient's: then it is
    taken out again and kept apart.
    """

    def write(connection: Connection) -> tuple[dict[int, FileResult], dict[int, Reason]]:
        study_of, results, late = KnownStudies(parts.studies), {}, {}
        for number, one in kept.items():
            why = study_of.conflict(connection, one.given.header, arrival) if one.stored else None
            if why is not None:
                late[number] = why
            elif one.result is not None:
                results[number] = one.result
        new = register_all(
            parts.studies,
            connection,
            [
                StoredFile(one.given.header, one.stored.orthanc_id, one.given.sha256, len(one.given.content))
                for number, one in kept.items()
                if one.stored and number not in late
            ],
            arrival,
            upload.expected_series,
        )
        for number, one in kept.items():
            if one.stored and number not in late:
                is_new = one.given.sop_instance_uid in new
                results[number] = _stored_result(one.given, already_present=not is_new)
        _audit(connection, [one.given for one in kept.values() if one.given.sop_instance_uid in new], arrival)
        parts.uploads.add_files(connection, upload.id, list(results.values()))
        return results, late

    results, late = parts.database.in_group(write)
    for number, why in late.items():
        one = kept[number]
        if one.stored is not None and not one.stored.already_stored:
            parts.pacs.delete_instance(one.given.sop_instance_uid)
        results[number] = _kept_apart(parts, upload, one.given, why)
        _note(parts, upload, results[number])
    return results


def _audit(connection: Connection, new: Sequence[_Accepted], arrival: Arrival) -> None:
    """One entry for each study, which names the instances."""
    by_study: dict[str, list[str]] = {}
    for given in new:
        by_study.setdefault(str(given.header.StudyInstanceUID), []).append(given.sop_instance_uid)
    for study_instance_uid, uids in by_study.items():
        audit_log.record(
            connection,
            at=arrival.at,
            actor=arrival.uploaded_by_id or "system",
            action="instances-stored",
            subject=f"study/{study_instance_uid}",
            details={"sop_instance_uids": uids},
        )


def _is_what_we_have(parts: PartsOfApp, given: _Accepted) -> bool:
    """Whether the file shows what the archive holds under its number.

    That is so for the same bytes, for the same pixels under another header, and for pixels that decode to the
    same: one side sends an image compressed, another plain. What the archive has lost is stored anew.
    """
    uid = given.sop_instance_uid
    with parts.database.reading() as connection:
        known = parts.studies.known_instances(connection, [uid])
    if known.get(uid) == given.sha256:
        return True
    try:
        there = parts.pacs.instance_file(uid)
    except InstanceNotFound:
        parts.pacs.store(given.content, given.header)
        return True
    if uid in known and known[uid] is None:
        digest = hashlib.sha256(there).hexdigest()
        parts.database.in_group(
            lambda connection: parts.studies.set_digest(connection, uid, digest, len(there))
        )
    return there == given.content or _show_the_same(parse_dicom(given.content), parse_dicom(there))


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
    result = _kept_apart(parts, upload, given, reason("same-number-other-content"))
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


def _not_accepted(parts: PartsOfApp, upload: Upload, file: IntakeFile) -> FileResult:
    """Refused: nothing is kept. Quarantined: the bytes are."""
    key = None
    if file.verdict == "quarantined" and file.content is not None and file.sha256 is not None:
        key = _quarantine(parts, upload, file.path, file.content, file.sha256)
    return FileResult(
        path=file.path,
        verdict="quarantined" if file.verdict == "quarantined" else "refused",
        reason=file.reason.to_json() if file.reason else None,
        quarantine_key=key,
        sha256=file.sha256,
    )


def _kept_apart(parts: PartsOfApp, upload: Upload, given: _Accepted, why: Reason) -> FileResult:
    return FileResult(
        path=given.path,
        verdict="quarantined",
        reason=why.to_json(),
        quarantine_key=_quarantine(parts, upload, given.path, given.content, given.sha256),
        sha256=given.sha256,
    )


def _quarantine(
    parts: PartsOfApp, upload: Upload, path: str, content: bytes, sha256: str
) -> str | None:
    """Keep the bytes for support, out of everybody's way; None where they are too many."""
    if len(content) > MAX_QUARANTINED_BYTES:
        return None
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(path).name)[-60:].lstrip("._-") or "file"
    key = f"quarantine/{upload.id}/{sha256[:16]}-{name}"
    with suppress(ObjectAlreadyStored):  # the same bytes came twice
        parts.objects.put(key, content)
    return key


def _note(parts: PartsOfApp, upload: Upload, result: FileResult) -> None:
    parts.database.in_group(lambda connection: parts.uploads.add_file(connection, upload.id, result))
