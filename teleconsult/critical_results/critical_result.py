"""A critical result: told, and waiting until the inviting side acknowledges it. Its table. Pure.

It belongs to a consult and needs no report: who is in danger does not wait for a signature.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from teleconsult.critical_results.category import Category
from teleconsult.errors import CriticalResultSettled, DecisionMissing, ReadBackMissing, ReasonRequired


class CriticalStatus(StrEnum):
    OPEN = "open"
    OVERDUE = "overdue"  # nobody acknowledged it in its time; more people are told
    ACKNOWLEDGED = "acknowledged"
    WITHDRAWN = "withdrawn"  # it was not so


class CriticalEvent(StrEnum):
    EXPIRE = "expire"  # a rung of its ladder
    ACKNOWLEDGE = "acknowledge"  # in the page, with the own decision
    TELEPHONE = "telephone"  # acknowledged by telephone and read back, as who found it records
    WITHDRAW = "withdraw"


_WAITING = {
    CriticalEvent.EXPIRE: CriticalStatus.OVERDUE,
    CriticalEvent.ACKNOWLEDGE: CriticalStatus.ACKNOWLEDGED,
    CriticalEvent.TELEPHONE: CriticalStatus.ACKNOWLEDGED,
    CriticalEvent.WITHDRAW: CriticalStatus.WITHDRAWN,
}
# Every status has a row; a terminal one has an empty row. A step that is not here does not exist.
TRANSITIONS: Mapping[CriticalStatus, Mapping[CriticalEvent, CriticalStatus]] = {
    CriticalStatus.OPEN: _WAITING,
    CriticalStatus.OVERDUE: _WAITING,
    CriticalStatus.ACKNOWLEDGED: {},
    CriticalStatus.WITHDRAWN: {},
}
WAITS = frozenset(status for status, row in TRANSITIONS.items() if row)


@dataclass(frozen=True, slots=True)
class Step:
    """
    Attributes:
        words: the decision of who acknowledged it, the reason of who withdrew it, whom a rung told.
        spoken_to: who took it on the telephone, and read it back.
    """

    at: datetime
    event: CriticalEvent
    actor_id: str
    words: str = ""
    spoken_to: str | None = None


@dataclass(frozen=True, slots=True)
class CriticalResult:
    """
    Attributes:
        finding: what was found, in a sentence.
        told_ids: who was told when it was raised.
        due_at: by when it was to be acknowledged, as the ladder stood when it was raised.
    """

    id: str
    consult_id: str
    category: Category
    finding: str
    status: CriticalStatus
    raised_by_id: str
    raised_at: datetime
    due_at: datetime
    told_ids: tuple[str, ...]
    history: tuple[Step, ...] = ()

    @property
    def waits(self) -> bool:
        return self.status in WAITS

    @property
    def settled(self) -> Step | None:
        """The step that ended the waiting."""
        return None if self.waits else self.history[-1]

    def apply(
        self,
        event: CriticalEvent,
        *,
        actor_id: str,
        at: datetime,
        words: str = "",
        spoken_to: str | None = None,
    ) -> "CriticalResult":
        """Return it as it stands after `event`.

        Raises:
            CriticalResultSettled: it waits no longer.
            DecisionMissing, ReasonRequired, ReadBackMissing: the step asks for these words.
        """
        possible = TRANSITIONS[self.status]
        if event not in possible:
            raise CriticalResultSettled
        if event is CriticalEvent.ACKNOWLEDGE and not words.strip():
            raise DecisionMissing
        if event is CriticalEvent.WITHDRAW and not words.strip():
            raise ReasonRequired
        if event is CriticalEvent.TELEPHONE and not (spoken_to or "").strip():
            raise ReadBackMissing
        step = Step(at, event, actor_id, words, spoken_to)
        return replace(self, status=possible[event], history=(*self.history, step))


def history_to_json(history: tuple[Step, ...]) -> list[dict[str, Any]]:
    return [
        {
            "at": step.at.isoformat(),
            "event": step.event,
            "actor_id": step.actor_id,
            "words": step.words,
            "spoken_to": step.spoken_to,
        }
        for step in history
    ]


def history_from_json(steps: list[dict[str, Any]]) -> tuple[Step, ...]:
    return tuple(
        Step(
            datetime.fromisoformat(step["at"]),
            CriticalEvent(step["event"]),
            step["actor_id"],
            step["words"],
            step["spoken_to"],
        )
        for step in steps
    )
