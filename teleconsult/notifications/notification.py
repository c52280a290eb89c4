"""What users are told, by which ways, and when: pure. No text of it holds a patient's name.

A notification stands in the page for whoever it is for. A user chooses which topics come by other channels
too, and when it is quiet: what is not urgent then waits until the quiet hours are over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from teleconsult.consults.consult import Event, Urgency


class Kind(StrEnum):
    REQUEST_RECEIVED = "request-received"
    REQUEST_WAITS = "request-waits"  # nobody accepted in time
    REQUEST_ACCEPTED = "request-accepted"
    REQUEST_DECLINED = "request-declined"
    REQUEST_RETURNED = "request-returned"
    SCHEDULED = "scheduled"
    CALLED_OFF = "called-off"
    APPOINTMENT_NEAR = "appointment-near"
    ROOM_OPENED = "room-opened"
    REPORT_SIGNED = "report-signed"
    REPORT_REOPENED = "report-reopened"
    REPORT_ACKNOWLEDGED = "report-acknowledged"
    CRITICAL_RESULT = "critical-result"
    CRITICAL_OVERDUE = "critical-overdue"  # not acknowledged in time
    CRITICAL_TELEPHONE = "critical-telephone"  # the same, to who found it
    CRITICAL_ACKNOWLEDGED = "critical-acknowledged"
    CRITICAL_TELEPHONED = "critical-telephoned"
    CRITICAL_WITHDRAWN = "critical-withdrawn"
    SECOND_FACTOR_RESET = "second-factor-reset"
    AUDIT_LOG_AWAY = "audit-log-away"
    AUDIT_NOT_FORWARDED = "audit-not-forwarded"
    EMERGENCY_ACCESS = "emergency-access"  # to who reviews it
    EMERGENCY_ACCESS_UNWATCHED = "emergency-access-unwatched"  # to administrators: nobody reviews it
    EMERGENCY_ACCESS_OBJECTED = "emergency-access-objected"  # to who had opened the case
    TEST = "test"


class Topic(StrEnum):
    """What a user chooses channels for."""

    URGENT = "urgent"
    CRITICAL = "critical"
    REQUESTS = "requests"
    ANSWERS = "answers"
    APPOINTMENTS = "appointments"
    REPORTS = "reports"


class Channel(StrEnum):
    """Ways beside the page."""

    PUSH = "push"
    EMAIL = "email"
    WEBHOOK = "webhook"


TOPICS: Mapping[Kind, Topic] = {
    Kind.REQUEST_RECEIVED: Topic.REQUESTS,
    Kind.REQUEST_WAITS: Topic.URGENT,
    Kind.REQUEST_ACCEPTED: Topic.ANSWERS,
    Kind.REQUEST_DECLINED: Topic.ANSWERS,
    Kind.REQUEST_RETURNED: Topic.ANSWERS,
    Kind.SCHEDULED: Topic.APPOINTMENTS,
    Kind.CALLED_OFF: Topic.APPOINTMENTS,
    Kind.APPOINTMENT_NEAR: Topic.APPOINTMENTS,
    Kind.ROOM_OPENED: Topic.APPOINTMENTS,
    Kind.REPORT_SIGNED: Topic.REPORTS,
    Kind.REPORT_REOPENED: Topic.REPORTS,
    Kind.REPORT_ACKNOWLEDGED: Topic.REPORTS,
    Kind.CRITICAL_RESULT: Topic.CRITICAL,
    Kind.CRITICAL_OVERDUE: Topic.CRITICAL,
    Kind.CRITICAL_TELEPHONE: Topic.CRITICAL,
    Kind.CRITICAL_ACKNOWLEDGED: Topic.REPORTS,
    Kind.CRITICAL_TELEPHONED: Topic.REPORTS,
    Kind.CRITICAL_WITHDRAWN: Topic.CRITICAL,
    Kind.SECOND_FACTOR_RESET: Topic.URGENT,  # somebody else may be about to enter
    Kind.AUDIT_LOG_AWAY: Topic.URGENT,
    Kind.AUDIT_NOT_FORWARDED: Topic.URGENT,
    Kind.EMERGENCY_ACCESS: Topic.URGENT,
    Kind.EMERGENCY_ACCESS_UNWATCHED: Topic.URGENT,
    Kind.EMERGENCY_ACCESS_OBJECTED: Topic.URGENT,
    Kind.TEST: Topic.REPORTS,
}
# Where a page of ours shows what to do, and it is no consult's.
PAGES: Mapping[Kind, str] = {
    Kind.EMERGENCY_ACCESS: "/privacy?tab=emergency",
    Kind.EMERGENCY_ACCESS_UNWATCHED: "/institution?tab=members",
}
# On the way from an urgent request to its call nothing waits for the morning.
HURRIES = frozenset(
    {
        Kind.REQUEST_RECEIVED,
        Kind.REQUEST_ACCEPTED,
        Kind.REQUEST_DECLINED,
        Kind.REQUEST_RETURNED,
        Kind.ROOM_OPENED,
    }
)
DISTURBS = frozenset({Topic.URGENT, Topic.CRITICAL})  # also in quiet hours

# Which steps of a consult are news to the other side, and as what.
NEWS: Mapping[Event, Kind] = {
    Event.SUBMIT: Kind.REQUEST_RECEIVED,
    Event.ACCEPT: Kind.REQUEST_ACCEPTED,
    Event.DECLINE: Kind.REQUEST_DECLINED,
    Event.RETURN: Kind.REQUEST_RETURNED,
    Event.SCHEDULE: Kind.SCHEDULED,
    Event.RESCHEDULE: Kind.SCHEDULED,
    Event.CALL_OFF: Kind.CALLED_OFF,
    Event.START: Kind.ROOM_OPENED,
    Event.SIGN: Kind.REPORT_SIGNED,
    Event.AMEND: Kind.REPORT_REOPENED,
    Event.ACKNOWLEDGE: Kind.REPORT_ACKNOWLEDGED,
}


def topic_of(kind: Kind, urgency: Urgency) -> Topic:
    return Topic.URGENT if kind in HURRIES and urgency is not Urgency.ROUTINE else TOPICS[kind]


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of the day until another, which may be on the next."""

    begin: time
    end: time

    def end_after(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours in which `at` lies are over; None: it lies in none."""
        local = at.astimezone(zone)
        now = local.time()
        over_midnight = self.begin > self.end
        inside = (now >= self.begin or now < self.end) if over_midnight else self.begin <= now < self.end
        if not inside:
            return None
        day = local.date() + timedelta(days=1 if over_midnight and now >= self.begin else 0)
        return datetime.combine(day, self.end, zone).astimezone(UTC)


ALL_TOPICS_BY_PUSH: dict[Topic, frozenset[Channel]] = {
    topic: frozenset(Channel) if topic in DISTURBS else frozenset({Channel.PUSH}) for topic in Topic
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What one user wants to be told, by which ways."""

    channels: Mapping[Topic, frozenset[Channel]] = field(default_factory=lambda: ALL_TOPICS_BY_PUSH)
    email: str | None = None
    phone: str | None = None  # handed to the webhook, which may be an SMS gateway
    quiet: QuietHours | None = None
    time_zone: str = "Asia/Shanghai"

    def send_at(self, topic: Topic, at: datetime) -> datetime:
        """When it goes out: now, or when the quiet hours are over."""
        if self.quiet is None or topic in DISTURBS:
            return at
        return self.quiet.end_after(at, ZoneInfo(self.time_zone)) or at


@dataclass(frozen=True, slots=True)
class Notification:
    """One user is told of one event.

    Attributes:
        values: what its sentence names (`words.py`): institutions, a colleague, a specialty, an urgency.
    """

    id: str
    user_id: str
    kind: Kind
    topic: Topic
    consult_id: str | None
    values: Mapping[str, str]
    created_at: datetime
    read_at: datetime | None = None
