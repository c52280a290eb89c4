"""What the API says and takes about second opinions and multidisciplinary panels."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from teleconsult.consults.consult import Specialty
from teleconsult.opinions.comparison import Comparison, Concurrence, RadpeerScore
from teleconsult.opinions.panel import Panel
from teleconsult.text import Text
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User

Long = Annotated[Text, Field(max_length=20_000)]


class FirstReportComparisonIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    agreement: Concurrence
    difference: Long
    radpeer_score: RadpeerScore | None = None
    version: int  # 0: none was stored


class FirstReportComparisonOut(BaseModel):
    """Null throughout before the reader has said it."""

    agreement: Concurrence | None
    difference: str
    radpeer_score: RadpeerScore | None
    version: int
    may_write: bool

    @classmethod
    def of(cls, found: Comparison | None, *, may_write: bool) -> "FirstReportComparisonOut":
        if found is None:
            return cls(agreement=None, difference="", radpeer_score=None, version=0, may_write=may_write)
        return cls(
            agreement=found.agreement,
            difference=found.difference,
            radpeer_score=found.radpeer_score,
            version=found.version,
            may_write=may_write,
        )


class OpinionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    specialty: Specialty
    text: Annotated[Long, Field(min_length=1)]
    version: int  # of the panel


class AnswerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    specialty: Specialty
    agrees: bool
    dissent: Long = ""
    version: int


class PanelStepIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int


class MissingReasonIn(PanelStepIn):
    reason: Annotated[Text, Field(min_length=1, max_length=1000)]


class OpinionOut(BaseModel):
    specialty: str
    named: UserRefOut | None
    author: UserRefOut | None
    given_at: datetime | None
    text: str | None  # null: not to be read yet
    agrees: bool | None  # with the joint draft as it is now; null: not answered
    dissent: str
    is_own: bool  # the caller's to give or to answer with


class PanelOut(BaseModel):
    opinions: list[OpinionOut]
    is_open: bool
    is_chair: bool
    may_give: bool
    joint_draft: str | None
    outstanding: list[str]
    missing_reason: str | None
    version: int

    @classmethod
    def of(
        cls,
        panel: Panel,
        people: Mapping[str, User],
        user: User,
        *,
        own: frozenset[str],
        is_chair: bool,
        may_give: bool,
        conclusion: str,
    ) -> "PanelOut":
        def ref(user_id: str | None) -> UserRefOut | None:
            return UserRefOut.of(people[user_id]) if user_id else None

        return cls(
            opinions=[
                OpinionOut(
                    specialty=one.specialty,
                    named=ref(one.named_id),
                    author=ref(one.author_id),
                    given_at=one.given_at,
                    text=one.text if panel.may_read(one, user.id) else None,
                    agrees=one.agrees if panel.answered(one) else None,
                    dissent=one.dissent if panel.answered(one) else "",
                    is_own=one.specialty in own,
                )
                for one in panel.opinions
            ],
            is_open=panel.is_open,
            is_chair=is_chair,
            may_give=may_give,
            joint_draft=panel.joint_draft,
            outstanding=panel.outstanding(conclusion),
            missing_reason=panel.missing_reason,
            version=panel.version,
        )
