"""Measure how soon, and for how many bytes, a screen shows what the presenter of its room scrolls to.

    python -m benchmarks.shared_scroll

Two pages of one Chromium in one room of a whole installation, over loopback. From the key press in one page
to the rendered slice in the other, with single steps and with steps that do not stop; what of it passes until
the state is sent, on its way, and after it came; the relay's part, from one WebSocket to another; and the
bytes of each page's WebSocket, as the kernel counted them (`ss`). What this machine cannot go below is told
by the same key presses in one page alone, which nobody follows.
"""

import argparse
import asyncio
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from pydicom.uid import generate_uid
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from benchmarks.ct_study import ct_files
from benchmarks.result import figure, write_result
from signaling.join_token import JoinGrant, issue
from signaling.messages import (
    SUBPROTOCOL,
    Join,
    Message,
    SetViewer,
    ViewerChanged,
    ViewerState,
    Welcome,
    parse_server_message,
    to_json,
)
from signaling.roles import Role
from teleconsult.relays import relay_ports
from tests.e2e.chromium import CHROMIUM, FLAGS
from tests.e2e.pages import accepted_consult, go_in, open_page
from tests.installation_server import Installation, free_ports_of_an_installation, no_models

SLICES = 100
STEP_MS = 33  # of steps that do not stop: as often as a page tells of a change
PAUSE_MS = 400  # between single steps
ENTERING = 100  # states, until all that a relay tells who enters has come
PATIENCE_MS = 120_000
# The presenter's steps, to the end of the series and back, each with the slice that it leads to.
STEPS = """([count, everyMs, slices]) => new Promise((done) => {
  window.steps = [];
  const first = Number(document.querySelector("[data-testid=study-viewer]").dataset.sliceIndex);
  let [index, by] = [first, 1];
  const timer = setInterval(() => {
    if (index + by < 0 || index + by >= slices) by = -by;
    index += by;
    window.steps.push([index, performance.timeOrigin + performance.now()]);
    const key = by > 0 ? "ArrowDown" : "ArrowUp";
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    if (window.steps.length < count) return;
    clearInterval(timer);
    done(window.steps);
  }, everyMs);
})"""
# When a page's WebSocket sent or heard of each slice.
NOTE_STATES = """
window.sent = {};
window.heard = {};
const note = (times, text) => {
  if (typeof text !== "string" || !text.includes('"viewer"')) return;
  const slice = JSON.parse(text).state?.sopInstanceUid;
  if (slice !== undefined) times[slice] = performance.timeOrigin + performance.now();
};
const Native = window.WebSocket;
window.WebSocket = class extends Native {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => note(window.heard, data));
  }
  send(text) { note(window.sent, text); super.send(text); }
};
"""
# What a page's viewer has rendered, and when.
WATCH = """() => {
  window.rendered = [];
  const viewer = document.querySelector("[data-testid=study-viewer]");
  new MutationObserver(() => {
    const { sliceIndex, sopInstanceUid } = viewer.dataset;
    window.rendered.push([Number(sliceIndex), performance.timeOrigin + performance.now(), sopInstanceUid]);
  }).observe(viewer, { attributeFilter: ["data-slice-index"] });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100, help="single ones")
    parser.add_argument("--seconds", type=float, default=20.0, help="of scrolling without a stop")
    given = parser.parse_args()
    run = round(given.seconds * 1000 / STEP_MS)
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as server:
        relay_ms, state_bytes = asyncio.run(through_the_relay(server))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            consult_id, alone = opened_alone(browser, server)
            floor_ms = sorted(scrolled(alone, alone, given.steps, PAUSE_MS))
            alone.context.close()
            presenter, follower = in_one_room(browser, server, consult_id)
            single_ms = sorted(scrolled(presenter, follower, given.steps, PAUSE_MS))
            parts_ms = parts_of_the_way(presenter, follower)
            port = relay_ports(server.port, server.settings)[0]
            began, before = time.monotonic(), bytes_of_sockets(port)
            running_ms = sorted(scrolled(presenter, follower, run, STEP_MS))
            seconds, after = time.monotonic() - began, bytes_of_sockets(port)
            browser.close()
    grown = [(after[one][0] - before[one][0], after[one][1] - before[one][1]) for one in before]
    down_kbps = max(sent for sent, _ in grown) * 8 / 1000 / seconds
    up_kbps = max(received for _, received in grown) * 8 / 1000 / seconds
    figures = [
        *milliseconds("key press to rendered slice, single steps", single_ms, 80.0, 0),
        *milliseconds("of that, until the state is sent", parts_ms[0], None, 0),
        *milliseconds("of that, on its way to the other page", parts_ms[1], None, 0),
        *milliseconds("of that, until it is rendered there", parts_ms[2], None, 0),
        *milliseconds("key press to rendered slice in one page alone", floor_ms, None, 0),
        *milliseconds("key press to rendered slice, without a stop", running_ms, 80.0, 0),
        figure("rendered of the steps without a stop", len(running_ms) / run, "", digits=2),
        figure("steps without a stop, in each second", run / seconds, "", digits=1),
        *milliseconds("relay's share", sorted(relay_ms), 5.0, 2),
        figure("to a follower for each state", state_bytes, "bytes", digits=0),
        figure(
            f"that, {1000 / STEP_MS:.0f} times a second",
            state_bytes * 8 / STEP_MS,
            "kbit/s",
            20.0,
            at_most=True,
            digits=1,
        ),
        figure("to a follower while scrolling", down_kbps, "kbit/s", 20.0, at_most=True, digits=1),
        figure("from the presenter while scrolling", up_kbps, "kbit/s", 20.0, at_most=True, digits=1),
    ]
    for row in figures:
        print(f"{row['what']}: {row['value']} {row['unit']}")
    write_result("shared_scroll", figures)


def milliseconds(what: str, ordered: list[float], goal: float | None, digits: int) -> list[dict[str, Any]]:
    slow = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    return [
        figure(f"{what}, median", statistics.median(ordered), "ms", digits=digits),
        figure(f"{what}, 95th percentile", slow, "ms", goal, at_most=True, digits=digits),
    ]


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    settings = {"TELECONSULT_RELAYS": "1", **no_models(folder)}
    server = Installation(folder / "data", free_ports_of_an_installation(), settings=settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def opened_alone(browser: Browser, server: Installation) -> tuple[str, Page]:
    """A consult, and a page with its study alone, with every slice in its memory."""
    clinician, specialist = server.sign_in("clinician"), server.sign_in("specialist")
    files = {f"{number}.dcm": content for number, content in enumerate(ct_files(SLICES))}
    study = clinician.upload(files)["studies"][0]
    consult_id: str = accepted_consult(clinician, specialist, study, "Scrolling together")["id"]
    page = open_page(browser, server, "clinician", 1366, 768, "en", PATIENCE_MS)
    page.goto(f"{server.url}/studies/{study['study_instance_uid']}")
    with_all_slices(page)
    page.evaluate(WATCH)
    return consult_id, page


def in_one_room(browser: Browser, server: Installation, consult_id: str) -> tuple[Page, Page]:
    """The presenter's and the follower's page, with every slice in the memory of both.

    Each was shown once: on a machine so busy that speech suffers, nothing is fetched ahead.
    """
    pages = []
    for username in ("clinician", "specialist"):
        page = open_page(browser, server, username, 1366, 768, "en", PATIENCE_MS)
        page.add_init_script(NOTE_STATES)
        page.goto(f"{server.url}/room/{consult_id}")
        go_in(page)
        page.locator("[data-testid=study-viewer][data-ready=true]").wait_for()
        pages.append(page)
    pages[0].locator("[data-look=presenting]").first.wait_for()
    pages[1].locator("[data-look=following]").first.wait_for()
    pages[1].evaluate(WATCH)
    scrolled(pages[0], pages[1], 2 * SLICES, PAUSE_MS)
    for page in pages:
        with_all_slices(page)
    return pages[0], pages[1]


def with_all_slices(page: Page) -> None:
    page.locator("[data-testid=study-viewer][data-ready=true]").wait_for()
    page.locator(f"[data-testid=study-viewer][data-loaded-count='{SLICES}']").wait_for()


def scrolled(presenter: Page, follower: Page, count: int, every_ms: int) -> list[float]:
    """From each step to its slice on the other screen, in ms; of steps that were passed over, nothing."""
    follower.evaluate("window.rendered.length = 0")
    steps: list[tuple[int, float]] = presenter.evaluate(STEPS, [count, every_ms, SLICES])
    last = steps[-1][0]
    follower.locator(f"[data-testid=study-viewer][data-slice-index='{last}']").wait_for()
    rendered: list[tuple[int, float, str]] = follower.evaluate("window.rendered")
    took: list[float] = []
    for index, at, _ in rendered:
        causes = [pressed for leads_to, pressed in steps if leads_to == index and pressed <= at]
        if causes:
            took.append(at - causes[-1])
    return took


def parts_of_the_way(presenter: Page, follower: Page) -> tuple[list[float], list[float], list[float]]:
    """Of the single steps: from key to sent, from sent to heard, from heard to rendered; in ms, in order.

    A slice that was shown twice counts as it was shown last.
    """
    pressed = {index: at for index, at in presenter.evaluate("window.steps")}
    sent, heard = presenter.evaluate("window.sent"), follower.evaluate("window.heard")
    rendered = {sop: (index, at) for index, at, sop in follower.evaluate("window.rendered")}
    ways = [
        (sent[sop] - pressed[index], heard[sop] - sent[sop], at - heard[sop])
        for sop, (index, at) in rendered.items()
        if sop in sent and sop in heard and index in pressed
    ]
    before, under_way, after = (sorted(part) for part in zip(*ways, strict=True))
    return before, under_way, after


def bytes_of_sockets(port: int) -> dict[str, tuple[int, int]]:
    """Of each connection to this port that still stands: bytes sent by the server, and received."""
    told = subprocess.check_output(["ss", "-tinOH", "state", "established", f"sport = :{port}"], text=True)
    counted = {}
    for line in told.splitlines():
        sent, received = (re.search(rf"{name}:(\d+)", line) for name in ("bytes_sent", "bytes_received"))
        counted[line.split()[3]] = (int(sent[1]) if sent else 0, int(received[1]) if received else 0)
    return counted


async def through_the_relay(server: Installation, count: int = 300) -> tuple[list[float], float]:
    """From one WebSocket to another: in ms, clients in Python included, and bytes for each state."""
    port = relay_ports(server.port, server.settings)[0]
    secret = (server.data / "secrets" / "join_secret").read_text().strip()
    url = f"ws://localhost:{port}/"
    study, series = generate_uid(), generate_uid()

    async def enters(name: str) -> ClientConnection:
        socket = await connect(
            url, origin=Origin(server.url), subprotocols=[Subprotocol(SUBPROTOCOL)], compression="deflate"
        )
        grant = JoinGrant(room_id="benchmark", participant_id=name, display_name=name, role=Role.PRESENTER)
        await socket.send(to_json(Join(token=issue(secret, grant))))
        await hears(socket, Welcome)
        return socket

    async def hears(socket: ClientConnection, wanted: type[Message]) -> Any:
        while not isinstance(message := parse_server_message(await socket.recv()), wanted):
            pass
        return message

    def sent_to(socket: ClientConnection) -> int:
        counted = bytes_of_sockets(port).items()
        return next(sent for peer, (sent, _) in counted if peer.endswith(f":{socket.local_address[1]}"))

    anna, ben = await enters("anna"), await enters("ben")
    took: list[float] = []
    before = 0
    for number in range(-ENTERING, count):
        if number == 0:
            before = sent_to(ben)
            took.clear()
        state = ViewerState(
            study_instance_uid=study,
            series_instance_uid=series,
            sop_instance_uid=generate_uid(),
            window_center=-600,
            window_width=1500,
            zoom=1,
            pan_x=0,
            pan_y=0,
            invert=False,
        )
        began = time.perf_counter()
        await anna.send(to_json(SetViewer(state=state)))
        await hears(ben, ViewerChanged)
        took.append((time.perf_counter() - began) * 1000)
    state_bytes = (sent_to(ben) - before) / count
    await anna.close()
    await ben.close()
    return took, state_bytes


if __name__ == "__main__":
    main()
