"""Consents in the database."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from storage.errors import StaleVersion
from storage.tables import consents, consults
from teleconsult.consents.consent import Consent, ConsentMethod, Giver, Review, Scan, Withdrawal, in_force
from teleconsult.consents.texts import TextShown
from teleconsult.errors import NotFound


def add_consent(connection: Connection, consent: Consent) -> None:
    connection.execute(insert(consents).values(id=consent.id, **_values(consent)))


def save_consent(connection: Connection, read: Consent, changed: Consent) -> None:
    """Raises StaleVersion: it no longer stands as it was read."""
    before = _values(read)
    result = connection.execute(
        update(consents)
        .where(
            consents.c.id == read.id,
            *(
                consents.c[name].is_not_distinct_from(before[name])
                for name in ("withdrawn_at", "reviewed_at", "scan_sha256")
            ),
        )
        .values(_values(changed))
    )
    if result.rowcount != 1:
        raise StaleVersion(read.id)


def consents_of(connection: Connection, consult_id: str) -> list[Consent]:
    """All of a consult, the newest first."""
    return sorted(
        _of(connection, [consult_id]).get(consult_id, []), key=lambda one: one.given_at, reverse=True
    )


def find_consent(connection: Connection, consult_id: str, consent_id: str) -> Consent:
    """Raises NotFound."""
    found = [one for one in consents_of(connection, consult_id) if one.id == consent_id]
    if not found:
        raise NotFound
    return found[0]


def awaiting_review(connection: Connection, institution_id: str) -> list[Consent]:
    """Emergency reasons of consults that this institution asked for, the oldest first."""
    rows = connection.execute(
        select(consents)
        .join(consults, consults.c.id == consents.c.consult_id)
        .where(
            consults.c.inviting_institution_id == institution_id,
            consents.c.method == ConsentMethod.EMERGENCY,
            consents.c.reviewed_at.is_(None),
        )
        .order_by(consents.c.given_at)
    )
    return [_consent(row) for row in rows]


def consents_in_force(connection: Connection, consult_ids: Collection[str]) -> dict[str, Consent]:
    """Of each consult the one that decides; a consult without one is left out."""
    deciding = {
        consult_id: in_force(known) for consult_id, known in _of(connection, consult_ids).items()
    }
    return {consult_id: one for consult_id, one in deciding.items() if one is not None}


def _of(connection: Connection, consult_ids: Collection[str]) -> dict[str, list[Consent]]:
    found: dict[str, list[Consent]] = {}
    for row in connection.execute(select(consents).where(consents.c.consult_id.in_(consult_ids))):
        found.setdefault(row.consult_id, []).append(_consent(row))
    return found


def _values(consent: Consent) -> dict[str, Any]:
    text, scan, withdrawal, review = consent.text, consent.scan, consent.withdrawal, consent.review
    return {
        "consult_id": consent.consult_id,
        "method": consent.method,
        "given_at": consent.given_at,
        "text_id": text and text.id,
        "text_version": text and text.version,
        "text_language": text and text.language,
        "giver": consent.giver,
        "relation": consent.relation,
        "signature": consent.signature,
        "witness": consent.witness,
        "note": consent.note,
        "recorded_by": consent.recorded_by_id,
        "scan_content_type": scan and scan.content_type,
        "scan_size_bytes": scan and scan.size_bytes,
        "scan_sha256": scan and scan.sha256,
        "scan_kept_at": scan and scan.kept_at,
        "withdrawn_at": withdrawal and withdrawal.at,
        "withdrawn_by": withdrawal and withdrawal.by_id,
        "withdrawal_reason": withdrawal and withdrawal.reason,
        "reviewed_at": review and review.at,
        "reviewed_by": review and review.by_id,
        "review_note": review and review.note,
    }


def _consent(row: Row[Any]) -> Consent:
    return Consent(
        id=row.id,
        consult_id=row.consult_id,
        method=ConsentMethod(row.method),
        given_at=row.given_at,
        text=TextShown(row.text_id, row.text_version, row.text_language) if row.text_id else None,
        giver=Giver(row.giver) if row.giver else None,
        relation=row.relation,
        signature=row.signature,
        witness=row.witness,
        note=row.note,
        recorded_by_id=row.recorded_by,
        scan=(
            Scan(row.scan_content_type, row.scan_size_bytes, row.scan_sha256, row.scan_kept_at)
            if row.scan_sha256
            else None
        ),
        withdrawal=(
            Withdrawal(row.withdrawn_at, row.withdrawn_by, row.withdrawal_reason)
            if row.withdrawn_at
            else None
        ),
        review=Review(row.reviewed_at, row.reviewed_by, row.review_note) if row.reviewed_at else None,
    )
