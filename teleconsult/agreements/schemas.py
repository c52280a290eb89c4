"""What the API says and takes about agreements between institutions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from teleconsult import access
from teleconsult.agreements.agreement import Agreement, AgreementState, Scope
from teleconsult.agreements.repository import Reach
from teleconsult.consults.consult import LegalRole, Specialty
from teleconsult.text import Text
from teleconsult.users.schemas import InstitutionOut
from teleconsult.users.user import Institution, User


class AgreementIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    inviting_institution_id: str = Field(max_length=36)
    invited_institution_id: str = Field(max_length=36)
    specialties: Annotated[list[Specialty], Field(min_length=1, max_length=len(Specialty))]
    legal_roles: Annotated[list[LegalRole], Field(min_length=1, max_length=len(LegalRole))]
    starts_at: AwareDatetime
    ends_at: AwareDatetime  # the first moment at which it no longer holds

    def scopes(self) -> frozenset[Scope]:
        return frozenset(
            Scope(specialty, role) for specialty in self.specialties for role in self.legal_roles
        )


class AgreementEndIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(max_length=1000)]


class AgreementOut(BaseModel):
    id: str
    inviting: InstitutionOut
    invited: InstitutionOut
    specialties: list[str]
    legal_roles: list[LegalRole]
    starts_at: datetime
    ends_at: datetime
    state: AgreementState
    carried_over: bool  # made at installation or upgrade: nobody signed it here
    accepted_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    may_accept: bool
    may_end: bool

    @classmethod
    def of(
        cls, agreement: Agreement, institutions: Mapping[str, Institution], user: User, at: datetime
    ) -> "AgreementOut":
        state = agreement.state(at)
        manages = access.may_manage_institution(user)
        return cls(
            id=agreement.id,
            inviting=InstitutionOut.of(institutions[agreement.inviting_institution_id]),
            invited=InstitutionOut.of(institutions[agreement.invited_institution_id]),
            specialties=sorted({scope.specialty for scope in agreement.scopes}),
            legal_roles=sorted({scope.legal_role for scope in agreement.scopes}),
            starts_at=agreement.starts_at.astimezone(UTC),
            ends_at=agreement.ends_at.astimezone(UTC),
            state=state,
            carried_over=agreement.proposing_institution_id is None,
            accepted_at=agreement.accepted_at,
            ended_at=agreement.ended_at,
            end_reason=agreement.end_reason,
            may_accept=manages and agreement.awaits(user.institution.id, at),
            may_end=manages and state is not AgreementState.ENDED,
        )


class AgreementsOut(BaseModel):
    own: InstitutionOut
    may_manage: bool
    others: list[InstitutionOut]
    agreements: list[AgreementOut]


class ReachOut(BaseModel):
    """How many specialists of one institution see a request for this specialty in this legal role."""

    specialty: str
    legal_role: LegalRole
    institution: InstitutionOut
    specialists: int

    @classmethod
    def of(cls, reach: Reach, institutions: Mapping[str, Institution]) -> "ReachOut":
        return cls(
            specialty=reach.scope.specialty,
            legal_role=reach.scope.legal_role,
            institution=InstitutionOut.of(institutions[reach.institution_id]),
            specialists=reach.specialists,
        )
