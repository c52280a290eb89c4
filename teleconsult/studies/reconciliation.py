"""Find and mend every difference between the archive and our rows, while both are in use.

Rows are read first, then the archive is listed, and each difference is looked at once more before it is
mended: what came or went meanwhile is no difference.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, func, select, update

from imaging.errors import DicomError, InstanceNotFound
from imaging.pacs import ArchivedSeries
from imaging.parsing import header_of
from imaging.result_header import is_result_object
from storage import audit_log
from storage.tables import (
    expected_instances,
    instances,
    institutions,
    patients,
    series,
    studies,
    upload_files,
    uploads,
)
from teleconsult.dependencies import PartsOfApp
from teleconsult.lifecycle.archive_removal import ask_removal, leaving, remove_all
from teleconsult.studies.registration import Arrival, KnownStudies, StoredFile, patient_id_of, register_all
from teleconsult.studies.repository import new_patient

ACTION = "archive-reconciled"  # the audit log's
AT_ONCE = 500
IN_PARALLEL = 4
# An upload that is not complete may still be about to send what it announced.
ANNOUNCED_FOR = timedelta(days=1)
log = logging.getLogger(__name__)
T = TypeVar("T")


class Difference(StrEnum):
    UNKNOWN = "unknown-instance"  # in the archive, and we do not know it
    LEFT_OVER = "left-over-of-deleted-study"
    LOST = "lost-instance"  # we know it, and the archive does not have it
    MISPLACED = "misplaced-instance"  # another study or series than our row says
    OTHER_PATIENT = "other-patient"
    MISCOUNTED = "miscounted-series"
    EMPTY_SERIES = "empty-series"
    ANNOUNCED = "announcement-left-over"
    NO_DIGEST = "digest-missing"
    DAMAGED = "damaged-file"
    KEPT_APART = "kept-apart"  # unknown, and it cannot join the study that it names: for people to decide


@dataclass(frozen=True, slots=True)
class Found:
    difference: Difference
    subject: str
    is_mended: bool


@dataclass
class Reconciliation:
    """One look at everything. `dry_run` changes nothing."""

    parts: PartsOfApp
    at: datetime
    dry_run: bool = False
    read_files: bool = False  # let the archive read back every file: takes minutes for each 100,000
    found: list[Found] = field(default_factory=list)

    def run(self) -> list[Found]:
        """Raises PacsUnavailable."""
        if not self.dry_run:
            remove_all(self.parts)
        known = self._known()
        listed = {
            orthanc_id: of_series
            for of_series in self.parts.pacs.contents()
            for orthanc_id in of_series.orthanc_ids
        }
        self._lost(known, listed)
        self._misplaced(known, listed)
        self._unknown(set(listed) - set(known))
        self._patients(listed)
        self._counts()
        self._announced()
        self._digests()
        if self.read_files:
            self._damaged()
        if not self.dry_run:
            remove_all(self.parts)
            with self.parts.database.transaction() as connection:
                audit_log.record(
                    connection,
                    at=self.at,
                    actor="system",
                    action=ACTION,
                    subject="archive",
                    details=self.summary,
                )
        return self.found

    @property
    def summary(self) -> dict[str, Any]:
        counts: dict[str, int] = {}
        for one in self.found:
            counts[one.difference] = counts.get(one.difference, 0) + 1
        return {
            "differences": counts,
            "found": len(self.found),
            "mended": sum(one.is_mended for one in self.found),
        }

    def _note(self, difference: Difference, subject: str, *, is_mended: bool = True) -> None:
        self.found.append(Found(difference, subject, is_mended and not self.dry_run))

    def _known(self) -> dict[str, tuple[str, str, str]]:
        """Orthanc's identifier of each of our rows in the archive: SOP Instance, Series and Study UID."""
        with self.parts.database.reading() as connection:
            rows = connection.execute(
                select(
                    instances.c.orthanc_id,
                    instances.c.sop_instance_uid,
                    instances.c.series_instance_uid,
                    series.c.study_instance_uid,
                )
                .join(series, series.c.series_instance_uid == instances.c.series_instance_uid)
                .join(studies, studies.c.study_instance_uid == series.c.study_instance_uid)
                .where(studies.c.tier == "archive")
            )
            return {row[0]: (row[1], row[2], row[3]) for row in rows}

    def _lost(self, known: Mapping[str, tuple[str, str, str]], listed: Mapping[str, ArchivedSeries]) -> None:
        missing = [orthanc_id for orthanc_id in known if orthanc_id not in listed]
        for some in in_parts(missing):
            really = [one for one in self._in_parallel(some, self._is_lost) if one]
            for orthanc_id in really:
                self._note(Difference.LOST, f"instance/{known[orthanc_id][0]}")
            if not self.dry_run and really:
                with self.parts.database.transaction() as connection:
                    forget_instances(connection, really, self.at)

    def _is_lost(self, orthanc_id: str) -> str | None:
        if self.parts.pacs.has(orthanc_id):
            return None
        with self.parts.database.reading() as connection:
            row = connection.execute(
                select(studies.c.tier)
                .join(series, series.c.study_instance_uid == studies.c.study_instance_uid)
                .join(instances, instances.c.series_instance_uid == series.c.series_instance_uid)
                .where(instances.c.orthanc_id == orthanc_id)
            ).first()
        return orthanc_id if row is not None and row.tier == "archive" else None

    def _misplaced(
        self, known: Mapping[str, tuple[str, str, str]], listed: Mapping[str, ArchivedSeries]
    ) -> None:
        wrong = [
            orthanc_id
            for orthanc_id, (_, series_uid, study_uid) in known.items()
            if orthanc_id in listed
            and (listed[orthanc_id].series_instance_uid, listed[orthanc_id].study_instance_uid)
            != (series_uid, study_uid)
        ]
        for orthanc_id in wrong:
            self._note(Difference.MISPLACED, f"instance/{known[orthanc_id][0]}")
        if self.dry_run or not wrong:
            return
        for some in in_parts(wrong):
            with self.parts.database.transaction() as connection:
                forget_instances(connection, some, self.at)
                _drop_empty_series(connection)
            self._register(some, quietly=True)

    def _unknown(self, candidates: set[str]) -> None:
        for some in in_parts(sorted(candidates)):
            with self.parts.database.reading() as connection:
                new = set(some) - self.parts.studies.known_orthanc_ids(connection, some)
                new -= leaving(connection, new)
            self._register(sorted(new))

    def _register(self, orthanc_ids: Sequence[str], *, quietly: bool = False) -> None:
        files = [one for one in self._in_parallel(orthanc_ids, self._file) if one is not None]
        by_arrival: dict[Arrival, list[StoredFile]] = {}
        with self._deed() as connection:
            whose = KnownStudies(self.parts.studies)
            owner = connection.execute(select(institutions.c.id).order_by(institutions.c.position)).scalar()
            uids = [str(file.header.SOPInstanceUID) for file in files]
            expected = self.parts.studies.expected_among(connection, uids)
            taken = self.parts.studies.known_instances(connection, uids)
            for file in files:
                header, uid = file.header, str(file.header.SOPInstanceUID)
                study = self.parts.studies.find(connection, str(header.StudyInstanceUID))
                institution_id, user_id = expected.get(uid, (study.institution_id if study else owner, None))
                if institution_id is None:
                    continue
                if study is not None and study.deleted_at is not None and is_result_object(header):
                    self._note(Difference.LEFT_OVER, f"instance/{uid}")
                    if not self.dry_run:
                        ask_removal(connection, self.at, [file.orthanc_id])
                    continue
                arrival = Arrival(institution_id, user_id, self.at)
                if uid in taken or whose.conflict(connection, header, arrival) is not None:
                    self._note(Difference.KEPT_APART, f"instance/{uid}", is_mended=False)
                    continue
                if not quietly:
                    self._note(Difference.UNKNOWN, f"instance/{uid}")
                by_arrival.setdefault(arrival, []).append(file)
            if not self.dry_run:
                for arrival, some in by_arrival.items():
                    register_all(self.parts.studies, connection, some, arrival)

    def _file(self, orthanc_id: str) -> StoredFile | None:
        try:
            content = self.parts.pacs.file_of(orthanc_id)
            return StoredFile(header_of(content), orthanc_id, sha256(content).hexdigest(), len(content))
        except (InstanceNotFound, DicomError):
            return None

    def _patients(self, listed: Mapping[str, ArchivedSeries]) -> None:
        """Studies whose files name another patient than our row, and no merge explains it."""
        by_study = {of_series.study_instance_uid: of_series for of_series in listed.values()}
        with self.parts.database.reading() as connection:
            rows = connection.execute(
                select(studies.c.study_instance_uid, studies.c.institution_id, patients.c.patient_id)
                .join(patients, patients.c.id == studies.c.patient_id)
                .where(studies.c.deleted_at.is_(None))
            ).all()
        for row in rows:
            of_series = by_study.get(row.study_instance_uid)
            if of_series is None or of_series.patient_id.strip() == row.patient_id:
                continue
            file = self._file(of_series.orthanc_ids[0]) if of_series.orthanc_ids else None
            if file is None or patient_id_of(file.header) == row.patient_id:
                continue
            header = file.header
            with self._deed() as connection:
                right = self.parts.studies.find_patient(connection, row.institution_id, patient_id_of(header))
                if right is not None and right.patient_id == row.patient_id:
                    continue  # merged
                self._note(Difference.OTHER_PATIENT, f"study/{row.study_instance_uid}")
                if self.dry_run:
                    continue
                if right is None:
                    name = str(header.get("PatientName") or "—").replace("^", " ").strip()
                    right = new_patient(row.institution_id, patient_id_of(header), name[:400], None, None)
                    self.parts.studies.add_patient(connection, right)
                connection.execute(
                    update(studies)
                    .where(studies.c.study_instance_uid == row.study_instance_uid)
                    .values(patient_id=right.id)
                )

    def _counts(self) -> None:
        with self._deed() as connection:
            images = (
                select(func.count())
                .select_from(instances)
                .where(instances.c.series_instance_uid == series.c.series_instance_uid, instances.c.is_image)
                .correlate(series)
                .scalar_subquery()
            )
            wrong = (
                connection.execute(
                    select(series.c.series_instance_uid).where(
                        series.c.verdict.is_not(None),
                        series.c.completed_count.is_not(None),
                        series.c.completed_count != images,
                    )
                )
                .scalars()
                .all()
            )
            for uid in wrong:
                self._note(Difference.MISCOUNTED, f"series/{uid}")
            if not self.dry_run:
                _reopen(connection, set(wrong), self.at)
            for uid in _empty_series(connection):
                self._note(Difference.EMPTY_SERIES, f"series/{uid}")
            if not self.dry_run:
                _drop_empty_series(connection)

    def _announced(self) -> None:
        with self._deed() as connection:
            arrived = select(instances.c.sop_instance_uid)
            condition: Any = expected_instances.c.sop_instance_uid.in_(arrived)
            going_on = select(uploads.c.id).where(
                uploads.c.completed_at.is_(None), uploads.c.created_at > self.at - ANNOUNCED_FOR
            )
            if connection.execute(going_on.limit(1)).first() is None:
                condition = expected_instances.c.sop_instance_uid.is_not(None)
            left = (
                connection.execute(select(expected_instances.c.sop_instance_uid).where(condition))
                .scalars()
                .all()
            )
            for uid in left:
                self._note(Difference.ANNOUNCED, f"instance/{uid}")
            if not self.dry_run:
                for some in in_parts(left):
                    connection.execute(
                        delete(expected_instances).where(expected_instances.c.sop_instance_uid.in_(some))
                    )

    def _digests(self) -> None:
        with self.parts.database.reading() as connection:
            rows = connection.execute(
                select(instances.c.sop_instance_uid, instances.c.orthanc_id)
                .join(series, series.c.series_instance_uid == instances.c.series_instance_uid)
                .join(studies, studies.c.study_instance_uid == series.c.study_instance_uid)
                .where(instances.c.sha256.is_(None), studies.c.tier == "archive")
            ).all()
        for some in in_parts([(row.sop_instance_uid, row.orthanc_id) for row in rows]):
            digests = [one for one in self._in_parallel(some, self._digest) if one is not None]
            with self._deed() as connection:
                for uid, digest, size_bytes in digests:
                    self._note(Difference.NO_DIGEST, f"instance/{uid}")
                    if not self.dry_run:
                        self.parts.studies.set_digest(connection, uid, digest, size_bytes)

    def _digest(self, row: tuple[str, str]) -> tuple[str, str, int] | None:
        try:
            content = self.parts.pacs.file_of(row[1])
        except InstanceNotFound:
            return None
        return row[0], sha256(content).hexdigest(), len(content)

    def _damaged(self) -> None:
        """Files that the archive reads back otherwise than they came: an alarm, and for people to mend."""
        for some in in_parts(sorted(self._known())):
            for orthanc_id in self._in_parallel(some, self._is_damaged):
                if orthanc_id is None:
                    continue
                with self.parts.database.reading() as connection:
                    uid = connection.execute(
                        select(instances.c.sop_instance_uid).where(instances.c.orthanc_id == orthanc_id)
                    ).scalar()
                log.error("archive-copy-damaged sop_instance_uid=%s", uid)
                self._note(Difference.DAMAGED, f"instance/{uid}", is_mended=False)

    def _is_damaged(self, orthanc_id: str) -> str | None:
        try:
            return orthanc_id if self.parts.pacs.md5_on_disk(orthanc_id) is None else None
        except InstanceNotFound:
            return None

    def _deed(self) -> Any:
        database = self.parts.database
        return database.reading() if self.dry_run else database.transaction()

    @staticmethod
    def _in_parallel(values: Iterable[T], work: Any) -> list[Any]:
        with ThreadPoolExecutor(IN_PARALLEL) as pool:
            return list(pool.map(work, values))


