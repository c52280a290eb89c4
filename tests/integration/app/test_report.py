"""What a signature holds fast, and who reads what before and after it."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from imaging.part10 import dataset_of
from inference.phantoms.chest import chest_ct
from teleconsult.reports.template_repository import TemplateRef, TemplateRepository
from teleconsult.users.repository import UserRepository
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.pages import accepted_consult
from tests.installation_server import PASSWORD, Client, Installation, wait_until
from tests.report_seals import verdict
from tests.unit.teleconsult.test_mrrt import mrrt

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
    assert [r["kind"] for r in sections["structured"]] == ["added"]
    first, second = archived_reports(installation, consult["study"])
    assert content_of(second) == amended
    replaced = second.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert replaced.ReferencedSOPInstanceUID == first.SOPInstanceUID
    closed = step(clinician, clinician.get(f"/api/consults/{consult['id']}"), "acknowledge", "follow-up CT")
    assert closed["status"] == "closed"


def texts(report: dict[str, Any], **other: Any) -> dict[str, Any]:
    """What a page sends of a report as it has it."""
    names = ("findings_text", "conclusion", "recommendation", "version")
    structured = report["structured"]
    kept = {"template": structured["template"], "written": structured["written"]}
    return {name: report[name] for name in names} | kept | other


def test_a_report_in_a_template_that_the_hospital_changes_while_it_is_written(
    clinician: Client, specialist: Client, installation: Installation
) -> None:
    admin = installation.sign_in("admin")
    slices, _ = chest_ct(33, slices=40, rows=256, patient_id="T-TEMPLATE")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    uid = study["study_instance_uid"]
    wait_until(lambda: clinician.ai_of(uid)["status"] == "completed", "the phantom is read")
    consult = accepted_consult(clinician, specialist, study, "What is this?")
    consult = step(specialist, specialist.get(f"/api/consults/{consult['id']}"), "report-without-call")
    path = f"/api/consults/{consult['id']}/report"

    # A copy of the institution's own; what contradicts itself is refused with a sentence.
    shipped = admin.get("/api/report-templates/lung-nodule")
    content = shipped["content"]
    assert shipped["summary"]["is_shipped"]
    own = admin.post("/api/report-templates", {"content": content, "copied_from": "lung-nodule"})["summary"]
    versions = f"/api/report-templates/{own['id']}/versions"
    double = {**content, "sections": content["sections"] + content["sections"][:1]}
    refused = admin.http.post(versions, json={"content": double, "based_on": 1})
    assert refused.json()["code"] == "template-faulty"
    refused = admin.http.post(
        "/api/report-templates/lung-nodule/versions", json={"content": content, "based_on": 1}
    )
    assert refused.json()["code"] == "template-shipped"
    assert specialist.http.post("/api/report-templates", json={"content": content}).status_code == 403
    assert clinician.http.get("/api/report-templates").status_code == 403
    assert own["id"] in [one["id"] for one in specialist.get("/api/report-templates")["templates"]]

    # Accepted findings fill the form; those that nobody decided on are named.
    report = specialist.get(path)
    assert report["structured"]["template"]["id"] == "chest-ct"
    template = {"id": own["id"], "version": 1}
    report = specialist.put(path, texts(report, conclusion="a nodule", template=template))
    assert report["structured"]["prefilled"] == []
    named = sign(specialist, path).json()
    assert named["findings"][0]["study_instance_uid"] == uid and "1. " in named["sentence"]["zh"]
    first, *others = specialist.get(f"/api/studies/{uid}")["findings"]
    for finding in others:
        body = {"status": "rejected", "version": finding["version"]}
        specialist.put(f"/api/findings/{finding['id']}/decision", body)

    # A finding accepted with another box is measured anew and still says what the model gave.
    x0, y0, x1, y1 = first["box_px"]
    edit = {"box_px": [x0 - 2, y0 - 2, x1 + 2, y1 + 2], "version": first["version"]}
    by_model, at = first, f"/api/findings/{first['id']}"
    first = specialist.put(f"{at}/edit", edit)
    assert first["status"] == "edited" and first["decided_by"]["display_name"]
    assert first["diameter_mm"] > by_model["diameter_mm"] == first["by_model"]["diameter_mm"]
    assert clinician.http.put(f"{at}/edit", json=edit).json()["code"] == "changed-meanwhile"
    for tail, method in (("edit", "PUT"), ("model-here", "GET")):
        outside, absent = (
            admin.http.request(method, f"/api/findings/{name}/{tail}", json=edit)
            for name in (first["id"], "absent")
        )
        assert (outside.status_code, outside.text) == (404, absent.text)
    beyond = {"box_px": [-5, 0, 9, 9], "version": first["version"]}
    assert specialist.http.put(f"{at}/edit", json=beyond).json()["code"] == "box-not-on-image"
    assert specialist.get(f"{at}/model-here")["edited"] >= 1
    undone = specialist.put(f"{at}/decision", {"status": "preliminary", "version": first["version"]})
    assert undone["box_px"] == by_model["box_px"] and undone["by_model"] is None
    first = specialist.put(f"{at}/edit", {**edit, "version": undone["version"]})

    report = specialist.get(path)
    filled = {one["path"]: one for one in report["structured"]["prefilled"]}
    size = f"diameter#{first['id']}"
    assert filled[size]["origin"]["model"] == first["model"]
    assert filled[size]["text"]["en"] == f"{first['diameter_mm']:.1f} mm".replace(".0 ", " ")

    # The form's own demands, in both languages, before anything is signed.
    refused = sign(specialist, path).json()
    assert refused["code"] == "entries-faulty"
    assert "indication" in refused["paths"] and "检查原因" in refused["sentence"]["zh"]

    # A new version: the report keeps its own, and is told what is new.
    sections = [s if s["id"] != "clinical" else {**s, "fields": s["fields"][:1]} for s in content["sections"]]
    admin.post(versions, {"content": {**content, "sections": sections}, "based_on": 1})
    stale = admin.http.post(versions, json={"content": content, "based_on": 1})
    assert stale.json()["code"] == "changed-meanwhile"
    set_values = {
        "indication": {"value": "incidental"},
        "smoking": {"value": "former"},
        "management": {"value": "ct-3"},
        size: {"value": 7.5, "over": filled[size]["value"]},
    }
    report = specialist.put(path, texts(report, written=set_values))
    newer = report["structured"]["newer"]
    assert newer["version"] == 2 and {"removed"} == {change["kind"] for change in newer["changes"]}
    report = specialist.put(path, texts(report, template={"id": own["id"], "version": 2}))
    assert [one["text"]["zh"] for one in report["structured"]["left"]] == ["已戒"]
    assert report["structured"]["faults"] == []

    # Retired, it is offered no more, and the report in it is signed all the same.
    admin.put(f"/api/report-templates/{own['id']}/retirement", {"retired": True})
    assert specialist.get(path)["structured"]["is_retired"]
    signed = sign(specialist, path).json()
    assert signed["status"] == "final"
    entries = {one["path"]: one for one in clinician.get(path)["entries"]}
    assert entries[size]["text"]["en"] == "7.5 mm" and entries[size]["edited"]
    assert entries["smoking"]["section"]["en"] == "Not in this template"

    # Amended, the difference says what the form says otherwise.
    step(specialist, specialist.get(f"/api/consults/{consult['id']}"), "amend", "measured again")
    report = specialist.get(path)
    written = {name: one for name, one in report["structured"]["written"].items() if name != size}
    specialist.put(path, texts(report, written=written))
    assert sign(specialist, path).json()["status"] == "amended"
    runs = {s["section"]: s["runs"] for s in clinician.get(f"{path}/versions/2/difference?before=1")}
    before, after = (
        "".join(run["text"] for run in runs["structured"] if run["kind"] != other)
        for other in ("added", "removed")
    )
    assert "7.5 mm" in before and "7.5 mm" not in after


def test_key_images_stay_with_the_version_that_was_signed(clinician: Client, specialist: Client) -> None:
    slices = a_series_of_its_own(3, patient_id="T-FIGURES")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    study = clinician.get(f"/api/studies/{study['study_instance_uid']}")
    images = [one["sop_instance_uid"] for one in study["series"][0]["instances"]]
    at = f"/api/studies/{study['study_instance_uid']}/key-images"
    marked = [str(uuid4()) for _ in images]
    for one, image in zip(marked, images, strict=True):
        body = {"sop_instance_uid": image, "window": {"center": -1022, "width": 8}, "note": f"note {image}"}
        clinician.put(f"{at}/{one}", body | {"turn": {"rotation": 90, "flip": True}})
    consult = accepted_consult(clinician, specialist, study, "What is this?")
    step(specialist, specialist.get(f"/api/consults/{consult['id']}"), "report-without-call")
    path = f"/api/consults/{consult['id']}/report"

    def shown(client: Client) -> list[str]:
        return [one["key_image_id"] for one in client.get(path)["figures"]]

    # Where nobody chose all are in it; whoever writes it chooses.
    report = specialist.get(path)
    assert report["key_images"] is None and shown(specialist) == marked
    assert shown(clinician) == []
    assert specialist.http.get(f"{path}.pdf").content.count(b"/Subtype /Image") == 3
    chosen = marked[:2]
    report = specialist.put(path, texts(report, conclusion="a nodule", key_images=[*chosen, marked[0]]))
    assert report["key_images"] == chosen == shown(specialist)
    foreign = texts(report, key_images=[*chosen, str(uuid4())])
    assert specialist.http.put(path, json=foreign).status_code == 404

    # One that is gone is said before anything is signed; a sentence stands in its place.
    clinician.http.delete(f"{at}/{marked[1]}")
    refused = sign(specialist, path, "not my password").json()
    assert refused["code"] == "pictures-missing" and "图 2" in refused["sentence"]["zh"]
    body = {"password": PASSWORD, "version": report["version"], "without_pictures": True}
    signed = specialist.post(f"{path}/sign", body)
    assert [one["missing"] is None for one in signed["figures"]] == [True, False]
    pdf = clinician.http.get(f"{path}.pdf").content
    assert pdf.count(b"/Subtype /Image") == 1

    # Whatever becomes of the list, the signed version stays, and an amendment starts with it.
    clinician.http.delete(f"{at}/{marked[0]}")
    assert clinician.get(path)["figures"] == signed["figures"]
    step(specialist, specialist.get(f"/api/consults/{consult['id']}"), "amend", "another image")
    report = specialist.get(path)
    assert report["key_images"] == chosen
    specialist.put(path, texts(report, key_images=[marked[2]]))
    assert sign(specialist, path).json()["status"] == "amended"
    assert clinician.http.get(f"{path}/versions/1/report.pdf").content == pdf
    sections = {s["section"]: s["runs"] for s in clinician.get(f"{path}/versions/2/difference?before=1")}
    assert {run["kind"] for run in sections["key_images"]} >= {"removed"}
    assert shown(clinician) == [marked[2]]


def test_a_template_from_a_file_is_kept_only_once_it_is_published(
    specialist: Client, installation: Installation
) -> None:
    admin = installation.sign_in("admin")
    path = "/api/report-templates"
    before = len(admin.get(path)["templates"])
    read = admin.post(f"{path}/mrrt-readings", {"html": mrrt()})
    (lungs,) = read["content"]["sections"][0]["fields"]
    assert (lungs["label"]["en"], lungs["begins_with"]) == ("Lungs", "Clear.")
    assert "in two planes" in [item for one in read["left_out"] for item in one["items"]]
    assert len(admin.get(path)["templates"]) == before
    own = admin.post(path, {"content": read["content"]})["summary"]
    assert own["id"] in [one["id"] for one in specialist.get(path)["templates"]]
    program = mrrt("<body><script>alert(1)</script></body></html>")
    refused = admin.http.post(f"{path}/mrrt-readings", json={"html": program})
    assert refused.json()["code"] == "template-unreadable" and "程序" in refused.json()["sentence"]["zh"]
    assert specialist.http.post(f"{path}/mrrt-readings", json={"html": mrrt()}).status_code == 403


def test_another_institutions_template_cannot_be_told_from_none(
    specialist: Client, installation: Installation
) -> None:
    database = installation.database()
    users, templates = UserRepository(database), TemplateRepository()
    with database.transaction() as connection:
        elsewhere = users.add_institution(connection, "Elsewhere", "别处").id
        (some, *_) = templates.of(connection, elsewhere)
        foreign = replace(some, ref=TemplateRef("foreign", 0), institution_id=elsewhere)
        templates.publish(connection, foreign, based_on=0)
    database.close()
    admin = installation.sign_in("admin")
    body = {"content": some.content.model_dump(mode="json"), "based_on": 1}
    answers = [
        admin.http.get("/api/report-templates/foreign"),
        admin.http.post("/api/report-templates/foreign/versions", json=body),
        admin.http.put("/api/report-templates/foreign/retirement", json={"retired": True}),
        admin.http.post(
            "/api/report-templates", json={"content": body["content"], "copied_from": "foreign"}
        ),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert "foreign" not in [one["id"] for one in admin.get("/api/report-templates")["templates"]]
