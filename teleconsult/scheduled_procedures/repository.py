"""Planned examinations in the database."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from storage import audit_log
from storage.tables import scheduled_procedures
from teleconsult.errors import NotFound
from teleconsult.scheduled_procedures.scheduled_procedure import (
    ProcedureEvent,
    ProcedureStatus,
    ScheduledProcedure,
)

SHOWN_FOR = timedelta(days=30)  # after their time; then they are history
AT_MOST = 2_000


class ScheduledProcedureRepository:
    def add(self, connection: Connection, planned: ScheduledProcedure) -> None:
        connection.execute(
            insert(scheduled_procedures).values(
                id=planned.id,
                institution_id=planned.institution_id,
                patient_id=planned.patient_id,
                patient_name=planned.patient_name,
                patient_birth_date=planned.patient_birth_date,
                patient_sex=planned.patient_sex,
                accession_number=planned.accession_number,
                # One step for each procedure: the accession number names all three (PS3.4 table K.6-1).
                requested_procedure_id=planned.accession_number,
                scheduled_procedure_step_id=planned.accession_number,
                study_instance_uid=planned.study_instance_uid,
                procedure_description=planned.procedure_description,
                modality=planned.modality,
                scheduled_station_ae_title=planned.scheduled_station_ae_title,
                scheduled_at=planned.scheduled_at,
                performing_physician_name=planned.performing_physician_name,
                status=planned.status,
                created_by=planned.created_by,
                created_at=planned.created_at,
            )
        )

    def has_accession_number(self, connection: Connection, institution_id: str, number: str) -> bool:
        query = select(scheduled_procedures.c.id).where(
            scheduled_procedures.c.institution_id == institution_id,
            scheduled_procedures.c.accession_number == number,
        )
        return connection.execute(query).first() is not None

    def get_of(self, connection: Connection, procedure_id: str, institution_id: str) -> ScheduledProcedure:
        """Raises NotFound, also for another institution's."""
        row = connection.execute(
            select(scheduled_procedures).where(
                scheduled_procedures.c.id == procedure_id,
                scheduled_procedures.c.institution_id == institution_id,
            )
        ).first()
        if row is None:
            raise NotFound
        return _procedure(row)

    def recent_of(
        self, connection: Connection, institution_id: str, at: datetime, only: ProcedureStatus | None = None
    ) -> list[ScheduledProcedure]:
        """From a month ago on, in the order of their times."""
        query = select(scheduled_procedures).where(
            scheduled_procedures.c.institution_id == institution_id,
            scheduled_procedures.c.scheduled_at > at - SHOWN_FOR,
        )
        if only is not None:
            query = query.where(scheduled_procedures.c.status == only)
        rows = connection.execute(query.order_by(scheduled_procedures.c.scheduled_at).limit(AT_MOST))
        return [_procedure(row) for row in rows]

    def save(self, connection: Connection, planned: ScheduledProcedure) -> None:
        connection.execute(
            update(scheduled_procedures)
            .where(scheduled_procedures.c.id == planned.id)
            .values(status=planned.status)
        )

    def complete_with(
        self,
        connection: Connection,
        institution_id: str,
        at: datetime,
        *,
        study_instance_uid: str,
        patient_id: str,
        accession_number: str,
    ) -> None:
        """A study has arrived: what it was planned as is done.

        It is known by its Study Instance UID, or, from scanners that make their own, by accession number
        and patient.
        """
        by_uid = scheduled_procedures.c.study_instance_uid == study_instance_uid
        by_number = and_(
            scheduled_procedures.c.accession_number == accession_number,
            scheduled_procedures.c.patient_id == patient_id,
        )
        rows = connection.execute(
            select(scheduled_procedures).where(
                scheduled_procedures.c.institution_id == institution_id,
                scheduled_procedures.c.status == ProcedureStatus.SCHEDULED,
                or_(by_uid, by_number) if accession_number else by_uid,
            )
        ).all()
        for row in rows:
            self.save(connection, _procedure(row).apply(ProcedureEvent.STUDY_ARRIVED))
            audit_log.record(
                connection,
                at=at,
                actor="system",
                action="scheduled-procedure-completed",
                subject=f"scheduled-procedure/{row.id}",
                details={"study_instance_uid": study_instance_uid},
            )


def _procedure(row: Row[Any]) -> ScheduledProcedure:
    return ScheduledProcedure(
        id=row.id,
        institution_id=row.institution_id,
        patient_id=row.patient_id,
        patient_name=row.patient_name,
        patient_birth_date=row.patient_birth_date,
        patient_sex=row.patient_sex,
        accession_number=row.accession_number,
        study_instance_uid=row.study_instance_uid,
        procedure_description=row.procedure_description,
        modality=row.modality,
        scheduled_station_ae_title=row.scheduled_station_ae_title,
        scheduled_at=row.scheduled_at,
        performing_physician_name=row.performing_physician_name,
        status=ProcedureStatus(row.status),
        created_by=row.created_by,
        created_at=row.created_at,
    )
