"""What a person may want of the AI reading of a study: stop it, have it first, have it again."""

from datetime import datetime
from enum import StrEnum

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection

from imaging.reasons import reason
from inference.inference_job import Priority
from storage import audit_log
from teleconsult import access
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import NotAllowed
from teleconsult.studies.schemas import StudyDetailOut, study_detail_out

router = APIRouter(prefix="/api", tags=["studies"])


class ReadingWish(StrEnum):
    STOP = "stop"
    FIRST = "first"
    AGAIN = "again"


class ReadingWishIn(BaseModel):
    wish: ReadingWish


@router.post("/studies/{study_instance_uid}/reading")
def change_reading(
    study_instance_uid: str, body: ReadingWishIn, parts: Parts, user: CurrentUser, now: Now
) -> StudyDetailOut:
    """Stop the AI reading, put it before all others, or start again what failed or was stopped."""
    with parts.database.transaction() as connection:
        study = parts.studies.get_for(connection, study_instance_uid, user)
        if not access.may_change_reading(user):
            raise NotAllowed
        _fulfil(parts, connection, study_instance_uid, body.wish, now)
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action=f"reading-{body.wish}",
            subject=f"study/{study_instance_uid}",
        )
        changed = study_detail_out(parts, connection, study)
    parts.publish({"type": "study-changed", "study_instance_uid": study_instance_uid})
    return changed


def _fulfil(
    parts: PartsOfApp, connection: Connection, study_instance_uid: str, wish: ReadingWish, now: datetime
) -> None:
    if wish is ReadingWish.STOP:
        parts.jobs.stop(connection, study_instance_uid, reason("analysis-stopped").to_json(), now)
    elif wish is ReadingWish.FIRST:
        parts.jobs.set_priority(connection, [study_instance_uid], Priority.EMERGENCY)
    else:
        parts.jobs.ask_again(connection, study_instance_uid)
