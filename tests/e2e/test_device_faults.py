"""Cameras and microphones that are missing, blocked, busy, unplugged or changed: what a participant is told
in both languages; they get in all the same, hear, and see the images.

The faults are the very errors that a browser raises, put in place of what its fake devices would answer.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.chromium import KEEP_PEER_CONNECTIONS, chromium, heard_energy, said, words
from tests.e2e.pages import accepted_consult, go_in, open_page
from tests.installation_server import Client, Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PATIENCE_MS = 60_000
THREE_CAMERAS = "--use-fake-device-for-media-stream=device-count=3"
# `faults` names for each kind the error of its getUserMedia; `absent` holds names of unplugged devices.
FAULTY_DEVICES = """
window.faults = JSON.parse(sessionStorage.getItem("faults") ?? "{}");
window.absent = JSON.parse(sessionStorage.getItem("absent") ?? "[]");
window.tracks = [];
window.lights = [];
if (window.faults.browser === "no-webrtc") delete window.RTCPeerConnection;
if (["old", "insecure"].includes(window.faults.browser)) {
  Object.defineProperty(navigator, "mediaDevices", { value: undefined });
  Object.defineProperty(window, "isSecureContext", { value: window.faults.browser === "old" });
}
const devices = window.MediaDevices?.prototype;
if (devices !== undefined) {
  const { enumerateDevices, getUserMedia } = devices;
  devices.enumerateDevices = async function () {
    return (await enumerateDevices.call(this)).filter(({ label }) => !window.absent.includes(label));
  };
  devices.getUserMedia = async function (asked) {
    for (const kind of ["audio", "video"]) {
      const fault = window.faults[kind];
      if (asked[kind] === undefined || fault === undefined) continue;
      if (fault.name === "unanswered") await new Promise(() => undefined);
      throw fault.name === "OverconstrainedError"
        ? new OverconstrainedError("deviceId", "")
        : new DOMException(fault.message, fault.name);
    }
    const present = await this.enumerateDevices();
    for (const [kind, constraints] of Object.entries(asked)) {
      const ids = present.filter((each) => each.kind === `${kind}input`).map(({ deviceId }) => deviceId);
      const { ideal, exact } = constraints.deviceId ?? {};
      if (!ids.includes(ideal ?? exact)) constraints.deviceId = { exact: ids[0] };
    }
    const stream = await getUserMedia.call(this, asked);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
}
window.unplug = (kind) => {
  for (const track of window.tracks.filter((each) => each.kind === kind && each.readyState === "live")) {
    window.absent.push(track.label);
    track.stop();
    track.dispatchEvent(new Event("ended"));
  }
  navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
};
window.plugIn = () => {
  window.absent = [];
  window.faults = {};
  navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
};
if (sessionStorage.getItem("light") !== null) {
  const { applyConstraints, getCapabilities } = MediaStreamTrack.prototype;
  MediaStreamTrack.prototype.getCapabilities = function () {
    return { ...getCapabilities.call(this), ...(this.kind === "video" ? { torch: true } : {}) };
  };
  MediaStreamTrack.prototype.applyConstraints = async function (asked) {
    const torch = asked?.advanced?.[0]?.torch;
    if (torch === undefined) return applyConstraints.call(this, asked);
    window.lights.push(torch);
    if (window.lights.length > 1) throw new DOMException("setOptions failed", "OperationError");
  };
}
"""


def fault(name: str, message: str = "") -> dict[str, str]:
    return {"name": name, "message": message}


def both(name: str, message: str = "") -> dict[str, Any]:
    return {"audio": fault(name, message), "video": fault(name, message)}


@dataclass
class Visit:
    """One user's page, loaded again for each case; somebody else is in the room already and speaks."""

    page: Page
    room_url: str

    def comes(self, **kept: str) -> None:
        """To the door of the room, with these devices."""
        self.page.evaluate(
            """(kept) => {
              for (const name of ["faults", "absent", "light"]) sessionStorage.removeItem(name);
              for (const [name, value] of Object.entries(kept)) sessionStorage.setItem(name, value);
            }""",
            kept,
        )
        self.page.goto(self.room_url)

    def button(self, key: str) -> Locator:
        return self.page.get_by_role("button", name=said("room", key), exact=True)

    def choice(self, kind: str) -> Locator:
        return self.page.get_by_role("combobox", name=said("room", f"device.{kind}.choose"))

    def language(self) -> str:
        return str(self.page.evaluate("document.documentElement.lang"))

    def reads(self, key: str) -> None:
        """In the language of the page, at the door, above the images or where the devices are set."""
        expect(self.page.get_by_text(words(self.language(), "room", key)).first).to_be_visible()

    def reads_in_the_other_language(self, key: str) -> None:
        other = "中 简体中文" if self.language() == "en" else "EN English"
        self.page.get_by_role("button", name=other, exact=True).click()
        self.button("devices.open").click()
        self.reads(key)

    def news(self, what: str, kind: str, name: str) -> Locator:
        texts = (words(language, "room", f"deviceNews.{what}.{kind}") for language in ("zh-CN", "en"))
        return self.page.get_by_text(
            re.compile("|".join(re.escape(text.replace("{{name}}", name)) for text in texts))
        )

    def light(self) -> Locator:
        return self.page.get_by_role("switch", name=said("room", "devices.torch"))

    def keeps(self, kind: str) -> None:
        kept = f"'teleconsult.device.{kind}' in localStorage"
        wait_until(lambda: self.page.evaluate(kept), f"the choice of {kind} is kept")

    def sees_the_images(self) -> None:
        expect(self.page.locator("[data-status=connected]")).to_be_visible()
        expect(self.page.get_by_test_id("study-viewer")).to_have_attribute("data-ready", "true")

    def hears(self) -> None:
        heard = heard_energy(self.page)
        wait_until(lambda: heard_energy(self.page) > heard, "the other side is heard", 60)


@pytest.fixture(scope="module")
def cameras_browser() -> Iterator[Browser]:
    with chromium(THREE_CAMERAS) as running:
        yield running


@pytest.fixture(scope="module")
def consult(installation: Installation, clinician: Client, specialist: Client) -> dict[str, Any]:
    slices = a_series_of_its_own(1, patient_id="D-FAULTS", patient_name="FAULTS^OF^DEVICES")
    study = clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0]
    return accepted_consult(clinician, specialist, study, "没有麦克风。No microphone.")


