"""A privacy officer finds who did what, of the own institution alone, and whether the log holds."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, text

from storage import audit_log
from storage.tables import notifications
from teleconsult.background import watch_audit_store_once
from teleconsult.dependencies import SESSION_COOKIE
from tests.hospitals import MAKER, NOW, Hospitals, hospitals

__all__ = ["hospitals"]
OFFICER, OTHER_OFFICER = "A-privacy-officer", "C-privacy-officer"
FORMULA = "=HYPERLINK(1)"


@pytest.fixture(scope="module")
def client(hospitals: Hospitals) -> Iterator[TestClient]:
    made = TestClient(hospitals.app, base_url="http://hospital.example", headers={"X-Teleconsult": "1"})
    yield made
    hospitals.parts.database.engine.dispose()


@pytest.fixture(scope="module")
def told(hospitals: Hospitals) -> None:
    """Some entries: A's clinician, B's specialist at A's record, C's at their own, and a refusal."""
    deeds = [
        (MAKER, "study-viewed", "study/1.2.0", {"address": "10.1.0.1"}),
        ("B-assigned", "report-signed", "consult/live", {"address": "10.2.0.1"}),
        ("B-assigned", "finding-accepted", "finding/finding-1.2.0", {}),
        ("C-specialist", "study-viewed", "study/9.9.9", {}),
        ("C-specialist", "refused", "study/1.2.0", {"status": 404}),
        (MAKER, "study-exported", FORMULA, {}),
    ]
    with hospitals.parts.database.transaction() as connection:
        for n, (actor, action, subject, details) in enumerate(deeds):
            audit_log.record(
                connection, at=NOW + timedelta(seconds=n), actor=actor, action=action, subject=subject,
                details=details,
            )


def ask(client: TestClient, hospitals: Hospitals, who: str, path: str, **query: Any) -> Any:
    client.cookies.set(SESSION_COOKIE, hospitals.tokens[who])
    return client.get(f"/api/{path}", params=query)


def found(
    client: TestClient, hospitals: Hospitals, who: str = OFFICER, **query: Any
) -> list[tuple[str, str]]:
    entries = ask(client, hospitals, who, "audit/entries", **query).json()["entries"]
    return [(one["actor"], one["action"]) for one in entries if not one["action"].startswith("audit-")]


@pytest.mark.usefixtures("told")
def test_who_touched_the_own_records_is_found_and_what_others_do_among_themselves_is_not(
    client: TestClient, hospitals: Hospitals
) -> None:
    entries = found(client, hospitals)
    assert ("B-assigned", "finding-accepted") in entries and ("C-specialist", "refused") in entries
    assert ("C-specialist", "study-viewed") not in entries
    assert set(found(client, hospitals, OTHER_OFFICER)) == {
        ("C-specialist", "study-viewed"), ("C-specialist", "refused")
    }


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"person": "b-ASS"}, {"report-signed", "finding-accepted"}),
        ({"person": MAKER, "deed": "viewed"}, {"study-viewed"}),
        ({"patient": "1", "deed": "changed"}, {"report-signed", "finding-accepted"}),
        ({"deed": "exported"}, {"study-exported"}),
        ({"refused": "true"}, {"refused"}),
        ({"address": "10.2."}, {"report-signed"}),
        ({"since": (NOW + timedelta(seconds=5)).isoformat(), "person": MAKER}, {"study-exported"}),
        ({"until": (NOW + timedelta(seconds=1)).isoformat()}, {"study-viewed"}),
    ],
)
def test_each_filter_narrows_what_is_found(
    client: TestClient, hospitals: Hospitals, query: dict[str, str], wanted: set[str]
) -> None:
    assert {action for _, action in found(client, hospitals, **query)} == wanted


@pytest.mark.usefixtures("told")
def test_pages_follow_each_other_without_a_gap_or_a_double(client: TestClient, hospitals: Hospitals) -> None:
    whole = [one["sequence"] for one in ask(client, hospitals, OFFICER, "audit/entries").json()["entries"]]
    read: list[int] = []
    before: dict[str, int] = {"before": whole[0] + 1}
    while before:
        part = ask(client, hospitals, OFFICER, "audit/entries", limit=3, **before).json()
        read += [one["sequence"] for one in part["entries"] if one["sequence"] <= whole[0]]
        before = {"before": part["next"]} if part["next"] else {}
    assert [one for one in read if one in whole] == whole


@pytest.mark.usefixtures("told")
def test_who_has_seen_a_patient_is_told_with_how_often_and_when(
    client: TestClient, hospitals: Hospitals
) -> None:
    answer = ask(client, hospitals, OFFICER, "audit/viewers", patient="1").json()
    people = {one["actor"]: one["entries"] for one in answer["people"]}
    assert people["B-assigned"] == 2 and people[MAKER] == 1 and "C-specialist" not in people
    elsewhere = ask(client, hospitals, OTHER_OFFICER, "audit/viewers", patient="1")
    absent = ask(client, hospitals, OTHER_OFFICER, "audit/viewers", patient="no such number")
    assert elsewhere.status_code == absent.status_code == 404 and elsewhere.content == absent.content


@pytest.mark.usefixtures("told")
def test_every_search_is_an_entry_that_says_for_whom_and_not_what_was_typed(
    client: TestClient, hospitals: Hospitals
) -> None:
    for _ in range(2):
        ask(client, hospitals, OFFICER, "audit/entries", patient="1", address="10.77.")
    with hospitals.parts.database.reading() as connection:
        last = list(audit_log.entries(connection))[-2:]
    assert {(one.actor, one.action, one.subject) for one in last} == {
        (OFFICER, "audit-searched", "patient/patient-1")
    }
    assert last[0].details == {"address": "testclient", "fields": ["patient", "address"]}


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("who", ["A-administrator", "A-coordinator", MAKER])
def test_who_gives_roles_does_not_read_the_log_by_that_alone(
    client: TestClient, hospitals: Hospitals, who: str
) -> None:
    for path in ("audit/entries", "audit/viewers", "audit/export", "audit/chain"):
        assert ask(client, hospitals, who, path, patient="1").status_code == 403


@pytest.mark.usefixtures("told")
def test_an_export_has_the_same_entries_in_each_form_and_no_formula_for_a_spreadsheet(
    client: TestClient, hospitals: Hospitals
) -> None:
    def exported(form: str) -> str:
        answer = ask(client, hospitals, OFFICER, "audit/export", form=form, deed="exported")
        assert answer.status_code == 200 and "attachment" in answer.headers["content-disposition"]
        return str(answer.text)

    rows = list(csv.DictReader(io.StringIO(exported("csv").removeprefix("\ufeff"))))
    subjects = [row["subject"] for row in rows]
    assert f"'{FORMULA}" in subjects and FORMULA not in subjects
    events = [json.loads(line) for line in exported("fhir").splitlines()]
    assert FORMULA in {one["entity"][0]["what"]["identifier"]["value"] for one in events}
    lines = exported("syslog").splitlines()
    assert all(line.startswith("<85>1 ") for line in lines) and "study-exported" in lines[0]


@pytest.mark.usefixtures("told")
def test_a_changed_entry_is_named_by_the_chain_until_it_is_put_back(
    client: TestClient, hospitals: Hospitals
) -> None:
    hospitals.app.state.checkpoints.sign_if_due(hospitals.parts.database, NOW)
    ask(client, hospitals, OFFICER, "audit/entries")
    with hospitals.parts.database.reading() as connection:
        last = list(audit_log.entries(connection))[-1]
    chain = ask(client, hospitals, OFFICER, "audit/chain").json()
    assert chain["fault"] is None and chain["last_checkpoint"]["sequence"] < last.sequence

    def rename(action: str) -> None:
        with hospitals.parts.database.transaction() as connection:
            connection.execute(
                text("UPDATE audit_log SET action = :action WHERE sequence = :sequence"),
                {"action": action, "sequence": last.sequence},
            )

    rename("something else")
    fault = ask(client, hospitals, OFFICER, "audit/chain").json()["fault"]
    assert fault["sequence"] == last.sequence and "changed" in fault["sentence"]["en"]
    rename(last.action)
    whole = client.post("/api/audit/chain/verification").json()
    assert whole["fault"] is None and whole["entries"] >= last.sequence and whole["checkpoints"] == 1


def test_administrators_are_told_that_the_log_could_not_be_written(
    client: TestClient, hospitals: Hospitals
) -> None:
    parts = hospitals.parts
    with parts.database.transaction() as connection:
        connection.execute(delete(notifications))
        connection.execute(text("ALTER TABLE audit_log RENAME TO audit_log_gone"))
    try:
        assert ask(client, hospitals, MAKER, "studies/1.2.1").json()["code"] == "audit-log-away"
        assert client.get("/readyz").json()["parts"]["audit"] is False
        watch_audit_store_once(parts)
        assert ask(client, hospitals, "A-administrator", "notifications").status_code == 503
    finally:
        with parts.database.transaction() as connection:
            connection.execute(text("ALTER TABLE audit_log_gone RENAME TO audit_log"))
    watch_audit_store_once(parts)
    for who in ("A-administrator", "B-administrator", "C-administrator"):
        inbox = ask(client, hospitals, who, "notifications").json()["notifications"]
        assert [one["kind"] for one in inbox] == ["audit-log-away"]
    assert ask(client, hospitals, MAKER, "notifications").json()["notifications"] == []
    assert ask(client, hospitals, MAKER, "studies/1.2.1").status_code == 200
    assert client.get("/readyz").json()["parts"]["audit"] is True
