"""Who is told of a step of a consult: the other side; of a new request, all whom it reaches."""

from collections.abc import Iterable

from sqlalchemy import Connection

from teleconsult import access
from teleconsult.access import Part
from teleconsult.consults.consult import Consult, Event
from teleconsult.dependencies import PartsOfApp
from teleconsult.notifications.notification import NEWS
from teleconsult.users.user import User


def tell_of_step(
    parts: PartsOfApp, connection: Connection, consult: Consult, event: Event, actor: User
) -> frozenset[str]:
    """Write it down with the step, in one transaction; whom to `announce` it to afterwards.

    Args:
        consult: as it stands after the step.
    """
    kind = NEWS.get(event)
    if kind is None:
        return frozenset()
    if event is Event.SUBMIT:
        told = {user.id for user in invited(parts, connection, consult)}
    else:
        told = {consult.requested_by_id, consult.specialist_id or consult.requested_by_id}
    told.discard(actor.id)
    parts.notifications.tell(
        connection,
        told,
        kind,
        at=consult.history[-1].at,
        urgency=consult.urgency,
        consult_id=consult.id,
        values=named(parts, connection, consult) | {"person": actor.display_name},
    )
    return frozenset(told)


def invited(parts: PartsOfApp, connection: Connection, consult: Consult) -> list[User]:
    """The specialists who may accept it now, or give the opinion of one of its disciplines."""
    places = consult.offered_to.union(*(seat.offered_to for seat in consult.seats))
    reached = parts.users.of_institutions(connection, places)
    return [user for user in reached if access.part_in(user, consult) in (Part.INVITED, Part.PANEL)]


def named(parts: PartsOfApp, connection: Connection, consult: Consult) -> dict[str, str]:
    """What a sentence about the consult may name."""
    place = parts.users.institutions(connection)[consult.inviting_institution_id]
    return {
        "specialty": consult.specialty,
        "urgency": consult.urgency,
        "institution_en": place.name_en,
        "institution_zh": place.name_zh,
    }


def announce(parts: PartsOfApp, user_ids: Iterable[str]) -> None:
    """Once what they were told is kept: their open pages look again."""
    for user_id in user_ids:
        parts.publish({"type": "notifications-changed", "user_id": user_id})
