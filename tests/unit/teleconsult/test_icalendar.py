"""The calendar that other programs read: RFC 5545."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from teleconsult.scheduling.appointment import Appointment, CalendarEvent, icalendar

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
APPOINTMENT = Appointment(
    consult_id="c1",
    specialist_id="s",
    booked_by_id="u",
    starts_at=NOON,
    ends_at=NOON + timedelta(minutes=30),
    specialist_time_zone="Europe/Berlin",
    inviting_time_zone="Asia/Urumqi",
    sequence=0,
    changed_at=NOON - timedelta(days=1),
)
PLACE = "陈岚主任 Dr Chen Lan, 新疆维吾尔自治区人民医院; Hospital, \\ Ward\n4"


def text_of(appointment: Appointment) -> str:
    return icalendar([CalendarEvent(appointment, "radiology", PLACE, "https://a.example/consults/c1")])


def test_a_called_off_appointment_is_the_same_event_cancelled_with_a_higher_sequence() -> None:
    before, after = text_of(APPOINTMENT), text_of(APPOINTMENT.call_off(NOON - timedelta(hours=1)))
    for text, lines in (
        (before, ["UID:c1@teleconsult", "SEQUENCE:0", "STATUS:CONFIRMED", "DTSTAMP:20260228T120000Z"]),
        (after, ["UID:c1@teleconsult", "SEQUENCE:1", "STATUS:CANCELLED", "DTSTAMP:20260301T110000Z"]),
    ):
        assert {*lines, "DTSTART:20260301T120000Z", "DTEND:20260301T123000Z"} <= set(text.split("\r\n"))


def test_no_line_is_longer_than_75_octets_and_unfolded_nothing_is_lost() -> None:
    text = text_of(replace(APPOINTMENT, sequence=12))
    assert text.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    described = next(
        line for line in text.replace("\r\n ", "").split("\r\n") if line.startswith("DESCRIPTION:")
    )
    said = described.removeprefix("DESCRIPTION:")
    for written, char in (("\\n", "\n"), ("\\,", ","), ("\\;", ";"), ("\\\\", "\\")):
        said = said.replace(written, char)
    assert said == PLACE
