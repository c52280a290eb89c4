"""What the API says and takes about calendars and appointments."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from teleconsult.consults.consult import Status
from teleconsult.scheduling.appointment import Appointment
from teleconsult.scheduling.availability import (
    DAY_MINUTES,
    EXCEPTIONS_AT_MOST,
    Availability,
    Hours,
    Slot,
)
from teleconsult.studies.schemas import PatientOut
from teleconsult.text import Text
from teleconsult.users.schemas import UserRefOut

Minute = Annotated[int, Field(ge=0, le=DAY_MINUTES)]  # after local midnight
ZoneName = Annotated[str, Field(max_length=64)]  # IANA


class HoursOut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    begins: Minute
    ends: Minute


class AvailabilityOut(BaseModel):
    """What is read is what is sent back changed; `version` 0: nothing was said yet."""

    model_config = ConfigDict(extra="forbid")

    time_zone: ZoneName
    slot_minutes: int
    weekly: dict[int, list[HoursOut]]
    exceptions: Annotated[dict[date, list[HoursOut]], Field(max_length=EXCEPTIONS_AT_MOST)]
    reminders_min: Annotated[list[int], Field(max_length=4)]
    version: int

    @classmethod
    def of(cls, availability: Availability) -> "AvailabilityOut":
        return cls(
            time_zone=availability.time_zone,
            slot_minutes=availability.slot_minutes,
            weekly={day: _out(hours) for day, hours in availability.weekly.items()},
            exceptions={day: _out(hours) for day, hours in availability.exceptions.items()},
            reminders_min=list(availability.reminders_min),
            version=availability.version,
        )

    def availability(self, user_id: str) -> Availability:
        return Availability(
            user_id=user_id,
            time_zone=self.time_zone,
            slot_minutes=self.slot_minutes,
            weekly={day: _in(hours) for day, hours in self.weekly.items() if hours},
            exceptions={day: _in(hours) for day, hours in self.exceptions.items()},
            reminders_min=tuple(dict.fromkeys(self.reminders_min)),
            version=self.version,
        )


class SlotOut(BaseModel):
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, slot: Slot) -> "SlotOut":
        return cls(starts_at=slot.starts_at, ends_at=slot.ends_at)


class SlotsOut(BaseModel):
    """The free slots of a consult's specialist."""

    now: datetime
    time_zone: str  # the specialist's
    slot_minutes: int
    has_hours: bool  # whether she has said when she can be booked at all
    slots: list[SlotOut]


class AppointmentIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    starts_at: AwareDatetime
    time_zone: ZoneName  # of whoever books
    reason: Annotated[Text, Field(max_length=1000)] | None = None
    version: int  # of the consult


class AppointmentOut(SlotOut):
    specialist_time_zone: str
    inviting_time_zone: str

    @classmethod
    def of_appointment(cls, appointment: Appointment) -> "AppointmentOut":
        return cls(
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
            specialist_time_zone=appointment.specialist_time_zone,
            inviting_time_zone=appointment.inviting_time_zone,
        )


class CalendarEntryOut(SlotOut):
    consult_id: str
    status: Status
    patient: PatientOut
    specialty: str
    with_whom: UserRefOut  # the other side


class CalendarOut(BaseModel):
    now: datetime
    is_bookable: bool  # whether others book the user by hours: specialists and radiologists
    availability: AvailabilityOut
    entries: list[CalendarEntryOut]
    free: list[SlotOut]
    feed_made_at: datetime | None


class FeedOut(BaseModel):
    """Shown once: who has the address reads the calendar."""

    path: str


class ClockOut(BaseModel):
    now: datetime


def _out(hours: tuple[Hours, ...]) -> list[HoursOut]:
    return [HoursOut(begins=one.begins, ends=one.ends) for one in hours]


def _in(hours: list[HoursOut]) -> tuple[Hours, ...]:
    return tuple(Hours(one.begins, one.ends) for one in hours)
