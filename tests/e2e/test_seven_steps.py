"""The main job, once, through every part: a study goes in, AI reads it, two people meet over it, a report
comes out. Two browsers, as two users would use them."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from imaging.parsing import parse_dicom
from imaging.report_reading import read_decisions, read_findings
from tests.e2e.chromium import (
    KEEP_PEER_CONNECTIONS,
    PIXELS,
    REPOSITORY,
    decoded_frames,
    heard_energy,
    said,
    statistics,
)
from tests.installation_server import PASSWORD, Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PATIENCE_MS = 120_000
PICTURES = REPOSITORY / "test-results"
MASS_LPS_MM = (-83.0, -192.0, -195.0)


@pytest.fixture(scope="module")
def studies(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders as a clinician has them on a disk; the second study carries the first one's patient number."""
    folder = tmp_path_factory.mktemp("disk")
    chest, breast = folder / "chest", folder / "breast"
    shutil.copytree(real_data / "ct-chest-c3n-00247", chest)
    breast.mkdir()
    mammogram = parse_dicom((real_data / "mg-senographe" / "GH133.dcm").read_bytes())
    reference = parse_dicom(next(iter(sorted(chest.glob("*.dcm")))).read_bytes())
    mammogram.PatientID, mammogram.PatientName = reference.PatientID, reference.PatientName
    mammogram.save_as(breast / "GH133.dcm", enforce_file_format=True)
    shutil.copytree(real_data / "ct-lidc-0001", folder / "elsewhere", ignore=shutil.ignore_patterns("*.xml"))
    return {"chest": chest, "breast": breast, "elsewhere": folder / "elsewhere"}


class User:
    """One person at one browser."""

    def __init__(self, browser: Browser, installation: Installation, username: str, locale: str) -> None:
        self.installation = installation
        self.username = username
        self.context: BrowserContext = browser.new_context(
            locale=locale, viewport={"width": 1366, "height": 768}, permissions=["camera", "microphone"]
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.page.add_init_script(KEEP_PEER_CONNECTIONS)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(f"{error}\n{error.stack}"))

    def sign_in(self) -> None:
        page = self.page
        page.goto(self.installation.url)
        once = self.installation.passwords[self.username]
        page.get_by_label(said("auth", "login.username")).fill(self.username)
        page.get_by_label(said("auth", "login.password"), exact=True).first.fill(once)
        page.get_by_role("button", name=said("auth", "login.submit")).click()
        page.get_by_label(said("auth", "password.oneTime"), exact=True).first.fill(once)
        page.locator("input[autocomplete=new-password]").nth(0).fill(PASSWORD)
        page.locator("input[autocomplete=new-password]").nth(1).fill(PASSWORD)
        page.get_by_role("button", name=said("auth", "password.submit")).click()
        page.wait_for_url(self.installation.url + "/")

    def drop(self, folder: Path) -> None:
        """Choose a folder in the upload area that is open on the page."""
        self.page.locator("input[type=file][webkitdirectory]").set_input_files(folder)

    def enter_room(self) -> None:
        page = self.page
        page.get_by_role("button", name=re.compile(f"^({said('room', 'join').pattern})$")).click()
        expect(page.locator("[data-connection=connected]").first).to_be_visible(timeout=PATIENCE_MS)

    def picture(self, name: str) -> None:
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")

    @property
    def viewer(self):  # type: ignore[no-untyped-def]
        return self.page.locator("[data-slice-index]").first

    def shown_instance(self) -> str | None:
        """The SOP Instance UID of the image that is really on this screen."""
        value: str | None = self.viewer.get_attribute("data-sop-instance-uid")
        return value


@pytest.fixture(scope="module")
def clinician(browser: Browser, fresh_installation: Installation) -> User:
    return User(browser, fresh_installation, "clinician", "en-US")


@pytest.fixture(scope="module")
def specialist(browser: Browser, fresh_installation: Installation) -> User:
    return User(browser, fresh_installation, "specialist", "zh-CN")


