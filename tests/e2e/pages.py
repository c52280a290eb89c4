"""What tests of pages do alike: sign in, have a consult, enter its room, take pictures."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.e2e.chromium import said
from tests.installation_server import PASSWORD, Client, Installation, wait_until

PATIENCE_MS = 30_000
SIZES = [(1366, 768), (390, 844)]


def open_page(
    browser: Browser,
    installation: Installation,
    username: str | None,
    width: int,
    height: int,
    language: str,
    patience_ms: int = PATIENCE_MS,
) -> Page:
    """A page in a context of its own, signed in and in this language; None: nobody has signed in."""
    context = browser.new_context(
        locale=language, viewport={"width": width, "height": height}, permissions=["camera", "microphone"]
    )
    context.set_default_timeout(patience_ms)
    page = context.new_page()
    page.goto(installation.url + "/login")
    if username is not None:
        page.get_by_label(said("auth", "login.username")).fill(username)
        page.locator("input[name=password]").fill(PASSWORD)
        page.get_by_role("button", name=said("auth", "login.submit")).click()
        page.wait_for_url(re.compile(r"/(devices)?$"))  # an administrator's home is another page
        answer = context.request.patch(
            installation.url + "/api/me",
            data={"language": language, "knows_first_steps": True},
            headers={"X-Teleconsult": "1"},
        )
        assert answer.ok
    return page


def accepted_consult(
    clinician: Client, specialist: Client, study: dict[str, Any], question: str
) -> dict[str, Any]:
    """A consult about an uploaded study, asked by one and accepted by the other."""
    consult: dict[str, Any] = clinician.post(
        "/api/consults",
        {
            "patient_id": study["patient"]["id"],
            "question": question,
            "urgency": "urgent",
            "specialty": "radiology",
            "legal_role": "consultation",
            "study_instance_uids": [study["study_instance_uid"]],
            "consent": {"given": True, "method": "written"},
        },
    )
    specialist.post(f"/api/consults/{consult['id']}/events", {"event": "accept", "version": 1})
    return consult


def go_in(page: Page) -> None:
    """From the door into the room."""
    page.get_by_role("button", name=re.compile(f"^({said('room', 'join').pattern})$")).click()


def both_in_room(
    browser: Browser, installation: Installation, consult_id: str, patience_ms: int = PATIENCE_MS
) -> tuple[Page, Page]:
    """The clinician, in English, and the specialist, in Chinese, each through the door of the room."""
    here, there = (
        open_page(browser, installation, username, *SIZES[0], language, patience_ms)
        for username, language in (("clinician", "en"), ("specialist", "zh-CN"))
    )
    for page in (here, there):
        page.goto(f"{installation.url}/room/{consult_id}")
        go_in(page)
    return here, there


def pixels_too_wide(page: Page) -> int:
    """By how much the page runs off the side of its window; none: 0 or less."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def take_pictures(page: Page, folder: Path, name: str) -> None:
    """At each of SIZES, at which the page must fit."""
    folder.mkdir(parents=True, exist_ok=True)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        # What floats over the page is put into its new place a moment later.
        wait_until(lambda: pixels_too_wide(page) <= 0, f"{name} fits {width} pixels", 10)
        page.screenshot(path=folder / f"{name}-{width}.png")
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})


def settle(page: Page) -> None:
    """Until nothing on the page says that it is still loading."""
    page.wait_for_load_state("networkidle")
    loading = page.get_by_role("status", name=said("common", "loading"))
    expect(page.locator("[aria-busy=true]").or_(loading)).to_have_count(0, timeout=60_000)
    viewer = page.get_by_test_id("study-viewer")
    if viewer.count():
        expect(viewer.first).to_have_attribute("data-ready", "true", timeout=60_000)
