"""Every page in both languages at three sizes: nothing runs off the side, nothing is left untranslated, no
script fails. The pictures it takes lie in test-results/pages/ for people to look at."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.e2e.chromium import REPOSITORY
from tests.e2e.pages import accepted_consult, open_page, pixels_too_wide
from tests.installation_server import Client, Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PICTURES = REPOSITORY / "test-results" / "pages"
SIZES = [(1366, 768), (1920, 1080), (390, 844)]
LANGUAGES = ["zh-CN", "en"]
# An i18next key that found no text shows itself: "consult:form.title", "form.title".
LOOKS_LIKE_A_KEY = re.compile(r"\b[a-z][a-zA-Z]+[:.][a-z][a-zA-Z]+\.[a-zA-Z]+\b")


@pytest.fixture(scope="module")
def case(installation: Installation, clinician: Client, specialist: Client) -> dict[str, Any]:
    """A phantom chest that AI has read, an accepted consult about it, devices and a planned examination."""
    admin = installation.sign_in("admin")
    slices, _ = chest_ct(21, slices=40, rows=256, patient_name="DEMO^PAGES", patient_id="D-PAGES")
    done = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})
    study = done["studies"][0]
    uid = study["study_instance_uid"]
    wait_until(lambda: clinician.ai_of(uid)["status"] == "completed", "the phantom is read")
    question = "右肺结节，请会诊。A nodule in the right lung: what next?"
    consult = accepted_consult(clinician, specialist, study, question)
    found = "右侧张力性气胸，纵隔左移。Tension pneumothorax on the right, mediastinum shifted to the left."
    specialist.post(
        f"/api/consults/{consult['id']}/critical-results", {"category": "minutes", "finding": found}
    )
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
    return {"study": uid, "consult": consult["id"]}


def pages_of(case: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    """Name of each page: whose, and its path; None for somebody who is not signed in."""
    return {
        "login": ("/login", None),
        "link-unknown": ("/p/" + "x" * 40, None),
        "worklist-clinician": ("/", "clinician"),
        "worklist-specialist": ("/", "specialist"),
        "worklist-filtered": ("/?modality=CT&state=unread&state=active&sort=ai", "clinician"),
        "upload": ("/upload", "clinician"),
        "study": (f"/studies/{case['study']}", "clinician"),
        "request": (f"/consults/new?study={case['study']}", "clinician"),
        "consult-specialist": (f"/consults/{case['consult']}", "specialist"),
        "consult-clinician": (f"/consults/{case['consult']}", "clinician"),
        "door": (f"/room/{case['consult']}", "specialist"),
        "nowhere": ("/no/such/page", "clinician"),
        "schedule": ("/schedule", "specialist"),
        "calendar": ("/calendar", "specialist"),
        "devices": ("/devices", "admin"),
        "archives": ("/archives", "specialist"),
        "archives-admin": ("/archives", "admin"),
        "manage": ("/manage", "specialist"),
        "manage-admin": ("/manage", "admin"),
        "institution": ("/institution", "clinician"),
        "notifications": ("/notifications", "clinician"),
        "institution-admin": ("/institution", "admin"),
        "templates": ("/institution?tab=templates", "admin"),
        "template-copy": ("/institution/templates/mammography/copy", "admin"),
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_no_page_runs_off_its_window_or_shows_a_key_instead_of_words(
    browser: Browser, installation: Installation, case: dict[str, Any], width: int, height: int, language: str
) -> None:
    faults: list[str] = []
    users: dict[str | None, Page] = {}
    for name, (path, username) in pages_of(case).items():
        if username not in users:
            users[username] = open_page(browser, installation, username, width, height, language)
            users[username].on("pageerror", lambda error, name=name: faults.append(f"{name}: {error}"))
        page = users[username]
        page.goto(installation.url + path)
        settle(page)
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}-{width}-{language}.png")
        overflow = pixels_too_wide(page)
        if overflow > 0:
            faults.append(f"{name}: {overflow} pixels too wide")
        keys = LOOKS_LIKE_A_KEY.findall(page.inner_text("body"))
        if keys:
            faults.append(f"{name}: untranslated {keys}")
        spoken = page.evaluate("document.documentElement.lang")
        if not spoken.startswith(language[:2]):
            faults.append(f"{name}: the page says that it is in {spoken}")
    for page in users.values():
        page.context.close()
    assert not faults, "\n".join(faults)


def settle(page: Page) -> None:
    """Until nothing on the page says that it is still loading."""
    expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=60_000)
    page.wait_for_load_state("networkidle")
    viewer = page.get_by_test_id("study-viewer")
    if viewer.count():
        expect(viewer.first).to_have_attribute("data-ready", "true", timeout=60_000)
