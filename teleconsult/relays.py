"""The relays of one installation: how many run, and at which ports. Standard library only.

The first is at PORT + 1 and the others at the ports above it, without the one that scanners send to. Media of
each relay go by the UDP port of the same number, or from TELECONSULT_MEDIA_PORT upwards; those by TCP, if
any, from TELECONSULT_ICE_TCP_PORT upwards.
"""

import itertools
import json
import os
from collections.abc import Mapping
from pathlib import Path

from teleconsult.installation import dicom_port, write_privately

MOST_RELAYS = 32
MOST_UNASKED = 4


class RelaysUnclear(Exception):
    """TELECONSULT_RELAYS is no number of relays, or another than TELECONSULT_SIGNALING_URL names."""


def relay_count(given: Mapping[str, str]) -> int:
    """As asked for; else as many as have a URL; else one for each core that we may use, up to MOST_UNASKED.

    Raises:
        RelaysUnclear.
    """
    urls = given.get("TELECONSULT_SIGNALING_URL", "").split()
    asked = given.get("TELECONSULT_RELAYS", "").strip()
    if not asked:
        return len(urls) or min(len(os.sched_getaffinity(0)), MOST_UNASKED)
    if not asked.isdecimal() or not 1 <= int(asked) <= MOST_RELAYS or (urls and int(asked) != len(urls)):
        raise RelaysUnclear(asked)
    return int(asked)


def relay_ports(port: int, given: Mapping[str, str]) -> list[int]:
    """The TCP port of each relay of an installation whose page is at `port`. Raises RelaysUnclear."""
    ports = (number for number in itertools.count(port + 1) if number != dicom_port(port, given))
    return list(itertools.islice(ports, relay_count(given)))


def media_ports(port: int, given: Mapping[str, str]) -> list[int]:
    """The UDP port of each relay. Raises RelaysUnclear."""
    ports = relay_ports(port, given)
    first = given.get("TELECONSULT_MEDIA_PORT")
    return [int(first) + number for number in range(len(ports))] if first else ports


def ice_tcp_ports(given: Mapping[str, str]) -> list[int | None]:
    """The TCP port for media of each relay, where there is to be one. Raises RelaysUnclear."""
    count, first = relay_count(given), given.get("TELECONSULT_ICE_TCP_PORT")
    return [int(first) + number for number in range(count)] if first else [None] * count


def relay_urls(port: int, given: Mapping[str, str]) -> list[str]:
    """Where browsers find each relay; may hold "{host}", the name by which a browser reached us."""
    urls = given.get("TELECONSULT_SIGNALING_URL", "").split()
    return urls or [f"ws://{{host}}:{number}/" for number in relay_ports(port, given)]


def relay_name(number: int) -> str:
    """Of the `number`-th relay, from 1, in the table of services and in its log's name."""
    return "relay" if number == 1 else f"relay-{number}"


def keep_ports(run_folder: Path, ports: list[int]) -> None:
    """For the doctor, whose environment may not be the one that the installation was started with."""
    write_privately(run_folder / "relay-ports.json", json.dumps(ports))


def kept_ports(run_folder: Path) -> list[int]:
    """The ports of the relays that were started last; none where there is no readable file."""
    try:
        return [int(port) for port in json.loads((run_folder / "relay-ports.json").read_text())]
    except (OSError, ValueError, TypeError):
        return []
