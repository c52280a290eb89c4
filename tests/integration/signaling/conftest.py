"""A real relay process, a page that holds a session, and real Chromium with fake camera and microphone."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from playwright.sync_api import Browser

from tests.janus_server import JanusServer, janus_server
from tests.redis_server import REDIS, RedisServer
from tests.room_in_browsers import (
    CHROMIUM,
    ROLLDOWN,
    MediaServer,
    Relay,
    Visitor,
    chromium,
    free_port,
    site,
    visitors,
)

__all__ = ["janus_server"]


@pytest.fixture(scope="module")
def page_origin() -> Iterator[str]:
    if not ROLLDOWN.exists():
        pytest.skip("the front end's packages are not installed: npm ci in web/")
    with site() as origin:
        yield origin


@pytest.fixture
def media_settings(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """What the relay is told about media; a test's parameter `janus` has them go through a real one."""
    if getattr(request, "param", "relay") == "relay":
        return {}
    server: JanusServer = request.getfixturevalue("janus_server")
    return {
        "TELECONSULT_MEDIA_ENGINE": "janus",
        "TELECONSULT_JANUS_URL": server.url,
        "TELECONSULT_JANUS_SECRET_FILE": str(server.secret_file),
    }


@pytest.fixture
def relay(page_origin: str, media_settings: Mapping[str, str]) -> Iterator[Relay]:
    running = Relay(page_origin, free_port(), media_settings).start()
    yield running
    running.stop()


@pytest.fixture
def media_server(
    request: pytest.FixtureRequest, relay: Relay, media_settings: Mapping[str, str]
) -> MediaServer:
    """What has the ports of media."""
    janus: JanusServer | None = request.getfixturevalue("janus_server") if media_settings else None
    return janus or relay


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


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    if REDIS is None:
        pytest.skip("redis-server is not installed: make setup")
    server = RedisServer().start()
    yield server
    server.kill()
