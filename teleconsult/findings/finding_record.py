"""A finding with what the clinicians decided on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imaging.finding import Finding


class DecisionStatus(StrEnum):
    PRELIMINARY = "preliminary"
    ACCEPTED = "accepted"
    EDITED = "edited"  # accepted, with a box that a reader drew
    REJECTED = "rejected"

    @property
    def is_accepted(self) -> bool:
        """Whether a reader takes the finding for real, by the model's box or by an own one."""
        return self in (DecisionStatus.ACCEPTED, DecisionStatus.EDITED)


# A decision can be changed and undone until the report is signed; all of it is in the audit log.
TRANSITIONS: Mapping[DecisionStatus, frozenset[DecisionStatus]] = {
    DecisionStatus.PRELIMINARY: frozenset(
        {DecisionStatus.ACCEPTED, DecisionStatus.EDITED, DecisionStatus.REJECTED}
    ),
    DecisionStatus.ACCEPTED: frozenset(
        {DecisionStatus.EDITED, DecisionStatus.REJECTED, DecisionStatus.PRELIMINARY}
    ),
    # Edited again: another box. To accept the model's own, the edit is taken back first.
    DecisionStatus.EDITED: frozenset(
        {DecisionStatus.EDITED, DecisionStatus.REJECTED, DecisionStatus.PRELIMINARY}
    ),
    # Rejected again: the reason is given, or changed, after the fact.
    DecisionStatus.REJECTED: frozenset(
        {
            DecisionStatus.ACCEPTED,
            DecisionStatus.EDITED,
            DecisionStatus.PRELIMINARY,
            DecisionStatus.REJECTED,
        }
    ),
}


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """
    Attributes:
        finding: as it stands: as the model gave it, or, once edited, with the reader's box and measures.
        by_model: as the model gave it, where a reader edited it; None: `finding` is the model's.
    """

    id: str
    finding: Finding
    status: DecisionStatus
    decided_by_id: str | None
    decided_at: datetime | None
    decision_reason: str | None
    version: int
    by_model: Finding | None = None

    @property
    def as_found(self) -> Finding:
        """As the model gave it, whatever a reader made of it."""
        return self.by_model or self.finding
