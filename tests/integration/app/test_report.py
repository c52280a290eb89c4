"""What a signature holds fast, and who reads what before and after it."""

from typing import Any

import pytest

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.installation_server import PASSWORD, Client, Installation, wait_until
from tests.report_seals import verdict

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def consult(clinician: Client, specialist: Client) -> dict[str, Any]:
    """In status reporting, about a phantom with findings that nobody has decided on."""
    slices, _ = chest_ct(32, slices=40, rows=256, patient_id="T-REPORT")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    uid = study["study_instance_uid"]
    wait_until(lambda: clinician.ai_of(uid)["status"] == "completed", "the phantom is read")
    made = clinician.post(
        "/api/consults",
        {
            "patient_id": study["patient"]["id"],
            "question": "What is this?",
            "urgency": "routine",
            "specialty": "radiology",
            "legal_role": "consultation",
            "study_instance_uids": [uid],
            "consent": {"given": True, "method": "written"},
        },
    )
    for event in ("accept", "report-without-call"):
        made = step(specialist, made, event)
    return {**made, "study": uid}


def step(client: Client, consult: dict[str, Any], event: str, reason: str | None = None) -> dict[str, Any]:
    body = {"event": event, "version": consult["version"], "reason": reason}
    moved: dict[str, Any] = client.post(f"/api/consults/{consult['id']}/events", body)
    return moved


def sign(client: Client, path: str, password: str = PASSWORD) -> Any:
    version = client.get(path)["version"]
    return client.http.post(f"{path}/sign", json={"password": password, "version": version})


def test_a_report_from_draft_to_amendment(
    consult: dict[str, Any], clinician: Client, specialist: Client, installation: Installation
) -> None:
    path = f"/api/consults/{consult['id']}/report"
    draft = specialist.get(path)
    text = {"findings_text": "", "conclusion": "结节 ≥ 8 mm", "recommendation": ""}
    specialist.put(path, text | {"version": draft["version"]})

    # The draft is its writer's alone.
    assert clinician.get(path)["conclusion"] == ""
    assert clinician.http.get(f"{path}.pdf").status_code == 404
    assert specialist.http.get(f"{path}.pdf").content.startswith(b"%PDF-")

    # Nothing of AI origin enters undecided; the password is asked again.
    assert sign(specialist, path).json()["code"] == "findings-undecided"
    findings = specialist.get(f"/api/studies/{consult['study']}")["findings"]
    assert findings
    for finding in findings:
        specialist.put(
            f"/api/findings/{finding['id']}/decision", {"status": "rejected", "version": finding["version"]}
        )
    assert sign(specialist, path, "not my password").json()["code"] == "wrong-password"
    assert sign(specialist, path).json()["status"] == "final"
    assert clinician.get(path)["conclusion"] == "结节 ≥ 8 mm"
    signed = clinician.http.get(f"{path}.pdf").content
    assert verdict(signed, installation.data / "signing" / "ca.pem").bottom_line

    # What was signed rests on the decisions: they stand.
    decided = specialist.get(f"/api/studies/{consult['study']}")["findings"][0]
    change = {"status": "accepted", "version": decided["version"]}
    refused = clinician.http.put(f"/api/findings/{decided['id']}/decision", json=change)
    assert refused.json()["code"] == "decisions-signed"

    # While it is amended the signed one stays readable; then the new one takes its place.
    now = specialist.get(f"/api/consults/{consult['id']}")
    step(specialist, now, "amend", "the side was wrong")
    assert clinician.http.get(f"{path}.pdf").content == signed
    assert clinician.get(path)["conclusion"] == ""
    specialist.put(f"/api/findings/{decided['id']}/decision", change)
    assert sign(specialist, path).json()["status"] == "amended"
    amended = clinician.http.get(f"{path}.pdf").content
    assert amended != signed
    assert verdict(amended, installation.data / "signing" / "ca.pem").bottom_line
    closed = step(clinician, clinician.get(f"/api/consults/{consult['id']}"), "acknowledge")
    assert closed["status"] == "closed"
