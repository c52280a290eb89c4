"""What a signature holds fast, and who reads what before and after it."""

from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from imaging.part10 import dataset_of
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


def archived_reports(installation: Installation, study_instance_uid: str) -> list[Dataset]:
    archive = installation.archive()
    found = archive.find_instances(study_instance_uid, EncapsulatedPDFStorage)
    reports = [dataset_of(archive.instance_file(ref.sop_instance_uid)) for ref in found]
    return sorted(reports, key=lambda report: int(report.InstanceNumber))


def content_of(report: Dataset) -> bytes:
    return bytes(report.EncapsulatedDocument[: report.EncapsulatedDocumentLength])


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
    authority = installation.data / "signing" / "ca.pem"
    assert verdict(signed, authority).bottom_line
    (first,) = archived_reports(installation, consult["study"])
    assert content_of(first) == signed
    assert "PredecessorDocumentsSequence" not in first

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
    changed = text | {"conclusion": "结节 ≥ 6 mm", "version": specialist.get(path)["version"]}
    specialist.put(path, changed)
    assert sign(specialist, path).json()["status"] == "amended"
    amended = clinician.http.get(f"{path}.pdf").content
    assert amended != signed
    assert verdict(amended, authority).bottom_line

    # Both versions stay, here and in the archive, and say what changed.
    versions = clinician.get(f"{path}/versions")
    assert [(v["number"], v["status"], v["reason"], v["is_archived"]) for v in versions] == [
        (1, "final", None, True),
        (2, "amended", "the side was wrong", True),
    ]
    assert clinician.http.get(f"{path}/versions/1/report.pdf").content == signed
    assert clinician.http.get(f"{path}/versions/3/report.pdf").status_code == 404
    sections = {s["section"]: s["runs"] for s in clinician.get(f"{path}/versions/2/difference?before=1")}
    assert [(r["kind"], r["text"]) for r in sections["conclusion"]] == [
        ("same", "结节 ≥ "),
        ("removed", "8"),
        ("added", "6"),
        ("same", " mm"),
    ]
    assert [r["kind"] for r in sections["accepted"]] == ["added"]
    first, second = archived_reports(installation, consult["study"])
    assert content_of(second) == amended
    replaced = second.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert replaced.ReferencedSOPInstanceUID == first.SOPInstanceUID
    closed = step(clinician, clinician.get(f"/api/consults/{consult['id']}"), "acknowledge")
    assert closed["status"] == "closed"
