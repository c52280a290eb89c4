"""An installation with a second app beside the one that its supervisor runs, and clients who use both.

What is between the clients and the apps is as simple as a load balancer can be: turn by turn, and on to the
next where nobody listens.
"""

import itertools
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.free_ports import first_of_free_ports
from tests.installation_server import PASSWORD, REPOSITORY, START_TIMEOUT_S, Client, Installation, wait_until
from tests.processes import processes


class TurnByTurn(httpx.BaseTransport):
    """The next request goes to the next port; `answered` counts by port."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._transport = httpx.HTTPTransport()
        self._turns = itertools.cycle(range(len(ports)))
        self._ports = ports
        self.answered = dict.fromkeys(ports, 0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        first = next(self._turns)
        for port in (*self._ports[first:], *self._ports[:first]):
            request.url = request.url.copy_with(port=port)
            with suppress(httpx.ConnectError):
                response = self._transport.handle_request(request)
                self.answered[port] += 1
                return response
        raise httpx.ConnectError("no app listens", request=request)

    def close(self) -> None:
        self._transport.close()


@dataclass
class TwoApps(Installation):
    second_port: int = field(default_factory=lambda: first_of_free_ports(1))
    second: subprocess.Popen[bytes] | None = None
    transports: list[TurnByTurn] = field(default_factory=list)

    def start(self) -> "TwoApps":
        super().start()
        (first,) = processes(self, "uvicorn")
        told = Path(f"/proc/{first}/environ").read_bytes().split(b"\0")
        environment = dict(entry.split(b"=", 1) for entry in told if b"=" in entry)
        environment[b"TELECONSULT_PORT"] = str(self.second_port).encode()
        environment.pop(b"TELECONSULT_METRICS_PORT", None)
        self.second = subprocess.Popen(
            _command_of(first, self.port, self.second_port),
            env=environment,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=self.output.open("a"),
            stderr=subprocess.STDOUT,
        )
        wait_until(self._second_is_ready, "the second app is ready", START_TIMEOUT_S)
        return self

    def stop(self) -> None:
        if self.second is not None and self.second.poll() is None:
            self.second.send_signal(signal.SIGTERM)
            self.second.wait(timeout=30)
        super().stop()

    def sign_in(self, username: str) -> Client:
        super().sign_in(username)  # the first time there is a password to change
        client = Client(self.url)
        transport = TurnByTurn((self.port, self.second_port))
        self.transports.append(transport)
        client.http = httpx.Client(
            base_url=self.url, headers=client.http.headers, timeout=client.http.timeout, transport=transport
        )
        client.post("/api/session", {"username": username, "password": PASSWORD})
        return client

    def _second_is_ready(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"http://localhost:{self.second_port}/readyz").is_success
        return False


def _command_of(process_id: int, port: int, other_port: int) -> list[str]:
    """The command of a running app, for another port."""
    words = Path(f"/proc/{process_id}/cmdline").read_text().strip("\0").split("\0")
    return [str(other_port) if word == str(port) else word for word in words]
