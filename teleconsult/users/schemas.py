"""What the API says and takes about users."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from teleconsult.consults.consult import Specialty
from teleconsult.text import Text
from teleconsult.users.user import Institution, Role, User

if TYPE_CHECKING:
    from teleconsult.users.members import Member

Language = Literal["zh-CN", "en"]


class InstitutionOut(BaseModel):
    id: str
    name_en: str
    name_zh: str

    @classmethod
    def of(cls, institution: Institution) -> "InstitutionOut":
        return cls(id=institution.id, name_en=institution.name_en, name_zh=institution.name_zh)


class UserRefOut(BaseModel):
    id: str
    display_name: str
    institution: InstitutionOut

    @classmethod
    def of(cls, user: User) -> "UserRefOut":
        return cls(
            id=user.id,
            display_name=user.display_name,
            institution=InstitutionOut.of(user.institution),
        )


class MemberIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    display_name: Annotated[Text, Field(min_length=1, max_length=200)]
    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role))]
    specialty: Specialty | None = None
    language: Language = "zh-CN"


class NewMemberIn(MemberIn):
    username: Annotated[Text, Field(min_length=2, max_length=64, pattern=r"^[\w.@-]+$")]


class MemberOut(BaseModel):
    id: str
    username: str
    display_name: str
    roles: list[Role]
    specialty: str | None
    language: Language
    must_change_password: bool
    has_second_factor: bool
    disabled_at: datetime | None

    @classmethod
    def of(cls, member: "Member") -> "MemberOut":
        user = member.user
        return cls(
            id=user.id,
            username=user.username,
            display_name=user.display_name,
            roles=sorted(user.roles),
            specialty=user.specialty,
            language=user.language,  # type: ignore[arg-type]
            must_change_password=user.must_change_password,
            has_second_factor=member.has_second_factor,
            disabled_at=member.disabled_at,
        )


class SecondFactorRule(BaseModel):
    """In which roles a member of the institution must have a second factor."""

    model_config = ConfigDict(extra="forbid")

    roles: Annotated[list[Role], Field(max_length=len(Role))]


class OneTimePasswordOut(BaseModel):
    one_time_password: str


class NewMemberOut(OneTimePasswordOut):
    member: MemberOut
