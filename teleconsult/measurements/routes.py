"""What was measured in the room of a consult, as its page lists it."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from signaling.measurement import ImageMeasurement
from teleconsult.dependencies import CurrentUser, Now, Parts
from teleconsult.measurements.keeping import measurements_of
from teleconsult.users.schemas import UserRefOut

router = APIRouter(prefix="/api/consults/{consult_id}/measurements", tags=["measurements"])


class KeptMeasurementOut(BaseModel):
    owner: UserRefOut
    kept_at: datetime
    measurement: ImageMeasurement


@router.get("")
def list_measurements(consult_id: str, parts: Parts, user: CurrentUser, now: Now) -> list[KeptMeasurementOut]:
    """The oldest first. Each visit is in the audit log."""
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        kept = measurements_of(connection, consult.id)
        people = parts.users.by_ids(connection, {one.owner_id for one in kept})
    if kept:
        subject = f"consult/{consult.id}"
        parts.viewings.note(
            parts.database, at=now, actor=user.id, action="measurements-viewed", subject=subject
        )
    return [
        KeptMeasurementOut(
            owner=UserRefOut.of(people[one.owner_id]), kept_at=one.kept_at, measurement=one.measurement
        )
        for one in kept
    ]
