"""A consult from request to closing: its status table, who may cause which step, its history."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from teleconsult.consents.consent import Consent
from teleconsult.errors import (
    ConsentMissing,
    DecisionMissing,
    IllegalTransition,
    ReasonRequired,
    StudyMissing,
)


class Status(StrEnum):
    DRAFT = "draft"
    REQUESTED = "requested"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in-progress"
    ON_HOLD = "on-hold"
    REPORTING = "reporting"
    SIGNED = "signed"
    CLOSED = "closed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    NO_SHOW = "no-show"


class Event(StrEnum):
    SUBMIT = "submit"
    ACCEPT = "accept"
    DECLINE = "decline"
    RETURN = "return"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    SCHEDULE = "schedule"
    START = "start"
    REPORT_WITHOUT_CALL = "report-without-call"
    RESCHEDULE = "reschedule"
    CALL_OFF = "call-off"
    NOBODY_CAME = "nobody-came"
    HOLD = "hold"
    RESUME = "resume"
    END = "end"
    SIGN = "sign"
    ACKNOWLEDGE = "acknowledge"
    AMEND = "amend"


# Every status has a row; a terminal one has an empty row. A step that is not here does not exist.
TRANSITIONS: Mapping[Status, Mapping[Event, Status]] = {
    Status.DRAFT: {Event.SUBMIT: Status.REQUESTED},
    Status.REQUESTED: {
        Event.ACCEPT: Status.ACCEPTED,
        Event.DECLINE: Status.DECLINED,
        Event.RETURN: Status.RETURNED,
        Event.WITHDRAW: Status.CANCELLED,
        Event.EXPIRE: Status.REQUESTED,
    },
    Status.RETURNED: {Event.SUBMIT: Status.REQUESTED},
    Status.ACCEPTED: {
        Event.SCHEDULE: Status.SCHEDULED,
        Event.START: Status.IN_PROGRESS,
        Event.REPORT_WITHOUT_CALL: Status.REPORTING,
    },
    Status.SCHEDULED: {
        Event.START: Status.IN_PROGRESS,
        Event.RESCHEDULE: Status.SCHEDULED,
        Event.CALL_OFF: Status.CANCELLED,
        Event.NOBODY_CAME: Status.NO_SHOW,
    },
    Status.IN_PROGRESS: {Event.HOLD: Status.ON_HOLD, Event.END: Status.REPORTING},
    Status.ON_HOLD: {Event.RESUME: Status.IN_PROGRESS, Event.END: Status.REPORTING},
    Status.REPORTING: {Event.SIGN: Status.SIGNED},
    Status.SIGNED: {Event.ACKNOWLEDGE: Status.CLOSED, Event.AMEND: Status.REPORTING},
    Status.CLOSED: {Event.AMEND: Status.REPORTING},
    Status.DECLINED: {},
    Status.CANCELLED: {},
    Status.NO_SHOW: {},
}

NEEDS_CONSENT = frozenset({Event.START, Event.RESUME, Event.REPORT_WITHOUT_CALL})
NEEDS_IMAGES = frozenset({Event.START, Event.REPORT_WITHOUT_CALL})
NEEDS_REASON = frozenset({Event.DECLINE, Event.RETURN, Event.RESCHEDULE, Event.CALL_OFF, Event.AMEND})
# Not offered on a page of their own yet: the timer and the calendar cause them.
BY_SYSTEM = frozenset({Event.EXPIRE, Event.NOBODY_CAME})
SYSTEM = "system"  # the actor of these steps
PATIENT = "patient"  # the actor of what a patient does by link
LIVE = frozenset({Status.ACCEPTED, Status.SCHEDULED, Status.IN_PROGRESS, Status.ON_HOLD})
BEFORE_ROOM = frozenset({Status.DRAFT, Status.REQUESTED, Status.RETURNED})


class Urgency(StrEnum):
    ROUTINE = "routine"
    URGENT = "urgent"
    EMERGENCY = "emergency"


class Specialty(StrEnum):
    GENERAL = "general"
    RADIOLOGY = "radiology"
    RESPIRATORY = "respiratory"
    THORACIC_SURGERY = "thoracic-surgery"
    ONCOLOGY = "oncology"
    BREAST_SURGERY = "breast-surgery"
    CARDIOLOGY = "cardiology"
    NEUROLOGY = "neurology"


class ConsultForm(StrEnum):
    CALL = "call"
    OPINION = "opinion"  # a second opinion, without a call
    PANEL = "panel"  # multidisciplinary: an opinion of each discipline, then a joint conclusion


NOT_WITHOUT_CALL = frozenset({Event.SCHEDULE, Event.START})


class LegalRole(StrEnum):
    CONSULTATION = "consultation"  # the inviting side decides
    REMOTE_DIAGNOSIS = "remote-diagnosis"  # the reading side answers for its report


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    at: datetime
    event: Event
    actor_id: str
    reason: str | None = None
    starts_at: datetime | None = None  # what was scheduled


@dataclass(frozen=True, slots=True)
class Seat:
    """A discipline of a multidisciplinary consult, and whose it is; its opinion: `opinions.panel`."""

    specialty: str
    named_id: str | None
    author_id: str | None  # who has taken it
    offered_to: frozenset[str] = field(default=frozenset())  # institutions, as below


@dataclass(frozen=True, slots=True)
class Consult:
    id: str
    status: Status
    version: int
    patient_id: str
    question: str
    urgency: Urgency
    specialty: str
    legal_role: LegalRole
    consent: Consent | None  # the one that decides; stored by its own package
    requested_by_id: str
    inviting_institution_id: str
    specialist_id: str | None
    study_instance_uids: tuple[str, ...]
    created_at: datetime
    history: tuple[HistoryEntry, ...] = field(default=())
    form: ConsultForm = ConsultForm.CALL
    first_report: str | None = None  # of the asking institution, for a second opinion
    seats: tuple[Seat, ...] = field(default=())  # of a multidisciplinary consult
    escalated_to: str | None = None  # a further specialty that it reaches, once nobody accepted in time
    # The institutions whose specialists it reaches, by the agreements as they stand; not stored with it.
    offered_to: frozenset[str] = field(default=frozenset())
    # To whom it is open in an emergency now, by user id, and by which access; not stored with it.
    opened_to: Mapping[str, str] = field(default_factory=dict)

    @property
    def possible(self) -> Mapping[Event, Status]:
        """The table's row for the status, without what the consult's form has not."""
        row = TRANSITIONS[self.status]
        if self.form is ConsultForm.OPINION:
            return {event: status for event, status in row.items() if event not in NOT_WITHOUT_CALL}
        return row

    @property
    def specialties(self) -> frozenset[str]:
        """Those whose specialists may accept it."""
        return frozenset({self.specialty, self.escalated_to or self.specialty})

    def apply(
        self,
        event: Event,
        *,
        actor_id: str,
        at: datetime,
        reason: str | None = None,
        starts_at: datetime | None = None,
    ) -> "Consult":
        """Return the consult as it stands after `event`.

        Raises:
            IllegalTransition: the table has no such step from here.
            ReasonRequired: the step asks for a reason.
            DecisionMissing: the inviting side acknowledges with its own decision, which is the reason.
            ConsentMissing, StudyMissing: what the step needs is not on file.
        """
        possible = self.possible
        if event not in possible:
            raise IllegalTransition(event, self.status, [e for e in possible if e not in BY_SYSTEM])
        if event in NEEDS_REASON and not (reason or "").strip():
            raise ReasonRequired
        if event is Event.ACKNOWLEDGE and not (reason or "").strip():
            raise DecisionMissing
        if event in NEEDS_CONSENT and self.consent is None:
            raise ConsentMissing
        if event in NEEDS_IMAGES and not self.study_instance_uids:
            raise StudyMissing
        return replace(
            self,
            status=possible[event],
            specialist_id=actor_id if event is Event.ACCEPT else self.specialist_id,
            escalated_to=None if event is Event.SUBMIT else self.escalated_to,
            history=(*self.history, HistoryEntry(at, event, actor_id, reason, starts_at)),
        )


def history_to_json(history: tuple[HistoryEntry, ...]) -> list[dict[str, Any]]:
    return [
        {
            "at": entry.at.isoformat(),
            "event": entry.event,
            "actor_id": entry.actor_id,
            "reason": entry.reason,
            **({"starts_at": entry.starts_at.isoformat()} if entry.starts_at else {}),
        }
        for entry in history
    ]


def history_from_json(entries: list[dict[str, Any]]) -> tuple[HistoryEntry, ...]:
    return tuple(
        HistoryEntry(
            datetime.fromisoformat(entry["at"]),
            Event(entry["event"]),
            entry["actor_id"],
            entry["reason"],
            datetime.fromisoformat(entry["starts_at"]) if "starts_at" in entry else None,
        )
        for entry in entries
    )
