"""The worklist's table follows the others, and its pages are those of the rules: on both real databases."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update

from storage import worklist_index
from storage.database import Database
from storage.tables import (
    consult_studies,
    consults,
    findings,
    inference_jobs,
    panel_opinions,
    patients,
    readings,
    series,
    studies,
    users,
    worklist_items,
)
from teleconsult import access
from teleconsult.agreements.agreement import Agreement, Scope
from teleconsult.agreements.repository import AgreementRepository
from teleconsult.consults.consult import LegalRole, Status, Urgency
from teleconsult.consults.repository import ConsultRepository
from teleconsult.errors import AssignedMeanwhile, BadCursor
from teleconsult.studies.repository import StudyRepository
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role, User
from teleconsult.worklist import repository
from teleconsult.worklist.reading import LEASE
from teleconsult.worklist.reading_repository import ReadingRepository
from teleconsult.worklist.repository import WorklistRepository
from teleconsult.worklist.worklist_filter import RowState, Sort, WorklistFilter

NOON = datetime.now(UTC).replace(microsecond=0)
WORKLIST = WorklistRepository(ConsultRepository())


@dataclass
class Clinic:
    """Two institutions with an agreement, and people, rows and looks at them within one transaction."""

    connection: Connection
    users: dict[str, User] = field(default_factory=dict)

    def patient(self, name: str = "LI^MING", patient_id: str = "", institution: str = "asking") -> str:
        key = str(uuid4())
        place = self.users[institution].institution.id
        values = {"id": key, "institution_id": place, "patient_id": patient_id or key, "name": name}
        self.connection.execute(insert(patients).values(values))
        return key

    def study(self, patient: str, received_at: datetime = NOON, **more: Any) -> str:
        place = self.connection.execute(
            select(patients.c.institution_id).where(patients.c.id == patient)
        ).scalar_one()
        uid = f"1.2.{uuid4().int % 10**20}"
        values = {"study_instance_uid": uid, "patient_id": patient, "received_at": received_at}
        self.connection.execute(insert(studies).values(values | {"institution_id": place} | more))
        return uid

    def series(self, study: str, modality: str = "CT", body_part: str | None = "CHEST") -> str:
        uid = f"1.3.{uuid4().int % 10**20}"
        self.connection.execute(
            insert(series).values(
                series_instance_uid=uid,
                study_instance_uid=study,
                modality=modality,
                body_part=body_part,
                last_arrival_at=NOON,
                reasons=[],
            )
        )
        return uid

    def finding(self, study: str, probability: float, category: str | None = None) -> str:
        job, key = str(uuid4()), str(uuid4())
        self.connection.execute(
            insert(inference_jobs).values(
                id=job,
                study_instance_uid=study,
                series_instance_uid=job,
                model="m",
                instances_sha256=job,
                status="completed",
                attempts=1,
                lease_token=1,
                progress=1.0,
                created_at=NOON,
            )
        )
        record = {"probability": probability, "category": category and {"code": category}}
        values = {"id": key, "job_id": job, "study_instance_uid": study, "record": record}
        self.connection.execute(insert(findings).values(values | {"status": "preliminary", "version": 1}))
        return key

    def consult(self, patient: str, *about: str, **more: Any) -> str:
        key = str(uuid4())
        values = {
            "id": key,
            "status": "requested",
            "version": 1,
            "patient_id": patient,
            "question": "A nodule?",
            "urgency": "routine",
            "specialty": "radiology",
            "legal_role": "consultation",
            "requested_by": self.users["asking"].id,
            "inviting_institution_id": self.users["asking"].institution.id,
            "created_at": NOON,
            "history": [],
        }
        self.connection.execute(insert(consults).values(values | more))
        for uid in about:
            self.connection.execute(
                insert(consult_studies).values(consult_id=key, study_instance_uid=uid, added_at=NOON)
            )
        return key

    def item(self, key: str) -> Any:
        """The row that its own institution reads."""
        query = select(worklist_items).where(
            worklist_items.c.id == key, worklist_items.c.reader == worklist_items.c.institution_id
        )
        return self.connection.execute(query).one_or_none()

    def found(self, user: str = "asking", **wanted: Any) -> list[str]:
        page = WORKLIST.page(self.connection, self.users[user], WorklistFilter(**wanted), NOON)
        return [row.id for row in page.rows]


@pytest.fixture
def clinic(database: Database) -> Iterator[Clinic]:
    people = UserRepository(database)
    with database.transaction() as connection:
        made = Clinic(connection)
        places = {name: people.add_institution(connection, name, name).id for name in "ABC"}
        for username, roles, place in (
            ("asking", [Role.GRASSROOTS_CLINICIAN], "A"),
            ("reader", [Role.RADIOLOGIST], "A"),
            ("keeper", [Role.COORDINATOR], "A"),
            ("asked", [Role.RADIOLOGIST], "B"),
            ("other", [Role.RADIOLOGIST], "C"),
        ):
            connection.execute(
                insert(users).values(
                    id=username,
                    username=username,
                    display_name=username.title(),
                    password_hash="-",
                    must_change_password=False,
                    roles=roles,
                    specialty="radiology" if Role.RADIOLOGIST in roles else None,
                    language="en",
                    institution_id=places[place],
                )
            )
            made.users[username] = people.get(connection, username)
        AgreementRepository().add(
            connection,
            Agreement(
                id="in-force",
                inviting_institution_id=made.users["asking"].institution.id,
                invited_institution_id=made.users["asked"].institution.id,
                scopes=frozenset({Scope("radiology", LegalRole.CONSULTATION)}),
                starts_at=NOON - timedelta(days=1),
                ends_at=NOON + timedelta(days=9),
                proposed_at=NOON,
                accepted_at=NOON,
            ),
        )
        yield made


def test_the_row_of_a_study_says_what_the_other_tables_say_whatever_is_written(clinic: Clinic) -> None:
    connection = clinic.connection
    patient = clinic.patient("LI^MING", "P-1")
    study = clinic.study(patient, study_description="Thorax", accession_number="ACC7")
    assert (clinic.item(study).state, clinic.item(study).modalities) == ("unread", "")
    scan = clinic.series(study, "CT", "Chest")
    clinic.series(study, "SR", None)
    assert set(clinic.item(study).modalities.split()) == {"CT", "SR"}
    assert clinic.item(study).body_parts == "|CHEST|"
    assert clinic.item(study).search_text == "li^ming p-1 acc7 thorax"

    low, high = clinic.finding(study, 0.5), clinic.finding(study, 0.75, "4B")
    item = clinic.item(study)
    assert (item.undecided, item.ai_probability) == (2, 0.75)
    assert (item.ai_category, item.ai_urgency) == pytest.approx((4.4, 5.15))
    connection.execute(update(findings).where(findings.c.id == high).values(status="rejected"))
    assert (clinic.item(study).undecided, clinic.item(study).ai_category) == (1, 0)
    connection.execute(update(findings).where(findings.c.id == low).values(status="accepted"))
    assert (clinic.item(study).ai_urgency, clinic.item(study).ai_probability) == (0, 0.5)
    connection.execute(delete(findings).where(findings.c.id == low))
    assert clinic.item(study).ai_probability == 0

    connection.execute(update(patients).where(patients.c.id == patient).values(name="王^伟"))
    assert clinic.item(study).search_text.startswith("王^伟 p-1")
    consult = clinic.consult(patient, study, urgency="emergency")
    assert clinic.item(study).urgency == 2
    connection.execute(update(consults).where(consults.c.id == consult).values(status="closed"))
    assert clinic.item(study).urgency == 0

    reader = clinic.users["reader"].id
    connection.execute(insert(readings).values(study_instance_uid=study, read_at=NOON, assigned_to=reader))
    assert (clinic.item(study).state, clinic.item(study).assigned_to) == ("read", reader)
    assert clinic.item(study).waiting_since.year == 9999

    elsewhere = clinic.study(patient)
    connection.execute(
        update(series).where(series.c.series_instance_uid == scan).values(study_instance_uid=elsewhere)
    )
    assert (clinic.item(study).modalities, clinic.item(elsewhere).modalities) == (" SR ", " CT ")
    there = studies.c.study_instance_uid == study
    connection.execute(update(studies).where(there).values(deleted_at=NOON))
    assert clinic.item(study) is None
    connection.execute(update(studies).where(there).values(deleted_at=None))
    assert clinic.item(study).modalities == " SR "


def test_the_row_of_a_consult_says_what_its_studies_and_its_status_say(clinic: Clinic) -> None:
    patient = clinic.patient("LI^MING", "P-1")
    study = clinic.study(patient)
    consult = clinic.consult(patient, study, urgency="urgent", question="Is it a NODULE?")
    clinic.series(study, "MG", "BREAST")
    clinic.finding(study, 0.5, "0")
    item = clinic.item(consult)
    assert (item.modalities, item.body_parts, item.undecided) == (" MG ", "|BREAST|", 1)
    assert (item.ai_category, item.urgency, item.state, item.waiting_since) == (3.5, 1, "waiting", NOON)
    assert item.search_text == "li^ming p-1 is it a nodule?"
    for status, state, urgency in (("accepted", "active", 1), ("declined", "finished", 0)):
        clinic.connection.execute(update(consults).where(consults.c.id == consult).values(status=status))
        assert (clinic.item(consult).state, clinic.item(consult).urgency) == (state, urgency)
        assert clinic.item(consult).waiting_since.year == 9999


def test_rows_and_triggers_that_are_lost_are_there_again_after_the_next_start(database: Database) -> None:
    with database.transaction() as connection:
        for name, table in connection.execute(
            text("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
            if database.is_sqlite
            else text(
                "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
                " WHERE tgname LIKE 'worklist%' AND relname = 'studies'"
            )
        ).all():
            if table == "studies":
                of_table = "" if database.is_sqlite else f" ON {table}"
                connection.execute(text(f"DROP TRIGGER {name}{of_table}"))
        place = UserRepository(database).add_institution(connection, "A", "A").id
        connection.execute(insert(patients).values(id="p", institution_id=place, patient_id="1", name="A^B"))
        connection.execute(
            insert(studies).values(
                study_instance_uid="1.2", patient_id="p", institution_id=place, received_at=NOON
            )
        )
        assert connection.execute(select(worklist_items.c.id)).all() == []
    database.migrate()
    with database.reading() as connection:
        assert connection.execute(select(worklist_items.c.id)).scalars().all() == ["1.2"]


def test_a_page_holds_exactly_what_the_user_has_a_part_in(clinic: Clinic) -> None:
    """For every status, specialty, legal role and person: as `access` says, counts too."""
    patient = clinic.patient()
    for status, specialty, role, specialist in product(
        Status, ("radiology", "oncology"), LegalRole, (None, "asked", "reader")
    ):
        clinic.consult(
            patient,
            clinic.study(patient),
            status=status,
            specialty=specialty,
            legal_role=role,
            specialist_id=specialist and clinic.users[specialist].id,
        )
    foreign = clinic.study(clinic.patient(institution="other"))
    ids = clinic.connection.execute(select(consults.c.id)).scalars().all()
    every = ConsultRepository().by_ids(clinic.connection, ids)
    for user in clinic.users.values():
        listed: list[str] = []
        after = None
        while True:
            page = WORKLIST.page(clinic.connection, user, WorklistFilter(), NOON, after)
            listed += [row.id for row in page.rows]
            if (after := page.next) is None:
                break
        expected = {one.id for one in every if access.part_in(user, one) is not None}
        for one in every:
            if access.shares_studies(user, one) or (
                access.sees_own_institution(user) and user.institution.id == one.inviting_institution_id
            ):
                expected |= set(one.study_instance_uids)
        if user.username == "other":
            expected |= {foreign}
        assert sorted(listed) == sorted(expected), user.username
        counted = WORKLIST.page(clinic.connection, user, WorklistFilter(), NOON, counts=True).count
        assert counted == len(expected)


def test_the_institutions_to_choose_from_are_those_whose_rows_the_user_is_shown(clinic: Clinic) -> None:
    patient, foreign = clinic.patient(), clinic.patient(institution="other")
    clinic.consult(patient, clinic.study(patient))
    clinic.consult(foreign, clinic.study(foreign), specialist_id="reader", status="closed")

    def offered(user: User) -> list[str]:
        found = WORKLIST.institutions_of(clinic.connection, user, NOON)
        assert found[0] == user.institution
        assert found[1:] == sorted(found[1:], key=lambda one: one.id)
        return sorted(one.name_en for one in found)

    expected = {"asking": "A", "reader": "AC", "keeper": "A", "asked": "AB", "other": "C"}
    for username, places in expected.items():
        user = clinic.users[username]
        assert "".join(offered(user)) == places, username
        shown = WORKLIST.page(clinic.connection, user, WorklistFilter(), NOON).rows
        others = {row.institution_id for row in shown} - {user.institution.id}
        assert len(others) == len(places) - 1


@pytest.mark.parametrize("sort", Sort)
def test_pages_read_on_give_every_row_once_in_order_though_rows_come_meanwhile(
    clinic: Clinic, sort: Sort
) -> None:
    chance = random.Random(5)
    patient = clinic.patient()

    def add() -> str:
        at = NOON - timedelta(minutes=chance.randrange(4))
        study = clinic.study(patient, at)
        if chance.random() < 0.5:
            clinic.finding(study, chance.choice([0.25, 0.5]))
        if chance.random() < 0.3:
            clinic.consult(patient, study, urgency=chance.choice(list(Urgency)), created_at=at)
        return study

    for _ in range(12):
        add()
    known = set(clinic.connection.execute(select(worklist_items.c.id)).scalars())
    listed: list[Any] = []
    after = None
    while True:
        page = WORKLIST.page(
            clinic.connection, clinic.users["asking"], WorklistFilter(sort=sort), NOON, after, limit=3
        )
        listed += page.rows
        add()
        if (after := page.next) is None:
            break
    shown = [row.id for row in listed]
    assert len(shown) == len(set(shown))
    assert known <= set(shown)
    keys = {
        Sort.URGENCY: lambda row: (-row.urgency, -row.arrived_at.timestamp()),
        Sort.AI: lambda row: (-row.ai_urgency, -row.arrived_at.timestamp()),
        Sort.WAITING: lambda row: (row.waiting_since,),
        Sort.NEWEST: lambda row: (-row.arrived_at.timestamp(),),
    }
    assert shown == [row.id for row in sorted(listed, key=lambda row: (*keys[sort](row), _tie(row, sort)))]


def _tie(row: Any, sort: Sort) -> Any:
    return row.id if sort is Sort.WAITING else _Descending(row.id)


class _Descending(str):
    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


def test_each_filter_finds_what_it_names_and_nothing_else(clinic: Clinic) -> None:
    patient, other = clinic.patient("CHEN^WEI", "P-1"), clinic.patient("LI^NA", "P-2")
    chest = clinic.study(patient, NOON - timedelta(days=2))
    clinic.series(chest, "CT", "CHEST")
    breast = clinic.study(other)
    clinic.series(breast, "MG", "BREAST")
    clinic.finding(breast, 0.75, "4A")
    consult = clinic.consult(patient, chest, urgency="urgent", created_at=NOON - timedelta(days=2))
    reader = clinic.users["reader"]
    expires_at = NOON + LEASE
    clinic.connection.execute(
        insert(readings).values(
            study_instance_uid=breast, opened_by=reader.id, opened_at=NOON, lease_expires_at=expires_at
        )
    )
    clinic.connection.execute(
        insert(readings).values(study_instance_uid=chest, read_at=NOON, assigned_to=reader.id)
    )
    for wanted, expected in (
        ({"kind": "consult"}, {consult}),
        ({"kind": "study"}, {chest, breast}),
        ({"modality": ["CT"]}, {chest, consult}),
        ({"modality": ["C"]}, set()),
        ({"modality": ["MR", "MG"]}, {breast}),
        ({"body_part": ["chest"]}, {chest, consult}),
        ({"since": NOON - timedelta(days=1)}, {breast}),
        ({"until": NOON - timedelta(days=1)}, {chest, consult}),
        ({"institution_id": clinic.users["asked"].institution.id}, set()),
        ({"institution_id": reader.institution.id, "kind": "consult"}, {consult}),
        ({"urgency": ["urgent"]}, {chest, consult}),
        ({"state": [RowState.READ]}, {chest}),
        ({"state": [RowState.BEING_READ]}, {breast}),
        ({"state": [RowState.UNREAD]}, set()),
        ({"state": [RowState.BEING_READ, RowState.WAITING]}, {breast, consult}),
        ({"assigned": "nobody"}, {breast, consult}),
        ({"undecided": True}, {breast}),
        ({"min_category": 4.2}, {breast}),
        ({"min_category": 4.4}, set()),
        ({"min_probability": 0.7}, {breast}),
    ):
        assert set(clinic.found(**wanted)) == expected, wanted
    assert clinic.found("reader", assigned="me") == [chest]


def test_search_finds_any_part_of_any_word_in_both_scripts(clinic: Clinic) -> None:
    wei = clinic.study(clinic.patient("王小伟", "MRN-0012345"), accession_number="A77")
    ming = clinic.study(clinic.patient("Li Ming", "100%_X"), study_description="胸部CT平扫 Thorax")
    for words, expected in (
        ("王小", {wei}),
        ("小伟", {wei}),
        ("王小伟", {wei}),
        ("伟", {wei}),
        ("王伟", set()),
        ("2345", {wei}),
        ("a77", {wei}),
        ("mrn-00 王", {wei}),
        ("LI ming", {ming}),
        ("hora", {ming}),
        ("部ct平", {ming}),
        ("ct", {ming}),
        ("0%_", {ming}),
        ("%", {ming}),
        ("_", {ming}),
        ("'", set()),
    ):
        assert set(clinic.found(q=words)) == expected, words


def test_what_is_common_and_what_is_rare_come_in_the_same_order(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = clinic.patient()
    made = [clinic.study(patient, NOON - timedelta(minutes=one)) for one in range(9)]
    for number, study in enumerate(made):
        clinic.series(study, "MG" if number % 3 == 0 else "CT")
    wanted = WorklistFilter(modality=["MG"], sort=Sort.NEWEST)
    asking = clinic.users["asking"]
    for looked_at in (1, 4, 2000):  # along the order nothing, some, or all of it is found
        monkeypatch.setattr(repository, "LOOKED_AT_FOR_A_PAGE", looked_at)
        monkeypatch.setattr(repository, "LOOKED_AT_FOR_A_COUNT", looked_at)
        page = WORKLIST.page(clinic.connection, asking, wanted, NOON, limit=2, counts=True)
        rest = WORKLIST.page(clinic.connection, asking, wanted, NOON, page.next, limit=2)
        assert [row.id for row in (*page.rows, *rest.rows)] == made[::3]
        assert (page.count, rest.count) == (3, None)


def test_who_gave_an_opinion_finds_its_consult_and_studies_until_it_is_declined(clinic: Clinic) -> None:
    patient = clinic.patient()
    study = clinic.study(patient)
    other = clinic.users["other"]
    consult = clinic.consult(patient, study, status="closed", form="panel", specialty="oncology")
    assert clinic.found("other") == []
    clinic.connection.execute(
        insert(panel_opinions).values(
            consult_id=consult, specialty="radiology", position=1, author_id=other.id, text="", dissent=""
        )
    )
    assert set(clinic.found("other")) == {study, consult}
    clinic.connection.execute(update(consults).where(consults.c.id == consult).values(status="declined"))
    assert clinic.found("other") == []


def test_an_event_about_a_study_reaches_those_who_may_open_it(clinic: Clinic) -> None:
    patient = clinic.patient()
    everybody = list(clinic.users.values())
    studies_made = [clinic.study(patient)]
    for status, specialist in product(Status, (None, "asked")):
        study = clinic.study(patient)
        clinic.consult(patient, study, status=status, specialist_id=specialist)
        studies_made.append(study)
    all_studies = StudyRepository()
    for study in studies_made:
        told = all_studies.seen_by(clinic.connection, study, everybody)
        may = {
            one.id for one in everybody if all_studies.visible_to(clinic.connection, one, only=[study])
        }
        assert told == may


def test_a_cursor_that_we_did_not_write_is_refused(clinic: Clinic) -> None:
    good = ("MjAyNg==", "bm90IGpzb24=", "", "é", "W10=", "WzEsICJ4IiwgInkiXQ==")
    for cursor in good:
        with pytest.raises(BadCursor):
            WORKLIST.page(clinic.connection, clinic.users["asking"], WorklistFilter(), NOON, cursor)


def test_a_study_taken_by_one_is_not_taken_from_them_by_whoever_saw_it_free(clinic: Clinic) -> None:
    kept = ReadingRepository()
    study = clinic.study(clinic.patient())
    before = kept.get(clinic.connection, study)
    kept.save(clinic.connection, before, before.assigned(clinic.users["reader"].id, None, NOON))
    with pytest.raises(AssignedMeanwhile):
        kept.get(clinic.connection, study).assigned(clinic.users["asking"].id, None, NOON)
    assert clinic.found("reader", assigned="me") == [study]


def test_a_search_gram_of_a_word_stands_in_every_text_with_that_word(clinic: Clinic) -> None:
    if clinic.connection.dialect.name != "postgresql":
        pytest.skip("only PostgreSQL has grams")
    letters = "ab1-王伟国é "
    chance = random.Random(3)
    for _ in range(60):
        words = "".join(chance.choices(letters, k=9))
        start = chance.randrange(9)
        word = words[start : start + chance.randrange(1, 5)].split(" ")[0]
        grams = clinic.connection.execute(
            text("SELECT worklist_terms('i', 'study', 'read', 0, NULL, '', '', 0, 0, 0, :words)"),
            {"words": words},
        ).scalar()
        assert set(worklist_index.grams_of(word)) <= set(grams or []), (words, word)


def test_a_word_is_looked_for_by_grams_that_hold_each_letter_of_it_and_hardly_overlap() -> None:
    assert worklist_index.grams_of("mrn00012345") == ["mrn", "000", "123", "345"]
    assert worklist_index.grams_of("thorax") == ["tho", "rax"]
    assert worklist_index.grams_of("曾建国") == ["曾建", "建国"]
    assert worklist_index.grams_of("ct平扫") == ["ct平", "平扫"]
    assert worklist_index.grams_of("伟") == ["伟"]
    assert worklist_index.grams_of("a") == []
