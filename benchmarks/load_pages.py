"""People who click: each opens one page after another, and asks for all that a real page asked for.

What a page asks is recorded once from Chromium; each person asks it again with studies and consults of their
own choice, with at most as many requests at once as a browser has connections. Nobody renders anything, and
nobody keeps anything: a browser that opens a study again asks for less.
"""

import asyncio
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

import aiohttp
from playwright.sync_api import Request, sync_playwright

from tests.e2e.chromium import CHROMIUM, FLAGS
from tests.e2e.pages import open_page, settle
from tests.installation_server import PASSWORD, Installation

CONNECTIONS = 6  # to one server, of a browser that speaks HTTP/1.1
THINKS_S = 20.0  # on average, between two pages
PATIENCE_S = 60.0
UID_ROOT = "2.25."  # of all studies here
HEADERS = {"X-Teleconsult": "1"}
PAGES = {"worklist": 0.4, "viewer": 0.3, "consult": 0.3}  # how often each is opened


@dataclass(frozen=True, slots=True)
class Case:
    """A study by its Study Instance UID, and a consult about it."""

    study: str
    consult: str


def recorded(installation: Installation, case: Case) -> dict[str, list[str]]:
    """The addresses each page asks for, with `{study}` and `{consult}` where these stand."""
    study, consult = case.study, case.consult
    asked: dict[str, list[str]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = open_page(browser, installation, "clinician", 1366, 768, "zh-CN")
        settle(page)
        for name, path in {
            "worklist": "/",
            "viewer": f"/studies/{study}",
            "consult": f"/consults/{consult}",
        }.items():
            found = asked[name] = []

            def note(request: Request, found: list[str] = found) -> None:
                parts = urlsplit(request.url)
                if request.method == "GET" and parts.path.startswith(("/api/", "/dicom-web/")):
                    address = parts._replace(scheme="", netloc="").geturl()
                    address = address.replace(study, "{study}").replace(consult, "{consult}")
                    if UID_ROOT not in address:  # the picture of somebody else's study in a list
                        found.append(address)

            page.on("request", note)
            page.goto(installation.url + path)
            settle(page)
            page.remove_listener("request", note)
        browser.close()
    return asked


def door_of(address: str) -> str:
    """An address without its identifiers, to count by."""
    path = urlsplit(address).path
    return re.sub(r"/(?:[0-9.]{6,}|[0-9a-f-]{32,36}|\{\w+\}[0-9.]*|\d+)(?=/|$)", "/*", path)


@dataclass
class Seen:
    """What all people together saw.

    Attributes:
        took_ms: of each request, from when it is sent, by its door.
        pages_ms: from the first request of a page to the last answer, by page.
        failed: door and what was answered instead of an image or a page's data.
    """

    took_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    pages_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def all_ms(self) -> list[float]:
        return sorted(ms for one in self.took_ms.values() for ms in one)


async def click(
    installation: Installation,
    cases: Mapping[str, Sequence[Case]],
    pages: Mapping[str, Sequence[str]],
    seconds: float,
    seen: Seen,
) -> None:
    """Everybody signs in, hears of events as a page does, and clicks until the time is over.

    Args:
        cases: of each user, by user name.
        pages: the addresses of each.
    """
    ends = time.monotonic() + seconds

    async def one(number: int, username: str) -> None:
        chance = random.Random(number)
        await asyncio.sleep(number / len(cases) * THINKS_S)
        connector, turns = aiohttp.TCPConnector(limit=0), asyncio.Semaphore(CONNECTIONS)
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        async with aiohttp.ClientSession(
            installation.url, connector=connector, headers=HEADERS, timeout=timeout
        ) as session:
            await signs_in(session, username)
            hearing = asyncio.create_task(hears(session, installation.url))
            while time.monotonic() < ends:
                name = chance.choices(list(PAGES), list(PAGES.values()))[0]
                case = chance.choice(cases[username])
                began = time.perf_counter()
                await asyncio.gather(
                    *(
                        asks(session, turns, address.format(**asdict(case)), door_of(address), seen)
                        for address in pages[name]
                    )
                )
                seen.pages_ms[name].append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(chance.expovariate(1 / THINKS_S))
            hearing.cancel()
            with suppress(asyncio.CancelledError):
                await hearing

    await asyncio.gather(*(one(number, name) for number, name in enumerate(cases)))


async def signs_in(session: aiohttp.ClientSession, username: str) -> None:
    async with session.post("/api/session", json={"username": username, "password": PASSWORD}) as answer:
        answer.raise_for_status()


async def hears(session: aiohttp.ClientSession, origin: str) -> None:
    async with session.ws_connect("/api/events", origin=origin) as socket:
        async for _ in socket:
            pass


async def asks(
    session: aiohttp.ClientSession, turns: asyncio.Semaphore, address: str, door: str, seen: Seen
) -> None:
    async with turns:  # to wait for a connection of one's own takes the page's time, and none of the server's
        began = time.perf_counter()
        try:
            async with session.get(address) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            seen.failed[f"{door}: {type(error).__name__}"] += 1
            return
        seen.took_ms[door].append((time.perf_counter() - began) * 1000)
    if status >= 400:
        seen.failed[f"{door}: {status}"] += 1
