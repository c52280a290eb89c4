"""Consents of a consult: recorded, scanned, withdrawn while it runs, reviewed, by the API."""

from typing import Any

import pytest

from storage import audit_log
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.pages import accepted_consult
from tests.installation_server import Client, Installation
from tests.unit.teleconsult.test_consent import a_pdf


@pytest.fixture
def consult(clinician: Client, specialist: Client) -> dict[str, Any]:
    slices = a_series_of_its_own(1, patient_id="T-CONSENT")
    study = clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0]
    return accepted_consult(clinician, specialist, study, "Is this all right?")


def path(consult: dict[str, Any], more: str = "") -> str:
    return f"/api/consults/{consult['id']}/consents{more}"


def now(client: Client, consult: dict[str, Any]) -> dict[str, Any]:
    return dict(client.get(f"/api/consults/{consult['id']}"))


def test_withdrawn_while_it_runs_the_consult_is_on_hold_until_there_is_a_new_consent(
    installation: Installation, consult: dict[str, Any], clinician: Client, specialist: Client
) -> None:
    clinician.post(f"/api/consults/{consult['id']}/join")
    assert now(clinician, consult)["status"] == "in-progress"
    left = specialist.post(path(consult, "/withdrawal"), {"reason": "She said no."})
    assert not left["is_in_force"]
    held = now(clinician, consult)
    assert (held["status"], held["consent"]) == ("on-hold", None)
    for refused in (
        clinician.http.post(
            f"/api/consults/{consult['id']}/events", json={"event": "resume", "version": held["version"]}
        ),
        specialist.http.post(f"/api/consults/{consult['id']}/join"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "consent-missing")
    again = clinician.http.post(path(consult, "/withdrawal"), json={"reason": "once more"})
    assert (again.status_code, again.json()["code"]) == (409, "consent-not-in-force")

    clinician.post(
        path(consult), {"method": "witnessed", "giver": "guardian", "relation": "son", "witness": "Nurse Wu"}
    )
    resumed = clinician.post(
        f"/api/consults/{consult['id']}/events", {"event": "resume", "version": held["version"]}
    )
    assert (resumed["status"], resumed["consent"]["method"]) == ("in-progress", "witnessed")
    database = installation.database()
    with database.reading() as connection:
        done = [
            one.action
            for one in audit_log.entries(connection)
            if one.subject == f"consult/{consult['id']}" and one.action.startswith("consent")
        ]
    assert done == ["consent-withdrawn", "consent-recorded"]


def test_the_signed_paper_is_kept_once_and_given_to_both_sides(
    consult: dict[str, Any], clinician: Client, specialist: Client
) -> None:
    (consent,) = clinician.get(path(consult))["consents"]
    scan = path(consult, f"/{consent['id']}/scan")
    assert clinician.http.get(scan).status_code == 404
    refused = clinician.http.put(scan, content=b"GIF89a")
    assert (refused.status_code, refused.json()["code"]) == (422, "scan-not-readable")
    pdf = a_pdf()
    assert specialist.http.put(scan, content=pdf).json()["code"] == "not-allowed"
    assert clinician.http.put(scan, content=pdf).status_code == 201
    for client in (clinician, specialist):
        answer = client.http.get(scan)
        assert (answer.content, answer.headers["content-type"]) == (pdf, "application/pdf")
        assert answer.headers["content-disposition"].startswith("attachment")
    assert clinician.http.put(scan, content=pdf).json()["code"] == "scan-kept-already"


def test_an_emergency_reason_waits_for_its_review(consult: dict[str, Any], clinician: Client) -> None:
    told = clinician.post(path(consult), {"method": "emergency", "note": "unconscious"})
    emergency = told["consents"][0]
    assert now(clinician, consult)["consent"]["awaits_review"]
    waiting = clinician.get("/api/consents/awaiting-review")
    assert emergency["id"] in [one["consent_id"] for one in waiting]
    clinician.post(path(consult, f"/{emergency['id']}/review"), {"note": "He was brought in alone."})
    assert not now(clinician, consult)["consent"]["awaits_review"]
    again = clinician.http.post(path(consult, f"/{emergency['id']}/review"), json={"note": "again"})
    assert (again.status_code, again.json()["code"]) == (409, "already-reviewed")


def test_who_has_no_part_in_the_consult_cannot_tell_that_it_has_consents(
    installation: Installation, consult: dict[str, Any], clinician: Client
) -> None:
    admin = installation.sign_in("admin")
    (consent,) = clinician.get(path(consult))["consents"]
    for answer in (
        admin.http.get(path(consult)),
        admin.http.post(path(consult), json={"method": "emergency", "note": "x"}),
        admin.http.post(path(consult, "/withdrawal"), json={"reason": "x"}),
        admin.http.put(path(consult, f"/{consent['id']}/scan"), content=a_pdf()),
        admin.http.get(path(consult, f"/{consent['id']}/scan")),
        admin.http.post(path(consult, f"/{consent['id']}/review"), json={"note": "x"}),
    ):
        assert answer.status_code == 404
    assert admin.get("/api/consents/awaiting-review") == []
