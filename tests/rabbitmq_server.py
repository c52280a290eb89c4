"""A real RabbitMQ for tests: Debian's, with its own folder, ports and password, gone at the end.

It and the port mapper of Erlang that it needs hear loopback alone and end with the process that tests.
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import amqp
import pytest

from tests.free_ports import free_ports

PACKAGE = "rabbitmq-server"
PROGRAMS = ("epmd", "erl", "setpriv")
READY_WITHIN_S = 120.0
STOPPED_WITHIN_S = 20.0
USERNAME = "teleconsult"
VIRTUAL_HOSTS = 60  # made at the start: to make one later takes another Erlang

CONFIGURATION = """
listeners.tcp.1 = 127.0.0.1:{port}
load_definitions = {folder}/definitions.json
log.console = true
log.console.level = warning
log.file = false
disk_free_limit.absolute = 50MB
"""
# One scheduler that does not spin while it waits: the machine has others to serve.
ERLANG = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"


def missing_programs() -> list[str]:
    """What this machine lacks for a server; none: `start` can be called."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return missing if _server_program() is not None else [*missing, PACKAGE]


class RabbitmqServer:
    """One broker. `start` after `kill` finds what was confirmed; `stop` removes its folder."""

    def __init__(self) -> None:
        self._password = secrets.token_urlsafe(24)
        self.port, self._epmd_port, self._erlang_port = free_ports(3)
        self._folder = Path(tempfile.mkdtemp(prefix="teleconsult-rabbitmq-"))
        self._virtual_hosts = iter(range(VIRTUAL_HOSTS))
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> "RabbitmqServer":
        """Return when it answers."""
        configuration = CONFIGURATION.format(port=self.port, folder=self._folder)
        (self._folder / "rabbitmq.conf").write_text(configuration)
        (self._folder / "definitions.json").write_text(json.dumps(self._definitions()))
        self._spawn("epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1")
        server = _server_program()
        assert server is not None, f"`apt-get install {PACKAGE}`"
        self._spawn(str(server))
        give_up_at = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            ended = any(process.poll() is not None for process in self._processes)
            if ended or time.monotonic() > give_up_at:
                log = (self._folder / "log.txt").read_text(errors="replace")
                self.kill()
                raise RuntimeError(f"RabbitMQ did not become ready:\n{log[-4000:]}")
            time.sleep(0.1)  # between two looks at the condition
        return self

    def kill(self) -> None:
        """kill -9 it and all it started."""
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    def stop(self) -> None:
        """End it and remove its folder; calling it again does no harm."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_url(self) -> str:
        """For `CeleryBroker`: a virtual host that nobody else has, with queues of its own."""
        return f"amqp://{USERNAME}:{self._password}@127.0.0.1:{self.port}/{next(self._virtual_hosts)}"

    def waiting(self, url: str, queue: str) -> int:
        """How many messages of a queue no worker has taken."""
        with self._connection(url.rpartition("/")[2]) as connection:
            return int(connection.channel().queue_declare(queue, passive=True).message_count)

    def _connection(self, virtual_host: str) -> amqp.Connection:
        return amqp.Connection(
            host=f"127.0.0.1:{self.port}",
            userid=USERNAME,
            password=self._password,
            virtual_host=virtual_host,
            connect_timeout=5,
        )

    def _answers(self) -> bool:
        try:
            with self._connection(str(VIRTUAL_HOSTS - 1)):
                return True
        except (OSError, amqp.AMQPError):
            return False

    def _definitions(self) -> dict[str, list[dict[str, object]]]:
        salt = secrets.token_bytes(4)
        digest = b64encode(salt + sha256(salt + self._password.encode()).digest()).decode()
        hashing = {"password_hash": digest, "hashing_algorithm": "rabbit_password_hashing_sha256"}
        names = [str(number) for number in range(VIRTUAL_HOSTS)]
        all_of_it = {"configure": ".*", "write": ".*", "read": ".*"}
        return {
            "users": [{"name": USERNAME, "tags": [], **hashing}],
            "vhosts": [{"name": name} for name in names],
            "permissions": [{"user": USERNAME, "vhost": name, **all_of_it} for name in names],
        }

    def _spawn(self, *command: str) -> None:
        own = {
            "HOME": str(self._folder),  # where the cookie of Erlang lies
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "test@localhost",
            "RABBITMQ_DIST_PORT": str(self._erlang_port),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_ALLOW_INPUT": "1",  # the script becomes the server instead of watching it
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{ERLANG} -noinput",
        }
        given = {name: value for name, value in os.environ.items() if not re.match("RABBITMQ_|ERL_", name)}
        # In its own group, so that all it starts ends with it; and it ends when this process dies.
        with (self._folder / "log.txt").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", *command],
                    env={**given, **own},
                    cwd=self._folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[RabbitmqServer]:
    if missing := missing_programs():
        pytest.skip(f"RabbitMQ is not installed here ({', '.join(missing)}); `apt-get install {PACKAGE}`")
    server = RabbitmqServer()
    try:
        yield server.start()
    finally:
        server.stop()


def _server_program() -> Path | None:
    """The server itself: what Debian has on the PATH becomes another user first."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    return found[-1] if found else None
