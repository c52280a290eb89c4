"""Institutions that ask each other, and the people who work there: by the installation's own API."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from signaling.messages import SUBPROTOCOL
from storage import audit_log
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import PASSWORD, REPOSITORY, Client, Installation

TOWNSHIP = "Qingshan Township Health Centre"


@pytest.fixture(scope="module")
def township_admin(installation_without_models: Installation) -> Client:
    """An administrator of the side that asks, made by the command line as hospital IT does."""
    command = ["add-administrator", "township-admin", "--institution", TOWNSHIP]
    folder = ["--data", str(installation_without_models.data)]
    printed = subprocess.run(
        [sys.executable, "-m", "teleconsult.cli", *command, *folder],
        check=True,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=installation_without_models.environment(),
    )
    installation_without_models.passwords["township-admin"] = printed.stdout.strip()
    return installation_without_models.sign_in("township-admin")


@pytest.fixture(scope="module")
def admin(installation_without_models: Installation) -> Client:
    return installation_without_models.sign_in("admin")


@pytest.fixture(scope="module")
def clinician(installation_without_models: Installation) -> Client:
    return installation_without_models.sign_in("clinician")


@pytest.fixture(scope="module")
def specialist(installation_without_models: Installation) -> Client:
    return installation_without_models.sign_in("specialist")


@pytest.fixture(scope="module")
def request_body(clinician: Client) -> dict[str, Any]:
    return request_about_a_study(clinician, "T-AGREED")


def request_about_a_study(client: Client, patient_id: str) -> dict[str, Any]:
    done = client.upload({"a.dcm": as_bytes(a_series_of_its_own(1, patient_id=patient_id)[0])})
    study = client.get(f"/api/studies/{done['studies'][0]['study_instance_uid']}")
    return {
        "patient_id": study["patient"]["id"],
        "question": "What is this?",
        "urgency": "routine",
        "specialty": "radiology",
        "study_instance_uids": [study["study_instance_uid"]],
        "consent": {"given": True, "method": "written"},
    }


def live_connection(page: Client, installation: Installation) -> ClientConnection:
    cookies = "; ".join(f"{name}={value}" for name, value in page.http.cookies.items())
    return connect(
        f"{installation.url.replace('http', 'ws', 1)}/api/events",
        origin=Origin(installation.url),
        additional_headers={"Cookie": cookies},
        proxy=None,
    )


def actions(installation: Installation) -> list[str]:
    database = installation.database()
    with database.reading() as connection:
        return [entry.action for entry in audit_log.entries(connection)]


def terms(agreements: dict[str, Any], **other: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "inviting_institution_id": agreements["own"]["id"],
        "invited_institution_id": agreements["others"][0]["id"],
        "specialties": ["radiology"],
        "legal_roles": ["consultation"],
        "starts_at": now.isoformat(),
        "ends_at": (now + timedelta(days=365)).isoformat(),
    } | other


def test_what_two_institutions_agree_on_is_what_one_may_ask_the_other(
    installation_without_models: Installation,
    admin: Client,
    township_admin: Client,
    clinician: Client,
    specialist: Client,
    request_body: dict[str, Any],
) -> None:
    study = f"/api/studies/{request_body['study_instance_uids'][0]}"
    running = clinician.post("/api/consults", request_body)
    specialist.post(f"/api/consults/{running['id']}/events", {"event": "accept", "version": 1})
    waiting = clinician.post("/api/consults", request_body)

    first = admin.get("/api/agreements")["agreements"][0]
    admin.post(f"/api/agreements/{first['id']}/end", {"reason": "the contract is renewed"})
    assert [one["id"] for one in specialist.get("/api/consults")["consults"]] == [running["id"]]
    accepting = {"event": "accept", "version": waiting["version"]}
    assert specialist.http.post(f"/api/consults/{waiting['id']}/events", json=accepting).status_code == 404
    refused = clinician.http.post("/api/consults", json=request_body)
    assert (refused.status_code, refused.json()["code"]) == (409, "no-agreement")
    assert "township-admin" in refused.json()["sentence"]["zh"]
    assert clinician.get("/api/agreements/reach") == []

    proposed = township_admin.post("/api/agreements", terms(township_admin.get("/api/agreements")))
    own_yes = township_admin.http.post(f"/api/agreements/{proposed['id']}/acceptance")
    assert own_yes.json()["code"] == "not-allowed"
    assert clinician.http.post("/api/consults", json=request_body).json()["code"] == "no-agreement"
    assert admin.post(f"/api/agreements/{proposed['id']}/acceptance")["state"] == "in-force"

    (reached,) = clinician.get("/api/agreements/reach")
    assert (reached["specialty"], reached["legal_role"], reached["specialists"]) == (
        "radiology",
        "consultation",
        1,
    )
    listed = specialist.get("/api/consults")["consults"]
    assert {one["id"] for one in listed} == {running["id"], waiting["id"]}
    diagnosis = request_body | {"legal_role": "remote-diagnosis"}
    assert clinician.http.post("/api/consults", json=diagnosis).json()["code"] == "no-agreement"
    oncology = request_body | {"specialty": "oncology"}
    assert clinician.http.post("/api/consults", json=oncology).json()["code"] == "no-agreement"
    clinician.post("/api/consults", request_body)
    assert specialist.http.get(study).status_code == 200
    written = actions(installation_without_models)
    assert {"agreement-ended", "agreement-proposed", "agreement-accepted"} <= set(written)


def test_only_administrators_make_agreements_and_only_those_of_their_own_institution(
    admin: Client, clinician: Client, township_admin: Client
) -> None:
    seen = clinician.get("/api/agreements")
    assert not any(one["may_accept"] or one["may_end"] for one in seen["agreements"])
    assert clinician.http.post("/api/agreements", json=terms(seen)).json()["code"] == "not-allowed"
    known = admin.get("/api/agreements")
    itself = terms(known, invited_institution_id=known["own"]["id"])
    assert admin.http.post("/api/agreements", json=itself).json()["code"] == "bad-agreement"
    of_others = terms(
        known,
        inviting_institution_id=known["others"][0]["id"],
        invited_institution_id="00000000-0000-0000-0000-000000000000",
    )
    assert admin.http.post("/api/agreements", json=of_others).json()["code"] == "not-allowed"


def test_a_member_comes_in_by_a_password_of_one_use_and_goes_at_once(
    installation_without_models: Installation, admin: Client
) -> None:
    member = {"username": "wang.fang", "display_name": "王芳", "roles": ["radiologist"], "language": "en"}
    assert admin.http.post("/api/members", json=member).json()["code"] == "specialty-missing"
    added = admin.post("/api/members", member | {"specialty": "oncology"})
    assert admin.http.post("/api/members", json=member | {"specialty": "oncology"}).json()["code"] == (
        "username-taken"
    )
    page = Client(installation_without_models.url)
    given = {"username": "wang.fang", "password": added["one_time_password"]}
    assert page.post("/api/session", given)["must_change_password"]
    page.put(
        "/api/session/password",
        {"current_password": added["one_time_password"], "new_password": PASSWORD},
    )
    assert not page.get("/api/session")["knows_first_steps"]
    me = page.http.patch("/api/me", json={"knows_first_steps": True}).json()
    assert (me["knows_first_steps"], me["language"]) == (True, member["language"])
    path = f"/api/members/{added['member']['id']}"
    changes = {"display_name": "王芳", "roles": ["coordinator"], "language": "zh-CN"}
    assert admin.put(path, changes)["roles"] == ["coordinator"]
    assert (page.get("/api/session")["roles"], page.get("/api/session")["language"]) == (
        ["coordinator"],
        "zh-CN",
    )
    with live_connection(page, installation_without_models) as socket:
        assert json.loads(socket.recv(30))["type"] == "resync"
        admin.post(f"{path}/disable")
        assert json.loads(socket.recv(30))["type"] == "account-changed"
        with pytest.raises(ConnectionClosed):
            socket.recv(30)
    assert page.http.get("/api/session").status_code == 401
    again = page.http.post("/api/session", json={"username": "wang.fang", "password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (403, "account-disabled")
    admin.post(f"{path}/enable")
    page.post("/api/session", {"username": "wang.fang", "password": PASSWORD})
    assert admin.post(f"{path}/one-time-password")["one_time_password"] != added["one_time_password"]
    assert page.http.get("/api/session").status_code == 401
    written = actions(installation_without_models)
    assert {"member-added", "member-changed", "member-disabled", "member-enabled"} <= set(written)


def test_a_member_who_is_switched_off_in_a_call_is_taken_out_of_it(
    installation_without_models: Installation, admin: Client
) -> None:
    radiologist = {"roles": ["radiologist"], "specialty": "radiology", "language": "en"}
    added = admin.post("/api/members", {"username": "zhao", "display_name": "赵医生"} | radiologist)
    zhao = Client(installation_without_models.url)
    zhao.post("/api/session", {"username": "zhao", "password": added["one_time_password"]})
    passwords = {"current_password": added["one_time_password"], "new_password": PASSWORD}
    zhao.put("/api/session/password", passwords)
    body = request_about_a_study(zhao, "T-OFF") | {"legal_role": "consultation"}
    consult = zhao.post("/api/consults", body)
    colleague = installation_without_models.sign_in("specialist")
    colleague.post(f"/api/consults/{consult['id']}/events", {"event": "accept", "version": 1})
    ticket = zhao.post(f"/api/consults/{consult['id']}/join")
    origin = Origin(installation_without_models.url)
    protocol = Subprotocol(SUBPROTOCOL)
    with connect(ticket["signaling_url"], origin=origin, subprotocols=[protocol], proxy=None) as socket:
        socket.send(json.dumps({"type": "join", "token": ticket["join_token"]}))
        assert json.loads(socket.recv(30))["type"] == "welcome"
        admin.post(f"/api/members/{added['member']['id']}/disable")
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(30)
    assert closed.value.rcvd is not None and closed.value.rcvd.reason == "removed"


def test_an_institution_keeps_its_last_administrator(admin: Client, township_admin: Client) -> None:
    own = next(one for one in admin.get("/api/members") if "administrator" in one["roles"])
    path = f"/api/members/{own['id']}"
    assert admin.http.post(f"{path}/disable").json()["code"] == "last-administrator"
    demoted = {"display_name": own["display_name"], "roles": ["coordinator"]}
    assert admin.http.put(path, json=demoted).json()["code"] == "last-administrator"
    assert admin.get("/api/session")["roles"] == ["administrator"]
    assert township_admin.http.put(path, json=demoted).status_code == 404
