"""Which study AI reads first: what a consult that waits for it, or the scanner's order, calls urgent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pydicom import Dataset
from sqlalchemy import Connection, select

from inference.inference_job import Priority
from inference.repository import JobRepository
from storage.database import Database
from storage.tables import consult_studies, consults
from teleconsult.consults.consult import Status, Urgency

PRIORITIES: Final[Mapping[Urgency, Priority]] = {
    Urgency.ROUTINE: Priority.ROUTINE,
    Urgency.URGENT: Priority.URGENT,
    Urgency.EMERGENCY: Priority.EMERGENCY,
}
# Requested Procedure Priority (0040,1003), PS3.3 table C.4-11: STAT, HIGH, ROUTINE, MEDIUM, LOW.
ORDERED: Final[Mapping[str, Priority]] = {"STAT": Priority.EMERGENCY, "HIGH": Priority.URGENT}
# In a draft nobody has asked for anything yet; after the report nobody waits.
STILL_WAITING: Final = (
    Status.REQUESTED,
    Status.RETURNED,
    Status.ACCEPTED,
    Status.SCHEDULED,
    Status.IN_PROGRESS,
    Status.ON_HOLD,
    Status.REPORTING,
)


def priority_of(connection: Connection, study_instance_uid: str, headers: Iterable[Dataset] = ()) -> Priority:
    """Return how urgent the study is, by the consults that wait for it and by its own headers."""
    ordered = (str(ds.get("RequestedProcedurePriority") or "").strip().upper() for ds in headers)
    asked = (ORDERED.get(word, Priority.ROUTINE) for word in ordered)
    return max(
        _by_consults(connection, [study_instance_uid]).get(study_instance_uid, Priority.ROUTINE),
        *asked,
        Priority.ROUTINE,
    )


def put_urgent_first(database: Database, jobs: JobRepository) -> None:
    """Raise jobs that wait to the urgency of the consults that wait for them. It lowers none."""
    with database.reading() as connection:
        waiting = jobs.studies_waiting(connection)
        asked = _by_consults(connection, sorted(waiting))
    raised = {uid: priority for uid, priority in asked.items() if priority > waiting[uid]}
    if raised:
        with database.transaction() as connection:
            for uid, priority in raised.items():
                jobs.set_priority(connection, [uid], priority)


def _by_consults(connection: Connection, study_instance_uids: Sequence[str]) -> dict[str, Priority]:
    if not study_instance_uids:
        return {}
    rows = connection.execute(
        select(consult_studies.c.study_instance_uid, consults.c.urgency)
        .join(consults, consults.c.id == consult_studies.c.consult_id)
        .where(
            consult_studies.c.study_instance_uid.in_(study_instance_uids),
            consults.c.status.in_(STILL_WAITING),
        )
    )
    found: dict[str, Priority] = {}
    for row in rows:
        priority = PRIORITIES[Urgency(row.urgency)]
        found[row.study_instance_uid] = max(priority, found.get(row.study_instance_uid, priority))
    return found
