"""A critical result by HTTP: told before any report, acknowledged with a decision, printed in the report."""

from typing import Any

import pytest

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import PASSWORD, Client, Installation

FOUND = {"category": "minutes", "finding": "tension pneumothorax on the right"}


@pytest.fixture(scope="module")
def consult(clinician: Client, specialist: Client) -> dict[str, Any]:
    done = clinician.upload({"a.dcm": as_bytes(a_series_of_its_own(1, patient_id="T-CRITICAL")[0])})
    study = clinician.get(f"/api/studies/{done['studies'][0]['study_instance_uid']}")
    body = {
        "patient_id": study["patient"]["id"],
        "question": "What is this?",
        "urgency": "routine",
        "specialty": "radiology",
        "study_instance_uids": [study["study_instance_uid"]],
        "consent": {"given": True, "method": "written"},
    }
    asked = clinician.post("/api/consults", body)
    step = {"event": "accept", "version": asked["version"]}
    accepted: dict[str, Any] = specialist.post(f"/api/consults/{asked['id']}/events", step)
    return accepted


def test_a_critical_result_is_told_without_a_report_acknowledged_and_printed(
    installation: Installation, clinician: Client, specialist: Client, consult: dict[str, Any]
) -> None:
    path = f"/api/consults/{consult['id']}"
    results = f"{path}/critical-results"
    raised = specialist.post(results, FOUND)["results"][-1]
    assert (raised["status"], raised["next"]["at"]) == ("open", raised["due_at"])
    newest = clinician.get("/api/notifications")["notifications"][0]
    assert (newest["kind"], newest["topic"], newest["consult_id"]) == (
        "critical-result",
        "critical",
        consult["id"],
    )
    for client, mine in ((clinician, True), (specialist, False)):
        (waiting,) = (one for one in client.get("/api/critical-results") if one["id"] == raised["id"])
        assert (waiting["may_acknowledge"], waiting["may_telephone"]) == (mine, not mine)

    acknowledgement = f"{results}/{raised['id']}/acknowledgement"
    assert clinician.http.post(acknowledgement, json={"decision": " "}).json()["code"] == "decision-missing"
    call = {"spoken_to": "Dr Zhao", "read_back": False}
    not_read_back = specialist.http.post(f"{results}/{raised['id']}/telephone", json=call)
    assert not_read_back.json()["code"] == "read-back-missing"
    (done,) = clinician.post(acknowledgement, {"decision": "chest drain"})["results"]
    assert (done["status"], done["next"], done["history"][-1]["words"]) == (
        "acknowledged",
        None,
        "chest drain",
    )
    late = clinician.http.post(acknowledgement, json={"decision": "again"})
    assert late.json()["code"] == "critical-result-settled"
    assert specialist.get("/api/notifications")["notifications"][0]["kind"] == "critical-acknowledged"
    assert all(one["id"] != raised["id"] for one in specialist.get("/api/critical-results"))

    step = {"event": "report-without-call", "version": specialist.get(path)["version"]}
    specialist.post(f"{path}/events", step)
    version = specialist.get(f"{path}/report")["version"]
    texts = {"findings_text": "", "conclusion": "Pneumothorax.", "recommendation": "", "version": version}
    signing = {"password": PASSWORD, "version": specialist.put(f"{path}/report", texts)["version"]}
    assert specialist.post(f"{path}/report/sign", signing)["status"] == "final"
    blank = {"event": "acknowledge", "version": clinician.get(path)["version"]}
    assert clinician.http.post(f"{path}/events", json=blank).json()["code"] == "decision-missing"


def test_whoever_has_no_part_in_the_consult_finds_nothing_of_its_critical_results(
    installation: Installation, specialist: Client, consult: dict[str, Any]
) -> None:
    heart = {"username": "t.jin", "display_name": "Jin", "roles": ["specialist"], "specialty": "cardiology"}
    admin = installation.sign_in("admin")
    installation.passwords["t.jin"] = admin.post("/api/members", heart)["one_time_password"]
    stranger = installation.sign_in("t.jin")
    results = f"/api/consults/{consult['id']}/critical-results"
    one = specialist.post(results, FOUND)["results"][-1]["id"]
    answers = [
        stranger.http.get(results),
        stranger.http.post(results, json=FOUND),
        stranger.http.post(f"{results}/{one}/acknowledgement", json={"decision": "x"}),
        stranger.http.post(f"{results}/{one}/telephone", json={"spoken_to": "x", "read_back": True}),
        stranger.http.post(f"{results}/{one}/withdrawal", json={"reason": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert all(waiting["id"] != one for waiting in stranger.get("/api/critical-results"))
    specialist.post(f"{results}/{one}/withdrawal", {"reason": "another patient's picture"})
