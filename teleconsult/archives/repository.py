"""Archives of other hospitals and retrievals in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    null,
    or_,
    select,
    update,
)

from storage.tables import prior_searches, remote_archives, retrievals, series, studies
from teleconsult.archives.archive import Archive
from teleconsult.archives.priors import PriorRule
from teleconsult.archives.retrieval import (
    HELD_AT_MOST,
    OPEN,
    TRANSITIONS,
    Retrieval,
    RetrievalEvent,
    RetrievalStatus,
)
from teleconsult.errors import IllegalTransition, NotFound

SHOWN_AT_MOST = 50
SEARCHES_AT_ONCE = 5


class ArchiveRepository:
    def add(
        self, connection: Connection, institution_id: str, values: Mapping[str, Any], at: datetime
    ) -> Archive:
        archive_id = str(uuid4())
        connection.execute(
            insert(remote_archives).values(
                id=archive_id, institution_id=institution_id, created_at=at, **values
            )
        )
        return self.get_of(connection, archive_id, institution_id)

    def change(self, connection: Connection, archive: Archive, values: Mapping[str, Any]) -> Archive:
        connection.execute(
            update(remote_archives).where(remote_archives.c.id == archive.id).values(**values)
        )
        return self.get_of(connection, archive.id, archive.institution_id)

    def remove(self, connection: Connection, archive: Archive) -> None:
        """The archive goes, and with it the list of what was fetched; the studies stay."""
        connection.execute(delete(prior_searches).where(prior_searches.c.archive_id == archive.id))
        connection.execute(delete(retrievals).where(retrievals.c.archive_id == archive.id))
        connection.execute(delete(remote_archives).where(remote_archives.c.id == archive.id))

    def get_of(self, connection: Connection, archive_id: str, institution_id: str) -> Archive:
        """Raises NotFound, also for another institution's."""
        row = connection.execute(
            select(remote_archives).where(
                remote_archives.c.id == archive_id, remote_archives.c.institution_id == institution_id
            )
        ).first()
        if row is None:
            raise NotFound
        return _archive(row)

    def of_institution(self, connection: Connection, institution_id: str) -> list[Archive]:
        rows = connection.execute(
            select(remote_archives)
            .where(remote_archives.c.institution_id == institution_id)
            .order_by(remote_archives.c.name)
        )
        return [_archive(row) for row in rows]

    def calling(self, connection: Connection, ae_title: str) -> list[Archive]:
        """Archives that may send to our gateway under this AE title: a C-MOVE's answer comes so."""
        rows = connection.execute(
            select(remote_archives).where(
                remote_archives.c.kind == "dimse", remote_archives.c.ae_title == ae_title
            )
        )
        return [_archive(row) for row in rows]

    def request(
        self,
        connection: Connection,
        archive: Archive,
        study_instance_uid: str,
        at: datetime,
        *,
        study_description: str | None = None,
        expected_count: int | None = None,
        user_id: str | None = None,
        prior_of: str | None = None,
    ) -> Retrieval:
        """Ask for a study; one that is being fetched is not asked for twice."""
        row = connection.execute(
            select(retrievals).where(
                retrievals.c.archive_id == archive.id,
                retrievals.c.study_instance_uid == study_instance_uid,
            )
        ).first()
        if row is not None:
            known = _retrieval(row)
            if known.status in OPEN:
                return known
            return self.step(
                connection,
                known,
                RetrievalEvent.ASKED_AGAIN,
                attempts=0,
                received_count=0,
                reason=None,
                requested_by=user_id,
                lease_expires_at=None,
                finished_at=None,
            )
        retrieval_id = str(uuid4())
        connection.execute(
            insert(retrievals).values(
                id=retrieval_id,
                archive_id=archive.id,
                institution_id=archive.institution_id,
                study_instance_uid=study_instance_uid,
                study_description=study_description,
                requested_by=user_id,
                prior_of=prior_of,
                status=RetrievalStatus.REQUESTED,
                attempts=0,
                expected_count=expected_count,
                received_count=0,
                created_at=at,
            )
        )
        return self.get(connection, retrieval_id)

    def get(self, connection: Connection, retrieval_id: str) -> Retrieval:
        row = connection.execute(select(retrievals).where(retrievals.c.id == retrieval_id)).first()
        if row is None:
            raise NotFound
        return _retrieval(row)

    def recent(self, connection: Connection, institution_id: str) -> list[Retrieval]:
        rows = connection.execute(
            select(retrievals)
            .where(retrievals.c.institution_id == institution_id)
            .order_by(retrievals.c.created_at.desc())
            .limit(SHOWN_AT_MOST)
        )
        return [_retrieval(row) for row in rows]

    def asked_for(self, connection: Connection, institution_id: str) -> Select[str]:
        """The studies that were fetched, or are to be."""
        return select(retrievals.c.study_instance_uid).where(retrievals.c.institution_id == institution_id)

    def known_among(
        self, connection: Connection, institution_id: str, study_instance_uids: Sequence[str]
    ) -> set[str]:
        """Studies that are here, whosever they are, or that the institution asked for already."""
        here = select(studies.c.study_instance_uid).where(
            studies.c.study_instance_uid.in_(study_instance_uids)
        )
        asked = self.asked_for(connection, institution_id).where(
            retrievals.c.study_instance_uid.in_(study_instance_uids)
        )
        return set(connection.execute(here).scalars()) | set(connection.execute(asked).scalars())

    def without_prior_search(
        self, connection: Connection, since: datetime, at: datetime
    ) -> list[tuple[str, str, str]]:
        """Archive, institution and study of prior searches that are due.

        A study asks once it is complete, and only if it was not fetched itself: rules do not chain.
        """
        has_images = exists().where(
            series.c.study_instance_uid == studies.c.study_instance_uid, series.c.completed_at.is_not(None)
        )
        is_growing = exists().where(
            series.c.study_instance_uid == studies.c.study_instance_uid, series.c.verdict.is_(None)
        )
        was_fetched = exists().where(
            retrievals.c.study_instance_uid == studies.c.study_instance_uid,
            retrievals.c.institution_id == studies.c.institution_id,
        )
        is_settled = exists().where(
            prior_searches.c.archive_id == remote_archives.c.id,
            prior_searches.c.study_instance_uid == studies.c.study_instance_uid,
            or_(prior_searches.c.next_at.is_(None), prior_searches.c.next_at > at),
        )
        rows = connection.execute(
            select(remote_archives.c.id, remote_archives.c.institution_id, studies.c.study_instance_uid)
            .join(studies, studies.c.institution_id == remote_archives.c.institution_id)
            .where(
                remote_archives.c.prior_rule.is_not(null()),
                studies.c.deleted_at.is_(None),
                studies.c.received_at > since,
                studies.c.received_at >= remote_archives.c.created_at,
                has_images,
                ~is_growing,
                ~was_fetched,
                ~is_settled,
            )
            .order_by(studies.c.received_at)
            .limit(SEARCHES_AT_ONCE)
        )
        return [(row.id, row.institution_id, row.study_instance_uid) for row in rows]

    def searched(
        self, connection: Connection, archive_id: str, study_instance_uid: str, pauses: Sequence[timedelta],
        at: datetime, *, answered: bool,
    ) -> None:
        """Note a search for priors: it is done, or due again after the next pause while there is one."""
        this = and_(
            prior_searches.c.archive_id == archive_id,
            prior_searches.c.study_instance_uid == study_instance_uid,
        )
        attempts = connection.execute(select(prior_searches.c.attempts).where(this)).scalar() or 0
        over = answered or attempts >= len(pauses)
        values = {"attempts": attempts + 1, "next_at": None if over else at + pauses[attempts]}
        if attempts:
            connection.execute(update(prior_searches).where(this).values(**values))
        else:
            connection.execute(
                insert(prior_searches).values(
                    archive_id=archive_id, study_instance_uid=study_instance_uid, **values
                )
            )

    def lease_next(self, connection: Connection, at: datetime, lease: timedelta) -> Retrieval | None:
        """Take a retrieval that waits, or whose worker died; one at a time for each archive."""
        until = retrievals.c.lease_expires_at
        is_held = and_(until > at, until <= at + HELD_AT_MOST)
        busy = (
            select(retrievals.c.archive_id)
            .where(retrievals.c.status == RetrievalStatus.IN_PROGRESS, is_held)
            .scalar_subquery()
        )
        row = connection.execute(
            select(retrievals)
            .where(
                or_(
                    and_(retrievals.c.status == RetrievalStatus.REQUESTED, or_(until.is_(None), ~is_held)),
                    and_(retrievals.c.status == RetrievalStatus.IN_PROGRESS, ~is_held),
                ),
                retrievals.c.archive_id.not_in(busy),
            )
            .order_by(retrievals.c.created_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if row is None:
            return None
        found = _retrieval(row)
        return self.step(
            connection, found, RetrievalEvent.LEASED, attempts=found.attempts + 1, lease_expires_at=at + lease
        )

    def renew(
        self,
        connection: Connection,
        retrieval: Retrieval,
        until: datetime,
        received: int,
        expected: int | None,
        description: str | None,
    ) -> bool:
        """Keep the lease and note how far it is. False: it was called off, or somebody else has it."""
        changed = connection.execute(
            update(retrievals)
            .where(
                retrievals.c.id == retrieval.id,
                retrievals.c.status == RetrievalStatus.IN_PROGRESS,
                retrievals.c.attempts == retrieval.attempts,
            )
            .values(
                received_count=received,
                expected_count=func.coalesce(expected, retrievals.c.expected_count),
                study_description=func.coalesce(description, retrievals.c.study_description),
                lease_expires_at=until,
            )
        )
        return changed.rowcount == 1

    def step(
        self, connection: Connection, retrieval: Retrieval, event: RetrievalEvent, **values: Any
    ) -> Retrieval:
        """Raises IllegalTransition where the table has no such step."""
        possible = TRANSITIONS[retrieval.status]
        if event not in possible:
            raise IllegalTransition(event, retrieval.status, possible)
        connection.execute(
            update(retrievals)
            .where(retrievals.c.id == retrieval.id)
            .values(status=possible[event], **values)
        )
        return self.get(connection, retrieval.id)


def _archive(row: Row[Any]) -> Archive:
    return Archive(
        id=row.id,
        institution_id=row.institution_id,
        name=row.name,
        kind=row.kind,
        ae_title=row.ae_title,
        host=row.host,
        port=row.port,
        retrieve_by=row.retrieve_by,
        url=row.url,
        username=row.username,
        password_file=row.password_file,
        prior_rule=PriorRule.model_validate(row.prior_rule) if row.prior_rule else None,
        created_at=row.created_at,
    )


def _retrieval(row: Row[Any]) -> Retrieval:
    return Retrieval(
        id=row.id,
        archive_id=row.archive_id,
        institution_id=row.institution_id,
        study_instance_uid=row.study_instance_uid,
        study_description=row.study_description,
        requested_by_id=row.requested_by,
        prior_of=row.prior_of,
        status=RetrievalStatus(row.status),
        attempts=row.attempts,
        expected_count=row.expected_count,
        received_count=row.received_count,
        reason=row.reason,
        created_at=row.created_at,
        lease_expires_at=row.lease_expires_at,
        finished_at=row.finished_at,
    )
