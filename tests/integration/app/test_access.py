"""Whoever has no part in a patient's case cannot tell whether the case exists."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import Client, Installation

ABSENT = "1.2.3.4.5.6.7.8.9"


@pytest.fixture(scope="module")
def study(clinician: Client) -> dict[str, Any]:
    done = clinician.upload(
        {f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(a_series_of_its_own(4, patient_id="T-ACCESS"))}
    )
    found: dict[str, Any] = clinician.get(f"/api/studies/{done['studies'][0]['study_instance_uid']}")
    return found


@pytest.fixture(scope="module")
def administrator(installation: Installation) -> Client:
    return installation.sign_in("admin")


def paths_of(uid: str, instance: str) -> list[str]:
    return [
        f"/api/studies/{uid}",
        f"/api/studies/{uid}/instances/{instance}/file",
        f"/api/studies/{uid}/thumbnail",
        f"/api/studies/{uid}/priors",
    ]


def a_request(study: dict[str, Any]) -> dict[str, Any]:
    return {
        "patient_id": study["patient"]["id"],
        "question": "What is this?",
        "urgency": "routine",
        "specialty": "radiology",
        "legal_role": "consultation",
        "study_instance_uids": [study["study_instance_uid"]],
        "consent": {"given": True, "method": "written"},
    }


def ask(clinician: Client, study: dict[str, Any]) -> dict[str, Any]:
    consult: dict[str, Any] = clinician.post("/api/consults", a_request(study))
    return consult


def test_another_hospitals_study_answers_exactly_like_one_that_is_not_there(
    study: dict[str, Any], specialist: Client, administrator: Client
) -> None:
    instance = study["series"][0]["instances"][0]["sop_instance_uid"]
    for client in (specialist, administrator):
        for real, absent in zip(
            paths_of(study["study_instance_uid"], instance), paths_of(ABSENT, ABSENT), strict=True
        ):
            answer, reference = client.http.get(real), client.http.get(absent)
            assert (answer.status_code, answer.text) == (404, reference.text)
        assert study["study_instance_uid"] not in client.http.get("/api/studies").text


def test_a_request_opens_the_study_to_the_wanted_specialty_and_declining_closes_it(
    study: dict[str, Any], clinician: Client, specialist: Client
) -> None:
    uid = study["study_instance_uid"]
    consult = ask(clinician, study)
    assert specialist.http.get(f"/api/studies/{uid}").status_code == 200
    specialist.post(
        f"/api/consults/{consult['id']}/events", {"event": "decline", "reason": "on leave", "version": 1}
    )
    assert specialist.http.get(f"/api/studies/{uid}").status_code == 404
    assert specialist.http.get(f"/api/consults/{consult['id']}").status_code == 404


def test_a_specialist_gets_those_priors_that_the_request_opens_and_no_others(
    clinician: Client, specialist: Client
) -> None:
    opened, kept, now = (
        clinician.upload(
            {
                f"{n}.dcm": as_bytes(ds)
                for n, ds in enumerate(a_series_of_its_own(2, patient_id="T-PRIORS", StudyDate=day))
            }
        )["studies"][0]["study_instance_uid"]
        for day in ("20240105", "20250105", "20260105")
    )
    study = clinician.get(f"/api/studies/{now}")
    clinician.post("/api/consults", a_request(study) | {"study_instance_uids": [now, opened]})

    def priors(client: Client) -> list[tuple[str, int, bool]]:
        answer = client.get(f"/api/studies/{now}/priors")
        return [(one["study_instance_uid"], one["days_before"], one["is_suggested"]) for one in answer]

    assert priors(clinician) == [(kept, 365, True), (opened, 731, False)]
    assert priors(specialist) == [(opened, 731, True)]


def test_a_second_writer_with_an_old_version_is_refused(
    study: dict[str, Any], clinician: Client, specialist: Client
) -> None:
    consult = ask(clinician, study)
    events = f"/api/consults/{consult['id']}/events"
    specialist.post(events, {"event": "accept", "version": 1})
    stale = clinician.http.post(events, json={"event": "start", "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "changed-meanwhile")
    gone = clinician.http.post(events, json={"event": "withdraw", "reason": "x", "version": 2})
    assert (gone.status_code, gone.json()["code"]) == (409, "step-not-possible")


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ({"consent": {"given": False, "method": "written"}}, "consent-missing"),
        ({"consent": {"given": False, "method": "emergency"}}, "consent-missing"),
        ({"study_instance_uids": []}, "study-missing"),
        ({"specialty": "alchemy"}, "not-understood"),
    ],
)
def test_nothing_is_shown_to_another_hospital_without_what_a_consult_needs(
    study: dict[str, Any], clinician: Client, missing: dict[str, Any], code: str
) -> None:
    refused = clinician.http.post("/api/consults", json=a_request(study) | missing)
    assert refused.json()["code"] == code


def test_a_study_of_another_patient_joins_only_when_a_person_says_it_is_the_same(
    study: dict[str, Any], clinician: Client, specialist: Client
) -> None:
    consult = ask(clinician, study)
    other = clinician.upload({"o.dcm": as_bytes(a_series_of_its_own(1, patient_id="T-SOMEBODY")[0])})[
        "studies"
    ][0]
    body = {"study_instance_uid": other["study_instance_uid"]}
    path = f"/api/consults/{consult['id']}/studies"
    refused = clinician.http.post(path, json=body)
    assert refused.json()["code"] == "study-of-another-patient"
    assert len(clinician.post(path, body | {"same_person_confirmed": True})["studies"]) == 2


@pytest.fixture
def stranger(installation: Installation) -> Iterator[Client]:
    yield Client(installation.url)


def test_without_a_session_nothing_is_answered_but_the_login(stranger: Client) -> None:
    for path in ("/api/studies", "/api/consults", "/api/patients", f"/api/studies/{ABSENT}", "/api/session"):
        assert stranger.http.get(path).status_code == 401


def test_a_changing_request_without_our_header_is_refused(clinician: Client) -> None:
    del clinician.http.headers["X-Teleconsult"]
    try:
        assert clinician.http.post("/api/uploads", json={}).json()["code"] == "forged-request"
    finally:
        clinician.http.headers["X-Teleconsult"] = "1"


def test_wrong_passwords_are_slowed_down_and_look_the_same_for_unknown_users(stranger: Client) -> None:
    def attempt(username: str) -> tuple[int, str]:
        answer = stranger.http.post("/api/session", json={"username": username, "password": "wrong"})
        return answer.status_code, answer.json()["code"]

    assert attempt("nobody") == attempt("admin") == (401, "wrong-credentials")
    codes = [attempt("admin")[1] for _ in range(6)]
    assert codes[-1] == "too-many-attempts"
