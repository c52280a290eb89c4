"""Calendars, appointments and reminders in the database."""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from storage.errors import StaleVersion
from storage.tables import appointments, calendars, consults, held_times, reminders, users
from teleconsult.errors import NotFound, SlotTaken
from teleconsult.scheduling.appointment import NOBODY_CAME_AFTER, Appointment, grid_of
from teleconsult.scheduling.availability import Availability, Hours, Slot

DEFAULT_ZONE = "Asia/Shanghai"  # until the user's own page has said another
SHOWN_IN_FEED_FOR = timedelta(days=30)  # after its end


@dataclass(frozen=True, slots=True)
class Reminder:
    consult_id: str
    user_id: str
    minutes_before: int


class AppointmentRepository:
    def availability_of(self, connection: Connection, user_id: str) -> Availability:
        row = connection.execute(select(calendars).where(calendars.c.user_id == user_id)).first()
        if row is None:
            return Availability(user_id, DEFAULT_ZONE, version=0)
        return Availability(
            user_id=row.user_id,
            time_zone=row.time_zone,
            slot_minutes=row.slot_minutes,
            weekly={int(day): _hours(value) for day, value in row.weekly.items()},
            exceptions={date.fromisoformat(day): _hours(value) for day, value in row.exceptions.items()},
            reminders_min=tuple(row.reminders_min),
            version=row.version,
        )

    def save_availability(self, connection: Connection, changed: Availability) -> Availability:
        """Store it; its `version` is the one that was read, 0 where there was none. Raises StaleVersion."""
        values = {
            "time_zone": changed.time_zone,
            "slot_minutes": changed.slot_minutes,
            "weekly": {str(day): _pairs(hours) for day, hours in changed.weekly.items()},
            "exceptions": {day.isoformat(): _pairs(hours) for day, hours in changed.exceptions.items()},
            "reminders_min": list(changed.reminders_min),
            "version": changed.version + 1,
        }
        if changed.version == 0:
            try:
                connection.execute(insert(calendars).values(user_id=changed.user_id, **values))
            except IntegrityError as error:
                raise StaleVersion(changed.user_id) from error
        else:
            done = connection.execute(
                update(calendars)
                .where(calendars.c.user_id == changed.user_id, calendars.c.version == changed.version)
                .values(values)
            )
            if done.rowcount != 1:
                raise StaleVersion(changed.user_id)
        return self.availability_of(connection, changed.user_id)

    def book(self, connection: Connection, appointment: Appointment) -> None:
        """Keep the appointment in place of the consult's earlier one, and hold the specialist's time.

        Raises SlotTaken: a part of it is held already. The database refuses it, so of two at once one wins.
        """
        self.release(connection, appointment.consult_id)
        try:
            connection.execute(
                insert(held_times),
                [
                    {"user_id": appointment.specialist_id, "at": at, "consult_id": appointment.consult_id}
                    for at in grid_of(appointment.slot)
                ],
            )
        except IntegrityError as error:
            raise SlotTaken from error
        self._put(connection, appointment)

    def call_off(self, connection: Connection, consult_id: str, at: datetime) -> None:
        """What was planned does not take place; without an appointment nothing happens."""
        found = self.of_consults(connection, [consult_id]).get(consult_id)
        if found is not None and found.called_off_at is None:
            self.release(connection, consult_id)
            self._put(connection, found.call_off(at))

    def release(self, connection: Connection, consult_id: str) -> None:
        """The specialist may be booked again, and nobody is reminded."""
        connection.execute(delete(held_times).where(held_times.c.consult_id == consult_id))
        connection.execute(delete(reminders).where(reminders.c.consult_id == consult_id))

    def of_consults(self, connection: Connection, consult_ids: Collection[str]) -> dict[str, Appointment]:
        rows = connection.execute(select(appointments).where(appointments.c.consult_id.in_(consult_ids)))
        return {row.consult_id: _appointment(row) for row in rows}

    def of_user(
        self, connection: Connection, user_id: str, since: datetime, until: datetime
    ) -> list[Appointment]:
        """Those in which the user is the specialist or the one who asked, called-off ones too, by time."""
        rows = connection.execute(
            select(appointments)
            .join(consults, consults.c.id == appointments.c.consult_id)
            .where(
                or_(appointments.c.specialist_id == user_id, consults.c.requested_by == user_id),
                appointments.c.ends_at > since,
                appointments.c.starts_at < until,
            )
            .order_by(appointments.c.starts_at)
        )
        return [_appointment(row) for row in rows]

    def busy(self, connection: Connection, user_id: str, since: datetime, until: datetime) -> list[Slot]:
        rows = connection.execute(
            select(appointments).where(
                appointments.c.specialist_id == user_id,
                appointments.c.called_off_at.is_(None),
                appointments.c.ends_at > since,
                appointments.c.starts_at < until,
            )
        )
        return [Slot(row.starts_at, row.ends_at) for row in rows]

    def missed(self, connection: Connection, at: datetime) -> list[str]:
        """Consults to whose appointment nobody has come."""
        rows = connection.execute(
            select(appointments.c.consult_id)
            .join(consults, consults.c.id == appointments.c.consult_id)
            .where(
                consults.c.status == "scheduled",
                appointments.c.called_off_at.is_(None),
                appointments.c.ends_at <= at - NOBODY_CAME_AFTER,
            )
        )
        return list(rows.scalars())

    def make_feed(self, connection: Connection, user_id: str, at: datetime) -> str:
        """A new secret for the address of the user's feed; an earlier one is void."""
        token = secrets.token_urlsafe(32)
        if self.availability_of(connection, user_id).version == 0:
            self.save_availability(connection, Availability(user_id, DEFAULT_ZONE, version=0))
        self._set_feed(connection, user_id, hashlib.sha256(token.encode()).hexdigest(), at)
        return token

    def revoke_feed(self, connection: Connection, user_id: str) -> None:
        self._set_feed(connection, user_id, None, None)

    def feed_made_at(self, connection: Connection, user_id: str) -> datetime | None:
        return connection.execute(
            select(calendars.c.feed_made_at).where(calendars.c.user_id == user_id)
        ).scalar()

    def user_of_feed(self, connection: Connection, token: str) -> str:
        """Raises NotFound: nobody's, revoked, or of an account that is switched off."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        user_id = connection.execute(
            select(calendars.c.user_id)
            .join(users, users.c.id == calendars.c.user_id)
            .where(calendars.c.feed_token_sha256 == digest, users.c.disabled_at.is_(None))
        ).scalar()
        if user_id is None:
            raise NotFound
        return str(user_id)

    def remind(self, connection: Connection, appointment: Appointment, user_ids: Iterable[str]) -> None:
        """Write down when each of them wants to be reminded; what lies in the past is left out."""
        rows = [
            {
                "consult_id": appointment.consult_id,
                "user_id": user_id,
                "minutes_before": minutes,
                "due_at": appointment.starts_at - timedelta(minutes=minutes),
            }
            for user_id in set(user_ids)
            for minutes in self.availability_of(connection, user_id).reminders_min
            if appointment.starts_at - timedelta(minutes=minutes) > appointment.changed_at
        ]
        if rows:
            connection.execute(insert(reminders), rows)

    def due_reminders(self, connection: Connection, at: datetime) -> list[Reminder]:
        rows = connection.execute(
            select(reminders).where(reminders.c.sent_at.is_(None), reminders.c.due_at <= at)
        )
        return [Reminder(row.consult_id, row.user_id, row.minutes_before) for row in rows]

    def claim(self, connection: Connection, reminder: Reminder, at: datetime) -> bool:
        """Whether it is the caller's to send: of several processes exactly one gets it."""
        done = connection.execute(
            update(reminders)
            .where(
                reminders.c.consult_id == reminder.consult_id,
                reminders.c.user_id == reminder.user_id,
                reminders.c.minutes_before == reminder.minutes_before,
                reminders.c.sent_at.is_(None),
            )
            .values(sent_at=at)
        )
        return done.rowcount == 1

    def unseen(self, connection: Connection, user_id: str, at: datetime) -> Sequence[str]:
        """Consults of whose appointment, not over yet, the user was reminded and has not said to know."""
        return (
            connection.execute(
                select(reminders.c.consult_id)
                .distinct()
                .join(appointments, appointments.c.consult_id == reminders.c.consult_id)
                .join(consults, consults.c.id == reminders.c.consult_id)
                .where(
                    reminders.c.user_id == user_id,
                    reminders.c.sent_at.is_not(None),
                    reminders.c.seen_at.is_(None),
                    appointments.c.ends_at > at,
                    consults.c.status == "scheduled",
                )
            )
            .scalars()
            .all()
        )

    def see(self, connection: Connection, user_id: str, consult_id: str, at: datetime) -> None:
        connection.execute(
            update(reminders)
            .where(
                reminders.c.user_id == user_id,
                reminders.c.consult_id == consult_id,
                reminders.c.sent_at.is_not(None),
            )
            .values(seen_at=at)
        )

    @staticmethod
    def _put(connection: Connection, appointment: Appointment) -> None:
        known = appointments.c.consult_id == appointment.consult_id
        done = connection.execute(update(appointments).where(known).values(asdict(appointment)))
        if done.rowcount == 0:
            connection.execute(insert(appointments).values(asdict(appointment)))

    @staticmethod
    def _set_feed(connection: Connection, user_id: str, digest: str | None, at: datetime | None) -> None:
        connection.execute(
            update(calendars)
            .where(calendars.c.user_id == user_id)
            .values(feed_token_sha256=digest, feed_made_at=at)
        )


def _hours(value: list[list[int]]) -> tuple[Hours, ...]:
    return tuple(Hours(*pair) for pair in value)


def _pairs(hours: Iterable[Hours]) -> list[list[int]]:
    return [[one.begins, one.ends] for one in sorted(hours)]


def _appointment(row: Row[Any]) -> Appointment:
    return Appointment(**{name: getattr(row, name) for name in Appointment.__dataclass_fields__})
