"""A room in real browsers: a relay process of its own, a page that holds a session, and who visits it.

For tests and benchmarks of signaling and media that need no application. Nothing here waits for time.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from signaling.join_token import JoinGrant, issue
from tests.bad_line import Step
from tests.e2e.chromium import CALL_FLAGS
from tests.free_ports import free_ports
from tests.network_twin import Address, Twin, udp_twin

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = Path(__file__).with_name("room_page.html")
SECRET = "a secret that is only used in tests"
MODERATOR = "mo"  # a visitor of this name moderates; patients wait
ROLLDOWN = REPOSITORY / "web" / "node_modules" / ".bin" / "rolldown"
CHROMIUM = shutil.which("chromium")
# The server's media are found at other addresses, and nowhere else.
THROUGH = """
const twins = TWINS;
const describe = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
  const lines = sdp.split("\\r\\n").flatMap((line) => {
    if (!line.startsWith("a=candidate:")) return [line];
    const [address, port] = line.split(" ").slice(4, 6);
    const there = `${address} ${port}`;
    return there in twins ? [line.replace(there, twins[there])] : [];
  });
  return describe.call(this, { type, sdp: lines.join("\\r\\n") });
};
"""


def wait_until(holds: Callable[[], Any], what: str, timeout_s: float = 60.0) -> Any:
    """Return the first true answer of `holds`; fail with `what` when there is none in time."""
    give_up_at = time.monotonic() + timeout_s
    while not (answer := holds()):
        assert time.monotonic() < give_up_at, f"in vain waited until {what}"
        time.sleep(0.05)
    return answer


def free_port() -> int:
    return free_ports(1)[0]


@dataclass
class Relay:
    """One `python -m signaling.main`."""

    origins: str
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)  # TELECONSULT_* as an operator sets them
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    @property
    def media_addresses(self) -> list[Address]:
        return [("127.0.0.1", self.port)]

    def start(self) -> "Relay":
        self.process = subprocess.Popen(
            [sys.executable, "-m", "signaling.main"],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "TELECONSULT_RELAY_HOST": "127.0.0.1",
                "TELECONSULT_RELAY_PORT": str(self.port),
                "TELECONSULT_JOIN_SECRET": SECRET,
                "TELECONSULT_ALLOWED_ORIGINS": self.origins,
                **self.settings,
            },
        )
        wait_until(self.is_healthy, "the relay answers")
        return self

    def is_healthy(self) -> bool:
        assert self.process is not None and self.process.poll() is None, "the relay has ended"
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)

    def hang(self) -> None:
        """It lives and does nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def end(self) -> None:
        """Whatever it was made to do."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)
        self.stop()


@contextmanager
def site(relay_of: Callable[[str], str] | None = None) -> Iterator[str]:
    """A site with the page, with session.ts as one script of it, and with tokens for whoever asks.

    Where several relays share the rooms, `relay_of` is the URL of the one that has a room.
    """
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "session.js"
        source = REPOSITORY / "web" / "src" / "signaling" / "session.ts"
        command = [ROLLDOWN, source, "--file", bundle, "--format", "iife", "--name", "teleconsult"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
        files = {"/": PAGE.read_bytes(), "/session.js": bundle.read_bytes()}

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == "/token":
                asked = {name: values[0] for name, values in parse_qs(address.query).items()}
                grant = JoinGrant(
                    room_id=asked["room"],
                    participant_id=asked["user"],
                    display_name=asked["user"].title(),
                    role=asked["role"],
                    moderator=asked["user"] == MODERATOR,
                    waits=asked["role"] == "patient",
                )
                content, kind = issue(SECRET, grant).encode(), "text/plain"
            elif address.path == "/relay" and relay_of is not None:
                (room_id,) = parse_qs(address.query)["room"]
                content, kind = relay_of(room_id).encode(), "text/plain"
            elif address.path in files:
                content = files[address.path]
                kind = "text/html" if address.path == "/" else "text/javascript"
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *values: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def chromium(*more_flags: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = [*CALL_FLAGS, *more_flags]
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield running
        running.close()


@dataclass
class Visitor:
    """Somebody's page. Each of them has a browser context of its own."""

    name: str
    page: Page
    relay: Relay | None  # none: at the one that the site names
    origin: str
    role: str = "presenter"
    room: str = "consult"

    def enter(self, audio: bool = True, video: bool | dict[str, int] = True) -> "Visitor":
        self.begin(audio, video)
        self.waits("state.status === 'connected'", "is in the room")
        return self

    def begin(self, audio: bool = True, video: bool | dict[str, int] = True) -> None:
        """Ask to be let in."""
        self.page.goto(self.origin)
        media = {"audio": audio, "video": video} if audio or video else None
        url = None if self.relay is None else self.relay.url
        who = {"room": self.room, "user": self.name, "role": self.role}
        how = {"signalingUrl": url, **who, "media": media}
        self.page.evaluate("how => enter(how)", how)

    @property
    def state(self) -> dict[str, Any]:
        """The session's state, without what cannot be carried over."""
        state: dict[str, Any] = self.page.evaluate(
            "() => JSON.parse(JSON.stringify(session.getState(), (k, v) => k === 'stream' ? v !== null : v))"
        )
        return state

    @property
    def received(self) -> dict[str, float]:
        return dict(self.page.evaluate("received()"))

    def waits(self, condition: str, what: str, timeout_s: float = 60.0) -> None:
        """Until `condition` is true of the session's `state`."""
        holds = f"() => {{ const state = session?.getState(); return state && ({condition}); }}"
        try:
            self.page.wait_for_function(holds, timeout=timeout_s * 1000)
        except PlaywrightTimeout as error:
            raise AssertionError(f"{self.name} in vain waited until: {what}; {self.state}") from error

    def sees(self, other: "Visitor") -> None:
        """The other's picture arrives, decoded, and its pixels change."""
        before = self.received["framesDecoded"]
        wait_until(lambda: self.received["framesDecoded"] >= before + 10, f"{self.name} decodes {other.name}")
        first = wait_until(lambda: self._picture(other), f"{other.name} has a face at {self.name}")
        wait_until(lambda: self._picture(other) != first, f"{other.name} moves at {self.name}")

    def hears(self) -> None:
        before = self.received["totalAudioEnergy"]
        wait_until(lambda: self.received["totalAudioEnergy"] > before, f"{self.name} hears something")

    def _picture(self, other: "Visitor") -> str | None:
        return self.page.evaluate("id => picture(id)", other.name)


