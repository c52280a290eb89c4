"""A case that somebody without a part in it opened in an emergency ("break-glass"), and its review. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from teleconsult.errors import AlreadyReviewed

EMERGENCY = "emergency_access"  # the mark of every audit entry of what was done under one, by its id


class EmergencyKind(StrEnum):
    EMERGENCY = "emergency"
    ON_CALL = "on-call"  # covers for whoever has the case
    OTHER = "other"


class ReviewVerdict(StrEnum):
    ACCEPTED = "accepted"
    OBJECTED = "objected"


@dataclass(frozen=True, slots=True)
class AccessReview:
    """What a privacy officer said of it afterwards."""

    at: datetime
    by_id: str
    verdict: ReviewVerdict
    note: str


@dataclass(frozen=True, slots=True)
class EmergencyAccess:
    """One person's access to one consult and its studies.

    Attributes:
        ended_at: when the person ended it before its time.
    """

    id: str
    consult_id: str
    user_id: str
    kind: EmergencyKind
    reason: str
    opened_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    review: AccessReview | None = None

    def is_in_force(self, at: datetime) -> bool:
        return self.ended_at is None and at < self.expires_at

    def ended(self, at: datetime) -> "EmergencyAccess":
        """It is over from now on; one that is over already stays as it is."""
        return replace(self, ended_at=at) if self.is_in_force(at) else self

    def reviewed(self, review: AccessReview) -> "EmergencyAccess":
        """Raises AlreadyReviewed."""
        if self.review is not None:
            raise AlreadyReviewed
        return replace(self, review=review)
