"""A case is opened in an emergency for a time, with a reason, before witnesses; by nobody from elsewhere."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, update

from storage import audit_log
from storage.database import utc_now
from storage.tables import agreements, consults, emergency_accesses, notifications, user_sessions, users
from teleconsult.dependencies import SESSION_COOKIE
from teleconsult.identity.sessions import digest
from tests.hospitals import Hospitals, hospitals, uuid_of

__all__ = ["hospitals"]
WHO = "B-colleague"
REASON = "The specialist is in theatre and the patient worsens."
LOOKS = ("consults/live", "studies/1.2.1", "consults/live/report")
IMAGE = "/dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"
# The archive of these tests has no image at hand: 503 is what somebody who is let in hears of it.
FILES = {
    f"{IMAGE}/frames/1": 503,
    f"{IMAGE}/rendered": 503,
    "/dicom-web/studies/1.2.1/metadata": 503,
    "/api/studies/1.2.1/instances/1.2.1.1.1/file": 503,
    "/api/studies/1.2.1/key-images": 200,
    "/api/consults/live/history.fhir": 200,
    "/api/consults/live/report/versions/1/report.pdf": 200,
    "/api/consults/live/critical-results": 200,
}
NEVER = (
    f"/api/consults/live/chat/{uuid_of('message', 'live')}/file",
    f"/api/consults/live/stills/{uuid_of('still', 'live')}/picture.jpg",
    "/api/consults/live/recordings/recording-live/parts/1",
    "/api/consults/live/consents/consent-live/scan",
)


class Client:
    def __init__(self, hospitals: Hospitals) -> None:
        self._hospitals = hospitals
        self._http = TestClient(
            hospitals.app, base_url="http://hospital.example", headers={"X-Teleconsult": "1"}
        )

    def get(self, who: str, path: str) -> Any:
        self._http.cookies.set(SESSION_COOKIE, self._hospitals.tokens[who])
        return self._http.get(f"/api/{path}")

    def post(self, who: str, path: str, body: Any = None) -> Any:
        self._http.cookies.set(SESSION_COOKIE, self._hospitals.tokens[who])
        return self._http.post(f"/api/{path}", json=body)

    def opens(self, who: str = WHO, **named: str) -> Any:
        body = (named or {"consult_id": "live"}) | {"kind": "on-call", "reason": REASON}
        return self.post(who, "emergency-accesses", body)

    def sees(self, who: str = WHO) -> list[int]:
        return [self.get(who, path).status_code for path in LOOKS]


@pytest.fixture
def client(hospitals: Hospitals) -> Iterator[Client]:
    yield Client(hospitals)
    with hospitals.parts.database.transaction() as connection:
        connection.execute(delete(emergency_accesses).where(emergency_accesses.c.user_id != "B-on-call"))
        connection.execute(delete(notifications))


def test_who_opens_a_case_sees_it_and_its_studies_and_may_do_nothing_in_it(client: Client) -> None:
    assert client.sees() == [404, 404, 404]
    answer = client.opens()
    assert answer.status_code == 201 and answer.json()["study_instance_uids"] == ["1.2.1"]
    assert client.sees() == [200, 200, 200]
    shown = client.get(WHO, "consults/live").json()
    assert (shown["possible_events"], shown["may_enter_room"], shown["may_chat"]) == ([], False, False)
    assert client.post(WHO, "consults/live/join").status_code == 403
    assert client.get(WHO, "consults/live/chat").status_code == 404
    assert client.get(WHO, "consults/waiting").status_code == 404, "that case stays closed"
    assert client.opens().json()["code"] == "emergency-not-needed"


def test_a_study_is_opened_by_the_consult_that_is_about_it(client: Client) -> None:
    assert client.opens(study_instance_uid="1.2.1").json()["consult_id"] == "live"
    assert client.sees() == [200, 200, 200]


async def test_images_history_and_files_open_and_shut_with_it_and_what_two_sides_keep_never(
    client: Client, hospitals: Hospitals
) -> None:
    transport = httpx.ASGITransport(hospitals.app, raise_app_exceptions=False)
    cookies = {SESSION_COOKIE: hospitals.tokens[WHO]}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://hospital.example", cookies=cookies
    ) as page:
        away = await page.get("/api/studies/9.9.9")
        assert away.status_code == 404
        for _ in range(2):
            shut = [await page.get(path) for path in (*FILES, *NEVER)]
            assert {(one.status_code, one.content) for one in shut} == {(404, away.content)}
            opened = client.opens().json()["id"]
            assert {path: (await page.get(path)).status_code for path in FILES} == FILES
            assert {(await page.get(path)).status_code for path in NEVER} == {404}
            client.post(WHO, f"emergency-accesses/{opened}/end")
    await hospitals.app.state.images_out.streams.close()


def test_it_is_over_when_its_time_is_or_when_who_opened_it_says_so(
    client: Client, hospitals: Hospitals
) -> None:
    first = client.opens().json()["id"]
    assert client.post("B-on-call", f"emergency-accesses/{first}/end").status_code == 404, "not theirs"
    assert client.post(WHO, f"emergency-accesses/{first}/end").status_code == 204
    assert client.sees() == [404, 404, 404]
    client.opens()
    assert client.sees() == [200, 200, 200]
    with hospitals.parts.database.transaction() as connection:
        mine = update(emergency_accesses).where(emergency_accesses.c.user_id == WHO)
        connection.execute(mine.values(expires_at=utc_now() - timedelta(seconds=1)))
    assert client.sees() == [404, 404, 404]
    assert client.get(WHO, "emergency-accesses/own").json()["open"] == []


def test_it_lasts_no_longer_than_the_agreement(client: Client, hospitals: Hospitals) -> None:
    client.opens()
    in_force = agreements.c.id == "in-force"
    with hospitals.parts.database.transaction() as connection:
        connection.execute(update(agreements).where(in_force).values(ended_at=utc_now()))
    try:
        assert client.sees() == [404, 404, 404]
    finally:
        with hospitals.parts.database.transaction() as connection:
            connection.execute(update(agreements).where(in_force).values(ended_at=None))
    assert client.sees() == [200, 200, 200]


def test_a_hospital_without_agreement_cannot_tell_by_it_what_there_is(client: Client) -> None:
    """C has no agreement with A; and B none for a case that was never shared, or is no longer."""
    answers = [client.opens("C-specialist", consult_id=one) for one in ("live", "waiting", "no-such-consult")]
    answers += [client.opens("C-specialist", study_instance_uid=one) for one in ("1.2.1", "9.9.9")]
    answers += [client.opens(consult_id="over"), client.opens(study_instance_uid="1.2.3")]
    assert {(one.status_code, one.content) for one in answers} == {(404, answers[0].content)}
    assert client.sees("C-specialist") == [404, 404, 404]


@pytest.mark.parametrize("who", ["A-coordinator", "A-administrator", "A-teacher", "A-privacy-officer"])
def test_a_role_that_is_not_medical_opens_nothing(client: Client, who: str) -> None:
    assert client.opens(who).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"consult_id": "live", "kind": "on-call", "reason": "urgent"},
        {"consult_id": "live", "kind": "on-call", "reason": " " * 20},
        {"consult_id": "live", "kind": "curiosity", "reason": REASON},
        {"kind": "on-call", "reason": REASON},
        {"consult_id": "live", "study_instance_uid": "1.2.1", "kind": "on-call", "reason": REASON},
    ],
)
def test_without_a_kind_and_a_reason_of_some_words_nothing_is_opened(
    client: Client, body: dict[str, str]
) -> None:
    assert client.post(WHO, "emergency-accesses", body).status_code == 422
    assert client.sees() == [404, 404, 404]


def test_who_it_is_must_have_been_proved_a_short_while_ago(client: Client, hospitals: Hospitals) -> None:
    mine = user_sessions.c.token_sha256 == digest(hospitals.tokens[WHO])
    with hospitals.parts.database.transaction() as connection:
        before = connection.execute(user_sessions.select().where(mine)).mappings().one()
        long_ago = {name: utc_now() - timedelta(days=2) for name in ("created_at", "proved_at")}
        connection.execute(update(user_sessions).where(mine).values(long_ago))
    try:
        assert client.opens().json()["code"] == "step-up-needed"
    finally:
        with hospitals.parts.database.transaction() as connection:
            connection.execute(update(user_sessions).where(mine).values(dict(before)))


def test_every_entry_of_what_was_done_under_it_says_so_and_none_has_the_reason(
    client: Client, hospitals: Hospitals
) -> None:
    with hospitals.parts.database.reading() as connection:
        before = sum(1 for _ in audit_log.entries(connection))
    opened = client.opens().json()["id"]
    client.sees()
    client.get(WHO, "clock")
    client.post(WHO, f"emergency-accesses/{opened}/end")
    client.get(WHO, "patients")
    with hospitals.parts.database.reading() as connection:
        entries = [one for one in audit_log.entries(connection, before + 1) if one.actor == WHO]
    marks = {one.action: one.details.get("emergency_access") for one in entries}
    assert {"emergency-access-opened", "emergency-access-ended", "study-viewed"} <= marks.keys()
    about = [one for one in entries if one.subject in ("consult/live", "study/1.2.1")]
    assert len(about) >= 5 and {one.details["emergency_access"] for one in about} == {opened}
    assert REASON not in str(entries)
    assert [one.details.get("emergency_access") for one in entries if one.subject == "patients"] == [None]


def test_both_hospitals_are_told_at_once_and_who_reviews_says_whether_it_was_right(
    client: Client, hospitals: Hospitals
) -> None:
    opened = client.opens().json()["id"]
    for who, wanted in (
        ("A-privacy-officer", ("emergency-access", "/privacy?tab=emergency")),
        ("B-administrator", ("emergency-access-unwatched", "/institution?tab=members")),  # no officer there
    ):
        told = client.get(who, "notifications").json()["notifications"]
        assert [(one["kind"], one["page"]) for one in told] == [wanted], who
    assert client.get("A-administrator", "notifications").json()["notifications"] == []
    listed = client.get("A-privacy-officer", "emergency-accesses").json()
    mine = next(one for one in listed if one["id"] == opened)
    assert (mine["reason"], mine["kind"], mine["patient_number"]) == (REASON, "on-call", "1")
    assert client.get("C-privacy-officer", "emergency-accesses").json() == []
    review = {"verdict": "objected", "note": "There was a colleague on duty."}
    path = f"emergency-accesses/{opened}/review"
    assert client.post("C-privacy-officer", path, review).status_code == 404
    assert client.post("A-privacy-officer", path, review).json()["review"]["verdict"] == "objected"
    assert client.post("A-privacy-officer", path, review).json()["code"] == "already-reviewed"
    reviewed = client.get("A-privacy-officer", "emergency-accesses?reviewed=true").json()
    assert [one["id"] for one in reviewed] == [opened]
    said = [one["kind"] for one in client.get(WHO, "notifications").json()["notifications"]]
    assert said == ["emergency-access-objected"]


def test_nobody_reviews_an_access_of_their_own(client: Client, hospitals: Hospitals) -> None:
    def have(roles: list[str]) -> None:
        with hospitals.parts.database.transaction() as connection:
            connection.execute(update(users).where(users.c.id == WHO).values(roles=roles))

    have(["specialist", "privacy-officer"])
    try:
        opened = client.opens().json()["id"]
        review = {"verdict": "accepted", "note": "It was right."}
        assert client.post(WHO, f"emergency-accesses/{opened}/review", review).status_code == 403
    finally:
        have(["specialist"])


def test_a_consult_that_is_declined_meanwhile_is_closed_to_whoever_opened_it(
    client: Client, hospitals: Hospitals
) -> None:
    client.opens()
    for status, seen in (("closed", [200] * 3), ("cancelled", [404] * 3), ("in-progress", [200] * 3)):
        with hospitals.parts.database.transaction() as connection:
            connection.execute(update(consults).where(consults.c.id == "live").values(status=status))
        assert client.sees() == seen, status
