"""When a specialist can be booked: weekly hours in her own time zone, single days that differ. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from teleconsult.errors import BadAvailability

GRID_MINUTES = 5  # what begins and ends, does so on this grid
SLOT_MINUTES = range(10, 241, GRID_MINUTES)
DAY_MINUTES = 24 * 60
ISO_WEEKDAYS = frozenset(range(1, 8))
HOURS_OF_ONE_DAY = 6
EXCEPTIONS_AT_MOST = 400
REMINDERS_MIN = frozenset({5, 15, 60, 24 * 60})  # what may be chosen, before the start
USUAL_REMINDERS_MIN = (24 * 60, 15)


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """A part of a day, in minutes after local midnight; `ends` no longer belongs to it."""

    begins: int
    ends: int


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """UTC."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Availability:
    """
    Attributes:
        time_zone: an IANA name, in which all hours are meant.
        weekly: hours by ISO weekday, 1 is Monday; a day that is missing is free.
        exceptions: the hours of single days in place of the weekly ones; none: a holiday.
        reminders_min: how long before an appointment its owner wants to be reminded.
    """

    user_id: str
    time_zone: str
    slot_minutes: int = 30
    weekly: Mapping[int, tuple[Hours, ...]] = field(default_factory=dict)
    exceptions: Mapping[date, tuple[Hours, ...]] = field(default_factory=dict)
    reminders_min: tuple[int, ...] = USUAL_REMINDERS_MIN
    version: int = 1

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def slot_length(self) -> timedelta:
        return timedelta(minutes=self.slot_minutes)

    def hours_of(self, day: date) -> tuple[Hours, ...]:
        return self.exceptions.get(day, self.weekly.get(day.isoweekday(), ()))

    def slots(self, since: datetime, until: datetime) -> Iterator[Slot]:
        """All that begin at or after `since` and before `until`, in their order."""
        day = since.astimezone(self.zone).date() - timedelta(days=1)  # whose hours may reach beyond midnight
        last = until.astimezone(self.zone).date()
        while day <= last:
            for hours in sorted(self.hours_of(day)):
                begins, end = self._moment(day, hours.begins), self._moment(day, hours.ends)
                # Walked in UTC: on a day of 23 or 25 hours no slot is shorter, none is there twice.
                while begins + self.slot_length <= end:
                    if since <= begins < until:
                        yield Slot(begins, begins + self.slot_length)
                    begins += self.slot_length
            day += timedelta(days=1)

    def _moment(self, day: date, minutes: int) -> datetime:
        """A local time as UTC: what the clock skips by the offset before it; of what comes twice, the first.

        Source: RFC 5545 3.3.5, form 3; PEP 495, fold=0.
        """
        local = datetime.combine(day, time()) + timedelta(minutes=minutes)
        return local.replace(tzinfo=self.zone).astimezone(UTC)


def free_slots(
    availability: Availability, busy: Collection[Slot], since: datetime, until: datetime
) -> list[Slot]:
    """The slots that touch nothing of `busy`."""
    return [
        slot
        for slot in availability.slots(since, until)
        if not any(slot.starts_at < one.ends_at and one.starts_at < slot.ends_at for one in busy)
    ]


def is_time_zone(name: str) -> bool:
    return name in available_timezones()


def check(availability: Availability) -> None:
    """Raises BadAvailability, with what is wrong: `time-zone`, `slot`, `hours`, `days` or `reminders`."""
    if not is_time_zone(availability.time_zone):
        raise BadAvailability("time-zone")
    if availability.slot_minutes not in SLOT_MINUTES:
        raise BadAvailability("slot")
    if len(availability.exceptions) > EXCEPTIONS_AT_MOST or not availability.weekly.keys() <= ISO_WEEKDAYS:
        raise BadAvailability("days")
    for of_day in (*availability.weekly.values(), *availability.exceptions.values()):
        _check_day(of_day)
    if not set(availability.reminders_min) <= REMINDERS_MIN:
        raise BadAvailability("reminders")


def _check_day(of_day: tuple[Hours, ...]) -> None:
    if len(of_day) > HOURS_OF_ONE_DAY:
        raise BadAvailability("hours")
    end = 0
    for hours in sorted(of_day):
        on_grid = hours.begins % GRID_MINUTES == 0 and hours.ends % GRID_MINUTES == 0
        if not (on_grid and end <= hours.begins < hours.ends <= DAY_MINUTES):
            raise BadAvailability("hours")
        end = hours.ends
