"""Appointments, with several processes at once: on both real databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from sqlalchemy import insert, select

from signaling.room_orders import RoomOrders
from storage.database import Database
from storage.errors import StaleVersion
from storage.tables import consults, held_times, patients
from teleconsult.consults.consult import Event, Status
from teleconsult.consults.repository import ConsultRepository
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import NotFound, SlotTaken
from teleconsult.notifications.repository import NotificationRepository
from teleconsult.scheduling.appointment import Appointment
from teleconsult.scheduling.availability import Availability, Hours
from teleconsult.scheduling.repository import AppointmentRepository
from teleconsult.scheduling.timekeeping import keep_time
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role
from tests.at_once import at_once

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HALF = timedelta(minutes=30)
appointments = AppointmentRepository()


class Parts:
    """What the timekeeping uses of the application, with the events it published."""

    def __init__(self, database: Database) -> None:
        self.database, self.consults = database, ConsultRepository()
        self.users, self.notifications = UserRepository(database), NotificationRepository([])
        self.published: list[dict[str, str]] = []
        self.rooms = self
        self.rooms_over: list[str] = []

    def order(self, room_id: str, orders: RoomOrders) -> None:
        if orders.over:
            self.rooms_over.append(room_id)

    def publish(self, event: dict[str, str]) -> None:
        self.published.append(event)


@pytest.fixture
def user_id(database: Database) -> str:
    """The specialist of three planned consults, `c0` to `c2`; for simplicity also who asked."""
    users = UserRepository(database)
    with database.transaction() as connection:
        place = users.add_institution(connection, "A", "A")
        users.add(
            connection,
            username="u",
            display_name="U",
            roles=[Role.SPECIALIST],
            institution=place,
            specialty="radiology",
            password="x",
        )
        user = users.find(connection, "u")
        assert user is not None
        connection.execute(
            insert(patients).values(id="p", institution_id=place.id, patient_id="1", name="A^B")
        )
        for n in range(3):
            connection.execute(
                insert(consults).values(
                    id=f"c{n}",
                    status=Status.SCHEDULED,
                    version=1,
                    patient_id="p",
                    question="?",
                    urgency="routine",
                    specialty="radiology",
                    legal_role="consultation",
                    requested_by=user.id,
                    inviting_institution_id=place.id,
                    specialist_id=user.id,
                    created_at=NOON,
                    history=[],
                )
            )
    return user.id


def an_appointment(user_id: str, n: int, starts_at: datetime = NOON, minutes: int = 30) -> Appointment:
    return Appointment(
        consult_id=f"c{n}",
        specialist_id=user_id,
        booked_by_id=user_id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        specialist_time_zone="Asia/Shanghai",
        inviting_time_zone="Asia/Urumqi",
        sequence=0,
        changed_at=NOON - timedelta(days=2),
    )


def test_of_two_who_book_overlapping_times_at_once_one_wins(database: Database, user_id: str) -> None:
    def book(appointment: Appointment) -> str:
        with database.transaction() as connection:
            appointments.book(connection, appointment)
        return appointment.consult_id

    outcomes = at_once(
        SlotTaken,
        lambda: book(an_appointment(user_id, 0)),
        lambda: book(an_appointment(user_id, 1, NOON + timedelta(minutes=10), 45)),
    )
    assert sorted(type(one) for one in outcomes if not isinstance(one, str)) == [SlotTaken]
    assert book(an_appointment(user_id, 2, NOON - HALF)) == "c2"  # ends as the other begins, or before


def test_a_moved_or_called_off_appointment_frees_its_time(database: Database, user_id: str) -> None:
    with database.transaction() as connection:
        first = an_appointment(user_id, 0)
        appointments.book(connection, first)
        appointments.book(connection, replace(first, starts_at=NOON + HALF, ends_at=NOON + 2 * HALF))
        appointments.book(connection, an_appointment(user_id, 1))
        appointments.call_off(connection, "c1", NOON)
        appointments.book(connection, an_appointment(user_id, 2))
        held = set(connection.scalars(select(held_times.c.consult_id)))
        assert held == {"c0", "c2"}
        kept = appointments.of_consults(connection, ["c1"])["c1"]
        assert (kept.sequence, kept.called_off_at) == (1, NOON)


def test_an_appointment_to_which_nobody_came_is_ended_once_by_two_processes(
    database: Database, user_id: str
) -> None:
    with database.transaction() as connection:
        appointments.book(connection, an_appointment(user_id, 0))
        appointments.book(connection, an_appointment(user_id, 1, NOON + timedelta(days=1)))
    parts = Parts(database)
    late = NOON + 2 * HALF
    app = cast(PartsOfApp, parts)
    assert not keep_time(app, late - timedelta(minutes=1))
    at_once(SlotTaken, lambda: keep_time(app, late), lambda: keep_time(app, late))
    with database.reading() as connection:
        ended, waiting = (parts.consults.get(connection, one) for one in ("c0", "c1"))
    assert (ended.status, [entry.event for entry in ended.history]) == (Status.NO_SHOW, [Event.NOBODY_CAME])
    assert waiting.status is Status.SCHEDULED
    assert parts.published == [{"type": "consult-changed", "consult_id": "c0"}]
    assert parts.rooms_over == ["c0"]


def test_everybody_is_reminded_once_and_not_of_what_was_begun_or_called_off(
    database: Database, user_id: str
) -> None:
    parts = Parts(database)
    with database.transaction() as connection:
        for n in range(3):
            planned = an_appointment(user_id, n, NOON + n * HALF)
            appointments.book(connection, planned)
            appointments.remind(connection, planned, [user_id])
        appointments.call_off(connection, "c1", NOON - timedelta(days=1, hours=12))
        begun = parts.consults.get(connection, "c2")
        parts.consults.save(connection, replace(begun, status=Status.IN_PROGRESS))
    app = cast(PartsOfApp, parts)
    due = NOON - timedelta(days=1)
    at_once(SlotTaken, lambda: keep_time(app, due), lambda: keep_time(app, due))
    assert parts.published == [
        {"type": "reminder-due", "user_id": user_id, "consult_id": "c0"},
        {"type": "notifications-changed", "user_id": user_id},
    ]
    with database.transaction() as connection:
        assert appointments.unseen(connection, user_id, due) == ["c0"]
        appointments.see(connection, user_id, "c0", due)
        assert appointments.unseen(connection, user_id, due) == []


def test_hours_are_kept_as_given_and_a_stale_page_cannot_overwrite_them(
    database: Database, user_id: str
) -> None:
    hours = Availability(user_id, "Asia/Urumqi", 20, {1: (Hours(540, 720),)}, {NOON.date(): ()}, (15,), 0)
    with database.transaction() as connection:
        saved = appointments.save_availability(connection, hours)
        assert saved == replace(hours, version=1)
        appointments.save_availability(connection, saved)
        with pytest.raises(StaleVersion):
            appointments.save_availability(connection, saved)


def test_a_new_address_of_a_calendar_makes_the_old_one_void(database: Database, user_id: str) -> None:
    with database.transaction() as connection:
        old, new = (appointments.make_feed(connection, user_id, NOON) for _ in range(2))
        assert appointments.user_of_feed(connection, new) == user_id
        with pytest.raises(NotFound):
            appointments.user_of_feed(connection, old)
        appointments.revoke_feed(connection, user_id)
        with pytest.raises(NotFound):
            appointments.user_of_feed(connection, new)
