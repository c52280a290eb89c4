"""Findings and decisions in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from imaging.finding import Finding
from storage.errors import StaleVersion
from storage.tables import edit_in_force, finding_edits, findings
from teleconsult.errors import IllegalTransition, NotFound
from teleconsult.findings.finding_record import TRANSITIONS, DecisionStatus, FindingRecord
from teleconsult.studies.repository import StudyRepository
from teleconsult.users.user import User


class FindingRepository:
    def get(self, connection: Connection, finding_id: str) -> FindingRecord:
        row = connection.execute(_records().where(findings.c.id == finding_id)).first()
        if row is None:
            raise NotFound
        return _record(row)

    def get_for(self, connection: Connection, finding_id: str, user: User) -> FindingRecord:
        """Raises NotFound, also for who has no part in its study."""
        row = connection.execute(_records().where(findings.c.id == finding_id)).first()
        # Of one that is not there the same is asked, so that it takes as long as one of others.
        StudyRepository().get_for(connection, row.study_instance_uid if row else "", user)
        assert row is not None
        return _record(row)

    def of_studies(self, connection: Connection, study_instance_uids: Sequence[str]) -> list[FindingRecord]:
        """The findings of the studies, the most probable first."""
        rows = connection.execute(
            _records().where(findings.c.study_instance_uid.in_(study_instance_uids))
        )
        return sorted((_record(row) for row in rows), key=lambda r: (-r.finding.probability, r.id))

    def counts(
        self, connection: Connection, study_instance_uids: Sequence[str]
    ) -> dict[str, tuple[int, int]]:
        """For each study: how many findings, and how many of them nobody decided on."""
        result = {uid: (0, 0) for uid in study_instance_uids}
        rows = connection.execute(
            select(findings.c.study_instance_uid, findings.c.status, func.count().label("n"))
            .where(findings.c.study_instance_uid.in_(study_instance_uids))
            .group_by(findings.c.study_instance_uid, findings.c.status)
        )
        for row in rows:
            total, undecided = result[row.study_instance_uid]
            open_ones = row.n if row.status == DecisionStatus.PRELIMINARY else 0
            result[row.study_instance_uid] = (total + row.n, undecided + open_ones)
        return result

    def decide(
        self,
        connection: Connection,
        finding_id: str,
        status: DecisionStatus,
        *,
        user_id: str,
        reason: str | None,
        version: int,
        at: datetime,
        edited: Finding | None = None,
    ) -> FindingRecord:
        """Set a decision. Raises StaleVersion when another was made since `version` was read.

        Args:
            edited: what a reader made of the finding, with status EDITED and no other.
        """
        assert (edited is not None) == (status is DecisionStatus.EDITED)
        record = self.get(connection, finding_id)
        if record.version != version:
            raise StaleVersion(finding_id)
        if status not in TRANSITIONS[record.status]:
            raise IllegalTransition(status, record.status, sorted(TRANSITIONS[record.status]))
        undone = status is DecisionStatus.PRELIMINARY
        connection.execute(
            update(findings)
            .where(findings.c.id == finding_id, findings.c.version == version)
            .values(
                status=status,
                decided_by=None if undone else user_id,
                decided_at=None if undone else at,
                decision_reason=None if undone else reason,
                version=version + 1,
            )
        )
        if edited is not None:
            connection.execute(
                insert(finding_edits).values(
                    finding_id=finding_id,
                    version=version + 1,
                    record=edited.to_json(),
                    edited_by=user_id,
                    edited_at=at,
                )
            )
        return self.get(connection, finding_id)


def _records() -> Select[Any]:
    """Findings, each with the edit that is in force."""
    return select(findings, finding_edits.c.record.label("edit")).outerjoin(finding_edits, edit_in_force)


def _record(row: Row[Any]) -> FindingRecord:
    by_model = Finding.from_json(row.record)
    return FindingRecord(
        id=row.id,
        finding=by_model if row.edit is None else Finding.from_json(row.edit),
        status=DecisionStatus(row.status),
        decided_by_id=row.decided_by,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
        version=row.version,
        by_model=None if row.edit is None else by_model,
    )
