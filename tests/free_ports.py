"""Ports for what the tests start: two processes that test at the same time never pick the same one."""

import itertools
import os
import random
import socket
from collections.abc import Iterator

from teleconsult.ports import is_free

# Below teleconsult.ports.INNER_PORTS, of which an installation under test takes its own ports.
TEST_PORTS = range(10_000, 20_000)
PROCESSES = 5


def _own_ports() -> Iterator[int]:
    """The ports of this process in a circle, so that a port just given is not given again while it waits."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw4").removeprefix("gw")) % PROCESSES
    share = len(TEST_PORTS) // PROCESSES
    own = TEST_PORTS[number * share : (number + 1) * share]
    begin = random.randrange(share)  # two runs beside each other, and a run right after another
    return itertools.cycle([*own[begin:], *own[:begin]])


_ports = _own_ports()


def free_ports(count: int) -> list[int]:
    """Ports that nobody has at this moment by TCP or UDP on any address, all different.

    No passing connection takes one of them before its server has come, or while it is away.
    """
    return list(itertools.islice(filter(_is_free, _ports), count))


def first_of_free_ports(count: int) -> int:
    """The first of `count` neighbouring ports that nobody has."""
    found: list[int] = []
    while len(found) < count:
        port = next(_ports)
        found = [*found, port] if _is_free(port) and (not found or port == found[-1] + 1) else []
    return found[0]


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return is_free(port, "0.0.0.0")
