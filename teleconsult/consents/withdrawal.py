"""Taking a consent back: nothing is recorded from then on, and a consult that runs is put on hold."""

from datetime import datetime

from sqlalchemy import Connection

from storage import audit_log
from teleconsult.consents.repository import consents_of, save_consent
from teleconsult.consults.consult import PATIENT, TRANSITIONS, Consult, Event
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import ConsentNotInForce


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
        held = consult.apply(Event.HOLD, actor_id=by_id or PATIENT, at=at, reason=reason or None)
        parts.consults.save(connection, held)
    audit_log.record(
        connection,
        at=at,
        actor=by_id or PATIENT,
        action="consent-withdrawn",
        subject=f"consult/{consult.id}",
        details={"reason": reason, "consents": [one.id for one in standing]},
    )
