"""The chat of a consult: both sides write, nobody deletes, and it stays with the case."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote, unquote
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from storage import audit_log
from storage.errors import ObjectAlreadyStored
from teleconsult import access
from teleconsult.chat.attachment import extension_of, media_type_of
from teleconsult.chat.message import (
    EDITABLE_FOR,
    AttachedKeyImage,
    Attachment,
    Message,
    add_message,
    edit_message,
    find_message,
    last_number,
    messages_of,
    set_read,
    unread_counts,
    withdraw_message,
)
from teleconsult.chat.schemas import (
    AttachedIn,
    ChatOut,
    ChatReadIn,
    KeyImageMessageIn,
    MessageIn,
    MessageOut,
    MessageWithdrawalIn,
)
from teleconsult.consults.consult import Consult
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import (
    AttachmentTooLarge,
    ConsultOver,
    MessageWrittenAlready,
    NotAllowed,
    NotFound,
    UploadTooLarge,
)
from teleconsult.key_images.repository import placed, shown_by_ids
from teleconsult.request_body import LIMITED_BY_ROUTE, read_body
from teleconsult.users.user import User

router = APIRouter(prefix="/api/consults/{consult_id}/chat", tags=["chat"])
MOST_BYTES = 20 << 20
MOST_ABOUT_CHARACTERS = 16_000
AS_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


@router.get("")
def read_chat(
    consult_id: str,
    parts: Parts,
    user: CurrentUser,
    now: Now,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> ChatOut:
    """The last 100 messages, or the 100 before a number; the oldest first. Each visit is in the audit log."""
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_chat)
        messages = messages_of(connection, consult.id, before)
        out = ChatOut(
            messages=_out(parts, connection, messages),
            unread_count=unread_counts(connection, [consult.id], user.id).get(consult.id, 0),
            may_write=consult.status not in access.OVER,
            editable_for_s=int(EDITABLE_FOR.total_seconds()),
        )
    subject = f"consult/{consult.id}"
    parts.viewings.note(parts.database, at=now, actor=user.id, action="chat-viewed", subject=subject)
    return out


@router.put("/{message_id}", status_code=201)
def write_message(
    consult_id: str, message_id: UUID, body: MessageIn, parts: Parts, user: CurrentUser, now: Now
) -> MessageOut:
    """Write a message under an id of the page's own: sent again after a lost answer, it is one message."""
    return _keep(parts, consult_id, str(message_id), body.text, None, user, now)


@router.put("/{message_id}/file", status_code=201, max_body_size=LIMITED_BY_ROUTE)
async def write_file(
    consult_id: str,
    message_id: UUID,
    request: Request,
    parts: Parts,
    user: CurrentUser,
    now: Now,
    x_file: Annotated[str, Header(max_length=MOST_ABOUT_CHARACTERS)],
) -> MessageOut:
    """A message with a file, which is the body: PDF, JPEG or PNG of at most 20 MB.

    `X-File` is an `AttachedIn` as percent-encoded JSON.
    """
    try:
        about = AttachedIn.model_validate_json(unquote(x_file))
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False)) from None
    try:
        content = await read_body(request, MOST_BYTES)
    except UploadTooLarge as error:
        raise AttachmentTooLarge(MOST_BYTES >> 20) from error
    return await run_in_threadpool(_keep_file, parts, consult_id, str(message_id), about, content, user, now)


@router.put("/{message_id}/key-image", status_code=201)
def write_key_image(
    consult_id: str, message_id: UUID, body: KeyImageMessageIn, parts: Parts, user: CurrentUser, now: Now
) -> MessageOut:
    """A message with a key image, which is kept as a reference and not as a copy."""
    key_image_id = str(body.key_image_id)
    with parts.database.reading() as connection:
        consult = _writable(parts, connection, consult_id, user)
        shown = shown_by_ids(connection, [key_image_id]).get(key_image_id)
    if (
        body.study_instance_uid not in consult.study_instance_uids
        or shown is None
        or shown.key_image.study_instance_uid != body.study_instance_uid
    ):
        raise NotFound
    attached = AttachedKeyImage(body.study_instance_uid, key_image_id)
    return _keep(parts, consult_id, str(message_id), body.text, attached, user, now)


@router.patch("/{message_id}")
def put_message_right(
    consult_id: str, message_id: UUID, body: MessageIn, parts: Parts, user: CurrentUser, now: Now
) -> MessageOut:
    """Change one's own message within two minutes; the earlier text is kept and shown."""
    with parts.database.transaction() as connection:
        message = _own(parts, connection, consult_id, str(message_id), user)
        edit_message(connection, message, body.text, user.id, now)
        _note(connection, "chat-message-edited", message, user, now)
        out = _out_of(parts, connection, message.id)
    _changed(parts, consult_id)
    return out


