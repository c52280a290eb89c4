"""What the API says and takes about a consult's chat."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from teleconsult.chat.message import AttachedKeyImage, Attachment, Message
from teleconsult.key_images.repository import Shown
from teleconsult.key_images.schemas import KeyImageOut
from teleconsult.text import Line, Text
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User

MOST_CHARACTERS = 4_000


class MessageIn(BaseModel):
    text: Text = Field(min_length=1, max_length=MOST_CHARACTERS)


class AttachedIn(BaseModel):
    """What is said of a file that is sent."""

    name: Line = Field(min_length=1, max_length=200)
    text: Text = Field(default="", max_length=MOST_CHARACTERS)


class KeyImageMessageIn(BaseModel):
    """A message with a key image of a study of the consult."""

    study_instance_uid: str = Field(min_length=1, max_length=64)
    key_image_id: UUID
    text: Text = Field(default="", max_length=MOST_CHARACTERS)


class MessageWithdrawalIn(BaseModel):
    reason: Text = Field(min_length=1, max_length=500)


class ChatReadIn(BaseModel):
    number: int = Field(ge=0, le=2**31 - 1)


class EarlierTextOut(BaseModel):
    text: str
    until: datetime


class AttachmentOut(BaseModel):
    name: str
    media_type: str
    size_bytes: int


class AttachedKeyImageOut(BaseModel):
    """The key image as it is now; null: it was removed, or its image is no longer in the study."""

    key_image: KeyImageOut | None


class MessageOut(BaseModel):
    """A message; of a withdrawn one only that it was, when and why it was withdrawn."""

    id: str
    number: int
    author: UserRefOut
    written_at: datetime
    text: str
    earlier: list[EarlierTextOut]
    attachment: AttachmentOut | AttachedKeyImageOut | None
    withdrawn_at: datetime | None
    withdrawal_reason: str | None

    @classmethod
    def of(
        cls, message: Message, people: Mapping[str, User], key_images: Mapping[str, Shown]
    ) -> "MessageOut":
        is_withdrawn = message.withdrawn_at is not None
        return cls(
            id=message.id,
            number=message.number,
            author=UserRefOut.of(people[message.author_id]),
            written_at=message.written_at,
            text="" if is_withdrawn else message.text,
            earlier=[] if is_withdrawn else [EarlierTextOut.model_validate(one) for one in message.earlier],
            attachment=None if is_withdrawn else _attachment(message.attachment, people, key_images),
            withdrawn_at=message.withdrawn_at,
            withdrawal_reason=message.withdrawal_reason,
        )


def _attachment(
    given: Attachment | AttachedKeyImage | None, people: Mapping[str, User], key_images: Mapping[str, Shown]
) -> AttachmentOut | AttachedKeyImageOut | None:
    if given is None:
        return None
    if isinstance(given, Attachment):
        return AttachmentOut(name=given.name, media_type=given.media_type, size_bytes=given.size_bytes)
    shown = key_images.get(given.key_image_id)
    return AttachedKeyImageOut(key_image=None if shown is None else KeyImageOut.of(shown, people))


class ChatOut(BaseModel):
    messages: list[MessageOut]
    unread_count: int
    may_write: bool
    editable_for_s: int
