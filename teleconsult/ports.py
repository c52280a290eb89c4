"""TCP ports of this machine: which are free, and who holds the others. Standard library only."""

import random
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

# Below the range from which the kernel takes ports for outgoing connections (32768 upwards), so that a port
# which we keep for good is not taken by a passing connection.
INNER_PORTS = range(20_000, 30_000)
LISTENING = "0A"  # state of a socket in /proc/net/tcp: TCP_LISTEN, linux/include/net/tcp_states.h


@dataclass(frozen=True, slots=True)
class Listener:
    """The process that holds a port; its id is None when it belongs to another user."""

    pid: int | None
    program: str | None


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now.

    Asked the way servers do it, with SO_REUSEADDR: connections that have just ended do not count.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_inner_port(avoid: Collection[int] = ()) -> int:
    """A port on which nothing listens, outside of `avoid`."""
    candidates = list(INNER_PORTS)
    random.shuffle(candidates)
    # 0.0.0.0 is refused when any address of this machine holds the port: Orthanc listens on all of them.
    return next(port for port in candidates if port not in avoid and is_free(port, "0.0.0.0"))


def listener_of(port: int) -> Listener | None:
    """Who listens on the port, or None when nobody does."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            if any(str(link.readlink()) in wanted for link in (process / "fd").iterdir()):
                return Listener(int(process.name), (process / "comm").read_text().strip())
        except OSError:  # ended meanwhile, or another user's
            continue
    return Listener(None, None)


def _listening_inodes(port: int) -> set[str]:
    """Inodes of the sockets that listen on the port. Source: proc(5), /proc/net/tcp."""
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            local_port = int(fields[1].rpartition(":")[2], 16)
            if local_port == port and fields[3] == LISTENING:
                inodes.add(fields[9])
    return inodes
