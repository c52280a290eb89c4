"""The page's live connection."""

import asyncio

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from storage.database import utc_now
from teleconsult import access
from teleconsult.dependencies import PartsOfApp, is_own_origin, parts_of, session_cookie
from teleconsult.errors import NotFound, NotSignedIn
from teleconsult.events.hub import Event, Listener
from teleconsult.users.user import User

router = APIRouter(prefix="/api")

POLICY_VIOLATION = 1008  # RFC 6455 7.4.1
NOT_SIGNED_IN = 4401
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
        user = (await run_in_threadpool(parts.identity.session, token, utc_now())).user
    except NotSignedIn:
        await websocket.close(NOT_SIGNED_IN)
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


def may_see(parts: PartsOfApp, user: User, event: Event) -> bool:
    """Whether the subject of an event is this user's to see."""
    with parts.database.reading() as connection:
        try:
            if "study_instance_uid" in event:
                parts.studies.get_for(connection, event["study_instance_uid"], user)
            elif event["type"] == "models-changed":
                return access.may_read_report_cards(user)
            elif event["type"] in ("account-changed", "reminder-due", "notifications-changed"):
                return user.id == event["user_id"]
            elif event["type"] in ("retrieval-changed", "agreements-changed"):
                return user.institution.id == event["institution_id"]
            elif "upload_id" in event:
                parts.uploads.get_for(connection, event["upload_id"], user.id)
            elif event["type"] == "chat-changed":
                return access.may_chat(user, parts.consults.get(connection, event["consult_id"]))
            elif "consult_id" in event:
                consult = parts.consults.get(connection, event["consult_id"])
                return parts.consults.concerns(user, consult)
            else:
                return False
        except NotFound:
            return False
    return True
