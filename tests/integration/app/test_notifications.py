"""A consult's steps reach the other side: in the page, by mail, by webhook, by push."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from storage.tables import notification_deliveries as queue
from teleconsult.notifications.web_push import base64url
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.http_receiver import HttpReceiver, http_receiver
from tests.installation_server import (
    Client,
    Installation,
    free_ports_of_an_installation,
    no_models,
    wait_until,
)
from tests.push_browser import PushBrowser
from tests.smtp_server import SmtpServer, smtp_server

SECRET = "a secret that the gateway shares with us"
NAME = "DOE^JANE"


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmtpServer]:
    with smtp_server(tmp_path_factory.mktemp("mail")) as running:
        yield running


@pytest.fixture(scope="module")
def gateway() -> Iterator[HttpReceiver]:
    with http_receiver() as running:
        yield running


@pytest.fixture(scope="module")
def reachable(
    tmp_path_factory: pytest.TempPathFactory, mail: SmtpServer, gateway: HttpReceiver
) -> Iterator[Installation]:
    """An installation with a mail server and a gateway."""
    folder: Path = tmp_path_factory.mktemp("reachable")
    (folder / "password").write_text(mail.password)
    (folder / "secret").write_text(SECRET)
    settings = no_models(folder) | {
        "TELECONSULT_SMTP_URL": f"smtp://127.0.0.1:{mail.port}",
        "TELECONSULT_SMTP_FROM": "consult@hospital.example",
        "TELECONSULT_SMTP_USER": mail.username,
        "TELECONSULT_SMTP_PASSWORD_FILE": str(folder / "password"),
        "TELECONSULT_SMTP_CA_FILE": str(mail.certificate),
        "TELECONSULT_WEBHOOK_URL": f"{gateway.url}/sms",
        "TELECONSULT_WEBHOOK_SECRET_FILE": str(folder / "secret"),
        "TELECONSULT_ALLOW_LOCAL_PUSH": "1",
    }
    running = Installation(folder / "data", free_ports_of_an_installation(), settings=settings)
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def clinician(reachable: Installation) -> Client:
    return reachable.sign_in("clinician")


@pytest.fixture(scope="module")
def specialist(reachable: Installation) -> Client:
    return reachable.sign_in("specialist")


@pytest.fixture(scope="module")
def request_body(clinician: Client) -> dict[str, Any]:
    series = a_series_of_its_own(1, patient_id="T-TOLD", patient_name=NAME)
    done = clinician.upload({"a.dcm": as_bytes(series[0])})
    study = clinician.get(f"/api/studies/{done['studies'][0]['study_instance_uid']}")
    return {
        "patient_id": study["patient"]["id"],
        "question": "What is this?",
        "urgency": "urgent",
        "specialty": "radiology",
        "study_instance_uids": [study["study_instance_uid"]],
        "consent": {"given": True, "method": "written"},
    }


def chosen(client: Client, **other: Any) -> None:
    known = client.get("/api/notifications/choices")
    kept = ("channels", "email", "phone", "quiet", "time_zone")
    client.put("/api/notifications/choices", {name: known[name] for name in kept} | other)


def test_an_urgent_request_reaches_a_specialist_by_every_channel_without_the_patients_name(
    reachable: Installation,
    clinician: Client,
    specialist: Client,
    mail: SmtpServer,
    gateway: HttpReceiver,
    request_body: dict[str, Any],
) -> None:
    browser = PushBrowser(f"{gateway.url}/push")
    chosen(specialist, email="li@province.example", phone="+86 139 0000 0000")
    device = {
        "endpoint": browser.endpoint,
        "p256dh": base64url(browser.public_key),
        "auth": base64url(browser.auth),
        "device": "Chromium on Linux",
    }
    assert [d["device"] for d in specialist.post("/api/notifications/devices", device)["devices"]] == [
        "Chromium on Linux"
    ]
    gateway.answers = [503]  # what comes first is tried again
    consult = clinician.post("/api/consults", request_body)
    wait_until(lambda: mail.received and len(gateway.received) == 3, "all channels were used")

    (message,) = mail.received
    by_path = {one.path: one for one in gateway.received}
    pushed = json.loads(browser.read(by_path["/push"].body))
    texted = json.loads(by_path["/sms"].body)["data"]
    link = f"{reachable.url}/consults/{consult['id']}"
    assert pushed["url"] == texted["link"] == link
    assert link in message.get_content() and message["To"] == "li@province.example"
    assert pushed["text"] == texted["text"] and texted["recipient"]["phone"] == "+86 139 0000 0000"
    everything = str(message) + json.dumps(pushed) + json.dumps(texted)
    assert not any(part in everything for part in ("DOE", "JANE", "T-TOLD"))
    ids = [one.headers["topic" if one.path == "/push" else "webhook-id"] for one in gateway.received]
    assert len(set(ids)) == 2  # the second try is known for the first

    told = specialist.get("/api/notifications")
    assert (told["unread"], told["notifications"][0]["consult_id"]) == (1, consult["id"])
    specialist.post("/api/notifications/read", {"ids": None})
    assert specialist.get("/api/notifications")["unread"] == 0
    assert clinician.get("/api/notifications")["notifications"] == []

    specialist.post(f"/api/consults/{consult['id']}/events", {"event": "accept", "version": 1})
    answer = clinician.get("/api/notifications")["notifications"][0]
    assert (answer["kind"], answer["topic"]) == ("request-accepted", "urgent")
    database = reachable.database()
    with database.reading() as connection:
        kept = set(connection.scalars(select(queue.c.last_error)))
    database.close()
    assert kept <= {None, "HTTP 503"}


def test_a_notification_stays_but_its_link_goes_with_the_part_in_the_consult(
    clinician: Client, specialist: Client, request_body: dict[str, Any]
) -> None:
    consult = clinician.post("/api/consults", request_body | {"urgency": "routine"})
    assert specialist.get("/api/notifications")["notifications"][0]["consult_id"] == consult["id"]
    version = {"version": consult["version"]}
    clinician.post(f"/api/consults/{consult['id']}/events", {"event": "withdraw"} | version)
    told = specialist.get("/api/notifications")["notifications"][0]
    assert (told["kind"], told["consult_id"]) == ("request-received", None)


def test_a_test_is_sent_at_once_and_says_what_is_missing(
    clinician: Client, specialist: Client, mail: SmtpServer
) -> None:
    refused = clinician.post("/api/notifications/test", {"channel": "email"})
    assert not refused["is_sent"] and "邮箱" in refused["sentence"]["zh"]
    chosen(clinician, email="wang@township.example")
    assert clinician.post("/api/notifications/test", {"channel": "email"})["is_sent"]
    assert mail.received[-1]["To"] == "wang@township.example"
    assert not clinician.post("/api/notifications/test", {"channel": "push"})["is_sent"]
    mail.refuses = 550
    failed = clinician.post("/api/notifications/test", {"channel": "email"})
    mail.refuses = None
    assert "550" in failed["sentence"]["en"]


def test_choices_that_cannot_be_are_refused(clinician: Client) -> None:
    known = clinician.get("/api/notifications/choices")
    assert known["available"] == ["email", "push", "webhook"]
    good = {name: known[name] for name in ("channels", "email", "phone", "quiet", "time_zone")}
    for bad in (
        {"email": "a@b, c@d"},
        {"email": "a@b\r\nBcc: c@d"},
        {"time_zone": "Moon/Crater"},
        {"phone": "call me"},
        {"channels": {"urgent": ["pigeon"]}},
    ):
        assert clinician.http.put("/api/notifications/choices", json=good | bad).status_code == 422
    for endpoint in ("ftp://push.example/", "https://user:secret@push.example/"):
        device = {"endpoint": endpoint, "p256dh": "A" * 87, "auth": "A" * 22, "device": "x"}
        assert clinician.http.post("/api/notifications/devices", json=device).status_code == 422
    assert clinician.http.delete("/api/notifications/devices/unknown").status_code == 404


def test_a_request_rings_for_whom_it_reaches_and_is_not_there_for_others(
    reachable: Installation, clinician: Client, specialist: Client, request_body: dict[str, Any]
) -> None:
    admin = reachable.sign_in("admin")
    heart = {"username": "t.he", "display_name": "He", "roles": ["specialist"], "specialty": "cardiology"}
    reachable.passwords["t.he"] = admin.post("/api/members", heart)["one_time_password"]
    other = reachable.sign_in("t.he")
    consult = clinician.post("/api/consults", request_body)
    path = f"/api/rings/{consult['id']}"
    (ring,) = (one for one in specialist.get("/api/rings") if one["consult_id"] == consult["id"])
    assert (ring["question"], ring["is_over"], ring["taken_by"]) == ("What is this?", False, None)
    assert other.get("/api/rings") == []
    for step in ("acceptance", "dismissal"):
        assert other.http.post(f"{path}/{step}").status_code == 404
    assert other.http.get(f"/api/consults/{consult['id']}/ringing").status_code == 404

    specialist.post(f"{path}/dismissal")
    assert all(one["consult_id"] != consult["id"] for one in specialist.get("/api/rings"))
    seen = clinician.get(f"/api/consults/{consult['id']}/ringing")
    assert (seen["rung"], seen["not_me"], seen["next"]["tells"]) == (1, 1, ["coordinators"])
    assert specialist.post(f"{path}/acceptance")["status"] == "accepted"
    assert clinician.http.post(f"{path}/acceptance").status_code == 404
