"""What the API says and takes about stills."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, Field

from imaging.photographic_image import BodySite, Laterality
from teleconsult.stills.still import Still, StillSource
from teleconsult.text import Text
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User

MOST_TITLE_CHARACTERS = 200


class StillIn(BaseModel):
    """What is said of a picture; `camera_of`: whose camera or screen it shows."""

    camera_of: str = Field(min_length=1, max_length=36)
    source: StillSource
    taken_at: AwareDatetime
    title: Text = Field(default="", max_length=MOST_TITLE_CHARACTERS)
    body_site: BodySite | None = None
    laterality: Laterality | None = None


class StillDeletionIn(BaseModel):
    reason: Text = Field(min_length=1, max_length=500)


class StillOut(BaseModel):
    """A still; of a deleted one only that it was, who deleted it and why."""

    id: str
    number: int
    taken_by: UserRefOut
    taken_at: datetime
    camera_of: UserRefOut
    source: StillSource
    title: str
    body_site: BodySite | None
    laterality: Laterality | None
    width: int
    height: int
    size_bytes: int
    sha256: str
    is_archived: bool
    may_delete: bool
    deleted_at: datetime | None
    deleted_by: UserRefOut | None
    deletion_reason: str | None

    @classmethod
    def of(cls, still: Still, people: Mapping[str, User], may_delete: bool) -> "StillOut":
        is_deleted = still.deleted_at is not None
        return cls(
            id=still.id,
            number=still.number,
            taken_by=UserRefOut.of(people[still.taken_by_id]),
            taken_at=still.taken_at,
            camera_of=UserRefOut.of(people[still.camera_of_id]),
            source=still.source,
            title="" if is_deleted else still.title,
            body_site=None if is_deleted else still.body_site,
            laterality=None if is_deleted else still.laterality,
            width=still.width,
            height=still.height,
            size_bytes=still.size_bytes,
            sha256=still.sha256,
            is_archived=still.archived_at is not None,
            may_delete=may_delete and not is_deleted,
            deleted_at=still.deleted_at,
            deleted_by=UserRefOut.of(people[still.deleted_by_id]) if still.deleted_by_id else None,
            deletion_reason=still.deletion_reason,
        )