@pytest.fixture(scope="module")
def visit(cameras_browser: Browser, installation: Installation, consult: dict[str, Any]) -> Iterator[Visit]:
    url = f"{installation.url}/room/{consult['id']}"
    there = open_page(cameras_browser, installation, "specialist", 1366, 768, "zh-CN", PATIENCE_MS)
    there.goto(url)
    go_in(there)
    here = open_page(cameras_browser, installation, "clinician", 1366, 768, "en", PATIENCE_MS)
    here.add_init_script(KEEP_PEER_CONNECTIONS)
    here.add_init_script(FAULTY_DEVICES)
    yield Visit(here, url)


@pytest.mark.parametrize(
    ("faults", "sentence", "door"),
    [
        (both("NotFoundError"), "fault.missing.both", "joinWatching"),
        ({"video": fault("NotFoundError")}, "fault.missing.video", "joinWithoutVideo"),
        ({"audio": fault("OverconstrainedError")}, "fault.missing.audio", "joinWithoutAudio"),
        (both("NotAllowedError", "Permission denied"), "fault.blocked.both", "joinWatching"),
        (both("NotAllowedError", "Permission denied by system"), "fault.system.both", "joinWatching"),
        ({"audio": fault("SecurityError")}, "fault.blocked.audio", "joinWithoutAudio"),
        ({"video": fault("NotReadableError")}, "fault.busy.video", "joinWithoutVideo"),
        ({"browser": "insecure"}, "fault.insecure.both", "joinWatching"),
        ({"browser": "old"}, "fault.old.both", "joinWatching"),
        ({"browser": "no-webrtc"}, "media.no-webrtc", "join"),
        (both("unanswered"), None, "joinAsking"),
    ],
)
def test_who_has_a_fault_reads_what_to_do_gets_in_hears_and_sees_the_images(
    visit: Visit, faults: dict[str, Any], sentence: str | None, door: str
) -> None:
    visit.comes(faults=json.dumps(faults))
    expect(visit.button(door)).to_be_visible()
    if sentence is not None:
        visit.reads(sentence)
    visit.button(door).click()
    visit.sees_the_images()
    if faults.get("browser") != "no-webrtc":
        visit.hears()
    if sentence is not None:
        visit.reads_in_the_other_language(sentence)


