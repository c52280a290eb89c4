"""Whose the disciplines of multidisciplinary consults are, as the database finds it and as the rule says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import insert, update

from storage.database import Database, utc_now
from storage.errors import StaleVersion
from storage.tables import consults, patients, studies
from teleconsult import access
from teleconsult.agreements.agreement import EVERYTHING, Agreement
from teleconsult.agreements.repository import AgreementRepository
from teleconsult.consults.consult import (
    Consult,
    ConsultForm,
    LegalRole,
    Seat,
    Status,
    Urgency,
)
from teleconsult.consults.repository import ConsultRepository
from teleconsult.opinions.repository import OpinionRepository
from teleconsult.studies.repository import StudyRepository
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role, User
from teleconsult.worklist.repository import WorklistRepository
from teleconsult.worklist.worklist_filter import WorklistFilter

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def people(database: Database) -> dict[str, User]:
    """A clinician of A; of B, which A may ask, oncologists and radiologists; C, which A may not ask."""
    users = UserRepository(database)
    with database.transaction() as connection:
        a, b, c = (users.add_institution(connection, name, name) for name in "ABC")
        for name, place, role, specialty in (
            ("asks", a, Role.GRASSROOTS_CLINICIAN, None),
            ("wu", b, Role.SPECIALIST, "oncology"),
            ("li", b, Role.SPECIALIST, "oncology"),
            ("chair", b, Role.RADIOLOGIST, "radiology"),
            ("reads", b, Role.RADIOLOGIST, "radiology"),
            ("boss", b, Role.ADMINISTRATOR, "oncology"),
            ("stranger", c, Role.SPECIALIST, "oncology"),
        ):
            users.add(
                connection,
                username=name,
                display_name=name,
                roles=[role],
                institution=place,
                specialty=specialty,
                password="x",
            )
        now = utc_now()
        agreement = Agreement("g", a.id, b.id, EVERYTHING, now, now + timedelta(days=9), now, accepted_at=now)
        AgreementRepository().add(connection, agreement)
        connection.execute(insert(patients).values(id="p", institution_id=a.id, patient_id="1", name="A^B"))
        connection.execute(
            insert(studies).values(
                study_instance_uid="1.2", patient_id="p", institution_id=a.id, received_at=NOON
            )
        )
        found = {}
        for name in ("asks", "wu", "li", "chair", "reads", "boss", "stranger"):
            user = users.find(connection, name)
            assert user is not None
            found[name] = user
    return found


def a_panel(people: dict[str, User], named: str | None = None) -> Consult:
    return Consult(
        id="c",
        status=Status.ACCEPTED,
        version=1,
        patient_id="p",
        question="?",
        urgency=Urgency.ROUTINE,
        specialty="radiology",
        legal_role=LegalRole.CONSULTATION,
        consent=None,
        requested_by_id=people["asks"].id,
        inviting_institution_id=people["asks"].institution.id,
        specialist_id=people["chair"].id,
        study_instance_uids=("1.2",),
        created_at=NOON,
        form=ConsultForm.PANEL,
        seats=(
            Seat("radiology", None, None),
            Seat("oncology", people[named].id if named else None, None),
        ),
    )


@pytest.mark.parametrize("named", [None, "li"])
def test_studies_and_lists_show_a_panel_to_exactly_those_whom_the_rule_gives_a_part(
    database: Database, people: dict[str, User], named: str | None
) -> None:
    repository, opinions = ConsultRepository(), OpinionRepository()
    with database.transaction() as connection:
        repository.add(connection, a_panel(people, named))
    statuses = (Status.REQUESTED, Status.ACCEPTED, Status.SIGNED, Status.CANCELLED)
    for taken, status in product((False, True), statuses):
        with database.transaction() as connection:
            connection.execute(update(consults).values(status=status))
            if taken:
                panel = opinions.get_panel(connection, "c")
                li = people["li"].id
                if panel.opinion("oncology").given_at is None:
                    given = panel.give("oncology", author_id=li, text="x", at=NOON)
                    opinions.save_panel(connection, panel, given)
        with database.reading() as connection:
            consult = repository.get(connection, "c")
            for name, user in people.items():
                has_part = access.part_in(user, consult) is not None
                page = WorklistRepository(repository).page(
                    connection, user, WorklistFilter(kind="consult"), utc_now()
                )
                assert [row.id for row in page.rows] == ["c"] * has_part, (name, status)
                if name != "asks":  # who asked sees what is the own institution's anyway
                    seen = StudyRepository().visible_to(connection, user, only=consult.study_instance_uids)
                    assert bool(seen) == access.shares_studies(user, consult), (name, status)


def test_two_who_write_for_one_discipline_at_once_do_not_overwrite_each_other(
    database: Database, people: dict[str, User]
) -> None:
    opinions = OpinionRepository()
    with database.transaction() as connection:
        ConsultRepository().add(connection, a_panel(people))
        read = opinions.get_panel(connection, "c")
        first = opinions.save_panel(
            connection, read, read.give("oncology", author_id=people["wu"].id, text="first", at=NOON)
        )
        with pytest.raises(StaleVersion):
            opinions.save_panel(
                connection, read, read.give("oncology", author_id=people["li"].id, text="second", at=NOON)
            )
        assert opinions.get_panel(connection, "c") == replace(first, version=2)
