"""What rings for a user, and what an institution that asks sees of it."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel

from teleconsult import access
from teleconsult.access import Part
from teleconsult.consults.consult import Consult, Status, Urgency
from teleconsult.consults.schemas import ConsultOut, consults_out
from teleconsult.dependencies import CurrentUser, Now, Parts
from teleconsult.errors import NotFound
from teleconsult.escalation.schemas import NextRungOut, next_rung_out
from teleconsult.notifications.telling import announce
from teleconsult.ringing import ringing
from teleconsult.ringing.repository import Ring
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User

router = APIRouter(prefix="/api", tags=["ringing"])

OUTCOME_SHOWN = timedelta(minutes=1)  # for so long a page that rang learns who has it


class RingOut(BaseModel):
    consult_id: str
    urgency: Urgency
    specialty: str
    requested_by: UserRefOut
    question: str | None  # null for those who are told, and cannot accept
    rang_at: datetime
    is_over: bool
    taken_by: UserRefOut | None


class RingingOut(BaseModel):
    rung: int
    not_me: int  # of them
    next: NextRungOut | None


@router.get("/rings")
def list_rings(parts: Parts, user: CurrentUser, now: Now) -> list[RingOut]:
    """What rings for the user now, and what has just ceased to."""
    with parts.database.reading() as connection:
        own = {ring.consult_id: ring for ring in ringing.ring_repository.of_user(connection, user.id)}
        known = [c for c in parts.consults.by_ids(connection, own.keys()) if _shows(own[c.id], c, user, now)]
        ids = {c.requested_by_id for c in known} | {c.specialist_id for c in known if c.specialist_id}
        people = parts.users.by_ids(connection, ids)
    return [
        RingOut(
            consult_id=c.id,
            urgency=c.urgency,
            specialty=c.specialty,
            requested_by=UserRefOut.of(people[c.requested_by_id]),
            question=c.question if access.part_in(user, c) is Part.INVITED else None,
            rang_at=own[c.id].rang_at,
            is_over=c.status is not Status.REQUESTED,
            taken_by=UserRefOut.of(people[c.specialist_id]) if c.specialist_id else None,
        )
        for c in sorted(known, key=lambda c: (c.urgency is not Urgency.EMERGENCY, own[c.id].rang_at))
    ]


def _shows(ring: Ring, consult: Consult, user: User, now: datetime) -> bool:
    if consult.status is not Status.REQUESTED:
        return consult.specialist_id != user.id and now - consult.history[-1].at < OUTCOME_SHOWN
    # An agreement may have ended since; whoever is only told, by a later rung, needs no part in it.
    return access.part_in(user, consult) is Part.INVITED or ring.rung > 0


@router.post("/rings/{consult_id}/acceptance")
def accept_ring(consult_id: str, parts: Parts, user: CurrentUser, now: Now) -> ConsultOut:
    """The first to accept has it; a 409 says who was faster."""
    ringing.accept(parts, consult_id, user, now)
    with parts.database.reading() as connection:
        return consults_out(parts, connection, [parts.consults.get(connection, consult_id)], user)[0]


@router.post("/rings/{consult_id}/dismissal", status_code=204)
def dismiss_ring(consult_id: str, parts: Parts, user: CurrentUser, now: Now) -> None:
    """Not me: it stops ringing for this user, and rings on for the others."""
    with parts.database.transaction() as connection:
        if ringing.ring_repository.get(connection, consult_id, user.id) is None:
            raise NotFound
        ringing.ring_repository.dismiss(connection, consult_id, user.id, now)
    announce(parts, [user.id])
    parts.publish({"type": "consult-changed", "consult_id": consult_id})


@router.get("/consults/{consult_id}/ringing")
def read_ringing(consult_id: str, parts: Parts, user: CurrentUser) -> RingingOut:
    """For how many it rings, and whom it reaches next."""
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        rung, not_me = ringing.ring_repository.counts(connection, consult.id)
        following = next_rung_out(parts, connection, consult.id)
    return RingingOut(rung=rung, not_me=not_me, next=following)
