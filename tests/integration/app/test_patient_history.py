"""The patient's history by the API: given with a request, added to, marked wrong, given out."""

from typing import Any

import pytest

from teleconsult.patient_history.fhir_reading import read_bundle
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import Client, Installation

LATEX = {"kind": "allergy", "text": "Latex", "reaction": "rash", "criticality": "high"}
POTASSIUM = {
    "kind": "observation",
    "category": "laboratory",
    "text": "Potassium",
    "coding": {"system": "http://loinc.org", "code": "2823-3"},
    "value": 6.1,
    "unit": "mmol/L",
    "low": 3.5,
    "high": 5.3,
    "effective": "2026-03-01",
}


@pytest.fixture(scope="module")
def request_body(clinician: Client) -> dict[str, Any]:
    done = clinician.upload({"a.dcm": as_bytes(a_series_of_its_own(1, patient_id="T-HISTORY")[0])})
    study = done["studies"][0]
    return {
        "patient_id": study["patient"]["id"],
        "question": "What is this?",
        "urgency": "routine",
        "specialty": "radiology",
        "study_instance_uids": [study["study_instance_uid"]],
        "consent": {"given": True, "method": "written"},
        "history": [LATEX, POTASSIUM],
    }


def test_what_was_given_with_the_request_is_what_the_specialist_sees_also_in_the_next_consult(
    clinician: Client, specialist: Client, request_body: dict[str, Any]
) -> None:
    first = clinician.post("/api/consults", request_body)
    at = f"/api/consults/{first['id']}/history"
    seen = specialist.get(at)
    assert [(one["record"]["text"], one["flag"]) for one in seen["entries"]] == [
        ("Latex", None),
        ("Potassium", "high"),
    ]
    assert [one["patient_id"] for one in seen["numbers"]] == ["T-HISTORY"]
    assert not seen["may_add"], "nobody has accepted it"
    assert specialist.http.post(at, json={"records": [LATEX]}).json()["code"] == "not-allowed"

    specialist.post(f"/api/consults/{first['id']}/events", {"event": "accept", "version": 1})
    specialist.post(at, {"records": [{"kind": "condition", "text": "Gout"}]})
    wrong = seen["entries"][0]["id"]
    marked = clinician.post(f"{at}/{wrong}/error", {"reason": "another patient's"})
    assert [one["in_error_reason"] for one in marked["entries"]] == ["another patient's", None, None]
    assert marked["entries"][2]["given_by"]["id"] == specialist.get("/api/session")["id"]
    bundle = specialist.http.get(f"{at}.fhir")
    assert bundle.headers["content-type"] == "application/fhir+json"
    assert [one.kind for one in read_bundle(bundle.json()).records] == ["observation", "condition"]

    none = [{"kind": "none-known", "of": "allergy"}]
    second = clinician.post("/api/consults", request_body | {"history": none})
    earlier = specialist.get(f"/api/consults/{second['id']}/history")["earlier"]
    assert {one["consult_id"] for one in earlier} == {first["id"]}
    assert len(earlier) == 3
    clinician.post(f"/api/consults/{second['id']}/events", {"event": "withdraw", "version": 1})
    over = clinician.http.post(f"/api/consults/{second['id']}/history", json={"records": [LATEX]})
    assert (over.status_code, over.json()["code"]) == (409, "consult-over")


def test_who_has_no_part_cannot_tell_that_there_is_a_history(
    installation: Installation, clinician: Client, request_body: dict[str, Any]
) -> None:
    consult = clinician.post("/api/consults", request_body)
    at = f"/api/consults/{consult['id']}/history"
    entry = clinician.get(at)["entries"][0]["id"]
    admin = installation.sign_in("admin").http
    answers = [
        admin.get(at),
        admin.get(f"{at}.fhir"),
        admin.post(at, json={"records": [LATEX]}),
        admin.post(f"{at}/{entry}/error", json={"reason": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4


def test_a_history_that_contradicts_itself_or_is_no_bundle_is_refused_with_a_sentence(
    clinician: Client, request_body: dict[str, Any]
) -> None:
    both = [LATEX, {"kind": "none-known", "of": "allergy"}]
    refused = clinician.http.post("/api/consults", json=request_body | {"history": both})
    assert (refused.status_code, refused.json()["code"]) == (422, "history-contradicts")
    deep = b"[" * 200_000
    for content in (b"", b"{", deep, b'{"resourceType": "Patient"}', b"\xff\xfe", b" " * (3 << 20)):
        answer = clinician.http.post("/api/history-bundle-readings", content=content)
        assert (answer.status_code, answer.json()["code"]) == (422, "bundle-not-readable")
    patient = {"resourceType": "Patient", "identifier": [{"value": "X"}]}
    named = {"resourceType": "Bundle", "entry": [{"resource": patient}]}
    other = clinician.http.post("/api/history-bundle-readings?patient_id=T-HISTORY", json=named).json()
    assert (other["is_other_patient"], other["patient_numbers"]) == (True, ["X"])
