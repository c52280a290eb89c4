"""Whether the parts answer, for programs and for people.

| path | says | to whom |
|---|---|---|
| /healthz | the process lives: 200 | a supervisor, which starts it again if not |
| /readyz | requests can be served: 200, or 503 | a load balancer, which asks another if not |
| /api/health | which part answers | a program |
| /status | the same in sentences (status_page.py) | the hospital's IT |

None of them asks who calls, and none says more than which part answers.
"""

from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel
from redis import Redis, RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from imaging.errors import PacsUnavailable
from inference.celery_broker import broker_answers
from storage.database import utc_now
from storage.errors import ObjectStoreUnavailable
from teleconsult.audit.forwarding import waiting
from teleconsult.backups import history
from teleconsult.backups.history import Backups
from teleconsult.dependencies import Parts, PartsOfApp
from teleconsult.problems import RETRY_AFTER_S
from teleconsult.relays import relay_name
from teleconsult.status_page import Unsent, status_page

NOT_KEPT = {"Cache-Control": "no-store"}

router = APIRouter(tags=["health"])


class HealthOut(BaseModel):
    status: Literal["ok", "degraded"]
    parts: dict[str, bool]


@router.get("/healthz", include_in_schema=False)
async def live() -> JSONResponse:
    return JSONResponse({"status": "ok"}, headers=NOT_KEPT)


@router.get("/readyz", include_in_schema=False)
def ready(parts: Parts) -> JSONResponse:
    answers = needed_answers(parts)
    if all(answers.values()):
        return JSONResponse({"status": "ok", "parts": answers}, headers=NOT_KEPT)
    headers = {**NOT_KEPT, "Retry-After": str(RETRY_AFTER_S)}
    return JSONResponse({"status": "not-ready", "parts": answers}, status_code=503, headers=headers)


@router.get("/api/health")
def read_health(parts: Parts) -> HealthOut:
    answers = all_answers(parts)
    return HealthOut(status="ok" if all(answers.values()) else "degraded", parts=answers)


@router.get("/status", include_in_schema=False)
def show_status(request: Request, parts: Parts) -> Response:
    """Also for who cannot sign in, because what that needs may be what is away."""
    prefers_chinese = request.headers.get("accept-language", "").startswith("zh")
    page = status_page(
        all_answers(parts),
        "zh" if prefers_chinese else "en",
        _known_backups(parts),
        utc_now(),
        _unsent_audit_entries(parts),
    )
    return HTMLResponse(page, headers=NOT_KEPT)


def _known_backups(parts: PartsOfApp) -> Backups | None:
    try:
        with parts.database.reading() as connection:
            return history.look(connection)
    except SQLAlchemyError:
        return None


def _unsent_audit_entries(parts: PartsOfApp) -> Unsent | None:
    receiver = parts.settings.syslog
    if receiver is None:
        return None
    try:
        with parts.database.reading() as connection:
            left = waiting(connection, receiver.name)
    except SQLAlchemyError:
        return None
    waited_s = left.seconds(utc_now())
    return Unsent(left.entries, waited_s, waited_s > receiver.alarm_after.total_seconds())


def all_answers(parts: PartsOfApp) -> dict[str, bool]:
    relays = {relay_name(number): lives for number, lives in enumerate(parts.rooms.living(), start=1)}
    return {**needed_answers(parts), "archive": _archive_answers(parts), **_queue_answers(parts), **relays}


def needed_answers(parts: PartsOfApp) -> dict[str, bool]:
    """Without one of these no request is served well; without the archive or a relay many still are."""
    return {
        "database": _database_answers(parts),
        "audit": not parts.audit_store.is_shut,  # looked at by its own watch, every few seconds
        "objects": _objects_answer(parts),
        "broker": _broker_answers(parts),
    }


def _database_answers(parts: PartsOfApp) -> bool:
    try:
        with parts.database.reading() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _objects_answer(parts: PartsOfApp) -> bool:
    try:
        parts.objects.ping()
    except ObjectStoreUnavailable:
        return False
    return True


def _archive_answers(parts: PartsOfApp) -> bool:
    try:
        parts.pacs.ping()
    except PacsUnavailable:
        return False
    return True


def _broker_answers(parts: PartsOfApp) -> bool:
    try:
        with Redis.from_url(parts.settings.redis_url, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except RedisError:
        return False


def _queue_answers(parts: PartsOfApp) -> dict[str, bool]:
    """Of a queue for the workers that is not in Redis."""
    url = parts.settings.broker_url
    return {} if url == parts.settings.redis_url else {"queue": broker_answers(url)}
