"""What the API says and takes about templates of reports."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from teleconsult.consults.consult import Specialty
from teleconsult.reports.template import Template, Words
from teleconsult.reports.template_repository import PublishedTemplate
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User


class NewTemplateIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    content: Template
    copied_from: str | None = Field(default=None, max_length=64)


class TemplateVersionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    content: Template
    based_on: int


class RetirementIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    retired: bool


class MrrtIn(BaseModel):
    """An HTML file in the form of IHE MRRT, as text."""

    model_config = ConfigDict(extra="forbid")

    html: str


class LeftOutOut(BaseModel):
    """What of a file has no place in a template here: why, and each such thing as it stands there."""

    what: Words
    items: list[str]


class ReadTemplateOut(BaseModel):
    """What a file becomes; its texts stand in both languages as the file has them."""

    content: Template
    left_out: list[LeftOutOut]


class TemplateSummaryOut(BaseModel):
    """A template in its newest version. One that came with the program is changed by copying it."""

    id: str
    version: int
    title: Words
    description: Words
    specialties: list[Specialty]
    modalities: list[str]
    field_count: int
    is_shipped: bool
    is_retired: bool
    copied_from: str | None
    published_at: datetime
    published_by: UserRefOut | None

    @classmethod
    def of(cls, one: PublishedTemplate, people: Mapping[str, User]) -> "TemplateSummaryOut":
        return cls(
            id=one.ref.id,
            version=one.ref.version,
            title=one.content.title,
            description=one.content.description,
            specialties=list(one.content.specialties),
            modalities=list(one.content.modalities),
            field_count=sum(1 for _ in one.content.fields()),
            is_shipped=one.institution_id is None,
            is_retired=one.is_retired,
            copied_from=one.copied_from,
            published_at=one.published_at,
            published_by=UserRefOut.of(people[one.published_by_id]) if one.published_by_id else None,
        )


class TemplatesOut(BaseModel):
    may_manage: bool
    templates: list[TemplateSummaryOut]


class TemplateOut(BaseModel):
    summary: TemplateSummaryOut
    content: Template
