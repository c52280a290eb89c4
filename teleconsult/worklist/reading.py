"""Who reads a study: whose it is to read, who has it open now, whether it was read. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from teleconsult.errors import AssignedMeanwhile, ReasonRequired

# A page says every 30 s that it is still there (web/src/worklist/useOpening.ts); one that died is believed
# for so long.
LEASE: Final = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Reading:
    """Being open binds nobody: a colleague is told of it, may read along, or take over."""

    study_instance_uid: str
    assigned_to_id: str | None = None
    assigned_at: datetime | None = None
    opened_by_id: str | None = None
    opened_at: datetime | None = None
    lease_expires_at: datetime | None = None
    read_by_id: str | None = None
    read_at: datetime | None = None

    def holder(self, at: datetime) -> str | None:
        """Who has the study open; a lease of more than LEASE is from before the clock was set back."""
        until = self.lease_expires_at
        return self.opened_by_id if until is not None and at < until <= at + LEASE else None

    def opened(self, user_id: str, at: datetime) -> "Reading":
        """As it stands after the user opened it, or still has it open; another's stays another's."""
        holder = self.holder(at)
        if holder not in (None, user_id):
            return self
        since = self.opened_at if holder == user_id else at
        return replace(self, opened_by_id=user_id, opened_at=since, lease_expires_at=at + LEASE)

    def taken_over(self, user_id: str, at: datetime, reason: str) -> "Reading":
        """Raises ReasonRequired."""
        if not reason.strip():
            raise ReasonRequired
        return replace(self, opened_by_id=user_id, opened_at=at, lease_expires_at=at + LEASE)

    def left(self, user_id: str) -> "Reading":
        """As it stands after the user closed it; another's stays open."""
        return replace(self, lease_expires_at=None) if self.opened_by_id == user_id else self

    def assigned(self, to_id: str | None, was_id: str | None, at: datetime) -> "Reading":
        """Raises AssignedMeanwhile: it was not `was_id`'s any more when it was given away."""
        if self.assigned_to_id != was_id:
            raise AssignedMeanwhile
        return replace(self, assigned_to_id=to_id, assigned_at=at if to_id else None)

    def marked(self, user_id: str, is_read: bool, at: datetime) -> "Reading":
        return replace(self, read_by_id=user_id if is_read else None, read_at=at if is_read else None)
