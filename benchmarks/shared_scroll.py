"""Measure how soon, and for how many bytes, a screen shows what the presenter of its room scrolls to.

    python -m benchmarks.shared_scroll

Two pages in one room of a whole installation, over loopback, each in a Chromium of its own: two users have
two machines, and one browser would draw both pages in one process. From the wheel's event in one page to the
picture drawn in the other, with single steps and with steps that do not stop; where the time of it goes, and
when the presenter's own picture is drawn; the relay's part, from one WebSocket to another, as often as a page
sends; and the bytes of each page's WebSocket, as the kernel counted them (`ss`). What this machine cannot go
below is told by the same steps in one page alone, which nobody follows.

All processes share the machine's cores: two pages that draw by software at the same time hold each other up.
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
LOADING_MS = 150  # between steps while slices are loaded
ALL_SLICES = f"[data-testid=study-viewer] [data-loaded-count='{SLICES}']"
ENTERING = 30  # states, until all that a relay tells who enters has come
PATIENCE_MS = 120_000
# The presenter's steps, to the end of the series and back, each with the slice that it leads to.
STEPS = """([count, everyMs, slices]) => new Promise((done) => {
  window.steps = [];
  const picture = document.querySelector("[data-testid=study-viewer] [data-tool]");
  const first = Number(document.querySelector("[data-testid=study-viewer]").dataset.sliceIndex);
  let [index, by] = [first, 1];
  const timer = setInterval(() => {
    if (index + by < 0 || index + by >= slices) by = -by;
    index += by;
    window.steps.push([index, performance.timeOrigin + performance.now()]);
    picture.dispatchEvent(new WheelEvent("wheel", { deltaY: 100 * by, bubbles: true, cancelable: true }));
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
# What a page's viewer has drawn, and when; when the page around the picture said so; and when the next frame
# began, which is after this one was given to the compositor.
WATCH = """() => {
  window.rendered = [];
  const now = () => performance.timeOrigin + performance.now();
  const viewer = document.querySelector("[data-testid=study-viewer]");
  let drawn = 0;
  viewer.addEventListener("CORNERSTONE_IMAGE_RENDERED", () => { drawn = now(); }, true);
  new MutationObserver(() => {
    const { sliceIndex, sopInstanceUid } = viewer.dataset;
    const one = [Number(sliceIndex), drawn, sopInstanceUid, now(), null];
    window.rendered.push(one);
    requestAnimationFrame(() => { one[4] = now(); });
  }).observe(viewer, { attributeFilter: ["data-slice-index"] });
}"""
# How far a page's clock is from the machine's, in ms.
CLOCK = """() => {
  let least = Infinity;
  for (let at = 0; at < 2000; at += 1) {
    least = Math.min(least, performance.timeOrigin + performance.now() - Date.now());
  }
  return least;
}"""

Drawn = tuple[int, float, str, float, float | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100, help="single ones")
    parser.add_argument("--seconds", type=float, default=20.0, help="of scrolling without a stop")
    given = parser.parse_args()
    run = round(given.seconds * 1000 / STEP_MS)
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as server:
        relay_ms, state_bytes = asyncio.run(through_the_relay(server))
        with sync_playwright() as playwright:
            browsers = [
                playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS)) for _ in range(2)
            ]
            consult_id, alone = opened_alone(browsers[0], server)
            floor_ms = taken(scrolled(alone, alone, given.steps, PAUSE_MS))
            alone.context.close()
            presenter, follower = in_one_room(browsers, server, consult_id)
            apart_ms = abs(presenter.evaluate(CLOCK) - follower.evaluate(CLOCK))
            presenter.evaluate("window.rendered.length = 0")
            single = scrolled(presenter, follower, given.steps, PAUSE_MS)
            parts = parts_of_the_way(presenter, follower)
            port = relay_ports(server.port, server.settings)[0]
            began, before = time.monotonic(), bytes_of_sockets(port)
            running_ms = taken(scrolled(presenter, follower, run, STEP_MS))
            seconds, after = time.monotonic() - began, bytes_of_sockets(port)
            for browser in browsers:
                browser.close()
    grown = [(after[one][0] - before[one][0], after[one][1] - before[one][1]) for one in before]
    down_kbps = max(sent for sent, _ in grown) * 8 / 1000 / seconds
    up_kbps = max(received for _, received in grown) * 8 / 1000 / seconds
    figures = [
        *milliseconds("wheel to the other screen's picture, single steps", taken(single), 80.0, 0),
        *(row for what, took in parts.items() for row in milliseconds(what, took, None, 1)),
        figure("clocks of the two pages apart", apart_ms, "ms", digits=1),
        *milliseconds("wheel to the picture in one page alone", floor_ms, None, 0),
        *milliseconds("wheel to the other screen's picture, without a stop", running_ms, 80.0, 0),
        figure("drawn of the steps without a stop", len(running_ms) / run, "", digits=2),
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


def in_one_room(browsers: list[Browser], server: Installation, consult_id: str) -> tuple[Page, Page]:
    """The presenter's and the follower's page, with every slice in the memory of both.

    Each is shown once or more: on a machine so busy that speech suffers, nothing is fetched ahead.
    """
    pages = []
    for browser, username in zip(browsers, ("clinician", "specialist"), strict=True):
        page = open_page(browser, server, username, 1366, 768, "en", PATIENCE_MS)
        page.add_init_script(NOTE_STATES)
        page.goto(f"{server.url}/room/{consult_id}")
        go_in(page)
        page.locator("[data-testid=study-viewer][data-ready=true]").wait_for()
        pages.append(page)
    pages[0].locator("[data-look=presenting]").first.wait_for()
    pages[1].locator("[data-look=following]").first.wait_for()
    for page in pages:
        page.evaluate(WATCH)
    while any(page.locator(ALL_SLICES).count() == 0 for page in pages):
        scrolled(pages[0], pages[1], 2 * SLICES, LOADING_MS)
    return pages[0], pages[1]


def with_all_slices(page: Page) -> None:
    page.locator("[data-testid=study-viewer][data-ready=true]").wait_for()
    page.locator(ALL_SLICES).wait_for()


def scrolled(presenter: Page, follower: Page, count: int, every_ms: int) -> list[tuple[Drawn, float]]:
    """What the other screen drew, each with the time of the step that led to it.

    Of steps that were passed over, nothing.
    """
    follower.evaluate("window.rendered.length = 0")
    steps: list[tuple[int, float]] = presenter.evaluate(STEPS, [count, every_ms, SLICES])
    last = steps[-1][0]
    follower.locator(f"[data-testid=study-viewer][data-slice-index='{last}']").wait_for()
    drawn: list[Drawn] = follower.evaluate("window.rendered")
    found = []
    for one in drawn:
        causes = [turned for leads_to, turned in steps if leads_to == one[0] and turned <= one[1]]
        if causes:
            found.append((one, causes[-1]))
    return found


def taken(drawn: list[tuple[Drawn, float]]) -> list[float]:
    """From each step to its picture, in ms, in order."""
    return sorted(one[1] - turned for one, turned in drawn)


def parts_of_the_way(presenter: Page, follower: Page) -> dict[str, list[float]]:
    """Where the time of the single steps went, in ms, in order. A slice shown twice counts as it was last."""
    turned = {index: at for index, at in presenter.evaluate("window.steps")}
    sent, heard = presenter.evaluate("window.sent"), follower.evaluate("window.heard")
    own = {one[2]: one for one in presenter.evaluate("window.rendered")}
    theirs = {one[2]: one for one in follower.evaluate("window.rendered")}
    whole = [
        (turned[one[0]], sent[sop], heard[sop], own[sop], one)
        for sop, one in theirs.items()
        if one[0] in turned and sop in sent and sop in heard and sop in own
    ]
    return {
        "of that, until the state is sent": sorted(sent - at for at, sent, *_ in whole),
        "of that, on its way to the other page": sorted(heard - sent for _, sent, heard, *_ in whole),
        "of that, until the picture is drawn there": sorted(it[1] - heard for _, _, heard, _, it in whole),
        "then, until the page around it says so": sorted(it[3] - it[1] for *_, it in whole),
        "then, until the next frame": sorted(it[4] - it[3] for *_, it in whole if it[4] is not None),
        "wheel to the presenter's own picture": sorted(mine[1] - at for at, _, _, mine, _ in whole),
    }


def bytes_of_sockets(port: int) -> dict[str, tuple[int, int]]:
    """Of each connection to this port that still stands: bytes sent by the server, and received."""
    told = subprocess.check_output(["ss", "-tinOH", "state", "established", f"sport = :{port}"], text=True)
    counted = {}
    for line in told.splitlines():
        sent, received = (re.search(rf"{name}:(\d+)", line) for name in ("bytes_sent", "bytes_received"))
        counted[line.split()[3]] = (int(sent[1]) if sent else 0, int(received[1]) if received else 0)
    return counted


async def through_the_relay(server: Installation, count: int = 300) -> tuple[list[float], float]:
    """From one WebSocket to another: in ms, clients in Python included, and bytes for each state.

    As often as a page sends: who sends faster than `signaling.pace` allows is made to wait, which is no work.
    """
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
        await asyncio.sleep(STEP_MS / 1000)
    state_bytes = (sent_to(ben) - before) / count
    await anna.close()
    await ben.close()
    return took, state_bytes


if __name__ == "__main__":
    main()
