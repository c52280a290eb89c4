"""An installation in use, of made-up people and phantom images: what tests and docs/tour.md show."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from inference.phantoms.chest import chest_ct
from inference.phantoms.mammogram import SMALL_PIXEL_MM, mammogram_exam
from tests.dicom_builders import as_bytes
from tests.e2e.pages import accepted_consult
from tests.installation_server import PASSWORD, Client, Installation, wait_until

HISTORY = [
    {
        "kind": "allergy",
        "text": "碘对比剂 Iodinated contrast",
        "reaction": "荨麻疹 urticaria",
        "criticality": "high",
    },
    {"kind": "condition", "text": "高血压 Hypertension"},
    {
        "kind": "observation",
        "category": "laboratory",
        "text": "钾 Potassium",
        "coding": {"system": "http://loinc.org", "code": "2823-3"},
        "value": 6.1,
        "unit": "mmol/L",
        "low": 3.5,
        "high": 5.3,
        "effective": "2026-03-01",
    },
]
MESSAGES = (
    ("clinician", "患者吸烟三十年，无咯血。Thirty years of smoking, no haemoptysis."),
    ("specialist", "上次胸片是什么时候？When was the last chest X-ray?"),
    ("clinician", "2024 年 5 月，未见异常。In May 2024, nothing was seen."),
)


@dataclass(frozen=True, slots=True)
class BusyHospital:
    """Study Instance UIDs, ids of consults, and a patient's link that nobody has opened yet with its code."""

    chest: str
    breast: str
    consult: str
    second_opinion: str
    panel: str
    signed: str
    patient_link: str
    patient_code: str


def pages_of(of: BusyHospital) -> dict[str, tuple[str, str | None]]:
    """Name of each page: whose, and its path; None for somebody who is not signed in."""
    return {
        "login": ("/login", None),
        "link-unknown": ("/p/" + "x" * 40, None),
        "link-code": (of.patient_link, None),
        "worklist-clinician": ("/", "clinician"),
        "worklist-specialist": ("/", "specialist"),
        "worklist-filtered": ("/?modality=CT&state=unread&state=active&sort=ai", "clinician"),
        "upload": ("/upload", "clinician"),
        "password": ("/password", "clinician"),
        "security": ("/security", "clinician"),
        "study": (f"/studies/{of.chest}", "clinician"),
        "mammography": (f"/studies/{of.breast}", "specialist"),
        "request": (f"/consults/new?study={of.chest}", "clinician"),
        "consult-specialist": (f"/consults/{of.consult}", "specialist"),
        "consult-clinician": (f"/consults/{of.consult}", "clinician"),
        "second-opinion": (f"/consults/{of.second_opinion}", "specialist"),
        "panel": (f"/consults/{of.panel}", "specialist"),
        "signed": (f"/consults/{of.signed}", "clinician"),
        "versions": (f"/consults/{of.signed}/report", "clinician"),
        "door": (f"/room/{of.consult}", "specialist"),
        "nowhere": ("/no/such/page", "clinician"),
        "schedule": ("/schedule", "specialist"),
        "calendar": ("/calendar", "specialist"),
        "devices": ("/devices", "admin"),
        "archives": ("/archives", "specialist"),
        "archives-admin": ("/archives", "admin"),
        "manage": ("/manage", "specialist"),
        "manage-admin": ("/manage", "admin"),
        "legal-holds": ("/manage?tab=holds", "admin"),
        "models": ("/models", "admin"),
        "institution": ("/institution", "clinician"),
        "notifications": ("/notifications", "clinician"),
        "institution-admin": ("/institution", "admin"),
        "members": ("/institution?tab=members", "admin"),
        "templates": ("/institution?tab=templates", "admin"),
        "privacy": ("/privacy", "admin"),
        "privacy-emergency": ("/privacy?tab=emergency", "admin"),
        "opened-in-emergency": (f"/consults/{of.consult}", "wu.min"),
        "not-ones-own": (f"/consults/{of.signed}", "wu.min"),
        "privacy-chain": ("/privacy?tab=chain", "admin"),
        "template-import": ("/institution/templates/import", "admin"),
        "template-copy": ("/institution/templates/mammography/copy", "admin"),
    }


def busy_hospital(installation: Installation, *, slices: int = 40, rows: int = 256) -> BusyHospital:
    """Fill an empty installation: studies that AI has read, a consult of each form, devices, plans."""
    clinician, specialist = installation.sign_in("clinician"), installation.sign_in("specialist")
    installation.passwords["wu.min"] = _administration(installation.sign_in("admin"), specialist)
    chest, breast = _read_studies(clinician, slices, rows)
    consult = _consult_in_use(clinician, specialist, chest)
    asked = {
        "patient_id": chest["patient"]["id"],
        "question": "手术还是随访？Operate or follow?",
        "urgency": "routine",
        "specialty": "radiology",
        "study_instance_uids": [chest["study_instance_uid"]],
        "consent": {"given": True, "method": "written"},
    }
    first_report = {"form": "opinion", "first_report": "右肺上叶结节。A nodule in the right upper lobe."}
    panel = {"form": "panel", "disciplines": [{"specialty": "oncology"}]}
    second_opinion, joint = (_accepted(clinician, specialist, asked | form) for form in (first_report, panel))
    made = clinician.post(f"/api/consults/{consult}/patient-links", {"kind": "patient"})
    reason = "陈主任正在手术，患者情况变化。Dr Chen is in theatre and the patient has changed."
    opening = {"consult_id": consult, "kind": "on-call", "reason": reason}
    installation.sign_in("wu.min").post("/api/emergency-accesses", opening)
    return BusyHospital(
        chest=chest["study_instance_uid"],
        breast=breast["study_instance_uid"],
        consult=consult,
        second_opinion=second_opinion,
        panel=joint,
        signed=_signed(clinician, specialist, breast),
        patient_link=made["path"],
        patient_code=made["code"],
    )


