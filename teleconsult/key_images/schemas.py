"""What the API says and takes about key images."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field

from teleconsult.key_images.key_image import Turn, Window
from teleconsult.key_images.repository import Shown
from teleconsult.text import Text
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User

MOST_CHARACTERS = 500
Value = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]


class WindowIO(BaseModel):
    """Centre and width in the modality's units (PS3.3 C.11.2.1.2)."""

    center: Value
    width: Annotated[Value, Field(gt=0)]

    def value(self) -> Window:
        return Window(self.center, self.width)


class TurnIO(BaseModel):
    """Mirrored left to right first, if at all, then turned clockwise by so many degrees."""

    rotation: Literal[0, 90, 180, 270]
    flip: bool

    def value(self) -> Turn:
        return Turn(self.rotation, self.flip)


class KeyImageIn(BaseModel):
    """An image as it is shown: `frame` is zero-based; `window` null where the image has none, `turn` where
    nobody knows how it lay."""

    sop_instance_uid: str = Field(min_length=1, max_length=64)
    frame: int = Field(default=0, ge=0, le=2**31 - 1)
    window: WindowIO | None = None
    invert: bool = False
    turn: TurnIO | None = None
    note: Text = Field(default="", max_length=MOST_CHARACTERS)


class PlaceOut(BaseModel):
    """Among the slices of its series as the viewer counts, from 1; the number in the image may be another."""

    index: int
    count: int


class KeyImageOut(BaseModel):
    id: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    frame: int
    window: WindowIO | None
    invert: bool
    turn: TurnIO | None
    note: str
    made_by: UserRefOut
    made_at: datetime
    study_date: str | None
    modality: str
    series_number: int | None
    series_description: str | None
    place: PlaceOut | None
    instance_number: int | None
    number_of_frames: int

    @classmethod
    def of(cls, shown: Shown, people: Mapping[str, User]) -> Self:
        one = shown.key_image
        return cls(
            id=one.id,
            study_instance_uid=one.study_instance_uid,
            series_instance_uid=one.series_instance_uid,
            sop_instance_uid=one.sop_instance_uid,
            frame=one.frame,
            window=WindowIO(center=one.window.center, width=one.window.width) if one.window else None,
            invert=one.invert,
            turn=TurnIO.model_validate(one.turn, from_attributes=True) if one.turn else None,
            note=one.note,
            made_by=UserRefOut.of(people[one.made_by_id]),
            made_at=one.made_at,
            study_date=shown.study_date,
            modality=shown.modality,
            series_number=shown.series_number,
            series_description=shown.series_description,
            place=PlaceOut(index=shown.place[0], count=shown.place[1]) if shown.place else None,
            instance_number=shown.instance_number,
            number_of_frames=shown.number_of_frames,
        )
