"""The room's people: who waits, is let in, muted and removed. Pictures of it lie in test-results/people/."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from inference.phantoms.chest import chest_ct
from signaling.join_token import JoinGrant, issue
from signaling.roles import Role
from tests.dicom_builders import as_bytes
from tests.e2e.chromium import REPOSITORY, chromium, said
from tests.e2e.test_bad_line import at_the_door
from tests.installation_server import Client, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PICTURES = REPOSITORY / "test-results" / "people"
SIZES = [(1366, 768), (390, 844)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def consult_id(installation: Installation, clinician: Client, specialist: Client) -> str:
    slices, _ = chest_ct(23, slices=12, rows=128, patient_name="ROOM^FULL", patient_id="D-ROOM")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    consult = clinician.post(
        "/api/consults",
        {
            "patient_id": study["patient"]["id"],
            "question": "谁在会诊室里。Who is in the room.",
            "urgency": "urgent",
            "specialty": "radiology",
            "legal_role": "consultation",
            "study_instance_uids": [study["study_instance_uid"]],
            "consent": {"given": True, "method": "written"},
        },
    )
    specialist.post(f"/api/consults/{consult['id']}/events", {"event": "accept", "version": 1})
    return str(consult["id"])


def go_in(page: Page) -> None:
    page.get_by_role("button", name=re.compile(f"^({said('room', 'join').pattern})$")).click()


def pictures(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{name}: {overflow} pixels too wide at {width}"
        page.screenshot(path=PICTURES / f"{name}-{width}.png")
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})


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
    pictures(guest, "waiting-en")

    moderator.get_by_role("tab", name=said("room", "tab.people")).click()
    expect(moderator.get_by_role("button", name=said("room", "waitingRoom.admit"))).to_be_visible()
    pictures(moderator, "who-waits-zh")
    moderator.get_by_role("button", name=said("room", "waitingRoom.admit")).click()
    expect(guest.locator("[data-status=connected]")).to_be_visible()

    moderator.get_by_role("button", name=said("room", "moderate.muteAll")).click()
    expect(guest.get_by_text(said("room", "mutedByModerator"))).to_be_visible()
    expect(guest.get_by_role("button", name=said("room", "unmute"), exact=True)).to_be_visible()
    expect(guest.get_by_role("button", name=said("room", "present"), exact=True)).to_have_count(0)
    pictures(guest, "muted-en")
    guest.get_by_role("button", name=said("room", "unmute"), exact=True).click()

    moderator.get_by_role("button", name=said("room", "moderate.lock")).click()
    expect(guest.get_by_role("tab", name=said("room", "tab.people"))).to_be_visible()
    pictures(moderator, "locked-zh")
    moderator.get_by_role("button", name=re.compile("Guest 客人 请出")).click()
    expect(guest.get_by_role("alert").get_by_text(said("room", "closedBecause.removed"))).to_be_visible()
    pictures(guest, "removed-en")