def _read_studies(clinician: Client, slices: int, rows: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A chest and a mammogram of four views, each with what AI found in it."""
    chest, _ = chest_ct(21, slices=slices, rows=rows, patient_name="Yang^Shuzhen=杨淑珍", patient_id="D-1021")
    views = [view for view, _ in mammogram_exam(7, pixel_mm=SMALL_PIXEL_MM)]
    for view in views:
        view.PatientName = "Ma^Xiulan=马秀兰"
    first, second = (
        clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(of)})["studies"][0]
        for of in (chest, views)
    )
    for study in (first, second):
        uid = study["study_instance_uid"]
        wait_until(lambda uid=uid: clinician.ai_of(uid)["status"] == "completed", "the phantom is read")  # type: ignore[misc]
    return first, second


def _consult_in_use(clinician: Client, specialist: Client, study: dict[str, Any]) -> str:
    """Accepted, with a critical result, history, messages of both sides and an appointment tomorrow."""
    question = "右肺结节，请会诊。A nodule in the right lung: what next?"
    path = f"/api/consults/{accepted_consult(clinician, specialist, study, question)['id']}"
    found = "右侧张力性气胸，纵隔左移。Tension pneumothorax on the right, mediastinum shifted to the left."
    specialist.post(f"{path}/critical-results", {"category": "minutes", "finding": found})
    clinician.post(f"{path}/history", {"records": HISTORY})
    for who, text in MESSAGES:
        {"clinician": clinician, "specialist": specialist}[who].put(f"{path}/chat/{uuid4()}", {"text": text})
    now = datetime.now(UTC)
    week = {"since": (now + timedelta(days=1)).isoformat(), "until": (now + timedelta(days=7)).isoformat()}
    hours = specialist.http.get("/api/calendar", params=week).json()["availability"]
    open_hours = {str(day): [{"begins": 9 * 60, "ends": 17 * 60}] for day in range(1, 8)}
    specialist.put("/api/calendar/availability", hours | {"weekly": open_hours})
    free = clinician.http.get(f"{path}/slots", params=week).json()["slots"]
    body = {"starts_at": free[0]["starts_at"], "time_zone": "Asia/Urumqi"}
    booked = clinician.put(f"{path}/appointment", body | {"version": clinician.get(path)["version"]})
    return str(booked["id"])


def _accepted(clinician: Client, specialist: Client, body: dict[str, Any]) -> str:
    asked = clinician.post("/api/consults", body)
    accepting = {"event": "accept", "version": asked["version"]}
    return str(specialist.post(f"/api/consults/{asked['id']}/events", accepting)["id"])


def _signed(clinician: Client, specialist: Client, study: dict[str, Any]) -> str:
    """A consult without a call whose report is signed."""
    consult = accepted_consult(clinician, specialist, study, "右乳肿块？A mass in the right breast?")
    path = f"/api/consults/{consult['id']}"
    specialist.post(
        f"{path}/events", {"event": "report-without-call", "version": specialist.get(path)["version"]}
    )
    for finding in specialist.get(f"/api/studies/{study['study_instance_uid']}")["findings"]:
        specialist.put(
            f"/api/findings/{finding['id']}/decision",
            {"status": "accepted", "version": finding["version"]},
        )
    conclusion = "右乳肿块，建议活检。A mass in the right breast; biopsy is recommended."
    sections = {"findings_text": "", "conclusion": conclusion, "recommendation": ""}
    sections |= {"template": {"id": "general-consult", "version": 1}}
    specialist.put(f"{path}/report", sections | {"version": specialist.get(f"{path}/report")["version"]})
    signing = {"password": PASSWORD, "version": specialist.get(f"{path}/report")["version"]}
    specialist.post(f"{path}/report/sign", signing)
    return str(consult["id"])


def _administration(admin: Client, specialist: Client) -> str:
    """Devices, archives, plans and people; the one-time password of Dr Wu, who is an oncologist."""
    for device in ("CT1", "MR_ROOM_2"):
        admin.post("/api/dicom-peers", {"ae_title": device, "address": "192.168.10.33", "port": 104})
    rule = {"modalities": ["CT"], "same_body_part": True, "not_older_than_days": 1095, "at_most": 3}
    place = {"kind": "dimse", "ae_title": "PROVINCIAL_PACS", "host": "192.168.200.14", "port": 11112}
    admin.post("/api/archives", {"name": "新疆维吾尔自治区人民医院 影像归档", **place, "prior_rule": rule})
    specialist.post(
        "/api/scheduled-procedures",
        {
            "patient_id": "D-PLANNED",
            "patient_name": "ABDURAHMAN^MUHTAR=阿卜杜热合曼·买买提",
            "modality": "MG",
            "procedure_description": "Bilateral mammography, screening, second round",
            "scheduled_at": "2026-11-26T09:30:00+08:00",
        },
    )
    own = next(one for one in admin.get("/api/members") if one["username"] == "admin")
    given = {name: own[name] for name in ("display_name", "specialty", "language")}
    admin.put(f"/api/members/{own['id']}", given | {"roles": ["administrator", "privacy-officer"]})
    member = {"username": "wu.min", "display_name": "吴敏 Dr Wu Min", "roles": ["specialist"]}
    made = admin.post("/api/members", member | {"specialty": "oncology"})
    return str(made["one_time_password"])
