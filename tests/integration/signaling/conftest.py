"""A real relay process, a page that holds a session, and real Chromium with fake camera and microphone."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.room_in_browsers import CHROMIUM, ROLLDOWN, Relay, Visitor, chromium, free_port, site, visitors


@pytest.fixture(scope="module")
def page_origin() -> Iterator[str]:
    if not ROLLDOWN.exists():
        pytest.skip("the front end's packages are not installed: npm ci in web/")
    with site() as origin:
        yield origin


@pytest.fixture
def relay(page_origin: str) -> Iterator[Relay]:
    running = Relay(page_origin, free_port()).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with chromium() as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, relay: Relay, page_origin: str) -> Iterator[Callable[..., Visitor]]:
    with visitors(browser, relay, page_origin) as make:
        yield make
