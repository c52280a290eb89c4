"""Two real relays that share rooms through a real Redis, and real browsers in those rooms."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from playwright.sync_api import Browser

from signaling.room_memory import RoomMemory
from signaling.room_registry import PlacedRooms
from tests.redis_server import RedisServer
from tests.room_in_browsers import Relay, Visitor, free_port, site, visitors

COMES_BACK = """async (first) => {
    for (;;) {
        const { framesDecoded, totalAudioEnergy } = await received(first);
        if (framesDecoded > 0 && totalAudioEnergy > 0) return Date.now() / 1000;
        await new Promise(requestAnimationFrame);
    }
}"""


def memory_of(server: RedisServer, room_id: str) -> RoomMemory | None:
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        kept = client.hget(f"teleconsult:room:{room_id}", "memory")
        return None if kept is None else RoomMemory.from_json(str(kept))


def connections_of(one: Visitor) -> int:
    return int(one.page.evaluate("connections.length"))


def back_at_s(one: Visitor, first: int) -> float:
    """When sound and picture are there by connections from the `first` on, in seconds of Unix time."""
    return float(one.page.evaluate(COMES_BACK, first))


@dataclass
class SharedRooms:
    redis: RedisServer
    relays: list[Relay]
    placed: PlacedRooms
    make_visitor: Callable[[str], Visitor]

    def relay_of(self, room: str) -> Relay:
        url = self.placed.relay_of(room)
        return next(relay for relay in self.relays if relay.url == url)

    def a_room_at(self, relay: Relay) -> str:
        return next(room for room in map("room {}".format, range(1_000)) if self.relay_of(room) is relay)

    def enter(self, room: str, *names: str) -> list[Visitor]:
        pages = [self.make_visitor(name) for name in names]
        for page in pages:
            page.room = room
            page.enter()
        return pages


@contextmanager
def shared_rooms(browser: Browser) -> Iterator[SharedRooms]:
    server = RedisServer().start()
    relays: list[Relay] = []
    with site(lambda room: placed.relay_of(room)) as origin:
        for port in (free_port(), free_port()):
            relay = Relay(origin, port)
            relay.settings = {"TELECONSULT_RELAY_URL": relay.url, "TELECONSULT_REDIS_URL": server.url}
            relays.append(relay.start())
        placed = PlacedRooms(server.url, [relay.url for relay in relays])
        with visitors(browser, None, origin) as make:
            yield SharedRooms(server, relays, placed, make)
    for relay in relays:
        relay.end()
    server.kill()
