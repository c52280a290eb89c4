"""The room's people: who waits, is let in, muted and removed. Pictures of it lie in test-results/people/."""

import json
import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from inference.phantoms.chest import chest_ct
from signaling.join_token import JoinGrant, issue
from signaling.roles import Role
from tests.dicom_builders import as_bytes
from tests.e2e.chromium import REPOSITORY, said
from tests.e2e.pages import SIZES, accepted_consult, go_in, open_page, take_pictures
from tests.installation_server import Client, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PICTURES = REPOSITORY / "test-results" / "people"
PATIENCE_MS = 120_000


@pytest.fixture(scope="module")
def consult_id(installation: Installation, clinician: Client, specialist: Client) -> str:
    slices, _ = chest_ct(23, slices=12, rows=128, patient_name="ROOM^FULL", patient_id="D-ROOM")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    question = "谁在会诊室里。Who is in the room."
    return str(accepted_consult(clinician, specialist, study, question)["id"])


def at_the_door(
    browser: Browser, installation: Installation, username: str, language: str, room: str
) -> Page:
    page = open_page(browser, installation, username, *SIZES[0], language, PATIENCE_MS)
    page.goto(f"{installation.url}/room/{room}")
    return page


def test_a_guest_waits_is_let_in_is_muted_and_is_removed(
    browser: Browser, installation: Installation, consult_id: str
) -> None:
    """The guest's page is a clinician's whose ticket says that he waits; the app issues no such ticket."""
    secret = (installation.data / "secrets" / "join_secret").read_text().strip()

    def as_guest(route: Route) -> None:
        answer = route.fetch()
        guest = JoinGrant(
            room_id=consult_id,
            participant_id="guest",
            display_name="Guest 客人",
            role=Role.PARTICIPANT,
            waits=True,
        )
        route.fulfill(response=answer, body=json.dumps({**answer.json(), "join_token": issue(secret, guest)}))

    moderator = at_the_door(browser, installation, "specialist", "zh-CN", consult_id)
    go_in(moderator)
    expect(moderator.locator("[data-status=connected]")).to_be_visible()
    guest = at_the_door(browser, installation, "clinician", "en", consult_id)
    guest.route(f"**/api/consults/{consult_id}/join", as_guest)
    go_in(guest)
    expect(guest.get_by_role("status").get_by_text(said("room", "waitingRoom.here"))).to_be_visible()
    take_pictures(guest, PICTURES, "waiting-en")

    moderator.get_by_role("tab", name=said("room", "tab.people")).click()
    expect(moderator.get_by_role("button", name=said("room", "waitingRoom.admit"))).to_be_visible()
    take_pictures(moderator, PICTURES, "who-waits-zh")
    moderator.get_by_role("button", name=said("room", "waitingRoom.admit")).click()
    expect(guest.locator("[data-status=connected]")).to_be_visible()

    moderator.get_by_role("button", name=said("room", "moderate.muteAll")).click()
    expect(guest.get_by_text(said("room", "mutedByModerator"))).to_be_visible()
    expect(guest.get_by_role("button", name=said("room", "unmute"), exact=True)).to_be_visible()
    expect(guest.get_by_role("button", name=said("room", "present"), exact=True)).to_have_count(0)
    take_pictures(guest, PICTURES, "muted-en")
    guest.get_by_role("button", name=said("room", "unmute"), exact=True).click()

    moderator.get_by_role("button", name=said("room", "moderate.lock")).click()
    expect(guest.get_by_role("tab", name=said("room", "tab.people"))).to_be_visible()
    take_pictures(moderator, PICTURES, "locked-zh")
    moderator.get_by_role("button", name=re.compile("Guest 客人 请出")).click()
    expect(guest.get_by_role("alert").get_by_text(said("room", "closedBecause.removed"))).to_be_visible()
    take_pictures(guest, PICTURES, "removed-en")
