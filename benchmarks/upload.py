"""Measure the browser's upload of a 400-slice CT, on loopback and over a bad line, against today's ways.

    python benchmarks/upload.py            both parts; the second needs root for its network namespaces
    python benchmarks/upload.py loopback   the first part

Complete is what is in the archive: both sides are timed by the count that Orthanc itself gives.
"""

import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.ct_study import ct_files, write_ct
from benchmarks.result import write_result
from teleconsult.services import REPOSITORY
from tests.bad_line import Step
from tests.e2e.chromium import CHROMIUM, FLAGS
from tests.installation_server import PASSWORD, Installation, free_ports_of_an_installation
from tests.orthanc_server import USERNAME, OrthancServer
from tests.shaped_line import SERVER, ShapedLine, available, shaped_line

SLICES, KEY_SLICES, ROUNDS = 400, 20, 3
BAD_LINE = [Step(0.0, {"rate_bps": 10e6, "delay_s": 0.05, "loss": 0.02})]
GIVE_UP_S = 900.0
STORESCU = "/usr/bin/storescu"

# Runs beside the archive, wherever that is: prints the moment at which each count was reached.
WATCH = """
import sys, time, json, urllib.request, base64
url, login, *counts = sys.argv[1:]
headers = {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}
for count in map(int, counts):
    while True:
        request = urllib.request.Request(url + "/statistics", headers=headers)
        if json.load(urllib.request.urlopen(request, timeout=30))["CountInstances"] >= count:
            break
        time.sleep(0.02)
    print(time.monotonic(), flush=True)
"""
SIGN_IN = """async ([username, oneTime, password]) => {
  const send = (method, path, body) => fetch(path, {method, body: JSON.stringify(body),
    headers: {"Content-Type": "application/json", "X-Teleconsult": "1"}});
  if ((await send("POST", "/api/session", {username, password})).ok) return;
  await send("POST", "/api/session", {username, password: oneTime});
  await send("PUT", "/api/session/password", {current_password: oneTime, new_password: password});
}"""


