"""What a participant shows the others beside the face: a screen. Pictures lie in test-results/screen/."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.chromium import KEEP_PEER_CONNECTIONS, REPOSITORY, said, statistics
from tests.e2e.pages import SIZES, accepted_consult, go_in, open_page, take_pictures
from tests.installation_server import Client, Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

PICTURES = REPOSITORY / "test-results" / "screen"
PATIENCE_MS = 60_000


@dataclass
class Room:
    """Two people in one consult's room, each on a page of their own."""

    consult: dict[str, Any]
    specialist: Page
    clinician: Page


@pytest.fixture
def room(
    browser: Browser, installation: Installation, clinician: Client, specialist: Client
) -> Iterator[Room]:
    slices = a_series_of_its_own(1, patient_id="D-SCREEN", patient_name="SCREEN^SHARED")
    study = clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0]
    consult = accepted_consult(clinician, specialist, study, "请看屏幕。Please look at the screen.")
    pages = []
    for username, language in (("specialist", "zh-CN"), ("clinician", "en")):
        page = open_page(browser, installation, username, *SIZES[0], language, PATIENCE_MS)
        page.add_init_script(KEEP_PEER_CONNECTIONS)
        page.goto(f"{installation.url}/room/{consult['id']}")
        go_in(page)
        expect(page.locator("[data-status=connected]")).to_be_visible()
        pages.append(page)
    yield Room(consult, *pages)
    for page in pages:
        page.context.close()


def press(page: Page, key: str) -> None:
    page.get_by_role("button", name=said("room", key), exact=True).click()


def received_sizes(page: Page) -> list[list[int | None]]:
    return [[entry.get("frameWidth"), entry.get("frameHeight")] for entry in statistics(page, "inbound-rtp")]


def test_a_screen_is_shared_seen_in_its_own_size_and_ended_by_its_owner(room: Room) -> None:
    here, there = room.specialist, room.clinician
    press(here, "screen.share")
    screen = there.get_by_test_id("shared-screen")
    expect(screen).to_be_visible()
    shared = here.evaluate(
        """() => window.peerConnections.flatMap((connection) => connection.getSenders())
            .map(({ track }) => track).filter((track) => track?.contentHint === "detail")
            .map((track) => { const { width, height } = track.getSettings(); return [width, height]; })"""
    )
    assert len(shared) == 1
    wait_until(lambda: shared[0] in received_sizes(there), "the screen arrives with every pixel", 60)
    expect(here.get_by_test_id("shared-screen")).to_have_count(0)
    take_pictures(there, PICTURES, "seen-en")
    take_pictures(here, PICTURES, "sharing-zh")

    there.keyboard.press("d")
    expect(there.get_by_text(said("room", "screen.own"))).to_have_count(0)
    press(there, "screen.toImages")
    take_pictures(there, PICTURES, "small-en")
    press(there, "screen.toScreen")
    here.keyboard.press("d")
    expect(screen).to_have_count(0)
    expect(here.get_by_text(said("room", "screen.own"))).to_have_count(0)

    there.keyboard.press("d")
    expect(here.get_by_test_id("shared-screen")).to_be_visible()


def test_a_browser_that_cannot_share_a_screen_has_no_button_for_it(room: Room) -> None:
    page = room.clinician
    expect(page.get_by_role("button", name=said("room", "screen.share"), exact=True)).to_be_visible()
    page.add_init_script("delete MediaDevices.prototype.getDisplayMedia;")
    page.reload()
    go_in(page)
    expect(page.get_by_role("button", name=said("room", "mute"), exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=said("room", "screen.share"), exact=True)).to_have_count(0)
