"""Studies, their series and instances, as far as our own records keep them. The pixels are Orthanc's."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    Select,
    and_,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from imaging.gate import SeriesVerdict
from storage import audit_log
from storage.database import utc_now
from storage.tables import (
    archive_removals,
    consult_studies,
    consults,
    expected_instances,
    instances,
    patients,
    series,
    studies,
)
from teleconsult import access
from teleconsult.agreements.repository import is_offered_to, wants
from teleconsult.consults.repository import ConsultRepository, panels_of
from teleconsult.emergency_access.emergency_access import EMERGENCY
from teleconsult.emergency_access.repository import (
    access_to_study,
    by_emergency_to_study,
    consults_open_to,
)
from teleconsult.errors import NotFound
from teleconsult.users.user import User

IN_ONE_QUERY = 500  # parameters; SQLite takes 32,766, and a plan for each length is kept


@dataclass(frozen=True, slots=True)
class Patient:
    id: str
    institution_id: str
    patient_id: str
    name: str
    birth_date: str | None
    sex: str | None


@dataclass(frozen=True, slots=True)
class Study:
    study_instance_uid: str
    patient: Patient
    institution_id: str
    study_date: str | None
    study_description: str | None
    uploaded_by_id: str | None
    received_at: datetime
    accession_number: str | None = None
    tier: str = "archive"  # teleconsult.lifecycle.tiering.Tier
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    sop_instance_uid: str
    sop_class_uid: str
    orthanc_id: str
    instance_number: int | None
    position_mm: float | None
    number_of_frames: int
    is_image: bool
    sha256: str | None = None  # of the file as it was sent
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """What a list says of a series with images."""

    modality: str
    verdict: str | None
    reasons: list[dict[str, Any]]
    image_count: int


@dataclass(frozen=True, slots=True)
class SeriesRecord:
    series_instance_uid: str
    study_instance_uid: str
    modality: str
    series_number: int | None
    description: str | None
    body_part: str | None
    verdict: str | None
    model: str | None
    reasons: list[dict[str, Any]]
    instances: tuple[InstanceRecord, ...]
    expected_count: int | None = None
    facts: dict[str, Any] | None = None  # what the gate measured, imaging.series_facts


@dataclass(frozen=True, slots=True)
class GrowingSeries:
    """A series that the gate has not seen since its last arrival."""

    study_instance_uid: str
    series_instance_uid: str
    last_arrival_at: datetime
    image_count: int
    expected_count: int | None  # None: its sender did not say

    @property
    def is_counted(self) -> bool:
        """Whether as many images are there as was said."""
        return self.expected_count is not None and self.image_count >= self.expected_count


_JOINED = select(
    studies, patients.c.patient_id.label("mrn"), patients.c.name, patients.c.birth_date, patients.c.sex
).join(patients, studies.c.patient_id == patients.c.id)


class StudyRepository:
    def find_patient(self, connection: Connection, institution_id: str, patient_id: str) -> Patient | None:
        """The patient with this number; where that one was merged, the one it was merged into."""
        query = select(patients).where(
            patients.c.institution_id == institution_id, patients.c.patient_id == patient_id
        )
        row = connection.execute(query).first()
        while row is not None and row.merged_into is not None:
            row = connection.execute(select(patients).where(patients.c.id == row.merged_into)).first()
        return _patient(row) if row else None

    def get_patient(self, connection: Connection, patient_uuid: str) -> Patient:
        row = connection.execute(select(patients).where(patients.c.id == patient_uuid)).first()
        if row is None:
            raise NotFound
        return _patient(row)

    def patients_of(
        self, connection: Connection, institution_id: str, text: str, limit: int
    ) -> list[tuple[Patient, int]]:
        """By name, those in whose name or number each word stands, and how many studies they have."""
        study_count = (
            select(func.count())
            .where(studies.c.patient_id == patients.c.id, studies.c.deleted_at.is_(None))
            .correlate(patients)
            .scalar_subquery()
        )
        stands_in = [
            or_(*(one.icontains(word, autoescape=True) for one in (patients.c.name, patients.c.patient_id)))
            for word in text.split()
        ]
        rows = connection.execute(
            select(patients, study_count.label("study_count"))
            .where(patients.c.institution_id == institution_id, patients.c.merged_into.is_(None), *stands_in)
            .order_by(patients.c.name, patients.c.id)
            .limit(limit)
        )
        return [(_patient(row), row.study_count) for row in rows]

    def patients_by_ids(self, connection: Connection, ids: Iterable[str]) -> dict[str, Patient]:
        rows = connection.execute(select(patients).where(patients.c.id.in_(set(ids))))
        return {row.id: _patient(row) for row in rows}

    def add_patient(self, connection: Connection, patient: Patient) -> None:
        connection.execute(
            insert(patients).values(
                id=patient.id,
                institution_id=patient.institution_id,
                patient_id=patient.patient_id,
                name=patient.name,
                birth_date=patient.birth_date,
                sex=patient.sex,
            )
        )

    def add_study(self, connection: Connection, study: Study) -> None:
        connection.execute(
            insert(studies).values(
                study_instance_uid=study.study_instance_uid,
                patient_id=study.patient.id,
                institution_id=study.institution_id,
                study_date=study.study_date,
                study_description=study.study_description,
                accession_number=study.accession_number,
                uploaded_by=study.uploaded_by_id,
                received_at=study.received_at,
            )
        )

    def reopen(self, connection: Connection, study: Study, at: datetime) -> None:
        """Something arrived for a study that was deleted, or lies in the cold store: it is in use again."""
        connection.execute(
            update(studies)
            .where(studies.c.study_instance_uid == study.study_instance_uid)
            .values(
                deleted_at=None,
                deleted_by=None,
                deletion_reason=None,
                tier="warming" if study.tier == "cold" else study.tier,
            )
        )
        if study.deleted_at is not None:
            audit_log.record(
                connection,
                at=at,
                actor="system",
                action="study-reopened",
                subject=f"study/{study.study_instance_uid}",
            )

    def add_series(self, connection: Connection, record: SeriesRecord, at: datetime) -> None:
        connection.execute(
            insert(series).values(
                series_instance_uid=record.series_instance_uid,
                study_instance_uid=record.study_instance_uid,
                modality=record.modality,
                series_number=record.series_number,
                description=record.description,
                body_part=record.body_part,
                last_arrival_at=at,
                verdict=record.verdict,
                reasons=[],
                expected_count=record.expected_count,
            )
        )

    def add_instances(
        self,
        connection: Connection,
        series_instance_uid: str,
        records: Sequence[InstanceRecord],
        at: datetime,
    ) -> None:
        """Add instances of one series; with new images it goes through the gate again."""
        opened = {"verdict": None} if any(record.is_image for record in records) else {}
        connection.execute(
            update(series)
            .where(series.c.series_instance_uid == series_instance_uid)
            .values(last_arrival_at=at, **opened)
        )
        for start in range(0, len(records), IN_ONE_QUERY):
            some = records[start : start + IN_ONE_QUERY]
            connection.execute(
                expected_instances.delete().where(
                    expected_instances.c.sop_instance_uid.in_([record.sop_instance_uid for record in some])
                )
            )
            connection.execute(  # sent again before the archive had forgotten it
                archive_removals.delete().where(
                    archive_removals.c.orthanc_id.in_([record.orthanc_id for record in some])
                )
            )
        connection.execute(
            insert(instances),
            [
                {
                    "sop_instance_uid": record.sop_instance_uid,
                    "series_instance_uid": series_instance_uid,
                    "sop_class_uid": record.sop_class_uid,
                    "orthanc_id": record.orthanc_id,
                    "instance_number": record.instance_number,
                    "position_mm": record.position_mm,
                    "number_of_frames": record.number_of_frames,
                    "is_image": record.is_image,
                    "arrived_at": at,
                    "sha256": record.sha256,
                    "size_bytes": record.size_bytes,
                }
                for record in records
            ],
        )

    def known_instances(
        self, connection: Connection, sop_instance_uids: Sequence[str]
    ) -> dict[str, str | None]:
        """Those of the instances that are here, with the SHA-256 of their file where it is known."""
        found: dict[str, str | None] = {}
        for start in range(0, len(sop_instance_uids), IN_ONE_QUERY):
            query = select(instances.c.sop_instance_uid, instances.c.sha256).where(
                instances.c.sop_instance_uid.in_(sop_instance_uids[start : start + IN_ONE_QUERY])
            )
            found |= {row.sop_instance_uid: row.sha256 for row in connection.execute(query)}
        return found

    def set_digest(self, connection: Connection, sop_instance_uid: str, sha256: str, size_bytes: int) -> None:
        """Keep what the file in the archive is, for one that came past us."""
        connection.execute(
            update(instances)
            .where(instances.c.sop_instance_uid == sop_instance_uid)
            .values(sha256=sha256, size_bytes=size_bytes)
        )

    def known_orthanc_ids(self, connection: Connection, orthanc_ids: Sequence[str]) -> set[str]:
        """Those of the archive's identifiers that are here."""
        found: set[str] = set()
        for start in range(0, len(orthanc_ids), IN_ONE_QUERY):
            query = select(instances.c.orthanc_id).where(
                instances.c.orthanc_id.in_(orthanc_ids[start : start + IN_ONE_QUERY])
            )
            found |= set(connection.execute(query).scalars())
        return found

    def expect(
        self,
        connection: Connection,
        sop_instance_uids: Sequence[str],
        institution_id: str,
        user_id: str | None,
    ) -> None:
        """Note that instances are on their way into the archive, and whose: theirs who came first."""
        known = self.expected_among(connection, sop_instance_uids)
        new = [uid for uid in dict.fromkeys(sop_instance_uids) if uid not in known]
        if new:
            connection.execute(
                insert(expected_instances),
                [
                    {"sop_instance_uid": uid, "institution_id": institution_id, "user_id": user_id}
                    for uid in new
                ],
            )

    def expected_among(
        self, connection: Connection, sop_instance_uids: Sequence[str]
    ) -> dict[str, tuple[str, str | None]]:
        """Institution and user who were about to store these instances."""
        found: dict[str, tuple[str, str | None]] = {}
        for start in range(0, len(sop_instance_uids), IN_ONE_QUERY):
            query = select(expected_instances).where(
                expected_instances.c.sop_instance_uid.in_(sop_instance_uids[start : start + IN_ONE_QUERY])
            )
            rows = connection.execute(query)
            found |= {row.sop_instance_uid: (row.institution_id, row.user_id) for row in rows}
        return found

    def study_of_series(self, connection: Connection, series_instance_uid: str) -> str | None:
        """The study whose series this is; None where it is not here."""
        query = select(series.c.study_instance_uid).where(series.c.series_instance_uid == series_instance_uid)
        return connection.execute(query).scalar()

    def has_series(self, connection: Connection, series_instance_uid: str) -> bool:
        query = select(series.c.series_instance_uid).where(
            series.c.series_instance_uid == series_instance_uid
        )
        return connection.execute(query).first() is not None

    def study_has_instance(
        self, connection: Connection, study_instance_uid: str, sop_instance_uid: str
    ) -> bool:
        query = (
            select(instances.c.sop_instance_uid)
            .join(series, instances.c.series_instance_uid == series.c.series_instance_uid)
            .where(
                instances.c.sop_instance_uid == sop_instance_uid,
                series.c.study_instance_uid == study_instance_uid,
            )
        )
        return connection.execute(query).first() is not None

    def find(self, connection: Connection, study_instance_uid: str) -> Study | None:
        row = connection.execute(_JOINED.where(studies.c.study_instance_uid == study_instance_uid)).first()
        return _study(row) if row else None

    def get_for(self, connection: Connection, study_instance_uid: str, user: User) -> Study:
        """The study, or NotFound when it is absent or the user has no part in it."""
        found = self.visible_to(connection, user, only=[study_instance_uid])
        if not found:
            raise NotFound
        self.mark_emergency(connection, study_instance_uid, found[0].institution_id, user)
        return found[0]

    @staticmethod
    def mark_emergency(
        connection: Connection, study_instance_uid: str, institution_id: str, user: User
    ) -> None:
        """Where a guest sees the study by an emergency access, what is written of it says so."""
        if user.institution.id == institution_id and access.sees_own_institution(user):
            return
        opened = access_to_study(connection, study_instance_uid, user.id, utc_now())
        if opened is not None:
            audit_log.mark(EMERGENCY, opened)

    @staticmethod
    def emergency_of(user: User) -> ColumnElement[Any]:
        """The same for queries that join studies: the access's id; NULL where they see it as others do."""
        return _emergency_of(user, _within_a_second())

    def visible_to(
        self,
        connection: Connection,
        user: User,
        *,
        only: Sequence[str] = (),
        patient_id: str | None = None,
        limit: int | None = None,
    ) -> list[Study]:
        """Those of these studies, or of this patient's, that the user may see; the newest first."""
        query = _JOINED.where(self.visible(user)).order_by(studies.c.received_at.desc()).limit(limit)
        if patient_id is not None:
            query = query.where(studies.c.patient_id == patient_id)
        if only or patient_id is None:
            query = query.where(studies.c.study_instance_uid.in_(only))
        return [_study(row) for row in connection.execute(query)]

    def seen_by(
        self, connection: Connection, study_instance_uid: str, users: Collection[User]
    ) -> set[str]:
        """The ids of those for whom `get_for` finds the study. Raises NotFound: it is not there."""
        found = self.by_uids(connection, [study_instance_uid])
        if not found:
            raise NotFound
        about_it = ConsultRepository().of_study(connection, study_instance_uid)
        return {
            user.id
            for user in users
            if (access.sees_own_institution(user) and user.institution.id == found[0].institution_id)
            or any(access.sees_studies_as_guest(user, one) for one in about_it)
        }

    def by_uids(self, connection: Connection, study_instance_uids: Sequence[str]) -> list[Study]:
        """Those that were not deleted, without a look at rights; the newest first."""
        query = _JOINED.where(
            studies.c.study_instance_uid.in_(study_instance_uids), studies.c.deleted_at.is_(None)
        ).order_by(studies.c.received_at.desc(), studies.c.study_instance_uid.desc())
        return [_study(row) for row in connection.execute(query)]

    def others_of_patient(self, connection: Connection, study: Study, user: User) -> list[Study]:
        """The patient's other studies that the user has a part in, also under a merged number."""
        person = func.coalesce(patients.c.merged_into, patients.c.id)
        wanted = connection.execute(select(person).where(patients.c.id == study.patient.id)).scalar()
        query = _JOINED.where(
            person == wanted,
            studies.c.study_instance_uid != study.study_instance_uid,
            self.visible(user),
        )
        return [_study(row) for row in connection.execute(query)]

    def visible(self, user: User) -> ColumnElement[bool]:
        """What holds for the studies that `visible_to` finds, for other queries that join them."""
        return _visible_to(user, _within_a_second())

    def series_summaries(
        self, connection: Connection, study_instance_uids: Sequence[str]
    ) -> dict[str, list[SeriesSummary]]:
        """Of each study its series with images, counted by the database: a list needs no more of them."""
        result: dict[str, list[SeriesSummary]] = {uid: [] for uid in study_instance_uids}
        count = _image_count()
        rows = connection.execute(
            select(series, count.label("images"))
            .where(series.c.study_instance_uid.in_(study_instance_uids))
            .order_by(series.c.series_number, series.c.series_instance_uid)
        )
        for row in rows:
            if row.images:
                result[row.study_instance_uid].append(
                    SeriesSummary(row.modality, row.verdict, row.reasons, row.images)
                )
        return result

    def series_of(
        self, connection: Connection, study_instance_uids: Sequence[str]
    ) -> dict[str, list[SeriesRecord]]:
        """Image series of the studies with their instances in slice order."""
        by_series = _images(
            connection,
            select(instances)
            .join(series, instances.c.series_instance_uid == series.c.series_instance_uid)
            .where(series.c.study_instance_uid.in_(study_instance_uids)),
        )
        result: dict[str, list[SeriesRecord]] = {uid: [] for uid in study_instance_uids}
        for row in connection.execute(
            select(series)
            .where(series.c.study_instance_uid.in_(study_instance_uids))
            .order_by(series.c.series_number, series.c.series_instance_uid)
        ):
            members = by_series.get(row.series_instance_uid)
            if members:
                result[row.study_instance_uid].append(_series(row, members))
        return result

    def progress(self, connection: Connection, study_instance_uid: str) -> list[tuple[str, int, int | None]]:
        """Of each series of the study: its UID, how many images are here, and how many were announced."""
        rows = connection.execute(
            select(series.c.series_instance_uid, _image_count(), series.c.expected_count).where(
                series.c.study_instance_uid == study_instance_uid
            )
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def growing(self, connection: Connection) -> list[GrowingSeries]:
        """Series that the gate has not seen since their last arrival."""
        rows = connection.execute(
            select(
                series.c.study_instance_uid,
                series.c.series_instance_uid,
                series.c.last_arrival_at,
                _image_count(),
                series.c.expected_count,
            )
            .join(studies, studies.c.study_instance_uid == series.c.study_instance_uid)
            .where(series.c.verdict.is_(None), studies.c.tier == "archive")
        )
        return [GrowingSeries(*row) for row in rows]

    def arriving(self, connection: Connection, fewest_images: int) -> dict[str, tuple[str, int]]:
        """CT series that the gate has not seen since their last arrival: their study, and how many images."""
        count = _image_count()
        rows = connection.execute(
            select(series.c.series_instance_uid, series.c.study_instance_uid, count.label("images"))
            .join(studies, studies.c.study_instance_uid == series.c.study_instance_uid)
            .where(
                series.c.verdict.is_(None),
                series.c.modality == "CT",
                studies.c.tier == "archive",
                studies.c.deleted_at.is_(None),
                count >= fewest_images,
            )
        )
        return {row.series_instance_uid: (row.study_instance_uid, row.images) for row in rows}

    def set_verdict(
        self, connection: Connection, verdict: SeriesVerdict, image_count: int, at: datetime
    ) -> bool:
        """Close the series with what the gate said of it. False: it grew meanwhile, and stays open."""
        closed = connection.execute(
            update(series)
            .where(
                series.c.series_instance_uid == verdict.series_instance_uid,
                _image_count() == image_count,
            )
            .values(
                verdict=verdict.verdict,
                model=verdict.model,
                reasons=[reason.to_json() for reason in verdict.reasons],
                facts=verdict.facts.to_json(),
                completed_at=at,
                completed_count=image_count,
            )
        )
        return closed.rowcount == 1


def _within_a_second() -> datetime:
    return (utc_now() + timedelta(seconds=1)).replace(microsecond=0)


@lru_cache(maxsize=256)
def _visible_to(user: User, at: datetime) -> ColumnElement[bool]:
    """Kept, since a page asks fifty times within a second, and to put the question together takes longer than
    to answer it. By whole seconds, the next one: what ends in time ends up to a second early, and what was
    granted a moment ago holds.
    """
    shared = _shared_with(user, at)
    there = studies.c.deleted_at.is_(None)
    if access.sees_own_institution(user):
        return and_(there, or_(studies.c.institution_id == user.institution.id, shared))
    return and_(there, shared)


@lru_cache(maxsize=256)
def _emergency_of(user: User, at: datetime) -> ColumnElement[Any]:
    """Kept for the same reason."""
    by_emergency = by_emergency_to_study(studies.c.study_instance_uid, user.id, at)
    if not access.sees_own_institution(user):
        return by_emergency
    return case((studies.c.institution_id == user.institution.id, null()), else_=by_emergency)


def _shared_with(user: User, at: datetime) -> ColumnElement[bool]:
    """Whether a consult lets the user see the study of the outer query, whosoever it is."""
    return (
        select(consult_studies.c.consult_id)
        .join(consults, consults.c.id == consult_studies.c.consult_id)
        .where(
            consult_studies.c.study_instance_uid == studies.c.study_instance_uid,
            consults.c.status.not_in(access.NO_LONGER_SHARED),
            or_(
                consults.c.specialist_id == user.id,
                and_(
                    consults.c.status.in_(access.WAITING),
                    wants(user.specialty if user.roles & access.READERS else None),
                    is_offered_to(user.institution.id, at),
                ),
                consults.c.id.in_(panels_of(user, at)),
                and_(
                    consults.c.status.not_in(access.NEVER_OPENED),
                    consults.c.id.in_(consults_open_to(user.id, at)),
                    is_offered_to(user.institution.id, at),
                    literal(access.may_open_in_emergency(user)),
                ),
            ),
        )
        .correlate(studies)
        .exists()
    )


def new_patient(
    institution_id: str, patient_id: str, name: str, birth_date: str | None, sex: str | None
) -> Patient:
    return Patient(str(uuid4()), institution_id, patient_id, name, birth_date, sex)


def places_of(connection: Connection, series_uids: Collection[str]) -> dict[str, tuple[int, int]]:
    """By SOP Instance UID, of each image of these series: its place in slice order from 1, of how many."""
    of_them = select(instances).where(instances.c.series_instance_uid.in_(series_uids))
    return {
        one.sop_instance_uid: (place, len(members))
        for members in _images(connection, of_them).values()
        for place, one in enumerate(slice_order(members), start=1)
    }


def slice_order(records: Iterable[InstanceRecord]) -> list[InstanceRecord]:
    """Along the slice normal where positions are known, else by instance number, else by UID."""
    return sorted(
        records,
        key=lambda r: (
            r.position_mm is None,
            r.position_mm or 0.0,
            r.instance_number is None,
            r.instance_number or 0,
            r.sop_instance_uid,
        ),
    )


def _image_count() -> ScalarSelect[int]:
    """How many images the series of the outer query has."""
    return (
        select(func.count())
        .select_from(instances)
        .where(instances.c.series_instance_uid == series.c.series_instance_uid, instances.c.is_image)
        .correlate(series)
        .scalar_subquery()
    )


def _patient(row: Row[Any]) -> Patient:
    return Patient(row.id, row.institution_id, row.patient_id, row.name, row.birth_date, row.sex)


def _study(row: Row[Any]) -> Study:
    return Study(
        study_instance_uid=row.study_instance_uid,
        patient=Patient(row.patient_id, row.institution_id, row.mrn, row.name, row.birth_date, row.sex),
        institution_id=row.institution_id,
        study_date=row.study_date,
        study_description=row.study_description,
        uploaded_by_id=row.uploaded_by,
        received_at=row.received_at,
        accession_number=row.accession_number,
        tier=row.tier,
        deleted_at=row.deleted_at,
    )


def _images(connection: Connection, query: Select[Any]) -> dict[str, list[InstanceRecord]]:
    """Those of the queried instances that are images, by series."""
    by_series: dict[str, list[InstanceRecord]] = {}
    for row in connection.execute(query.where(instances.c.is_image)):
        by_series.setdefault(row.series_instance_uid, []).append(
            InstanceRecord(
                row.sop_instance_uid,
                row.sop_class_uid,
                row.orthanc_id,
                row.instance_number,
                row.position_mm,
                row.number_of_frames,
                row.is_image,
            )
        )
    return by_series


def _series(row: Row[Any], members: list[InstanceRecord]) -> SeriesRecord:
    return SeriesRecord(
        series_instance_uid=row.series_instance_uid,
        study_instance_uid=row.study_instance_uid,
        modality=row.modality,
        series_number=row.series_number,
        description=row.description,
        body_part=row.body_part,
        verdict=row.verdict,
        model=row.model,
        reasons=row.reasons,
        instances=tuple(slice_order(members)),
        facts=row.facts,
    )
