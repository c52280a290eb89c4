"""What the app wants of the room of a consult, from the records as they stand."""

from sqlalchemy import select

from signaling.room_orders import RoomOrders
from storage.database import utc_now
from storage.tables import users
from teleconsult.consents.repository import consents_in_force
from teleconsult.consults.consult import BEFORE_ROOM, LIVE
from teleconsult.dependencies import PartsOfApp
from teleconsult.identity.sessions import LIFETIME
from teleconsult.patient_links.repository import links_of
from teleconsult.users.user import User


def tell_room(parts: PartsOfApp, consult_id: str) -> None:
    """Tell the room what holds now, and every page of this consult to look again."""
    with parts.database.reading() as connection:
        status = parts.consults.get(connection, consult_id).status
        is_in_force = consult_id in consents_in_force(connection, [consult_id])
        revoked = {one.id for one in links_of(connection, consult_id) if one.revoked_at}
        # Whoever was switched off before that has no session left by which to be in a room.
        lately = users.c.disabled_at > utc_now() - LIFETIME
        disabled = connection.execute(select(users.c.id).where(lately)).scalars()
        orders = RoomOrders(
            consent_in_force=is_in_force,
            shut_out=frozenset(revoked.union(disabled)),
            over=status not in LIVE | BEFORE_ROOM,
        )
    parts.rooms.order(consult_id, orders)
    parts.publish({"type": "consult-changed", "consult_id": consult_id})


def tell_rooms_of(parts: PartsOfApp, user: User) -> None:
    """The same for every room in which this user may be."""
    with parts.database.reading() as connection:
        consults = parts.consults.live_for(connection, user)
    for consult in consults:
        tell_room(parts, consult.id)
