"""A real Janus for tests: Debian's package, with its own folder, ports and secret, gone at the end.

Only the VideoRoom plugin and the WebSocket transport are loaded. Janus offers no loopback address (libnice
skips them), so media need another one: `media_address` finds or makes it.
"""

import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from signaling.host_addresses import host_addresses
from tests.free_ports import free_ports

JANUS = shutil.which("janus")
PARTS = ("plugins/libjanus_videoroom.so", "transports/libjanus_websockets.so")
READY_WITHIN_S = 30.0
STOPPED_WITHIN_S = 10.0
MEDIA_PORTS = range(20_000, 20_064)  # two for each stay; some of others may be among them
OWN_ADDRESS = "10.83.8.1"  # of a device that is made where the machine has only loopback

CONFIGURATION = """
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{folder}/plugins"
    transports_folder = "{folder}/transports"
    events_folder = "{folder}/none"
    loggers_folder = "{folder}/none"
    debug_level = 4
    debug_colors = false
    debug_timestamps = true
    api_secret = "{secret}"
}}
media: {{
    no_media_timer = 0
    slowlink_threshold = 1
    rtp_port_range = "{ports[0]}-{ports[1]}"
}}
nat: {{
    ice_enforce_list = "{address}"
}}
"""

WEBSOCKETS = """
general: {{
    json = "compact"
    ws = true
    ws_ip = "127.0.0.1"
    ws_port = {port}
}}
"""


class JanusServer:
    """One Janus process. `start` after `kill` or `stop` is on the same port, having forgotten all rooms."""

    def __init__(self, folder: Path, address: str, media_ports: range = MEDIA_PORTS) -> None:
        """`address`: the IPv4 address that it offers for media."""
        self.folder = folder
        self.address = address
        self.media_ports = media_ports
        self.secret = secrets.token_urlsafe(24)
        self.secret_file = folder / "secret"
        (self.port,) = free_ports(1)
        self.url = f"ws://127.0.0.1:{self.port}/"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def media_addresses(self) -> list[tuple[str, int]]:
        return [(self.address, port) for port in self.media_ports]

    @property
    def pid(self) -> int:
        assert self._process is not None, "it is not running"
        return self._process.pid

    def start(self) -> "JanusServer":
        """Return when its API listens."""
        if JANUS is None:
            raise FileNotFoundError("Janus is not installed; `apt-get install janus`")
        self._write_configuration()
        # It ends when this process dies.
        command = ["setpriv", "--pdeathsig", "KILL", JANUS, "--configs-folder", str(self.folder)]
        before = len(self._log())
        with (self.folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + READY_WITHIN_S
        while "WebSockets transport plugin initialized" not in self._log()[before:]:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Janus did not become ready:\n{self._log()[-4000:]}")
            time.sleep(0.05)  # between two looks at the condition
        return self

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it in order; calling it again does no harm."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def _write_configuration(self) -> None:
        installed = next(Path("/usr/lib").glob("*/janus"))
        for part in PARTS:
            link = self.folder / part
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(installed / part)
        (self.folder / "none").mkdir(exist_ok=True)
        self.secret_file.write_text(self.secret)
        (self.folder / "janus.jcfg").write_text(
            CONFIGURATION.format(
                folder=self.folder,
                secret=self.secret,
                address=self.address,
                ports=(self.media_ports[0], self.media_ports[-1]),
            )
        )
        (self.folder / "janus.transport.websockets.jcfg").write_text(WEBSOCKETS.format(port=self.port))

    def _log(self) -> str:
        log = self.folder / "log.txt"
        return log.read_text(errors="replace") if log.exists() else ""


@contextmanager
def media_address() -> Iterator[str]:
    """An IPv4 address of this machine that is not loopback.

    Where there is none it is that of a veth device, gone at the end; that needs root.

    Raises:
        OSError, subprocess.CalledProcessError: there is none, and it cannot be made.
    """
    for address in host_addresses():
        if not address.startswith("127."):
            yield address
            return
    with own_device(OWN_ADDRESS):
        yield OWN_ADDRESS


@contextmanager
def own_device(address: str) -> Iterator[None]:
    """A device with this address, which only this machine reaches; it is gone at the end. Needs root."""
    names = ("tcj0", "tcj1")
    _run("ip", "link", "add", names[0], "type", "veth", "peer", "name", names[1])
    try:
        _run("ip", "addr", "add", f"{address}/32", "dev", names[0])
        for name in names:
            _run("ip", "link", "set", name, "up")
        yield
    finally:
        _run("ip", "link", "del", names[0])


@pytest.fixture(scope="session")
def janus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JanusServer]:
    """A running Janus, shared by the tests of a session."""
    if JANUS is None:
        pytest.skip("Janus is not installed here; `apt-get install janus`")
    with ExitStack() as stack:
        try:
            address = stack.enter_context(media_address())
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"this machine has only loopback, and no device can be made: {error}")
        server = JanusServer(tmp_path_factory.mktemp("janus"), address)
        stack.callback(server.stop)
        yield server.start()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
