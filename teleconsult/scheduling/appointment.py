"""The time that a consult is planned for, and the events of a calendar that others read. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from teleconsult.consults.specialty_names import SPECIALTY_NAMES
from teleconsult.errors import BadAppointmentTime
from teleconsult.scheduling.availability import GRID_MINUTES, Slot

BOOKED_AHEAD_AT_MOST = timedelta(days=180)
NOBODY_CAME_AFTER = timedelta(minutes=30)  # after the end
GRID = timedelta(minutes=GRID_MINUTES)


@dataclass(frozen=True, slots=True)
class Appointment:
    """
    Attributes:
        sequence: of the revisions, from 0 (RFC 5545 3.8.7.4); the first booking is 0.
        changed_at: when this revision was made.
    """

    consult_id: str
    specialist_id: str
    booked_by_id: str
    starts_at: datetime
    ends_at: datetime
    specialist_time_zone: str
    inviting_time_zone: str
    sequence: int
    changed_at: datetime
    called_off_at: datetime | None = None

    @property
    def slot(self) -> Slot:
        return Slot(self.starts_at, self.ends_at)

    def call_off(self, at: datetime) -> "Appointment":
        return replace(self, sequence=self.sequence + 1, changed_at=at, called_off_at=at)


def check_time(slot: Slot, at: datetime) -> None:
    """Raises BadAppointmentTime: it is over, too far ahead, or beside the grid."""
    on_grid = slot.starts_at.minute % GRID_MINUTES == 0 and slot.starts_at.second == 0
    if not (on_grid and slot.starts_at.microsecond == 0 and at < slot.starts_at <= at + BOOKED_AHEAD_AT_MOST):
        raise BadAppointmentTime


def grid_of(slot: Slot) -> list[datetime]:
    """The moments that a slot holds. Two slots overlap where they hold the same one."""
    count = -((slot.starts_at - slot.ends_at) // GRID)
    return [slot.starts_at + GRID * n for n in range(count)]


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """An appointment as one person's calendar shows it; without anything about the patient."""

    appointment: Appointment
    specialty: str
    other_side: str  # name and institution
    url: str | None


LINE_OCTETS = 75


def icalendar(events: Iterable[CalendarEvent]) -> str:
    """The calendar as RFC 5545 has it. All times are in UTC (form 2), so no VTIMEZONE is needed."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Teleconsult//Appointments//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Teleconsult",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",  # RFC 7986 5.7
        *(line for event in events for line in _event(event)),
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _event(event: CalendarEvent) -> list[str]:
    appointment = event.appointment
    specialty = SPECIALTY_NAMES.get(event.specialty, event.specialty)
    return [
        "BEGIN:VEVENT",
        f"UID:{appointment.consult_id}@teleconsult",
        f"DTSTAMP:{_utc(appointment.changed_at)}",
        f"LAST-MODIFIED:{_utc(appointment.changed_at)}",
        f"SEQUENCE:{appointment.sequence}",
        f"DTSTART:{_utc(appointment.starts_at)}",
        f"DTEND:{_utc(appointment.ends_at)}",
        f"STATUS:{'CANCELLED' if appointment.called_off_at else 'CONFIRMED'}",
        f"SUMMARY:{_text(f'远程会诊 Remote consultation · {specialty}')}",
        f"DESCRIPTION:{_text(event.other_side)}",
        *([f"URL:{event.url}"] if event.url else []),
        "TRANSP:OPAQUE",
        "CLASS:CONFIDENTIAL",
        "END:VEVENT",
    ]


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    """RFC 5545 3.3.11."""
    for char in ("\\", ";", ","):
        value = value.replace(char, f"\\{char}")
    return value.replace("\n", "\\n")


def _folded(line: str) -> str:
    """No line is longer than 75 octets, and no character is cut (RFC 5545 3.1)."""
    parts, length = [""], 0
    for char in line:
        octets = len(char.encode())
        if length + octets > LINE_OCTETS:
            parts.append(" ")
            length = 1
        parts[-1] += char
        length += octets
    return "\r\n".join(parts)
