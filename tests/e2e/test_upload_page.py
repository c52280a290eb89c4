"""The upload page as a clinician uses it: mixed drops, bad files, and everything that can stop an upload."""

import os
import re
import signal
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.e2e.chromium import REPOSITORY, said
from tests.installation_server import PASSWORD, Client, Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PATIENCE_MS = 120_000
PICTURES = REPOSITORY / "test-results" / "upload"
SLICES = 60
SLOW_BYTES_PER_S = 500_000


@pytest.fixture
def page(browser: Browser, installation_without_models: Installation) -> Iterator[Page]:
    """The upload page of a signed-in clinician; fails on an error of a script."""
    clinician(installation_without_models)
    context = browser.new_context(locale="en-US", viewport={"width": 1366, "height": 768})
    context.set_default_timeout(PATIENCE_MS)
    faults: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(f"{error}\n{error.stack}"))
    answer = context.request.post(
        installation_without_models.url + "/api/session",
        data={"username": "clinician", "password": PASSWORD},
        headers={"X-Teleconsult": "1"},
    )
    assert answer.ok
    page.goto(installation_without_models.url + "/upload")
    yield page
    context.close()
    assert not faults, "\n".join(faults)


def clinician(installation: Installation) -> Client:
    return installation.sign_in("clinician")


def chest(number: int, slices: int = SLICES) -> dict[str, bytes]:
    images, _ = chest_ct(
        number, slices=slices, rows=256, patient_name=f"DEMO^UPLOAD {number}", patient_id=f"U-{number}"
    )
    return {f"{n:03}.dcm": as_bytes(ds) for n, ds in enumerate(images)}


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def drop(page: Page, folder: Path) -> None:
    page.locator("input[type=file][webkitdirectory]").set_input_files(folder)