def forget_instances(connection: Connection, orthanc_ids: Sequence[str], at: datetime) -> None:
    """Rows go, so that sending the files again repairs it; their series is judged anew."""
    rows = connection.execute(
        select(instances.c.sop_instance_uid, instances.c.series_instance_uid).where(
            instances.c.orthanc_id.in_(orthanc_ids)
        )
    ).all()
    uids = [row.sop_instance_uid for row in rows]
    connection.execute(delete(instances).where(instances.c.orthanc_id.in_(orthanc_ids)))
    connection.execute(
        update(upload_files).where(upload_files.c.sop_instance_uid.in_(uids)).values(sha256=None)
    )
    _reopen(connection, {row.series_instance_uid for row in rows}, at)


def _reopen(connection: Connection, series_instance_uids: set[str], at: datetime) -> None:
    connection.execute(
        update(series)
        .where(series.c.series_instance_uid.in_(series_instance_uids))
        .values(verdict=None, completed_count=None, last_arrival_at=at)
    )


def _empty_series(connection: Connection) -> list[str]:
    query = select(series.c.series_instance_uid).where(
        series.c.series_instance_uid.not_in(select(instances.c.series_instance_uid))
    )
    return list(connection.execute(query).scalars())


def _drop_empty_series(connection: Connection) -> None:
    connection.execute(
        delete(series).where(series.c.series_instance_uid.not_in(select(instances.c.series_instance_uid)))
    )


def in_parts(values: Sequence[T]) -> Iterator[list[T]]:
    for start in range(0, len(values), AT_ONCE):
        yield list(values[start : start + AT_ONCE])
