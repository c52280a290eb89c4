"""An agreement between two institutions: who may ask whom, for what, from when until when. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from teleconsult.consults.consult import LegalRole, Specialty
from teleconsult.errors import AgreementSettled, BadAgreement, NotAllowed, ReasonRequired

LONGEST = timedelta(days=3660)  # ten years
ENDS_SOON = timedelta(days=30)


class AgreementState(StrEnum):
    PROPOSED = "proposed"  # one side has said yes
    UPCOMING = "upcoming"
    IN_FORCE = "in-force"
    ENDS_SOON = "ends-soon"  # still in force
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Scope:
    """One thing that may be asked for under an agreement."""

    specialty: str
    legal_role: LegalRole


EVERYTHING = frozenset(Scope(specialty, role) for specialty in Specialty for role in LegalRole)


@dataclass(frozen=True, slots=True)
class Agreement:
    id: str
    inviting_institution_id: str
    invited_institution_id: str
    scopes: frozenset[Scope]
    starts_at: datetime
    ends_at: datetime  # the first moment at which it no longer holds
    proposed_at: datetime
    proposed_by_id: str | None = None  # None: made at installation or upgrade
    proposing_institution_id: str | None = None
    accepted_at: datetime | None = None
    accepted_by_id: str | None = None
    ended_at: datetime | None = None
    ended_by_id: str | None = None
    end_reason: str | None = None

    @property
    def sides(self) -> frozenset[str]:
        return frozenset({self.inviting_institution_id, self.invited_institution_id})

    def state(self, at: datetime) -> AgreementState:
        if self.ended_at is not None or self.ends_at <= at:
            return AgreementState.ENDED
        if self.accepted_at is None:
            return AgreementState.PROPOSED
        if at < self.starts_at:
            return AgreementState.UPCOMING
        return AgreementState.ENDS_SOON if self.ends_at - at <= ENDS_SOON else AgreementState.IN_FORCE

    def allows(self, scope: Scope, at: datetime) -> bool:
        """Whether the inviting side may ask for this now."""
        in_force = self.state(at) in (AgreementState.IN_FORCE, AgreementState.ENDS_SOON)
        return in_force and scope in self.scopes

    def awaits(self, institution_id: str, at: datetime) -> bool:
        """Whether this side has yet to accept: whoever proposed waits for the other."""
        is_asked = institution_id in self.sides and institution_id != self.proposing_institution_id
        return is_asked and self.state(at) is AgreementState.PROPOSED

    def accept(self, *, institution_id: str, actor_id: str, at: datetime) -> "Agreement":
        """Raises AgreementSettled where it is no longer a proposal, NotAllowed for the side that made it."""
        if self.state(at) is not AgreementState.PROPOSED:
            raise AgreementSettled
        if not self.awaits(institution_id, at):
            raise NotAllowed
        return replace(self, accepted_at=at, accepted_by_id=actor_id)

    def end(self, *, actor_id: str, at: datetime, reason: str) -> "Agreement":
        """Either side ends it, or takes back or refuses what was proposed. Accepted consults go on.

        Raises: AgreementSettled, ReasonRequired.
        """
        if self.state(at) is AgreementState.ENDED:
            raise AgreementSettled
        if not reason.strip():
            raise ReasonRequired
        return replace(self, ended_at=at, ended_by_id=actor_id, end_reason=reason)


def check_terms(
    inviting_id: str, invited_id: str, scopes: Collection[Scope], starts_at: datetime, ends_at: datetime
) -> None:
    """Raises BadAgreement: with oneself, for nothing, over before it begins, or for longer than LONGEST."""
    if inviting_id == invited_id or not scopes or not starts_at < ends_at <= starts_at + LONGEST:
        raise BadAgreement


def offered_to(
    agreements: Iterable[Agreement], inviting_institution_id: str, scope: Scope, at: datetime
) -> frozenset[str]:
    """The institutions whose specialists a request reaches; one's own always."""
    reached = {
        one.invited_institution_id
        for one in agreements
        if one.inviting_institution_id == inviting_institution_id and one.allows(scope, at)
    }
    return frozenset({inviting_institution_id, *reached})