@router.post("/{message_id}/withdrawal")
def withdraw(
    consult_id: str, message_id: UUID, body: MessageWithdrawalIn, parts: Parts, user: CurrentUser, now: Now
) -> MessageOut:
    """Take back one's own message with a reason: it is no longer shown, and that it was stays."""
    with parts.database.transaction() as connection:
        message = _own(parts, connection, consult_id, str(message_id), user)
        withdraw_message(connection, message.id, body.reason, now)
        _note(connection, "chat-message-withdrawn", message, user, now)
        out = _out_of(parts, connection, message.id)
    _changed(parts, consult_id)
    return out


@router.post("/read", status_code=204)
def mark_chat_read(consult_id: str, body: ChatReadIn, parts: Parts, user: CurrentUser) -> None:
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_chat)
        parts.consults.queue_for(connection, consult.id)
        set_read(connection, consult.id, user.id, body.number)


@router.get("/{message_id}/file", response_class=Response, responses=AS_FILE)
def read_file(consult_id: str, message_id: UUID, parts: Parts, user: CurrentUser, now: Now) -> Response:
    """The file as it was sent, to be saved; nothing of it runs in our page. Written to the audit log."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_chat)
        message = _message(connection, consult, str(message_id))
        file = message.attachment
        if not isinstance(file, Attachment) or message.withdrawn_at is not None:
            raise NotFound
        _note(connection, "chat-file-read", message, user, now)
    content = parts.objects.get(file.object_key)
    is_picture = file.media_type.startswith("image/")
    kind = "inline" if is_picture else "attachment"
    headers = {
        "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(file.name)}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(content, media_type=file.media_type, headers=headers)


def _keep_file(
    parts: PartsOfApp,
    consult_id: str,
    message_id: str,
    about: AttachedIn,
    content: bytes,
    user: User,
    now: datetime,
) -> MessageOut:
    with parts.database.reading() as connection:
        _writable(parts, connection, consult_id, user)
    media_type = media_type_of(content)
    sha256 = hashlib.sha256(content).hexdigest()
    key = f"chat/{message_id}/{sha256[:32]}.{extension_of(media_type)}"
    with suppress(ObjectAlreadyStored):  # the same, sent again
        parts.objects.put(key, content, media_type)
    file = Attachment(about.name, media_type, len(content), sha256, key)
    return _keep(parts, consult_id, message_id, about.text, file, user, now)


def _keep(
    parts: PartsOfApp,
    consult_id: str,
    message_id: str,
    text: str,
    attachment: Attachment | AttachedKeyImage | None,
    user: User,
    now: datetime,
) -> MessageOut:
    with parts.database.transaction() as connection:
        consult = _writable(parts, connection, consult_id, user)
        parts.consults.queue_for(connection, consult.id)
        known = find_message(connection, message_id)
        if known is None:
            number = last_number(connection, consult.id) + 1
            message = Message(message_id, consult.id, number, user.id, now, text, attachment=attachment)
            add_message(connection, message)
            _note(connection, "chat-message-written", message, user, now)
        elif (known.consult_id, known.author_id) != (consult.id, user.id):
            raise MessageWrittenAlready
        out = _out_of(parts, connection, message_id)
    _changed(parts, consult_id)
    return out


def _writable(parts: PartsOfApp, connection: Connection, consult_id: str, user: User) -> Consult:
    """Raises NotFound, ConsultOver."""
    consult = parts.consults.get_for(connection, consult_id, user, access.may_chat)
    if consult.status in access.OVER:
        raise ConsultOver
    return consult


def _message(connection: Connection, consult: Consult, message_id: str) -> Message:
    message = find_message(connection, message_id)
    if message is None or message.consult_id != consult.id:
        raise NotFound
    return message


def _own(parts: PartsOfApp, connection: Connection, consult_id: str, message_id: str, user: User) -> Message:
    """Raises NotFound, ConsultOver, NotAllowed: somebody else wrote it."""
    message = _message(connection, _writable(parts, connection, consult_id, user), message_id)
    if message.author_id != user.id:
        raise NotAllowed
    return message


def _out_of(parts: PartsOfApp, connection: Connection, message_id: str) -> MessageOut:
    message = find_message(connection, message_id)
    if message is None:
        raise NotFound
    return _out(parts, connection, [message])[0]


def _out(parts: PartsOfApp, connection: Connection, messages: Sequence[Message]) -> list[MessageOut]:
    attached = [one.attachment for one in messages if isinstance(one.attachment, AttachedKeyImage)]
    shown = shown_by_ids(connection, [one.key_image_id for one in attached])
    key_images = {one.key_image.id: one for one in placed(connection, shown.values())}
    makers = {one.key_image.made_by_id for one in key_images.values()}
    people = parts.users.by_ids(connection, makers | {one.author_id for one in messages})
    return [MessageOut.of(one, people, key_images) for one in messages]


def _note(connection: Connection, action: str, message: Message, user: User, now: datetime) -> None:
    subject = f"consult/{message.consult_id}"
    details = {"message": message.id}
    audit_log.record(connection, at=now, actor=user.id, action=action, subject=subject, details=details)


def _changed(parts: PartsOfApp, consult_id: str) -> None:
    parts.publish({"type": "chat-changed", "consult_id": consult_id})