@contextmanager
def visitors(browser: Browser, relay: Relay | None, origin: str) -> Iterator[Callable[..., Visitor]]:
    """Makes pages in this browser, each in a context of its own."""
    contexts: list[BrowserContext] = []

    def make(name: str, role: str = "presenter") -> Visitor:
        context = browser.new_context(permissions=["camera", "microphone"])
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: print(f"{name}: {message.text}"))
        page.on("pageerror", lambda error: print(f"{name}: {error}"))
        return Visitor(name, page, relay, origin, role)

    yield make
    for context in contexts:
        context.close()


class MediaServer(Protocol):
    @property
    def media_addresses(self) -> list[Address]: ...


@contextmanager
def line_to(server: MediaServer) -> Iterator[tuple[str, Callable[..., None]]]:
    """A line before the server's media: a script for the page that uses it, and a way to change the line.

    Where the server has several ports, each has a line of its own, and all of them change.
    """
    loop = asyncio.new_event_loop()
    twins: dict[Address, Twin] = {}
    started, over = threading.Event(), asyncio.Event()

    async def run() -> None:
        async with AsyncExitStack() as stack:
            for address in server.media_addresses:
                twins[address] = await stack.enter_async_context(udp_twin(address))
            started.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[run()])
    thread.start()
    assert started.wait(10)

    def becomes(towards: str | None = None, **changes: Any) -> None:
        for twin in twins.values():
            loop.call_soon_threadsafe(twin.play, [Step(0.0, changes, towards=towards)])

    places = {
        f"{host} {port}": f"{twin.address[0]} {twin.address[1]}" for (host, port), twin in twins.items()
    }
    yield THROUGH.replace("TWINS", json.dumps(places)), becomes
    loop.call_soon_threadsafe(over.set)
    thread.join(10)
    loop.close()
