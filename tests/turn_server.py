"""A real coturn for tests: as the supervisor configures it, on ports of its own, gone at the end."""

import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from signaling.turn import TurnAccess
from signaling.turn_uri import read_uris
from teleconsult.turn_server import relay_addresses, turn_configuration
from tests.free_ports import free_ports
from tests.own_certificate import own_certificate

TURNSERVER = shutil.which("turnserver", path="/usr/bin:/usr/local/bin:/usr/sbin")
READY_WITHIN_S = 60.0


class TurnServer:
    """One coturn process, for peers at `peers` alone; `uris` say how it is reached, by kind of transport."""

    def __init__(self, folder: Path, address: str, peers: Collection[str]) -> None:
        self.address = address
        self.port, self.tls_port = free_ports(2)
        self.secret = secrets.token_urlsafe(24)
        self.uris = {
            "udp": f"turn:{address}:{self.port}?transport=udp",
            "tcp": f"turn:{address}:{self.port}?transport=tcp",
            "tls": f"turns:{address}:{self.tls_port}?transport=tcp",
        }
        self.secret_file = folder / "secret"
        self.secret_file.write_text(self.secret)
        self._folder = folder
        uris = read_uris(" ".join(self.uris.values()))
        certificate, key = map(str, own_certificate(folder, address))
        text = turn_configuration(uris, self.secret, peers, folder, (certificate, key))
        (folder / "turnserver.conf").write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    def access(self, lifetime: timedelta = timedelta(hours=1)) -> TurnAccess:
        return TurnAccess(read_uris(" ".join(self.uris.values())), self.secret, lifetime)

    def start(self) -> "TurnServer":
        """Return when it answers."""
        assert TURNSERVER is not None
        with (self._folder / "log.txt").open("wb") as log:
            self._process = subprocess.Popen(
                [TURNSERVER, "-c", str(self._folder / "turnserver.conf")], stdout=log, stderr=log
            )
        give_up_at = time.monotonic() + READY_WITHIN_S
        while not all(self._listens(port) for port in (self.port, self.tls_port)):
            assert self._process.poll() is None and time.monotonic() < give_up_at, self.log()
            time.sleep(0.05)  # between two looks at the condition
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _listens(self, port: int) -> bool:
        try:
            socket.create_connection((self.address, port), timeout=1).close()
        except OSError:
            return False
        return True

    def log(self) -> str:
        return (self._folder / "log.txt").read_text(errors="replace")[-4000:]


@pytest.fixture(scope="session")
def turn_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    address = outer_address()
    if TURNSERVER is None:
        pytest.skip("coturn is not installed: apt-get install coturn")
    if address is None:
        pytest.skip("this machine has no address but loopback, which coturn does not reach")
    running = TurnServer(tmp_path_factory.mktemp("turn"), address, [address])
    try:
        yield running.start()
    finally:
        running.stop()


def outer_address() -> str | None:
    """An IPv4 address of this machine by which coturn may reach a peer: never loopback."""
    return next((one for one in relay_addresses(None) if _can_be_bound(one)), None)


def _can_be_bound(address: str) -> bool:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
