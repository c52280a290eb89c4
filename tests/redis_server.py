"""A real Redis for tests, in memory, on its own port, gone at the end."""

import shutil
import subprocess
import time

import redis

from tests.free_ports import free_ports

REDIS = shutil.which("redis-server")
READY_WITHIN_S = 30.0


class RedisServer:
    """One process. `start` after `kill` is on the same port, having forgotten everything."""

    def __init__(self) -> None:
        (self._port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> "RedisServer":
        assert REDIS is not None
        where = ["--port", str(self._port), "--bind", "127.0.0.1"]
        command = [REDIS, *where, "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        give_up_at = time.monotonic() + READY_WITHIN_S
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                    return self
                except redis.RedisError:
                    assert time.monotonic() < give_up_at and self._process.poll() is None, "no Redis"
                    time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