def picture(page: Page, name: str) -> None:
    """At a desk and on a phone; nothing may run off the side."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    usual = page.viewport_size
    assert usual is not None
    for width, height in ((390, 844), (usual["width"], usual["height"])):
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)
        too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert too_wide <= 0, f"{name}: {too_wide} pixels too wide at {width}"


def slow_line(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    set_line(session)
    return session


def set_line(session: CDPSession, *, offline: bool = False, fast: bool = False) -> None:
    """Slow, so that an upload can be met in its middle; fast, once it has been."""
    line = {"latency": 20, "downloadThroughput": -1, "uploadThroughput": -1 if fast else SLOW_BYTES_PER_S}
    session.send("Network.emulateNetworkConditions", {"offline": offline, **line})


def stored_of(client: Client, patient_id: str) -> int:
    studies = [s for s in client.get("/api/studies")["studies"] if s["patient"]["patient_id"] == patient_id]
    return sum(len(series["instances"]) for s in studies for series in detail(client, s)["series"])


def detail(client: Client, study: dict) -> dict:  # type: ignore[type-arg]
    answer: dict = client.get(f"/api/studies/{study['study_instance_uid']}")  # type: ignore[type-arg]
    return answer


def until_some_are_stored(client: Client, patient_id: str, at_least: int = 5) -> None:
    wait_until(lambda: stored_of(client, patient_id) >= at_least, "some images are stored")


def safe(page: Page) -> None:
    expect(page.locator("[data-testid=disk][data-safe=true]")).to_be_visible(timeout=PATIENCE_MS)


def test_a_folder_with_a_zip_of_another_patient_and_bad_files_is_asked_about_and_taken_file_by_file(
    page: Page, installation_without_models: Installation, tmp_path: Path
) -> None:
    client = clinician(installation_without_models)
    one, other = chest(1), chest(2)
    del one["030.dcm"]
    folder = written(
        tmp_path / "disk",
        {
            **{f"CT/{name}": content for name, content in one.items()},
            "CT/again.dcm": one["003.dcm"],
            "other.zip": zipped(
                {f"../../etc/{name}": content for name, content in other.items()}
                | {"inside.zip": zipped({"a.dcm": other["000.dcm"]}), "readme.txt": b"hello"}
            ),
            "autorun.inf": b"[autorun]",
            "empty.dcm": b"",
            "letter.pdf": b"%PDF-1.4 not an image",
            "cut.dcm": other["000.dcm"][:40_000],
            "broken.dcm": b"\0" * 128 + b"DICM" + bytes(range(256)) * 8,
        },
    )
    left = set()
    page.on("request", lambda request: left.add(request.url) if request.method != "GET" else None)
    drop(page, folder)
    review = page.get_by_test_id("upload-review")
    expect(review).to_be_visible(timeout=PATIENCE_MS)
    expect(review).to_contain_text("U-1")
    expect(review).to_contain_text("U-2")
    expect(page.get_by_test_id("upload-notes")).to_be_visible()
    assert not [url for url in left if "/api/uploads" in url], "something left before it was decided"
    picture(page, "two-patients")
    review.get_by_role("button").first.click()
    safe(page)
    picture(page, "two-patients-done")
    codes = {row.get_attribute("data-code") for row in page.get_by_test_id("refusal").all()}
    assert {"not-an-image", "empty-file", "not-dicom", "zip-in-zip"} <= codes
    expect(page.get_by_test_id("upload-study")).to_have_count(2)
    assert stored_of(client, "U-1") == SLICES - 1
    assert stored_of(client, "U-2") == SLICES


def test_one_of_two_patients_can_be_left_out(
    page: Page, installation_without_models: Installation, tmp_path: Path
) -> None:
    client = clinician(installation_without_models)
    folder = written(
        tmp_path,
        {f"a/{name}": content for name, content in chest(3, 25).items()}
        | {f"b/{name}": content for name, content in chest(4, 25).items()},
    )
    drop(page, folder)
    review = page.get_by_test_id("upload-review")
    review.get_by_role("checkbox", name=re.compile("U-4")).uncheck()
    review.get_by_role("button").first.click()
    safe(page)
    assert stored_of(client, "U-3") == 25
    assert stored_of(client, "U-4") == 0


def test_an_upload_that_a_reload_stopped_is_told_of_and_goes_on_with_what_is_missing(
    page: Page, installation_without_models: Installation, tmp_path: Path
) -> None:
    client = clinician(installation_without_models)
    folder = written(tmp_path, chest(5))
    line = slow_line(page)
    drop(page, folder)
    until_some_are_stored(client, "U-5")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    interrupted = page.get_by_test_id("interrupted")
    expect(interrupted).to_contain_text(re.compile(rf"\d+\D+{SLICES}"), timeout=PATIENCE_MS)
    picture(page, "interrupted")
    before = stored_of(client, "U-5")
    assert before < SLICES
    sent: list[int] = []
    page.on(
        "response",
        lambda answer: (
            sent.append(len(answer.json()["files"])) if answer.url.endswith("/instances") else None
        ),
    )
    set_line(line, fast=True)
    drop(page, folder)
    safe(page)
    assert stored_of(client, "U-5") == SLICES
    assert sum(sent) <= SLICES - before, "what was stored was sent again"
    page.reload()
    expect(page.get_by_test_id("drop-target")).to_be_visible()
    expect(page.get_by_test_id("interrupted")).to_have_count(0)


def test_an_upload_outlives_the_server_and_the_network(
    page: Page, installation_without_models: Installation, tmp_path: Path
) -> None:
    client = clinician(installation_without_models)
    line = slow_line(page)
    drop(page, written(tmp_path, chest(6)))
    until_some_are_stored(client, "U-6")
    os.kill(app_process(installation_without_models), signal.SIGKILL)
    status = page.get_by_test_id("upload-status")
    expect(status).to_have_attribute("data-phase", "waiting-for-network", timeout=PATIENCE_MS)
    picture(page, "waiting")
    expect(status).to_have_attribute("data-phase", "sending", timeout=PATIENCE_MS)
    set_line(line, offline=True)
    expect(status).to_have_attribute("data-phase", "waiting-for-network", timeout=PATIENCE_MS)
    set_line(line, fast=True)
    safe(page)
    assert stored_of(client, "U-6") == SLICES


def test_a_sign_in_that_ran_out_in_the_middle_is_asked_for_and_nothing_is_lost(
    page: Page, installation_without_models: Installation, tmp_path: Path
) -> None:
    client = clinician(installation_without_models)
    line = slow_line(page)
    drop(page, written(tmp_path, chest(7)))
    until_some_are_stored(client, "U-7")
    page.context.clear_cookies()
    dialog = page.get_by_role("dialog", name=said("auth", "over.title"))
    expect(dialog).to_be_visible(timeout=PATIENCE_MS)
    picture(page, "signed-out")
    set_line(line, fast=True)
    dialog.locator("input[type=password]").fill(PASSWORD)
    dialog.locator("button[type=submit]").click()
    safe(page)
    assert stored_of(client, "U-7") == SLICES


def test_an_upload_can_be_paused_and_gone_on_with(
    page: Page, installation_without_models: Installation, tmp_path: Path
) -> None:
    client = clinician(installation_without_models)
    line = slow_line(page)
    drop(page, written(tmp_path, chest(8)))
    until_some_are_stored(client, "U-8")
    page.get_by_role("button", name=said("upload", "pause")).click()
    expect(page.get_by_test_id("upload-status")).to_have_attribute("data-phase", "paused")
    set_line(line, fast=True)
    page.get_by_role("button", name=said("upload", "resume")).click()
    safe(page)
    assert stored_of(client, "U-8") == SLICES


def test_a_drop_can_be_sent_without_the_patients_identity(
    page: Page, installation_without_models: Installation, tmp_path: Path
) -> None:
    client = clinician(installation_without_models)
    page.get_by_role("switch", name=said("upload", "deidentify.label")).check(force=True)
    drop(page, written(tmp_path, chest(9, 25)))
    safe(page)
    assert page.get_by_test_id("upload-study").count() == 1
    assert stored_of(client, "U-9") == 0
    names = {study["patient"]["name"] for study in client.get("/api/studies")["studies"]}
    assert not any("UPLOAD 9" in name for name in names)


def app_process(installation: Installation) -> int:
    """The pid of the web process, as the supervisor started it."""
    assert installation.process is not None
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode().split("\0")
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == installation.process.pid and "uvicorn" in command:
            return int(folder.name)
    raise AssertionError("the web process does not run")