class Watch:
    """The moments at which an archive held so many instances more than at the beginning."""

    def __init__(self, url: str, login: str, counts: list[int], inside: list[str]) -> None:
        command = [*inside, sys.executable, "-c", WATCH, url, login, *map(str, counts)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def moments(self) -> list[float]:
        return [float(line) for line in self._process.communicate(timeout=GIVE_UP_S)[0].split()]


def archive_of(installation: Installation) -> tuple[str, str]:
    """URL and login of the Orthanc that this installation runs."""
    port = json.loads((installation.data / "config.json").read_text())["inner_ports"]["orthanc_http"]
    password = (installation.data / "secrets" / "orthanc_password").read_text().strip()
    return f"http://127.0.0.1:{port}", f"teleconsult:{password}"


def count_in(url: str, login: str) -> int:
    answer = requests.get(f"{url}/statistics", auth=tuple(login.split(":", 1)), timeout=30)  # type: ignore[arg-type]
    return int(answer.json()["CountInstances"])


def post_sequentially(url: str, login: str, contents: list[bytes]) -> float:
    session = requests.Session()
    session.auth = tuple(login.split(":", 1))  # type: ignore[assignment]
    began = time.monotonic()
    for content in contents:
        session.post(f"{url}/instances", data=content, timeout=60).raise_for_status()
    return time.monotonic() - began


def drop(page: Page, folder: Path) -> float:
    """Choose the folder on the page; the moment at which that was done."""
    began = time.monotonic()
    page.locator("input[type=file][webkitdirectory]").first.set_input_files(folder)
    return began


def settled(page: Page) -> float:
    """The moment at which the page says that the disk may go, or that everything was here."""
    page.locator("[data-testid=disk][data-safe=true]").first.wait_for(timeout=GIVE_UP_S * 1000)
    return time.monotonic()


@contextmanager
def chromium(executable: str, *flags: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, headless=True, args=[*FLAGS, *flags], timeout=60_000
        )
        try:
            yield browser
        finally:
            browser.close()


def upload_page(context: BrowserContext, url: str, one_time: str) -> Page:
    page = context.new_page()
    page.goto(f"{url}/login")
    page.evaluate(SIGN_IN, ["clinician", one_time, PASSWORD])
    page.goto(f"{url}/upload")
    page.locator("input[type=file][webkitdirectory]").first.wait_for(state="attached")
    return page


def on_loopback(scratch: Path) -> list[dict[str, Any]]:
    installation = Installation(scratch / "data", free_ports_of_an_installation())
    plain = OrthancServer(scratch / "plain", as_hospital=True)
    times: dict[str, list[float]] = {name: [] for name in ("ours", "raw", "storescu", "resumed", "instant")}
    try:
        installation.start()
        plain.start()
        url, login = archive_of(installation)
        with chromium(CHROMIUM) as browser:
            context = browser.new_context(locale="en-US")
            for number in range(ROUNDS):
                folder = scratch / f"ours{number}"
                write_ct(folder, SLICES, f"OURS{number}")
                raw = list(ct_files(SLICES, f"RAW{number}"))
                times["raw"].append(post_sequentially(url, login, raw))
                del raw
                page = upload_page(context, installation.url, installation.passwords["clinician"])
                before = count_in(url, login)
                watch = Watch(url, login, [before + KEY_SLICES, before + SLICES], [])
                time.sleep(1.0)  # the watcher's own start is not part of what is measured
                began = drop(page, folder)
                key, complete = watch.moments()
                times["ours"].append(complete - began)
                times["instant"].append(key - began)
                settled(page)
                page.close()
                page = upload_page(context, installation.url, installation.passwords["clinician"])
                began = drop(page, folder)
                times["resumed"].append(settled(page) - began)
                page.close()
                files = scratch / f"scu{number}"
                write_ct(files, SLICES, f"SCU{number}")
                began = time.monotonic()
                subprocess.run(
                    [STORESCU, "-aec", "HOSPITAL", "127.0.0.1", str(plain.dicom_port), "+sd", str(files)],
                    check=True,
                    capture_output=True,
                )
                times["storescu"].append(time.monotonic() - began)
    finally:
        installation.stop()
        plain.stop()
    median = {name: statistics.median(values) for name, values in times.items()}
    return [
        figure("loopback: 400 slices from the page until they are in the archive", median["ours"], "s"),
        figure("loopback: the same by raw sequential POST /instances", median["raw"], "s"),
        figure("loopback: the same by storescu, one association", median["storescu"], "s"),
        ratio("loopback: sooner than raw sequential POST", median["raw"] / median["ours"], 1.2, "raw POST"),
        ratio("loopback: sooner than storescu", median["storescu"] / median["ours"], 3.0, "storescu"),
        figure("loopback: first 20 key slices in the archive", median["instant"], "s"),
        figure("loopback: the same study again, until the page says so", median["resumed"], "s", goal=1.0),
    ]


def over_a_bad_line(scratch: Path) -> list[dict[str, Any]]:
    with shaped_line(BAD_LINE) as line:
        wrapper = scratch / "chromium-at-the-client"
        wrapper.write_text(f'#!/bin/sh\nexec ip netns exec {line.client} {CHROMIUM} "$@"\n')
        wrapper.chmod(0o755)
        ours, key = _our_page_over(line, scratch, str(wrapper))
        theirs = _orthanc_explorer_over(line, scratch, str(wrapper))
    return [
        figure("10 Mbit/s, 100 ms, 2 % loss: 400 slices from our page", ours, "s"),
        figure("the same line: Orthanc Explorer's own upload", theirs, "s"),
        ratio("the same line: sooner than Orthanc Explorer", theirs / ours, 1.8, "Orthanc Explorer"),
        figure("the same line: first 20 key slices in the archive", key, "s", goal=5.0),
    ]


def _our_page_over(line: ShapedLine, scratch: Path, browser_path: str) -> tuple[float, float]:
    folder = scratch / "line-ours"
    write_ct(folder, SLICES, "LINE-OURS")
    installation = Installation(scratch / "line-data", free_ports_of_an_installation())
    command = [sys.executable, "-m", "teleconsult.cli", "up", "--data", str(installation.data)]
    command += ["--port", str(installation.port), "--host", "0.0.0.0", "--no-demo-studies"]
    log = (scratch / "line-log").open("w")
    process = subprocess.Popen(
        line.inside(line.server, *command), stdout=log, stderr=log, cwd=REPOSITORY, stdin=subprocess.DEVNULL
    )
    try:
        output = _wait(lambda: _ready(scratch / "line-log"))
        one_time = re.search(r"^  clinician +(\S+)$", output, re.M)
        assert one_time is not None, output
        url = f"http://{SERVER}:{installation.port}"
        with chromium(browser_path, f"--unsafely-treat-insecure-origin-as-secure={url}") as browser:
            page = upload_page(browser.new_context(locale="en-US"), url, one_time[1])
            watch = Watch(*archive_of(installation), [KEY_SLICES, SLICES], line.inside(line.server))
            time.sleep(1.0)  # the watcher's own start is not part of what is measured
            began = drop(page, folder)
            key, complete = watch.moments()
        return complete - began, key - began
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        log.close()


def _orthanc_explorer_over(line: ShapedLine, scratch: Path, browser_path: str) -> float:
    folder = scratch / "line-theirs"
    paths = write_ct(folder, SLICES, "LINE-THEIRS")
    server = OrthancServer(scratch / "line-orthanc", inside=line.inside(line.server))
    try:
        server.start()
        url = f"http://{SERVER}:{server.http_port}"
        with chromium(browser_path) as browser:
            context = browser.new_context(
                http_credentials={"username": USERNAME, "password": server.password}
            )
            page = context.new_page()
            page.goto(f"{url}/app/explorer.html#upload")
            page.locator("#upload-button").wait_for()
            page.locator("#fileupload").set_input_files([str(path) for path in paths])
            login = f"{USERNAME}:{server.password}"
            watch = Watch(server.url, login, [SLICES], line.inside(line.server))
            time.sleep(1.0)
            began = time.monotonic()
            page.locator("#upload-button").click()
            (complete,) = watch.moments()
        return complete - began
    finally:
        server.stop()


def _ready(log: Path) -> str:
    text = log.read_text()
    return text if "Teleconsult is ready" in text else ""


def _wait(holds: Callable[[], str]) -> str:
    give_up_at = time.monotonic() + 180
    while not (answer := holds()):
        assert time.monotonic() < give_up_at, "it did not start"
        time.sleep(0.1)
    return answer


def figure(what: str, value: float, unit: str, *, goal: float | None = None) -> dict[str, Any]:
    met = None if goal is None else value <= goal
    return {"what": what, "value": round(value, 2), "unit": unit, "goal": goal, "peer": None, "met": met}


def ratio(what: str, value: float, goal: float, peer: str) -> dict[str, Any]:
    return {
        "what": what, "value": round(value, 2), "unit": "x", "goal": goal, "peer": peer, "met": value >= goal
    }


def main() -> None:
    parts = sys.argv[1:] or ["loopback", "line"]
    figures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="teleconsult-bench-") as folder:
        if "loopback" in parts:
            figures += on_loopback(Path(folder))
        if "line" in parts and available():
            figures += over_a_bad_line(Path(folder))
    for each in figures:
        goal = "" if each["goal"] is None else f"  goal {each['goal']}  met {each['met']}"
        print(f"{each['what']:<70} {each['value']:8.2f} {each['unit']}{goal}")
    write_result("upload", figures)


if __name__ == "__main__":
    main()
