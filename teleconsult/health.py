"""Whether the parts answer."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from redis import Redis, RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from imaging.errors import PacsUnavailable
from teleconsult.dependencies import Parts, PartsOfApp

router = APIRouter(prefix="/api", tags=["health"])


class HealthOut(BaseModel):
    status: Literal["ok", "degraded"]
    parts: dict[str, bool]


@router.get("/health")
def read_health(parts: Parts) -> HealthOut:
    answers = {
        "database": _database_answers(parts),
        "archive": _archive_answers(parts),
        "broker": _broker_answers(parts),
    }
    return HealthOut(status="ok" if all(answers.values()) else "degraded", parts=answers)


def _database_answers(parts: PartsOfApp) -> bool:
    try:
        with parts.database.reading() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
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
