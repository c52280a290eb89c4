"""The page's live connection."""

import asyncio
from collections.abc import Callable, Collection

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from storage.database import utc_now
from teleconsult import access
from teleconsult.dependencies import (
    PartsOfApp,
    current_user,
    is_own_origin,
    own_account,
    parts_of,
    session_cookie,
)
from teleconsult.errors import NotFound, NotSignedIn, PasswordChangeRequired, SecondFactorRequired
from teleconsult.events.hub import Event, Listener
from teleconsult.users.user import User

router = APIRouter(prefix="/api")

POLICY_VIOLATION = 1008  # RFC 6455 7.4.1
NOT_SIGNED_IN = 4401
NOT_SET_UP = 4403  # the password or the second factor is still to be set
ACCOUNT_CHANGED = 4409


@router.websocket("/events")
async def events(websocket: WebSocket) -> None:
    """Push hints to look again; the pages fetch what changed with their own rights."""
    parts = parts_of(websocket)
    # Cookies travel with any site's WebSocket, so the page's origin decides (CSWSH).
    if not is_own_origin(websocket, parts.settings):
        await websocket.close(POLICY_VIOLATION)
        return
    await websocket.accept()
    try:
        token = websocket.cookies.get(session_cookie(parts.settings))
        session = await run_in_threadpool(parts.identity.session, token, utc_now())
        user = await current_user(await own_account(session))
    except NotSignedIn:
        await websocket.close(NOT_SIGNED_IN)
        return
    except (PasswordChangeRequired, SecondFactorRequired):
        await websocket.close(NOT_SET_UP)
        return
    listener = Listener(user)
    hub = websocket.app.state.hub
    hub.add(listener)
    sender = asyncio.create_task(_send_all(websocket, listener))
    try:
        await websocket.send_json({"type": "resync"})
        while True:  # the page says nothing; this notices that it left
            await websocket.receive_text()
    except WebSocketDisconnect:
        pass
    finally:
        hub.remove(listener)
        sender.cancel()


async def _send_all(websocket: WebSocket, listener: Listener) -> None:
    while True:
        event = await listener.queue.get()
        await websocket.send_json(event)
        if event["type"] == "account-changed":
            # Who the user is, and whether still somebody, is asked when the page connects again.
            await websocket.close(ACCOUNT_CHANGED)
            return


def who_sees(parts: PartsOfApp, users: Collection[User], event: Event) -> set[str]:
    """The ids of those who may see the subject of an event: with as many queries for a hundred as for one."""
    with parts.database.reading() as connection:
        try:
            is_seen = _is_seen(parts, connection, users, event)
        except NotFound:
            return set()
        return {user.id for user in users if is_seen(user)}


def _is_seen(
    parts: PartsOfApp, connection: Connection, users: Collection[User], event: Event
) -> Callable[[User], bool]:
    """Raises NotFound: the subject is not there, for nobody."""
    if "study_instance_uid" in event:
        allowed = parts.studies.seen_by(connection, event["study_instance_uid"], users)
        return lambda user: user.id in allowed
    if event["type"] == "models-changed":
        return access.may_read_report_cards
    if event["type"] in ("account-changed", "reminder-due", "notifications-changed"):
        return lambda user: user.id == event["user_id"]
    if event["type"] in ("retrieval-changed", "agreements-changed"):
        return lambda user: user.institution.id == event["institution_id"]
    if "upload_id" in event:
        owner = parts.uploads.owner(connection, event["upload_id"])
        return lambda user: user.id == owner
    if "consult_id" in event:
        consult = parts.consults.get(connection, event["consult_id"])
        may = access.may_chat if event["type"] == "chat-changed" else parts.consults.concerns
        return lambda user: may(user, consult)
    return lambda user: False
