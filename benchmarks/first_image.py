"""Measure how soon a CT can be looked at and scrolled in the viewer, against OHIF before the same Orthanc.

    python -m benchmarks.first_image

One study of 400 slices in one archive; the two pages in turn, each in a Chromium of its own that has nothing
in its cache. From the start of the navigation to the first image on a canvas, as its pixels say; to the last
slice that came; then both ends of the series are jumped to, which must need no further request.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import BrowserContext, Page, Request

from benchmarks import ohif
from benchmarks.ct_study import ct_files
from benchmarks.result import figure, write_result
from tests.e2e.chromium import chromium
from tests.free_ports import free_ports
from tests.installation_server import (
    Client,
    Installation,
    free_ports_of_an_installation,
    no_models,
    wait_until,
)

SLICES = 400
PATIENCE_S = 240
LOOK_MS = 20
# When a canvas first held a picture, by a sample of its pixels, and when each later one; and when the
# viewer's own canvas did, where it can be scrolled and measured.
WATCH = """(() => {
  const sample = new OffscreenCanvas(32, 32).getContext("2d", { willReadFrequently: true });
  window.pictures = [];
  let last = "";
  const look = () => {
    for (const canvas of document.querySelectorAll("canvas.cornerstone-canvas, canvas[data-first-picture]")) {
      if (canvas.width < 200 || canvas.height < 200) continue;
      sample.clearRect(0, 0, 32, 32);
      sample.drawImage(canvas, 0, 0, 32, 32);
      const pixels = sample.getImageData(0, 0, 32, 32).data;
      const greys = new Set(pixels.filter((_, place) => place % 4 === 0));
      const seen = pixels.join();
      if (greys.size < 16) continue;
      if (canvas.matches(".cornerstone-canvas")) window.workable ??= performance.now();
      if (seen === last) continue;
      last = seen;
      window.pictures.push(performance.now());
    }
  };
  setInterval(look, LOOK_MS);
})()""".replace("LOOK_MS", str(LOOK_MS))


@dataclass(frozen=True)
class Viewer:
    name: str
    url: str
    slices: re.Pattern[str]  # matches a request for the pixels of one slice, its UID in the first group
    enter: Callable[[BrowserContext], None]


@dataclass(frozen=True)
class Opening:
    first_s: float
    workable_s: float  # the same in a viewer that answers
    first_cpu_s: float  # of the browser
    all_s: float
    megabytes: float
    browser_cpu_s: float
    server_cpu_s: float
    requests: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="DICOM files of one series")
    parser.add_argument("--ours-alone", action="store_true", help="write no result")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        both_viewers(Path(folder), given.folder) as (ours, peer, servers, count),
    ):
        kinds = [ours] if given.ours_alone else [ours, peer]
        opened: dict[str, list[Opening]] = {kind.name: [] for kind in kinds}
        for pair in range(given.pairs):
            for kind in kinds if pair % 2 == 0 else kinds[::-1]:
                opening = measured(kind, count, servers)
                print(kind.name, opening)
                opened[kind.name].append(opening)
    if not given.ours_alone:
        write(opened[ours.name], opened[peer.name], count)


def write(ours: list[Opening], peer: list[Opening], count: int) -> None:
    def both(what: str, unit: str, value: Callable[[Opening], float], digits: int = 1) -> dict[str, Any]:
        theirs = round(statistics.median(map(value, peer)), digits)
        return figure(what, statistics.median(map(value, ours)), unit, peer=theirs, digits=digits)

    def sooner(what: str, goal: float | None, value: Callable[[Opening], float]) -> dict[str, Any]:
        ratios = [value(theirs) / value(own) for own, theirs in zip(ours, peer, strict=True)]
        return figure(what, statistics.median(ratios), "times", goal, digits=2, least=round(min(ratios), 2))

    figures = [
        both("first image", "s", lambda one: one.first_s, 2),
        both("first image in a viewer that answers", "s", lambda one: one.workable_s, 2),
        both("all slices", "s", lambda one: one.all_s, 2),
        sooner("first image sooner than OHIF's, median of pairs", 3.0, lambda one: one.first_s),
        sooner("a viewer that answers, sooner than OHIF's", None, lambda one: one.workable_s),
        sooner("all slices sooner than OHIF's, median of pairs", 1.8, lambda one: one.all_s),
        both("over the line", "MB", lambda one: one.megabytes),
        both("requests", "", lambda one: one.requests, 0),
        both("CPU time of the browser until the first image", "s", lambda one: one.first_cpu_s),
        both("CPU time of the browser until all slices", "s", lambda one: one.browser_cpu_s),
        both("CPU time of the servers until all slices", "s", lambda one: one.server_cpu_s),
    ]
    for row in figures:
        print(f"{row['what']}: {row['value']} {row['unit']} (OHIF: {row['peer']})")
    write_result(
        "first_image",
        figures,
        circumstance=f"{count} slices, {len(ours)} pairs, software WebGL, @ohif/app {ohif.VERSION}",
    )


@contextmanager
def both_viewers(folder: Path, images: Path | None) -> Iterator[tuple[Viewer, Viewer, list[int], int]]:
    """Both pages for one study, the processes that serve them, and how many slices it has."""
    server = Installation(folder / "data", free_ports_of_an_installation(), settings=no_models(folder))
    server.start()
    (port,) = free_ports(1)
    archive = json.loads((server.data / "config.json").read_text())["inner_ports"]["orthanc_http"]
    login = (server.data / "secrets" / "orthanc_password").read_text().strip()
    peer = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ohif", str(port), f"http://127.0.0.1:{archive}"],
        env={**os.environ, "ORTHANC_LOGIN": f"teleconsult:{login}"},
    )
    try:
        files = [path.read_bytes() for path in sorted(images.iterdir())] if images else list(ct_files(SLICES))
        client = server.sign_in("clinician")
        study = client.upload({f"{n}.dcm": content for n, content in enumerate(files)})["studies"][0]
        uid = study["study_instance_uid"]
        address = f"http://127.0.0.1:{port}/viewer?StudyInstanceUIDs={uid}"
        wait_until(lambda: answers(address), "OHIF is served")
        yield (
            Viewer(
                "ours",
                f"{server.url}/studies/{uid}",
                re.compile(r"/instances/([\d.]+)/file$"),
                lambda context: signed_in(context, server, client),
            ),
            Viewer("OHIF", address, re.compile(r"/instances/([\d.]+)/frames/1$"), lambda context: None),
            [server.process.pid if server.process else 0, peer.pid],
            len(files),
        )
    finally:
        peer.terminate()
        peer.wait()
        server.stop()


def answers(address: str) -> bool:
    try:
        return httpx.get(address).is_success
    except httpx.TransportError:
        return False


def signed_in(context: BrowserContext, server: Installation, client: Client) -> None:
    cookies = client.http.cookies.items()
    context.add_cookies([{"name": name, "value": value, "url": server.url} for name, value in cookies])


def measured(viewer: Viewer, count: int, servers: list[int]) -> Opening:
    def cpu_of_browser_s() -> float:
        return cpu_s([os.getpid()]) - cpu_s(servers)

    before_s = cpu_s(servers)
    with chromium() as browser:
        context = browser.new_context(
            locale="en", viewport={"width": 1366, "height": 768}, service_workers="block"
        )
        context.add_init_script(WATCH)
        viewer.enter(context)
        page = context.new_page()
        ended: list[Request] = []
        came: set[str] = set()

        def finished(request: Request) -> None:
            ended.append(request)
            if (wanted := viewer.slices.search(request.url)) is not None:
                came.add(wanted[1])

        page.on("requestfinished", finished)
        ready_s = cpu_of_browser_s()
        page.goto(viewer.url, wait_until="commit")
        wait_until(lambda: page.evaluate("window.pictures.length"), "the first image is drawn", PATIENCE_S)
        first_cpu_s = cpu_of_browser_s() - ready_s
        give_up_at = time.monotonic() + PATIENCE_S
        while len(came) < count:
            assert time.monotonic() < give_up_at, f"{viewer.name}: {len(came)} of {count} slices"
            page.wait_for_timeout(50)
        server_s = cpu_s(servers) - before_s
        browser_s = cpu_of_browser_s() - ready_s
        jump_to_both_ends(page, viewer)
        began_ms = page.evaluate("performance.timeOrigin")
        first_ms, workable_ms = page.evaluate("[window.pictures[0], window.workable]")
        slices = [request for request in ended if viewer.slices.search(request.url)]
        assert len({request.url for request in slices}) == count
        ended_ms = max(one.timing["startTime"] + one.timing["responseEnd"] for one in slices) - began_ms
        sizes = [request.sizes() for request in ended]
        transferred = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
        return Opening(
            first_ms / 1000,
            workable_ms / 1000,
            first_cpu_s,
            ended_ms / 1000,
            transferred / 1e6,
            browser_s,
            server_s,
            len(ended),
        )


def jump_to_both_ends(page: Page, viewer: Viewer) -> None:
    """The last and the first slice are on screen after a key each, from what the page holds."""
    page.mouse.move(683, 400)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for key in ("End", "Home"):
        seen = page.evaluate("window.pictures.length")
        page.keyboard.press(key)
        page.wait_for_function("(seen) => window.pictures.length > seen", arg=seen, timeout=60_000)
    again = [url for url in asked if viewer.slices.search(url)]
    assert not again, f"{viewer.name} fetched slices anew: {again[:3]}"


def cpu_s(roots: list[int]) -> float:
    """Processor time of these processes and of all that they started, ended ones included, in s."""
    children: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(folder.name))
            used[int(folder.name)] = sum(map(int, fields[11:15]))
    total, open_ = 0, list(roots)
    while open_:
        pid = open_.pop()
        total += used.get(pid, 0)
        open_ += children.get(pid, [])
    return total / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
