"""Taking a consent back: nothing is recorded from then on, and a consult that runs is put on hold."""

from datetime import datetime

from sqlalchemy import Connection

from signaling.room_orders import RoomOrders
from storage import audit_log
from teleconsult.consents.repository import consents_in_force, consents_of, save_consent
from teleconsult.consults.consult import PATIENT, TRANSITIONS, Consult, Event
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import ConsentNotInForce
from teleconsult.patient_links.repository import links_of


def withdraw(
    parts: PartsOfApp,
    connection: Connection,
    consult: Consult,
    *,
    by_id: str | None,
    reason: str,
    at: datetime,
) -> None:
    """Withdraw every consent to the consult. The caller tells the room once this is kept.

    Args:
        by_id: the clinician who was told; None: the patient, by link.

    Raises:
        ConsentNotInForce, ReasonRequired.
    """
    standing = [one for one in consents_of(connection, consult.id) if one.is_in_force]
    if not standing:
        raise ConsentNotInForce
    for one in standing:
        save_consent(connection, one, one.withdraw(by_id=by_id, at=at, reason=reason))
    if Event.HOLD in TRANSITIONS[consult.status]:
        held = consult.apply(Event.HOLD, actor_id=by_id or PATIENT, at=at, reason=reason)
        parts.consults.save(connection, held)
    audit_log.record(
        connection,
        at=at,
        actor=by_id or PATIENT,
        action="consent-withdrawn",
        subject=f"consult/{consult.id}",
        details={"reason": reason, "consents": [one.id for one in standing]},
    )


def tell_room(parts: PartsOfApp, consult_id: str) -> None:
    """Tell the room what holds now, and every page of this consult to look again."""
    with parts.database.reading() as connection:
        is_in_force = consult_id in consents_in_force(connection, [consult_id])
        revoked = frozenset(one.id for one in links_of(connection, consult_id) if one.revoked_at)
    parts.rooms.order(consult_id, RoomOrders(consent_in_force=is_in_force, shut_out=revoked))
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