def test_a_study_goes_in_ai_reads_it_two_people_meet_over_it_and_a_report_comes_out(
    fresh_installation: Installation, clinician: User, specialist: User, studies: dict[str, Path]
) -> None:
    installation = fresh_installation
    # 1. The clinician logs in, drops a folder of a real chest CT and sees progress for the study.
    clinician.sign_in()
    here = clinician.page
    here.get_by_role("link", name=said("common", "nav.upload")).first.click()
    clinician.drop(studies["chest"])
    study_row = here.get_by_test_id("upload-study").first
    expect(study_row).to_contain_text(re.compile(r"99"), timeout=PATIENCE_MS)
    study_uid = study_row.get_attribute("data-study")
    assert study_uid is not None
    clinician.picture("upload")

    # 2. The worker runs the lung-nodule bundle; findings appear with size, probability, model, version.
    here.get_by_role("link", name=said("upload", "openStudy")).first.click()
    cards = here.get_by_test_id("finding")
    expect(cards.first).to_be_visible(timeout=PATIENCE_MS)
    expect(cards.first).to_contain_text("mm")
    expect(cards.first).to_contain_text(re.compile(r"\d+%"))
    cards.first.click()
    expect(here.get_by_text(re.compile(r"lung_nodule_ct \d+\.\d+")).first).to_be_visible()
    assert 1 <= cards.count() <= 8
    expect(clinician.viewer).to_have_attribute("data-sop-instance-uid", re.compile(r"[\d.]+"))
    clinician.picture("study")

    # 3. A consult is asked for; the specialist, logged in elsewhere, sees it at once and accepts it.
    specialist.sign_in()
    there = specialist.page
    here.goto(f"{installation.url}/consults/new?study={study_uid}")
    here.get_by_label(said("consult", "form.question")).fill("右肺肿块，请会诊。A mass in the right lung?")
    here.locator("input[name=urgency][value=urgent]").check()
    here.locator("input[name=consent][value=written]").check()
    here.get_by_label(said("consult", "form.consentGiven")).check()
    clinician.picture("request")
    here.get_by_role("button", name=said("consult", "form.submit")).click()
    here.wait_for_url(re.compile(r"/consults/[0-9a-f-]{36}"))
    consult_id = here.url.rsplit("/", 1)[1]
    accept = there.get_by_role("button", name=said("consult", "event.accept"))
    expect(accept).to_be_visible(timeout=10_000)
    specialist.picture("worklist")
    accept.click()
    expect(here.get_by_text(said("consult", "status.accepted")).first).to_be_visible(timeout=10_000)

    # 4. Both enter the room; each hears and sees the other, through the relay.
    for user in (specialist, clinician):
        user.page.goto(f"{installation.url}/room/{consult_id}")
        user.enter_room()
    for user, other in ((clinician, specialist), (specialist, clinician)):
        page = user.page
        before = wait_until(lambda page=page: decoded_frames(page), "video frames are decoded")
        wait_until(lambda page=page, n=before: decoded_frames(page) > n + 10, "more frames are decoded")
        wait_until(lambda page=page: heard_energy(page) > 0, "the other side is heard")
        video = page.locator("video[data-participant-id]:not([data-self])").first
        seen = wait_until(lambda video=video: video.evaluate(PIXELS), "the other side's video has pixels")
        wait_until(lambda video=video, seen=seen: video.evaluate(PIXELS) != seen, "the picture changes")
        own_ports = {c["port"] for c in statistics(other.page, "local-candidate")}
        far_ports = {c["port"] for c in statistics(page, "remote-candidate")}
        assert not own_ports & far_ports, "the browsers talk to each other and not to the relay"

    #    Both see the same CT; what the specialist does is seen on the other side.
    for user in (specialist, clinician):
        expect(user.viewer).to_have_attribute(
            "data-sop-instance-uid", re.compile(r"[\d.]+"), timeout=PATIENCE_MS
        )
    present = there.get_by_role("button", name=said("room", "present"), exact=True)
    if present.is_visible():
        present.click()
    specialist.viewer.hover()
    first_shown = specialist.shown_instance()
    for _ in range(5):
        there.mouse.wheel(0, 120)
    wait_until(lambda: specialist.shown_instance() != first_shown, "the specialist's slice changes")
    wait_until(
        lambda: clinician.shown_instance() == specialist.shown_instance(),
        "the other side shows the same slice",
    )
    there.keyboard.press("2")
    wait_until(
        lambda: (
            clinician.viewer.get_attribute("data-window-width")
            == specialist.viewer.get_attribute("data-window-width")
        ),
        "the other side has the same window",
    )
    there.get_by_test_id("finding").first.click()
    expect(there.locator("[data-finding-id]").first).to_be_visible()
    expect(here.locator("[data-finding-id]").first).to_be_visible(timeout=PATIENCE_MS)
    box = specialist.viewer.bounding_box()
    assert box is not None
    there.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    there.mouse.move(box["x"] + box["width"] / 2 + 5, box["y"] + box["height"] / 2 + 5)
    expect(here.locator("[data-pointer-of]").first).to_be_visible(timeout=PATIENCE_MS)
    specialist.picture("room-specialist")
    clinician.picture("room-clinician")

    # 5. and 7. A mammogram dropped during the call brings its findings into the running session.
    loaded_at = [page.evaluate("performance.timeOrigin") for page in (here, there)]
    here.get_by_role("tab", name=said("room", "tab.images")).click()
    clinician.drop(studies["breast"])
    for user in (clinician, specialist):
        expect(user.page.locator("[data-arrival]").first).to_be_visible(timeout=PATIENCE_MS)
    show = there.get_by_role("button", name=said("room", "arrival.show")).first
    show.click()
    there.get_by_role("tab", name=said("room", "tab.findings")).click()
    expect(there.get_by_text(re.compile(r"mammography \d+\.\d+|AI")).first).to_be_visible()
    wait_until(
        lambda: (
            len(specialist_view(installation, consult_id)["studies"]) == 2
            and all(
                s["ai"]["status"] == "completed" for s in specialist_view(installation, consult_id)["studies"]
            )
        ),
        "both studies are read",
    )
    assert loaded_at == [page.evaluate("performance.timeOrigin") for page in (here, there)], (
        "a page was reloaded"
    )
    specialist.picture("room-second-study")

    #    A study under another patient number stays out until the clinician says that it is the same person.
    here.get_by_role("button", name=said("upload", "clear")).click()
    clinician.drop(studies["elsewhere"])
    question = here.get_by_test_id("other-number")
    expect(question).to_be_visible(timeout=PATIENCE_MS)
    assert len(specialist_view(installation, consult_id)["studies"]) == 2
    question.get_by_label(said("upload", "otherNumber.same")).check()
    question.get_by_role("button", name=said("upload", "otherNumber.add")).click()
    wait_until(
        lambda: (
            len(specialist_view(installation, consult_id)["studies"]) == 3
            and specialist_view(installation, consult_id)["studies"][2]["ai"]["finding_count"] == 1
        ),
        "the third study joins and is read",
    )
    expect(here.locator("[data-arrival]").first).to_be_attached()
    assert loaded_at == [page.evaluate("performance.timeOrigin") for page in (here, there)], (
        "a page was reloaded"
    )

    # 6. One finding is accepted, the others rejected; the conclusion is written; signed; both get the PDF.
    api = installation.sign_in("specialist")
    consult = api.get(f"/api/consults/{consult_id}")
    chest_findings = api.get(f"/api/studies/{study_uid}")["findings"]
    there.locator(f"[data-study-instance-uid='{study_uid}']").first.click()
    expect(there.get_by_test_id("finding")).to_have_count(len(chest_findings), timeout=PATIENCE_MS)
    first = there.get_by_test_id("finding").first
    for pressed, status in (("r", "rejected"), ("ua", "accepted"), ("ur", "rejected"), ("ua", "accepted")):
        first.get_by_role("button").first.click()
        for key in pressed:
            there.keyboard.press(key)
        expect(first).to_have_attribute("data-status", status)
    expect(there.locator("[data-testid=finding][data-status=accepted]")).to_have_count(1)
    for _ in range(len(chest_findings) - 1):
        undecided = there.locator("[data-testid=finding][data-status=preliminary]")
        count = undecided.count()
        undecided.first.get_by_role("button", name=said("findings", "reject")).click()
        expect(undecided).to_have_count(count - 1)
    wait_until(  # the page shows a decision before the server has answered
        lambda: all(f["status"] != "preliminary" for f in api.get(f"/api/studies/{study_uid}")["findings"]),
        "the decisions on the chest are stored",
    )
    for other_study in consult["studies"]:
        for finding in api.get(f"/api/studies/{other_study['study_instance_uid']}")["findings"]:
            if finding["status"] == "preliminary":
                api.put(
                    f"/api/findings/{finding['id']}/decision",
                    {"status": "rejected", "version": finding["version"]},
                )

    there.get_by_role("button", name=said("room", "end.button")).first.click()
    there.get_by_role("button", name=said("room", "end.confirm")).last.click()
    expect(here.get_by_text(said("room", "over")).first).to_be_visible(timeout=PATIENCE_MS)
    there.goto(f"{installation.url}/consults/{consult_id}")
    there.get_by_label(said("report", "section.conclusion")).fill("考虑右肺恶性肿瘤，建议活检。")
    expect(there.locator("[data-testid=save-state][data-state=saved]")).to_be_visible(timeout=PATIENCE_MS)
    specialist.picture("report")
    there.get_by_role("button", name=said("report", "sign.open"), exact=True).click()
    there.get_by_label(said("report", "sign.read")).check()
    there.get_by_label(said("report", "sign.password")).first.fill(PASSWORD)
    there.get_by_role("dialog").get_by_role("button", name=said("report", "sign.submit"), exact=True).click()
    for user in (specialist, clinician):
        page = user.page
        page.goto(f"{installation.url}/consults/{consult_id}")
        with page.expect_download() as download:
            page.get_by_role("link", name=said("report", "download")).or_(
                page.get_by_role("button", name=said("report", "download"))
            ).first.click()
        assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")
    clinician.picture("signed")

    #    Orthanc holds the findings and the decisions as SR that refer to the right instances.
    pacs = installation.archive()
    reports = [
        parse_dicom(pacs.instance_file(ref.sop_instance_uid))
        for ref in pacs.find_instances(study_uid)
        if ref.sop_class_uid.startswith("1.2.840.10008.5.1.4.1.1.88.")
    ]
    by_ai = next(report for report in reports if report.VerificationFlag == "UNVERIFIED")
    by_reader = next(report for report in reports if report.VerificationFlag == "VERIFIED")
    stored = {ref.sop_instance_uid for ref in pacs.find_instances(study_uid)}
    in_ai_report = read_findings(by_ai)
    assert len(in_ai_report) == len(chest_findings)
    assert {finding.sop_instance_uid for finding in in_ai_report} <= stored
    nearest = min(distance_mm(finding.centre_lps_mm, MASS_LPS_MM) for finding in in_ai_report)
    assert nearest < 10, f"no finding within 10 mm of the mass; the nearest is {nearest:.0f} mm away"
    assert sorted(accepted for _, accepted, _ in read_decisions(by_reader)) == [False] * (
        len(chest_findings) - 1
    ) + [True]
    assert not clinician.faults + specialist.faults, "\n".join(clinician.faults + specialist.faults)


def specialist_view(installation: Installation, consult_id: str) -> dict:
    return installation.sign_in("specialist").get(f"/api/consults/{consult_id}")


def distance_mm(one, other) -> float:  # type: ignore[no-untyped-def]
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5
