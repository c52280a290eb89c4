"""A bad line between two network namespaces, for real TCP stacks at both ends.

netem is not in every kernel; so the line is two TUN devices and a loop that hands packets from one to the
other. Everything happens between addresses that exist only here. Needs root and /dev/net/tun.
"""

import fcntl
import heapq
import itertools
import os
import select
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.bad_line import Line, Schedule, Step

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
MTU = 1500
SERVER, CLIENT = "10.83.7.1", "10.83.7.2"


def available() -> bool:
    return os.geteuid() == 0 and os.path.exists("/dev/net/tun")


@dataclass
class ShapedLine:
    """The running line. `server` and `client` are names of namespaces for `ip netns exec`."""

    script: Sequence[Step]
    server: str
    client: str
    _stop: threading.Event = field(default_factory=threading.Event)

    def inside(self, namespace: str, *command: str) -> list[str]:
        """The command as it is run at one end."""
        return ["ip", "netns", "exec", namespace, *command]


@contextmanager
def shaped_line(script: Sequence[Step]) -> Iterator[ShapedLine]:
    """Two namespaces joined by the line; they and it are gone at the end."""
    tag = f"{os.getpid() % 100_000}"
    names = (f"tcs{tag}", f"tcc{tag}")
    shaped = ShapedLine(script, *names)
    devices = []
    try:
        for name, own, other in ((names[0], SERVER, CLIENT), (names[1], CLIENT, SERVER)):
            _run("ip", "netns", "add", name)
            devices.append(_tun(f"t{name}"))
            _run("ip", "link", "set", f"t{name}", "netns", name)
            _run("ip", "-n", name, "addr", "add", own, "peer", other, "dev", f"t{name}")
            _run("ip", "-n", name, "link", "set", f"t{name}", "mtu", str(MTU), "up")
            _run("ip", "-n", name, "link", "set", "lo", "up")
        carrier = threading.Thread(target=_carry, args=(shaped, *devices), daemon=True)
        carrier.start()
        yield shaped
    finally:
        shaped._stop.set()
        for device in devices:
            os.close(device)
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _tun(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def _carry(shaped: ShapedLine, server: int, client: int) -> None:
    """Hand packets over when their time has come, until the line is taken down."""
    now = time.monotonic()
    ways = {
        client: (server, Line(Schedule(shaped.script, "server", begins_at_s=now))),
        server: (client, Line(Schedule(shaped.script, "client", begins_at_s=now))),
    }
    waiting: list[tuple[float, int, int, bytes]] = []
    count = itertools.count()
    try:
        while not shaped._stop.is_set():
            now = time.monotonic()
            while waiting and waiting[0][0] <= now:
                _, _, target, packet = heapq.heappop(waiting)
                os.write(target, packet)
            pause = min(0.05, waiting[0][0] - now) if waiting else 0.05
            for source in select.select([server, client], [], [], max(0.0, pause))[0]:
                target, line = ways[source]
                while True:
                    try:
                        packet = os.read(source, MTU + 100)
                    except BlockingIOError:
                        break
                    for departs_s in line.take(time.monotonic(), len(packet)):
                        heapq.heappush(waiting, (departs_s, next(count), target, packet))
    except OSError:
        return  # the devices were closed
