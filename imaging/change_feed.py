"""Follow the archive's change feed: what arrived, what has come to rest. No network in here."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from imaging.pacs import Change, ChangeKind


class ArrivalKind(StrEnum):
    """What the archive's news mean to us."""

    INSTANCE_ARRIVED = "instance-arrived"  # its series grew
    SERIES_STABLE = "series-stable"
    STUDY_STABLE = "study-stable"


ARRIVAL_KINDS = {
    ChangeKind.NEW_INSTANCE: ArrivalKind.INSTANCE_ARRIVED,
    ChangeKind.STABLE_SERIES: ArrivalKind.SERIES_STABLE,
    ChangeKind.STABLE_STUDY: ArrivalKind.STUDY_STABLE,
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """One piece of news. `orthanc_id` is that of the instance, series or study."""

    kind: ArrivalKind
    orthanc_id: str
    sequence: int


class ArrivalTracker:
    """Turns pages of the change feed into arrivals, each told once, in order.

    Ask the archive for the changes after `last_sequence`, hand the page to `receive`, act on what it
    returns, and only then write `last_sequence` down: after a crash the same page is told again, and
    nothing is left out.
    """

    def __init__(self, last_sequence: int = 0) -> None:
        self.last_sequence = last_sequence

    def receive(self, changes: Iterable[Change], last: int | None = None) -> list[Arrival]:
        """Return the arrivals in a page that were not told before.

        Args:
            changes: in the order of their sequence numbers.
            last: the last number that the archive says it has given out. One below what was seen means
                that the archive began anew: all it has is told again, from its first change on.
        """
        if last is not None and last < self.last_sequence:
            self.last_sequence = 0
            return []
        arrivals = []
        for change in changes:
            if change.sequence <= self.last_sequence:
                continue
            self.last_sequence = change.sequence
            if change.kind in ARRIVAL_KINDS:
                arrivals.append(Arrival(ARRIVAL_KINDS[change.kind], change.orthanc_id, change.sequence))
        if last is not None:
            self.last_sequence = max(self.last_sequence, last)
        return arrivals
