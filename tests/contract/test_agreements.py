"""Whom a request reaches, as the database finds it and as the rule says: on both real databases."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import insert, select

from storage.database import Database
from storage.tables import consults, patients
from teleconsult.agreements.agreement import Agreement, Scope, offered_to
from teleconsult.agreements.repository import AgreementRepository, is_offered_to
from teleconsult.consults.consult import LegalRole
from teleconsult.errors import NoAgreement
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RADIOLOGY = Scope("radiology", LegalRole.CONSULTATION)


def an_agreement(inviting: str, invited: str, **other: object) -> Agreement:
    values = {
        "id": "in-force",
        "inviting_institution_id": inviting,
        "invited_institution_id": invited,
        "scopes": frozenset({RADIOLOGY}),
        "starts_at": NOON,
        "ends_at": NOON + 9 * DAY,
        "proposed_at": NOON,
        "accepted_at": NOON,
    }
    return Agreement(**(values | other))  # type: ignore[arg-type]


def test_the_database_offers_a_consult_to_whom_the_rule_offers_it(database: Database) -> None:
    agreements, users = AgreementRepository(), UserRepository(database)
    with database.transaction() as connection:
        asking, asked = (users.add_institution(connection, name, name).id for name in "AB")
        users.add(
            connection,
            username="u",
            display_name="U",
            roles=[Role.GRASSROOTS_CLINICIAN],
            institution=users.institutions(connection)[asking],
            specialty=None,
            password="x",
        )
        user = users.find(connection, "u")
        assert user is not None
        for agreement in (
            an_agreement(asking, asked),
            an_agreement(asked, asking, id="proposed", accepted_at=None),
            an_agreement(asked, asking, id="ended", ended_at=NOON + DAY, end_reason="moved"),
        ):
            agreements.add(connection, agreement)
        connection.execute(
            insert(patients).values(id="p", institution_id=asking, patient_id="1", name="A^B")
        )
        scopes = list(product((asking, asked), ("radiology", "oncology"), LegalRole))
        for n, (institution, specialty, role) in enumerate(scopes):
            connection.execute(
                insert(consults).values(
                    id=str(n),
                    status="requested",
                    version=1,
                    patient_id="p",
                    question="?",
                    urgency="routine",
                    specialty=specialty,
                    legal_role=role,
                    requested_by=user.id,
                    inviting_institution_id=institution,
                    created_at=NOON,
                    history=[],
                )
            )
    with database.reading() as connection:
        known = agreements.of_inviting(connection, [asking, asked])
        for at, place in product((NOON - DAY, NOON, NOON + 5 * DAY, NOON + 9 * DAY), (asking, asked)):
            found = set(connection.scalars(select(consults.c.id).where(is_offered_to(place, at))))
            assert found == {
                str(n)
                for n, (institution, specialty, role) in enumerate(scopes)
                if place in offered_to(known, institution, Scope(specialty, role), at)
            }


def test_a_request_needs_an_agreement_or_an_own_specialist(database: Database) -> None:
    agreements, users = AgreementRepository(), UserRepository(database)

    def add(username: str, role: Role, specialty: str | None = None) -> None:
        users.add(
            connection,
            username=username,
            display_name=username.title(),
            roles=[role],
            institution=place,
            specialty=specialty,
            password="x",
        )

    with database.transaction() as connection:
        place = users.add_institution(connection, "A", "A")
        add("asks", Role.RADIOLOGIST, "radiology")
        add("boss", Role.ADMINISTRATOR)
        user = users.find(connection, "asks")
        assert user is not None
        with pytest.raises(NoAgreement) as refused:
            agreements.require_reach(connection, user, RADIOLOGY, NOON)
        assert refused.value.administrators == ("Boss",)
        add("reads", Role.RADIOLOGIST, "radiology")
        agreements.require_reach(connection, user, RADIOLOGY, NOON)
