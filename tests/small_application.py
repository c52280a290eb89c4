"""The repositories of the application on a database alone, and an institution with people and one consult."""

from datetime import UTC, datetime
from types import SimpleNamespace

from sqlalchemy import insert

from signaling.recorder.kept_recordings import Recording, RecordingStatus, RetentionClass
from storage.database import Database
from storage.tables import consults, patients
from teleconsult.consults.consult import Status
from teleconsult.consults.repository import ConsultRepository
from teleconsult.escalation.ladder import USUAL
from teleconsult.notifications.repository import NotificationRepository
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role, User

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PEOPLE = {
    "asks": (Role.GRASSROOTS_CLINICIAN, None),
    "li": (Role.SPECIALIST, "radiology"),
    "wang": (Role.RADIOLOGIST, "radiology"),
    "coordinator": (Role.COORDINATOR, None),
    "general": (Role.SPECIALIST, "general"),
    "heart": (Role.SPECIALIST, "cardiology"),
    "boss": (Role.ADMINISTRATOR, None),
}


class Parts:
    """What steps of a consult use of the application; two of them are two processes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.consults, self.users = ConsultRepository(), UserRepository(database)
        self.notifications = NotificationRepository([])
        self.settings = SimpleNamespace(ladders=USUAL)
        self.published: list[dict[str, str]] = []

    def publish(self, event: dict[str, str]) -> None:
        self.published.append(event)


def recording_begun(retention_class: RetentionClass) -> Recording:
    """Of the consult of `people_with_a_consult`, by who asks for it."""
    return Recording(
        id="r",
        consult_id="c",
        status=RecordingStatus.RECORDING,
        started_by="asks",
        started_at=NOON,
        ended_at=None,
        answers=(),
        retention_class=retention_class,
    )


def people_with_a_consult(parts: Parts, status: Status, specialist: str | None = None) -> dict[str, User]:
    """One institution, in which `asks` has submitted the emergency consult `c` at noon."""
    with parts.database.transaction() as connection:
        place = parts.users.add_institution(connection, "A", "甲")
        for name, (role, specialty) in PEOPLE.items():
            parts.users.add(
                connection,
                username=name,
                display_name=name,
                roles=[role],
                institution=place,
                specialty=specialty,
                password="x",
            )
        found = {name: parts.users.find(connection, name) for name in PEOPLE}
        known = {name: user for name, user in found.items() if user is not None}
        connection.execute(
            insert(patients).values(id="p", institution_id=place.id, patient_id="1", name="A^B")
        )
        connection.execute(
            insert(consults).values(
                id="c",
                status=status,
                version=1,
                patient_id="p",
                question="?",
                urgency="emergency",
                specialty="radiology",
                legal_role="consultation",
                requested_by=known["asks"].id,
                specialist_id=known[specialist].id if specialist else None,
                inviting_institution_id=place.id,
                created_at=NOON,
                history=[],
            )
        )
    return known
