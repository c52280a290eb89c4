"""Other microphones and cameras, and heart and lung sounds, while the call goes on."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.e2e.chromium import KEEP_PEER_CONNECTIONS, PIXELS, REPOSITORY, chromium, heard_energy, said
from tests.e2e.pages import accepted_consult, go_in, open_page, take_pictures
from tests.installation_server import Client, Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PICTURES = REPOSITORY / "test-results" / "devices"
# The second one is a depth camera, of which WebRTC takes no frames.
THREE_CAMERAS = "--use-fake-device-for-media-stream=device-count=3"
SENT = """(kind) => window.peerConnections
  .filter((one) => one.connectionState !== "closed")
  .flatMap((one) => one.getSenders())
  .filter((sender) => sender.track?.kind === kind)
  .map((sender) => ({ ...sender.track.getSettings(), ...sender.getParameters().encodings[0] }))[0]"""


def sent(page: Page, kind: str) -> dict[str, Any]:
    """What is sent of a kind: settings of its track, and of its encoding."""
    return dict(page.evaluate(SENT, kind) or {})


def goes_on(here: Page, there: Page) -> None:
    """There one sees and hears what comes from here."""
    heard = heard_energy(there)
    wait_until(lambda: heard_energy(there) > heard, "the sound goes on")
    face = there.locator("video[data-participant-id]:not([data-self])")
    seen = face.evaluate(PIXELS)
    wait_until(lambda: face.evaluate(PIXELS) not in ("", seen), "the picture moves")


def test_devices_are_changed_in_the_room_and_the_others_go_on_hearing_and_seeing(
    installation: Installation, clinician: Client, specialist: Client
) -> None:
    slices, _ = chest_ct(24, slices=12, rows=128, patient_name="CART^DEVICES", patient_id="D-DEVICES")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    consult = accepted_consult(clinician, specialist, study, "听诊。Heart sounds.")
    with chromium(THREE_CAMERAS) as browser:
        here, there = in_the_room(browser, installation, consult["id"])
        goes_on(here, there)

        here.get_by_role("button", name=said("room", "devices.open")).click()
        take_pictures(here, PICTURES, "menu-en")
        for kind in ("audio", "video"):
            former = sent(here, kind)["deviceId"]
            choice = here.get_by_role("combobox", name=said("room", f"device.{kind}.choose"))
            others = [
                value
                for option in choice.get_by_role("option").all()
                if (value := option.get_attribute("value")) != former
            ]
            choice.select_option(value=others[-1])
            wait_until(
                lambda kind=kind, other=others[-1]: sent(here, kind).get("deviceId") == other,
                f"{kind} comes from the other device",
            )
            goes_on(here, there)

        assert sent(here, "audio")["echoCancellation"]
        here.get_by_role("switch", name=said("room", "devices.auscultation")).check(force=True)
        wait_until(lambda: not sent(here, "audio")["echoCancellation"], "the sound is left as it is")
        wait_until(lambda: sent(here, "audio")["maxBitrate"] == 64_000, "it has room on the line")
        assert not sent(here, "audio")["noiseSuppression"] and not sent(here, "audio")["autoGainControl"]
        goes_on(here, there)
        here.keyboard.press("Escape")
        expect(here.get_by_role("button", name=said("room", "devices.openAuscultating"))).to_be_visible()
        take_pictures(here, PICTURES, "auscultation-en")


def in_the_room(browser: Browser, installation: Installation, consult_id: str) -> tuple[Page, Page]:
    here = open_page(browser, installation, "clinician", 1366, 768, "en")
    there = open_page(browser, installation, "specialist", 1366, 768, "zh-CN")
    for page in (here, there):
        page.add_init_script(KEEP_PEER_CONNECTIONS)
        page.goto(f"{installation.url}/room/{consult_id}")
        go_in(page)
    return here, there
