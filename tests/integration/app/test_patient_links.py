"""A patient's link from its making to its end, by the installation's own API."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from storage import audit_log
from storage.database import utc_now
from storage.tables import patient_links
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.pages import accepted_consult
from tests.installation_server import Client, Installation


@pytest.fixture
def consult(clinician: Client, specialist: Client) -> dict[str, Any]:
    slices = a_series_of_its_own(1, patient_id="T-LINK")
    study = clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0]
    return accepted_consult(clinician, specialist, study, "Can she be seen?")


class Visitor:
    """A browser in which a link was opened."""

    def __init__(self, installation: Installation, made: dict[str, Any]) -> None:
        token = made["path"].removeprefix("/p/")
        self.code: str = made["code"]
        self.http = httpx.Client(
            base_url=installation.url, headers={"X-Teleconsult": "1", "X-Patient-Link": token}
        )

    def ask(self, path: str = "", body: Any = None, expect: int = 200) -> Any:
        at = f"/api/patient-link{path}"
        answer = self.http.get(at) if body is None else self.http.post(at, json=body)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def give_code(self) -> Any:
        return self.ask("/code", {"code": self.code})

    def sign(self, told: dict[str, Any]) -> Any:
        newest = told["consent_text"]
        text = {"id": newest["id"], "version": newest["version"], "language": "en"}
        return self.ask("/consent", {"giver": "patient", "signature": "Linked Patient", "text": text})


def path(consult: dict[str, Any]) -> str:
    return f"/api/consults/{consult['id']}/patient-links"


def make(client: Client, consult: dict[str, Any], **body: Any) -> dict[str, Any]:
    return dict(client.post(path(consult), {"kind": "patient", **body}))


def test_a_patient_gives_the_code_consents_and_gets_a_ticket_into_the_waiting_room(
    installation: Installation, consult: dict[str, Any], clinician: Client
) -> None:
    made = make(clinician, consult)
    visitor = Visitor(installation, made)
    before = visitor.http.get("/api/patient-link")
    assert before.json() == {"needs_code": True}, "nothing of the case is told before the code"
    told = visitor.give_code()
    assert (told["has_consented"], told["may_enter"], len(told["doctors"])) == (False, False, 2)
    visitor.ask("/join", {}, expect=409)
    signed = visitor.sign(told)
    assert signed["may_enter"] and visitor.ask() == {"needs_code": False}
    ticket = visitor.ask("/join", {})
    assert ticket["join_token"]
    visitor.ask("/presence", {"phase": "waiting"})
    (link,) = clinician.get(path(consult))["links"]
    assert link["state"] == "waiting"
    now = clinician.get(f"/api/consults/{consult['id']}")
    assert (now["status"], now["consent"]["method"]) == ("accepted", "by-link"), "a patient starts no consult"
    clinician.post(f"/api/consults/{consult['id']}/join")
    left = visitor.ask("/withdrawal", {})
    assert not left["may_enter"]
    held = clinician.get(f"/api/consults/{consult['id']}")
    assert (held["status"], held["consent"]) == ("on-hold", None), "no reason is asked for"
    withdrawn = clinician.get(f"/api/consults/{consult['id']}/consents")["consents"]
    assert {(one["withdrawal"]["by"], one["withdrawal"]["reason"]) for one in withdrawn} == {(None, "")}
    assert all(one["withdrawal"]["at"] for one in withdrawn)
    database = installation.database()
    with database.reading() as connection:
        done = [one for one in audit_log.entries(connection) if one.subject == f"consult/{consult['id']}"]
    steps = {"made", "opened", "code-given"}
    assert {f"patient-link-{step}" for step in steps} | {"consent-recorded", "consent-withdrawn"} <= {
        one.action for one in done
    }
    logs = "".join(log.read_text(errors="replace") for log in (installation.data / "logs").glob("*.log"))
    assert made["path"].removeprefix("/p/") not in logs and "Linked Patient" not in logs


def test_a_second_browser_and_a_forged_link_are_refused_each_with_words_of_its_own(
    installation: Installation, consult: dict[str, Any], clinician: Client
) -> None:
    made = make(clinician, consult)
    Visitor(installation, made).give_code()
    second = Visitor(installation, made)
    assert second.ask(expect=409)["code"] == "link-used"
    assert second.ask("/code", {"code": made["code"]}, expect=409)["code"] == "link-used"
    forged = Visitor(installation, {**made, "path": "/p/" + "x" * 32})
    assert forged.ask(expect=404)["code"] == "link-unknown"


def test_five_wrong_codes_end_a_link(
    installation: Installation, consult: dict[str, Any], clinician: Client
) -> None:
    made = make(clinician, consult)
    visitor = Visitor(installation, made)
    wrong = f"{(int(made['code']) + 1) % 1_000_000:06}"
    for left in (4, 3, 2, 1):
        refused = visitor.ask("/code", {"code": wrong}, expect=403)
        assert refused["code"] == "link-code-wrong" and str(left) in refused["sentence"]["zh"]
    assert visitor.ask("/code", {"code": wrong}, expect=410)["code"] == "link-blocked"
    assert visitor.ask("/code", {"code": made["code"]}, expect=410)["code"] == "link-blocked"


def test_a_link_ends_when_it_expires_is_taken_back_or_its_consult_ends(
    installation: Installation, consult: dict[str, Any], clinician: Client, specialist: Client
) -> None:
    expired, revoked, over = (make(clinician, consult) for _ in range(3))
    visitors = [Visitor(installation, one) for one in (expired, revoked, over)]
    for visitor in visitors:
        visitor.give_code()
    database = installation.database()
    with database.transaction() as connection:
        connection.execute(
            update(patient_links)
            .where(patient_links.c.id == expired["link"]["id"])
            .values(expires_at=utc_now() - timedelta(seconds=1))
        )
    clinician.post(f"{path(consult)}/{revoked['link']['id']}/revocation")
    assert visitors[0].ask(expect=410)["code"] == "link-expired"
    assert visitors[1].ask("/join", {}, expect=410)["code"] == "link-revoked"
    specialist.post(f"/api/consults/{consult['id']}/join")
    now = specialist.get(f"/api/consults/{consult['id']}")
    specialist.post(f"/api/consults/{consult['id']}/events", {"event": "end", "version": now["version"]})
    assert visitors[2].ask("/presence", {"phase": "in-call"}, expect=410)["code"] == "link-consult-over"
    refused = clinician.http.post(path(consult), json={"kind": "patient"})
    assert (refused.status_code, refused.json()["code"]) == (409, "step-not-possible")


def test_who_comes_along_is_named_and_consents_for_nobody(
    installation: Installation, consult: dict[str, Any], clinician: Client
) -> None:
    nameless = clinician.http.post(path(consult), json={"kind": "interpreter"})
    assert (nameless.status_code, nameless.json()["code"]) == (422, "name-missing")
    visitor = Visitor(installation, make(clinician, consult, kind="interpreter", name="Aygul"))
    told = visitor.give_code()
    assert (told["name"], told["may_enter"]) == ("Aygul", True)
    visitor.ask("/withdrawal", {"reason": "no"}, expect=403)


def test_who_has_no_part_in_the_consult_cannot_tell_that_it_has_links(
    installation: Installation, consult: dict[str, Any], clinician: Client
) -> None:
    admin = installation.sign_in("admin")
    link_id = make(clinician, consult)["link"]["id"]
    for answer in (
        admin.http.get(path(consult)),
        admin.http.post(path(consult), json={"kind": "patient"}),
        admin.http.post(f"{path(consult)}/{link_id}/revocation"),
    ):
        assert answer.status_code == 404
