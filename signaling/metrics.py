"""What a relay says of itself at each scrape."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from signaling.lobby import Lobby
from signaling.media import Direction, Traffic
from telemetry.metrics import Family

LOOP_TIMEOUT_S = 2.0


def relay_families(lobby: Lobby) -> list[Family]:
    def gauge(name: str, help: str, value: float) -> Family:
        return Family.of(f"teleconsult_relay_{name}", "gauge", help, [({}, value)])

    return [
        gauge("rooms", "Rooms in which somebody is.", lobby.rooms),
        gauge("participants", "Seats that are taken.", lobby.participants),
        gauge("reconnecting", "Seats whose line is lost and held open.", lobby.reconnecting),
        gauge("media_up", "1 while media are forwarded.", float(lobby.works)),
        Family.of(
            "teleconsult_relay_dropped_total",
            "counter",
            "What the bounds of memory and pace have cost.",
            [({"what": what}, count) for what, count in lobby.dropped.items()],
        ),
        *traffic_families(lobby.traffic),
    ]


def traffic_families(traffic: Mapping[Direction, Traffic]) -> Iterator[Family]:
    """Direction in: from who sends; out: to who receives."""
    counters: tuple[tuple[str, str, Callable[[Traffic], int]], ...] = (
        ("teleconsult_relay_packets_total", "Packets; out: of media.", lambda one: one.packets),
        ("teleconsult_relay_bytes_total", "Bytes of those packets.", lambda one: one.bytes),
        ("teleconsult_relay_lost_packets_total", "That did not come at first.", lambda one: one.lost),
        ("teleconsult_relay_nacked_packets_total", "That were asked for again.", lambda one: one.nacked),
        (
            "teleconsult_relay_key_frame_requests_total",
            "By PLI or FIR; in: that we made.",
            lambda one: one.key_frames_asked,
        ),
    )
    for name, help, value in counters if traffic else ():
        yield Family.of(
            name, "counter", help, [({"direction": way}, value(one)) for way, one in traffic.items()]
        )


def asked_in(loop: asyncio.AbstractEventLoop, lobby: Lobby) -> Callable[[], Iterable[Family]]:
    """The families, read in the loop that changes the rooms, and how long the loop let us wait."""

    async def read() -> list[Family]:
        return relay_families(lobby)

    def ask() -> list[Family]:
        asked = time.monotonic()
        families = asyncio.run_coroutine_threadsafe(read(), loop).result(LOOP_TIMEOUT_S)
        delay = Family.of(
            "teleconsult_relay_loop_delay_seconds",
            "gauge",
            "How long the event loop kept a question waiting.",
            [({}, time.monotonic() - asked)],
        )
        return [*families, delay]

    return ask
