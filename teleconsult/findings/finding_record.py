"""A finding with what the clinicians decided on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imaging.finding import Finding


class DecisionStatus(StrEnum):
    PRELIMINARY = "preliminary"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


# A decision can be changed and undone until the report is signed; all of it is in the audit log.
TRANSITIONS: Mapping[DecisionStatus, frozenset[DecisionStatus]] = {
    DecisionStatus.PRELIMINARY: frozenset({DecisionStatus.ACCEPTED, DecisionStatus.REJECTED}),
    DecisionStatus.ACCEPTED: frozenset({DecisionStatus.REJECTED, DecisionStatus.PRELIMINARY}),
    # Rejected again: the reason is given, or changed, after the fact.
    DecisionStatus.REJECTED: frozenset(
        {DecisionStatus.ACCEPTED, DecisionStatus.PRELIMINARY, DecisionStatus.REJECTED}
    ),
}


@dataclass(frozen=True, slots=True)
class FindingRecord:
    id: str
    finding: Finding
    status: DecisionStatus
    decided_by_id: str | None
    decided_at: datetime | None
    decision_reason: str | None
    version: int
