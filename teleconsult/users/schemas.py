"""What the API says and takes about users."""

from typing import Literal

from pydantic import BaseModel, Field

from teleconsult.users.user import Institution, Role, User

Language = Literal["zh-CN", "en"]


class SignInIn(BaseModel):
    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=1024)


class PasswordChangeIn(BaseModel):
    current_password: str = Field(max_length=1024)
    new_password: str = Field(max_length=1024)


class MeIn(BaseModel):
    language: Language


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


class MeOut(BaseModel):
    id: str
    username: str
    display_name: str
    roles: list[Role]
    institution: InstitutionOut
    specialty: str | None
    language: Language
    must_change_password: bool

    @classmethod
    def of(cls, user: User) -> "MeOut":
        return cls(
            id=user.id,
            username=user.username,
            display_name=user.display_name,
            roles=sorted(user.roles),
            institution=InstitutionOut.of(user.institution),
            specialty=user.specialty,
            language=user.language,  # type: ignore[arg-type]
            must_change_password=user.must_change_password,
        )
