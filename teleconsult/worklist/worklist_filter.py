"""What a worklist is asked for, and where one of its pages ends. Pure."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from teleconsult.consults.consult import Urgency
from teleconsult.errors import BadCursor
from teleconsult.text import Text

Word = Annotated[str, Field(min_length=1, max_length=64)]
Several: Any = Field(default=[], max_length=30)


class Sort(StrEnum):
    """Each is a column order with an index of its own; all columns of one go the same way."""

    URGENCY = "urgency"  # the most urgent first, of these the newest
    AI = "ai"  # by what AI found and nobody has decided on
    WAITING = "waiting"  # who has waited longest first; what does not wait comes last
    NEWEST = "newest"


class RowState(StrEnum):
    UNREAD = "unread"
    BEING_READ = "being-read"
    READ = "read"
    WAITING = "waiting"  # a consult that nobody has accepted
    ACTIVE = "active"
    FINISHED = "finished"


class WorklistFilter(BaseModel):
    """Every condition must hold; of the values of one condition, one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: Text = Field(default="", max_length=100)
    kind: Literal["study", "consult"] | None = None
    modality: list[Word] = Several
    body_part: list[Word] = Several
    since: AwareDatetime | None = None  # when it was received, or asked for
    until: AwareDatetime | None = None
    institution_id: Annotated[str, Field(max_length=36)] | None = None
    urgency: list[Urgency] = Several
    state: list[RowState] = Several
    assigned: Literal["me", "nobody"] | None = None
    undecided: bool = False  # only with findings that nobody has decided on
    min_category: float = Field(default=0.0, ge=0.0, le=6.0)  # 4A of Lung-RADS is 4.2
    min_probability: float = Field(default=0.0, ge=0.0, le=1.0)
    sort: Sort = Sort.URGENCY


@dataclass(frozen=True, slots=True)
class Cursor:
    """The sort key of the last row of a page: the next page begins behind it, whatever came meanwhile."""

    values: tuple[Any, ...]

    def to_text(self) -> str:
        plain = [value.isoformat() if isinstance(value, datetime) else value for value in self.values]
        return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()

    @classmethod
    def from_text(cls, text: str, types: tuple[type, ...]) -> "Cursor":
        """Return what `to_text` wrote of values of these types. Raises BadCursor."""
        try:
            plain = json.loads(base64.urlsafe_b64decode(text.encode()))
            values = tuple(
                datetime.fromisoformat(value) if kind is datetime else kind(value)
                for kind, value in zip(types, plain, strict=True)
            )
        except (binascii.Error, ValueError, TypeError) as error:
            raise BadCursor from error
        if any(isinstance(value, datetime) and value.tzinfo is None for value in values):
            raise BadCursor
        return cls(values)
