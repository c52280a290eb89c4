"""Appointments, second opinions and panels by the installation's own API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import PASSWORD, Client, Installation

FIRST_REPORTED = {"form": "opinion", "first_report": "One nodule."}
WEEK = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-08T00:00:00Z"}


@pytest.fixture(scope="module")
def request_body(clinician: Client) -> dict[str, Any]:
    done = clinician.upload({"a.dcm": as_bytes(a_series_of_its_own(1, patient_id="T-OPINION")[0])})
    study = clinician.get(f"/api/studies/{done['studies'][0]['study_instance_uid']}")
    return {
        "patient_id": study["patient"]["id"],
        "question": "Operate or follow?",
        "urgency": "routine",
        "specialty": "radiology",
        "study_instance_uids": [study["study_instance_uid"]],
        "consent": {"given": True, "method": "written"},
    }


@pytest.fixture(scope="module")
def oncologists(installation: Installation) -> list[Client]:
    """Two at the hospital that is asked."""
    admin = installation.sign_in("admin")
    for name in ("t.wu", "t.li"):
        member = {"username": name, "display_name": name, "roles": ["specialist"], "specialty": "oncology"}
        installation.passwords[name] = admin.post("/api/members", member)["one_time_password"]
    return [installation.sign_in(name) for name in ("t.wu", "t.li")]


def accepted(clinician: Client, specialist: Client, body: dict[str, Any]) -> dict[str, Any]:
    asked = clinician.post("/api/consults", body)
    accepting = {"event": "accept", "version": asked["version"]}
    consult: dict[str, Any] = specialist.post(f"/api/consults/{asked['id']}/events", accepting)
    return consult


def conclude(client: Client, path: str, conclusion: str) -> None:
    version = client.get(path)["version"]
    sections = {"findings_text": "", "conclusion": conclusion, "recommendation": ""}
    client.put(path, sections | {"version": version})


def sign(client: Client, path: str) -> str:
    body = {"password": PASSWORD, "version": client.get(path)["version"]}
    answer = client.http.post(f"{path}/sign", json=body).json()
    return str(answer.get("code") or answer["status"])


def test_whoever_has_no_part_in_a_consult_finds_none_of_its_appointment_and_opinions(
    clinician: Client, specialist: Client, oncologists: list[Client], request_body: dict[str, Any]
) -> None:
    consult = accepted(clinician, specialist, request_body | FIRST_REPORTED)
    stranger, at = oncologists[0].http, {"version": consult["version"]}
    for path in (f"/api/consults/{consult['id']}", "/api/consults/none"):
        answers = [
            stranger.get(f"{path}/slots", params=WEEK),
            stranger.get(f"{path}/appointment.ics"),
            stranger.put(f"{path}/appointment", json=at | {"starts_at": WEEK["since"], "time_zone": "UTC"}),
            stranger.get(f"{path}/comparison"),
            stranger.put(f"{path}/comparison", json=at | {"agreement": "agree", "difference": ""}),
            stranger.get(f"{path}/panel"),
            stranger.put(f"{path}/panel/opinion", json=at | {"specialty": "oncology", "text": "x"}),
            stranger.put(f"{path}/panel/answer", json=at | {"specialty": "oncology", "agrees": True}),
            stranger.post(f"{path}/panel/opening", json=at),
            stranger.post(f"{path}/panel/draft", json=at),
            stranger.put(f"{path}/panel/missing-reason", json=at | {"reason": "x"}),
        ]
        assert [answer.status_code for answer in answers] == [404] * len(answers)


def test_a_second_opinion_is_reported_without_a_call_and_says_how_it_differs(
    clinician: Client, specialist: Client, request_body: dict[str, Any]
) -> None:
    consult = accepted(clinician, specialist, request_body | FIRST_REPORTED)
    path = f"/api/consults/{consult['id']}"
    assert (consult["status"], consult["possible_events"]) == ("reporting", ["sign"])
    assert clinician.http.post(f"{path}/join").json()["code"] == "step-not-possible"
    conclude(specialist, f"{path}/report", "Two nodules.")
    assert sign(specialist, f"{path}/report") == "comparison-missing"
    said = {"agreement": "disagree", "difference": "a second nodule", "radpeer_score": "2b", "version": 0}
    specialist.put(f"{path}/comparison", said)
    assert clinician.get(f"{path}/comparison")["agreement"] is None  # until it is signed
    assert sign(specialist, f"{path}/report") == "final"
    assert clinician.get(f"{path}/comparison")["difference"] == "a second nodule"


def test_a_panel_gives_its_opinions_apart_and_signs_with_the_dissent(
    clinician: Client, specialist: Client, oncologists: list[Client], request_body: dict[str, Any]
) -> None:
    wu, li = oncologists
    alone = request_body | {"form": "panel", "disciplines": []}
    assert clinician.http.post("/api/consults", json=alone).json()["code"] == "bad-panel"
    consult = accepted(clinician, specialist, alone | {"disciplines": [{"specialty": "oncology"}]})
    path = f"/api/consults/{consult['id']}"
    panel = wu.put(f"{path}/panel/opinion", {"specialty": "oncology", "text": "Operate.", "version": 1})
    assert wu.get(f"{path}/consents")["is_in_force"] and not wu.get(f"{path}/consents")["may_record"]
    link = wu.post(f"{path}/patient-links", {"kind": "patient", "hours": 24})["link"]
    assert wu.get(f"{path}/patient-links")["links"][0]["id"] == link["id"]
    for there in (path, f"{path}/consents", f"{path}/patient-links"):
        assert li.http.get(there).status_code == 404
    assert [one["text"] for one in specialist.get(f"{path}/panel")["opinions"]] == [None, None]
    own = {"specialty": "radiology", "text": "Follow.", "version": panel["version"]}
    panel = specialist.put(f"{path}/panel/opinion", own)
    assert [one["text"] for one in clinician.get(f"{path}/panel")["opinions"]] == ["Follow.", "Operate."]
    step = {"event": "report-without-call", "version": consult["version"]}
    specialist.post(f"{path}/events", step)
    conclude(specialist, f"{path}/report", "Follow for three months.")
    assert sign(specialist, f"{path}/report") == "opinions-missing"
    panel = specialist.post(f"{path}/panel/draft", {"version": panel["version"]})
    answer = {"specialty": "oncology", "agrees": False, "dissent": "still", "version": panel["version"]}
    assert wu.put(f"{path}/panel/answer", answer)["outstanding"] == []
    assert sign(specialist, f"{path}/report") == "final"
    assert wu.http.get(f"{path}/report.pdf").content.startswith(b"%PDF-")


def test_the_inviting_side_books_a_free_slot_and_another_calendar_follows_without_a_patient(
    installation: Installation, clinician: Client, specialist: Client, request_body: dict[str, Any]
) -> None:
    now = datetime.now(UTC)
    week = {"since": now.isoformat(), "until": (now + timedelta(days=7)).isoformat()}
    calendar = specialist.http.get("/api/calendar", params=week).json()
    hours = {str(day): [{"begins": 0, "ends": 1440}] for day in range(1, 8)}
    specialist.put("/api/calendar/availability", calendar["availability"] | {"weekly": hours})
    first, second = (accepted(clinician, specialist, request_body) for _ in range(2))
    free = clinician.http.get(f"/api/consults/{first['id']}/slots", params=week).json()["slots"]
    body = {"starts_at": free[0]["starts_at"], "time_zone": "Asia/Urumqi", "version": first["version"]}
    booked = clinician.put(f"/api/consults/{first['id']}/appointment", body)
    assert (booked["status"], booked["history"][-1]["starts_at"]) == ("scheduled", free[0]["starts_at"])
    again = clinician.http.put(
        f"/api/consults/{second['id']}/appointment", json=body | {"version": second["version"]}
    )
    assert again.json()["code"] == "slot-taken"
    feed = installation.url + clinician.post("/api/calendar/feed")["path"]
    followed = httpx.get(feed).text
    assert f"UID:{first['id']}" in followed
    assert request_body["patient_id"] not in followed
    assert "T-OPINION" not in followed
    specialist.post(
        f"/api/consults/{first['id']}/events",
        {"event": "call-off", "reason": "theatre", "version": booked["version"]},
    )
    assert "STATUS:CANCELLED" in httpx.get(feed).text
    clinician.http.delete("/api/calendar/feed")
    assert httpx.get(feed).status_code == 404
