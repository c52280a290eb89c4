"""One study that is fetched from another archive: its states, its lease, and when it is tried again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

# Renewed while somebody works on it. After a kill -9 it runs out, and the next process takes the work up.
LEASE = timedelta(seconds=15)
# Before each further attempt; when they are used up, the retrieval has failed.
PAUSES = tuple(timedelta(seconds=s) for s in (3, 15, 60, 300))
# What seems to be held or put off for longer, was so before the clock was set back: it is free.
HELD_AT_MOST = max(LEASE, *PAUSES)


class RetrievalStatus(StrEnum):
    REQUESTED = "requested"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RetrievalEvent(StrEnum):
    LEASED = "leased"
    RELEASED = "released"  # to be tried again
    ENDED = "ended"
    GAVE_UP = "gave-up"
    CALLED_OFF = "called-off"
    ASKED_AGAIN = "asked-again"


TRANSITIONS: Mapping[RetrievalStatus, Mapping[RetrievalEvent, RetrievalStatus]] = {
    RetrievalStatus.REQUESTED: {
        RetrievalEvent.LEASED: RetrievalStatus.IN_PROGRESS,
        RetrievalEvent.CALLED_OFF: RetrievalStatus.CANCELLED,
    },
    RetrievalStatus.IN_PROGRESS: {
        RetrievalEvent.LEASED: RetrievalStatus.IN_PROGRESS,  # the one before died
        RetrievalEvent.RELEASED: RetrievalStatus.REQUESTED,
        RetrievalEvent.ENDED: RetrievalStatus.COMPLETED,
        RetrievalEvent.GAVE_UP: RetrievalStatus.FAILED,
        RetrievalEvent.CALLED_OFF: RetrievalStatus.CANCELLED,
    },
    RetrievalStatus.FAILED: {RetrievalEvent.ASKED_AGAIN: RetrievalStatus.REQUESTED},
    RetrievalStatus.CANCELLED: {RetrievalEvent.ASKED_AGAIN: RetrievalStatus.REQUESTED},
    RetrievalStatus.COMPLETED: {RetrievalEvent.ASKED_AGAIN: RetrievalStatus.REQUESTED},
}
OPEN = (RetrievalStatus.REQUESTED, RetrievalStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Retrieval:
    """One fetching.

    Attributes:
        requested_by_id: None where a rule asked.
        prior_of: the study whose arrival asked for it.
        attempts: how often it was begun.
        expected_count: instances, as the other archive said; None where it did not.
        reason: why it failed or waits, or what is to be known of it.
        lease_expires_at: until then nobody else begins it: somebody works on it, or it is a pause.
    """

    id: str
    archive_id: str
    institution_id: str
    study_instance_uid: str
    study_description: str | None
    requested_by_id: str | None
    prior_of: str | None
    status: RetrievalStatus
    attempts: int
    expected_count: int | None
    received_count: int
    reason: dict[str, Any] | None
    created_at: datetime
    lease_expires_at: datetime | None
    finished_at: datetime | None

    @property
    def next_pause(self) -> timedelta | None:
        """How long to wait before the next attempt; None: there is none left."""
        return PAUSES[self.attempts - 1] if 0 < self.attempts <= len(PAUSES) else None
