"""The messages of a consult's chat: written, put right soon after, withdrawn, never deleted."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from storage.tables import chat_messages, chat_reads
from teleconsult.errors import MessageTooOld, TooManyMessages

EDITABLE_FOR: Final = timedelta(minutes=2)
MOST_IN_A_MINUTE: Final = 20  # of one person, in all consults
PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    object_key: str


@dataclass(frozen=True, slots=True)
class AttachedKeyImage:
    """A key image by reference: what it shows, and whether it is still there, is asked when it is read."""

    study_instance_uid: str
    key_image_id: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        number: of the consult's messages, from 1.
        earlier: the texts it had before, each with the time until which it stood, the first one first.
    """

    id: str
    consult_id: str
    number: int
    author_id: str
    written_at: datetime
    text: str
    earlier: tuple[Mapping[str, str], ...] = ()
    attachment: Attachment | AttachedKeyImage | None = None
    withdrawn_at: datetime | None = None
    withdrawal_reason: str | None = None


def may_edit(message: Message, user_id: str, at: datetime) -> bool:
    is_fresh = abs(at - message.written_at) <= EDITABLE_FOR
    return message.author_id == user_id and message.withdrawn_at is None and is_fresh


def add_message(connection: Connection, message: Message) -> None:
    """Raises TooManyMessages."""
    _require_pace(connection, message.author_id, message.written_at)
    connection.execute(
        insert(chat_messages).values(
            id=message.id,
            consult_id=message.consult_id,
            number=message.number,
            author=message.author_id,
            written_at=message.written_at,
            text=message.text,
            earlier=[],
            attachment=None if message.attachment is None else asdict(message.attachment),
        )
    )


def _require_pace(connection: Connection, author_id: str, at: datetime) -> None:
    lately = chat_messages.c.written_at.between(at - timedelta(minutes=1), at)
    of_author = (chat_messages.c.author == author_id) & lately
    if connection.execute(select(func.count()).where(of_author)).scalar_one() >= MOST_IN_A_MINUTE:
        raise TooManyMessages


def edit_message(connection: Connection, message: Message, text: str, user_id: str, at: datetime) -> None:
    """Raises MessageTooOld: the time in which its author puts it right is over."""
    if not may_edit(message, user_id, at):
        raise MessageTooOld
    earlier = [*map(dict, message.earlier), {"text": message.text, "until": at.isoformat()}]
    connection.execute(
        update(chat_messages).where(chat_messages.c.id == message.id).values(text=text, earlier=earlier)
    )


def withdraw_message(connection: Connection, message_id: str, reason: str, at: datetime) -> None:
    connection.execute(
        update(chat_messages)
        .where(chat_messages.c.id == message_id, chat_messages.c.withdrawn_at.is_(None))
        .values(withdrawn_at=at, withdrawal_reason=reason)
    )


def find_message(connection: Connection, message_id: str) -> Message | None:
    row = connection.execute(select(chat_messages).where(chat_messages.c.id == message_id)).first()
    return None if row is None else _message(row)


def messages_of(connection: Connection, consult_id: str, before: int | None) -> list[Message]:
    """The last PAGE messages, or those before a number; the oldest first."""
    query = select(chat_messages).where(chat_messages.c.consult_id == consult_id)
    if before is not None:
        query = query.where(chat_messages.c.number < before)
    rows = connection.execute(query.order_by(chat_messages.c.number.desc()).limit(PAGE)).all()
    return [_message(row) for row in reversed(rows)]


def last_number(connection: Connection, consult_id: str) -> int:
    last = select(func.max(chat_messages.c.number)).where(chat_messages.c.consult_id == consult_id)
    return connection.execute(last).scalar() or 0


def read_until(connection: Connection, consult_id: str, user_id: str) -> int:
    """The number of the last message that the user has seen; 0: none."""
    query = select(chat_reads.c.number).where(
        chat_reads.c.consult_id == consult_id, chat_reads.c.user_id == user_id
    )
    return connection.execute(query).scalar() or 0


def unread_counts(connection: Connection, consult_ids: Collection[str], user_id: str) -> dict[str, int]:
    """Messages of others that came since, by consult; a consult without any has no entry."""
    if not consult_ids:
        return {}
    seen = (chat_reads.c.consult_id == chat_messages.c.consult_id) & (chat_reads.c.user_id == user_id)
    query = (
        select(chat_messages.c.consult_id, func.count())
        .select_from(chat_messages.outerjoin(chat_reads, seen))
        .where(
            chat_messages.c.consult_id.in_(consult_ids),
            chat_messages.c.author != user_id,
            chat_messages.c.number > func.coalesce(chat_reads.c.number, 0),
        )
        .group_by(chat_messages.c.consult_id)
    )
    return {consult_id: count for consult_id, count in connection.execute(query)}


def set_read(connection: Connection, consult_id: str, user_id: str, number: int) -> None:
    """Never back, and never further than there are messages."""
    seen = min(number, last_number(connection, consult_id))
    known = read_until(connection, consult_id, user_id)
    this = (chat_reads.c.consult_id == consult_id) & (chat_reads.c.user_id == user_id)
    if known == 0 and seen > 0:
        connection.execute(insert(chat_reads).values(consult_id=consult_id, user_id=user_id, number=seen))
    elif seen > known:
        connection.execute(update(chat_reads).where(this).values(number=seen))


def _attachment(kept: Mapping[str, Any] | None) -> Attachment | AttachedKeyImage | None:
    if not kept:
        return None
    return AttachedKeyImage(**kept) if "key_image_id" in kept else Attachment(**kept)


def _message(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        consult_id=row.consult_id,
        number=row.number,
        author_id=row.author,
        written_at=row.written_at,
        text=row.text,
        earlier=tuple(row.earlier),
        attachment=_attachment(row.attachment),
        withdrawn_at=row.withdrawn_at,
        withdrawal_reason=row.withdrawal_reason,
    )
