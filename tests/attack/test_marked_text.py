"""Markup in every text that somebody else reads: DICOM tags, file names, questions, messages, reports."""

import json
from dataclasses import dataclass
from email.message import Message
from urllib.parse import quote
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.chromium import chromium
from tests.e2e.pages import accepted_consult, open_page, settle
from tests.installation_server import Client, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

MARK = "<img src=x data-mark onerror=mark=1>"  # short enough for a DICOM text of 64 characters
NAME = f"QZXMARKER^{MARK}"
OTHER_WAYS = '"><svg/onload=mark=1 data-mark>{{7*7}}${7*7}javascript:mark=1\'--><script>mark=1</script>'
FORMULA = "=HYPERLINK(\"http://evil.example\",\"x\")\r\nSet-Cookie: mark=1\r\n\r\n<b data-mark>"


@dataclass(frozen=True)
class Marked:
    study: str
    consult: str
    file: str  # path of the file in the chat


@pytest.fixture(scope="module")
def marked(clinician: Client, specialist: Client) -> Marked:
    words = ("StudyDescription", "SeriesDescription", "AccessionNumber", "InstitutionName", "ProtocolName")
    texts: dict[str, object] = {word: MARK[:16] if word == "AccessionNumber" else MARK for word in words}
    series = a_series_of_its_own(2, patient_id="<b data-mark>", PatientName=NAME, **texts)
    files = {f"{MARK}/{n}.dcm": as_bytes(ds) for n, ds in enumerate(series)}
    done = clinician.upload(files | {f"{OTHER_WAYS}.txt": b"no image" * 9})
    study = clinician.get(f"/api/studies/{done['studies'][0]['study_instance_uid']}")
    consult = str(accepted_consult(clinician, specialist, study, MARK + OTHER_WAYS)["id"])
    path = f"/api/consults/{consult}"
    clinician.post(f"{path}/history", {"records": [{"kind": "condition", "text": MARK + OTHER_WAYS}]})
    clinician.put(f"{path}/chat/{uuid4()}", {"text": MARK + OTHER_WAYS})
    file = f"{path}/chat/{uuid4()}/file"
    about = quote(json.dumps({"name": f"{FORMULA}{MARK}.pdf", "text": MARK}))
    sent = clinician.http.put(file, content=b"%PDF-1.7\n%%EOF\n", headers={"X-File": about})
    assert sent.status_code == 201, sent.text
    specialist.post(
        f"{path}/events", {"event": "report-without-call", "version": specialist.get(path)["version"]}
    )
    sections = {"findings_text": MARK, "conclusion": MARK + OTHER_WAYS, "recommendation": OTHER_WAYS}
    sections |= {"template": {"id": "general-consult", "version": 1}}
    specialist.put(f"{path}/report", sections | {"version": specialist.get(f"{path}/report")["version"]})
    return Marked(study["study_instance_uid"], consult, file)


@pytest.fixture(scope="module")
def browser() -> object:
    with chromium() as running:
        yield running


def became_markup(page: Page) -> bool:
    return bool(page.evaluate("'mark' in window || document.querySelector('[data-mark]') !== null"))


def test_markup_in_what_others_wrote_stays_text_on_every_page(
    browser: Browser, installation: Installation, marked: Marked
) -> None:
    became = []
    for username, language in (("specialist", "en"), ("clinician", "zh-CN")):
        page = open_page(browser, installation, username, 1366, 768, language)
        paths = [f"/studies/{marked.study}", f"/consults/{marked.consult}", "/notifications", "/manage"]
        for path in ["/", *paths]:
            page.goto(installation.url + path)
            settle(page)
            if path.startswith("/consults/"):
                expect(page.get_by_text("onerror=mark=1").first).to_be_visible()
            if became_markup(page):
                became.append(f"{username} {path}")
        page.context.close()
    assert not became


def test_a_file_name_ends_no_header_and_its_file_opens_no_page(specialist: Client, marked: Marked) -> None:
    answer = specialist.http.get(marked.file)
    assert answer.status_code == 200 and "set-cookie" not in answer.headers
    disposition = Message()
    disposition["content-disposition"] = answer.headers["content-disposition"]
    assert "\r" not in str(disposition.get_filename()) and "\n" not in str(disposition.get_filename())
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not answer.headers["content-type"].startswith("text/html")


def test_no_log_names_a_patient_or_a_file(installation: Installation, marked: Marked) -> None:
    logs = list((installation.data / "logs").glob("*.log"))
    assert logs
    for log in logs:
        text = log.read_text(errors="replace")
        assert "QZXMARKER" not in text and "data-mark" not in text, log.name


def test_no_log_holds_a_secret(installation: Installation, clinician: Client) -> None:
    secrets = [file.read_text().strip() for file in (installation.data / "secrets").glob("*_secret")]
    secrets += [file.read_text().strip() for file in (installation.data / "secrets").glob("*password*")]
    secrets += list(clinician.http.cookies.values()) + list(installation.passwords.values())
    assert len(secrets) > 4
    for log in (installation.data / "logs").glob("*.log"):
        text = log.read_text(errors="replace")
        assert not [secret for secret in secrets if secret in text], log.name