def test_a_camera_that_is_unplugged_in_the_call_is_told_and_comes_back_by_itself(visit: Visit) -> None:
    here = visit.page
    visit.comes()
    visit.button("join").click()
    visit.sees_the_images()
    expect(visit.button("cameraOff")).to_be_visible()
    here.evaluate("window.faults.video = { name: 'NotFoundError' }, unplug('video')")
    expect(here.get_by_text(said("room", "fault.missing.video"))).to_be_visible()
    expect(visit.button("cameraOn")).to_be_visible()
    visit.hears()

    visit.button("cameraOn").click()  # in vain
    expect(visit.button("cameraOn")).to_be_visible()
    here.evaluate("plugIn()")
    expect(visit.button("cameraOff")).to_be_visible()
    expect(here.get_by_text(said("room", "fault.missing.video"))).to_have_count(0)

    # Where there is another one, it stands in.
    here.evaluate("unplug('audio')")
    expect(visit.news("gone", "audio", "Fake Default Audio Input")).to_be_visible()
    expect(visit.button("mute")).to_be_visible()

    visit.button("devices.open").click()
    expect(visit.choice("audio")).to_be_visible()
    expect(visit.light()).to_have_count(0)


def test_a_choice_is_remembered_and_one_that_is_gone_is_told_once(visit: Visit) -> None:
    here = visit.page
    visit.comes()
    chosen: dict[str, str] = {}
    for kind in ("audio", "video", "output"):
        choice = visit.choice(kind)
        last = choice.get_by_role("option").last
        chosen[kind] = last.inner_text()
        choice.select_option(label=chosen[kind])
        visit.keeps(kind)
    visit.comes()
    for kind, name in chosen.items():
        expect(visit.choice(kind).locator("option:checked")).to_have_text(name)

    absent = json.dumps(list(chosen.values()))
    visit.comes(absent=absent)
    for kind, name in chosen.items():
        expect(visit.news("gone", kind, name)).to_be_visible()
        expect(visit.choice(kind).locator("option:checked")).not_to_have_text(name)
    visit.comes(absent=absent)
    expect(visit.button("join")).to_be_visible()
    expect(visit.choice("output")).to_be_visible()
    for kind, name in chosen.items():
        expect(visit.news("gone", kind, name)).to_have_count(0)

    here.evaluate("plugIn()")
    for kind, name in chosen.items():
        expect(visit.choice(kind).locator("option:checked")).to_have_text(name)
    here.evaluate("localStorage.clear()")


def test_a_light_is_switched_where_the_camera_has_one_and_its_failure_is_told(visit: Visit) -> None:
    here = visit.page
    visit.comes(light="yes")
    visit.button("join").click()
    visit.button("devices.open").click()
    light = visit.light()
    light.check(force=True)
    wait_until(lambda: here.evaluate("window.lights") == [True], "the camera is told")
    light.click(force=True)
    expect(here.get_by_text(said("room", "devices.torchFailed"))).to_be_visible()
    expect(light).to_be_checked()
