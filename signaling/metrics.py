"""What a relay says of itself at each scrape."""

import asyncio
import time
from collections.abc import Callable, Iterable

from signaling.lobby import Lobby
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
    ]


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
