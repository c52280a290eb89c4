"""A consent as it is on record: who gave it, how, to which words, and whether it still holds. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from teleconsult.consents.texts import TextShown
from teleconsult.errors import AlreadyReviewed, ConsentMissing, ReasonRequired


class ConsentMethod(StrEnum):
    WRITTEN = "written"  # signed on paper
    WITNESSED = "witnessed"  # spoken before somebody else
    BY_LINK = "by-link"  # signed on the patient's own phone
    EMERGENCY = "emergency"  # not given: the reason stands in for it until it is reviewed


class Giver(StrEnum):
    PATIENT = "patient"
    GUARDIAN = "guardian"  # a relative or whoever else decides for the patient


@dataclass(frozen=True, slots=True)
class Scan:
    """The paper that was signed, as it is kept: encrypted, under the prefix `kept_at` of the object store."""

    content_type: str
    size_bytes: int
    sha256: str
    kept_at: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    at: datetime
    by_id: str | None  # None: by the patient's link
    reason: str  # empty where the patient gave none


@dataclass(frozen=True, slots=True)
class Review:
    """Somebody looked at an emergency reason afterwards."""

    at: datetime
    by_id: str
    note: str


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent to one consult.

    Attributes:
        signature: the name as it was typed on the phone or stands on the paper.
        relation: of a guardian to the patient.
        note: what else is to be said; of an emergency, the reason.
        recorded_by_id: the clinician who attests it; None: signed by link.
    """

    id: str
    consult_id: str
    method: ConsentMethod
    given_at: datetime
    text: TextShown | None = None
    giver: Giver | None = None
    relation: str | None = None
    signature: str | None = None
    witness: str | None = None
    note: str | None = None
    recorded_by_id: str | None = None
    scan: Scan | None = None
    withdrawal: Withdrawal | None = None
    review: Review | None = None

    def __post_init__(self) -> None:
        """Raises ConsentMissing: nobody gave it, and no reason stands in for it."""
        is_emergency = self.method is ConsentMethod.EMERGENCY
        if is_emergency and not (self.note or "").strip():
            raise ConsentMissing
        if not is_emergency and self.giver is None:
            raise ConsentMissing

    @property
    def is_in_force(self) -> bool:
        return self.withdrawal is None

    @property
    def awaits_review(self) -> bool:
        """Also once it was withdrawn, or the patient has consented after all: it was made use of."""
        return self.method is ConsentMethod.EMERGENCY and self.review is None

    def withdraw(self, *, by_id: str | None, at: datetime, reason: str) -> "Consent":
        """A patient needs no reason (GDPR 7(3), PIPL 15: as easy as giving it), a clinician does.

        Raises:
            ReasonRequired.
        """
        if by_id is not None and not reason.strip():
            raise ReasonRequired
        return replace(self, withdrawal=Withdrawal(at, by_id, reason))

    def reviewed(self, *, by_id: str, at: datetime, note: str) -> "Consent":
        """Raises AlreadyReviewed: or there is nothing to review."""
        if not self.awaits_review:
            raise AlreadyReviewed
        return replace(self, review=Review(at, by_id, note))


def in_force(consents: Iterable[Consent]) -> Consent | None:
    """The newest that was not withdrawn: the one that decides."""
    return max(
        (one for one in consents if one.is_in_force), key=lambda one: (one.given_at, one.id), default=None
    )
