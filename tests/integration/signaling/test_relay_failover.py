"""Two real relays share the rooms through a real Redis; one of them dies while real browsers talk."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from signal import SIGTERM

import pytest
from playwright.sync_api import Browser

from signaling.room_registry import PlacedRooms
from tests.integration.signaling.test_room_in_browsers import a_viewer_state
from tests.redis_server import REDIS, RedisServer
from tests.room_in_browsers import Relay, Visitor, free_port, site, visitors, wait_until

BACK_WITHIN_S = 5.0


@dataclass
class Rooms:
    """Two relays that share rooms, and the pages in them."""

    relays: list[Relay]
    placed: PlacedRooms
    make: Callable[[str], Visitor]

    def enter(self, room: str, *names: str) -> list[Visitor]:
        pages = [self.make(name) for name in names]
        for page in pages:
            page.room = room
            page.enter()
        return pages

    def a_room_at(self, relay: Relay) -> str:
        names = map("room {}".format, range(1_000))
        return next(name for name in names if self.placed.relay_of(name) == relay.url)


@pytest.fixture
def rooms(browser: Browser) -> Iterator[Rooms]:
    if REDIS is None:
        pytest.skip("redis-server is not installed: make setup")
    server = RedisServer().start()
    relays: list[Relay] = []
    with site(lambda room: placed.relay_of(room)) as origin:
        for port in (free_port(), free_port()):
            relay = Relay(origin, port)
            relay.settings = {"TELECONSULT_RELAY_URL": relay.url, "TELECONSULT_REDIS_URL": server.url}
            relays.append(relay.start())
        placed = PlacedRooms(server.url, [relay.url for relay in relays])
        with visitors(browser, None, origin) as make:
            yield Rooms(relays, placed, make)
    for relay in relays:
        relay.stop()
    server.kill()


def connections_of(one: Visitor) -> int:
    return int(one.page.evaluate("connections.length"))


def is_back_at(one: Visitor, first: int) -> float:
    """When sound and picture came by connections made since, in seconds of Unix time."""
    back = f"""async () => {{
        if (session.getState().status !== 'connected' || connections.length <= {first}) return false;
        const {{ framesDecoded, totalAudioEnergy }} = await received({first});
        return framesDecoded > 0 && totalAudioEnergy > 0 && Date.now() / 1000;
    }}"""
    return float(one.page.wait_for_function(back, timeout=60_000).json_value())


def test_who_is_at_a_relay_that_is_killed_talks_on_at_the_other_and_nobody_else_notices(rooms: Rooms) -> None:
    dying, living = rooms.relays
    anna, ben = rooms.enter(rooms.a_room_at(dying), "anna", "ben")
    carla, dan = rooms.enter(rooms.a_room_at(living), "carla", "dan")
    for here, there in ((anna, ben), (ben, anna), (carla, dan), (dan, carla)):
        here.sees(there)
    ben.page.evaluate("session.takePresenter()")
    ben.waits("state.presenterId === 'ben'", "ben presents")
    ben.page.evaluate("state => session.sendViewer(state)", a_viewer_state(zoom=3))
    anna.waits("state.viewer?.zoom === 3", "anna sees it")
    watch = "watched = []; session.subscribe(() => watched.push(session.getState().status))"
    for one in (carla, dan):
        one.page.evaluate(watch)
    first = {one.name: connections_of(one) for one in (anna, ben, carla, dan)}

    assert dying.process is not None
    dying.process.kill()
    killed_at = time.time()
    for one in (anna, ben):
        took_s = is_back_at(one, first[one.name]) - killed_at
        print(f"{one.name} is back after {took_s:.1f} s")
        assert took_s < BACK_WITHIN_S
    for here, there in ((anna, ben), (ben, anna)):
        here.sees(there)
        here.waits("state.viewer.zoom === 3 && state.presenterId === 'ben'", "all is as it was")
    for one in (carla, dan):
        assert connections_of(one) == first[one.name]
        assert set(one.page.evaluate("watched")) <= {"connected"}

    # A newcomer sees what was shown before; and the relay that comes back takes nobody away.
    dying.start()
    (eve,) = rooms.enter(anna.room, "eve")
    eve.waits("state.participants.length === 3 && state.viewer.zoom === 3", "eve is with them")


def test_a_relay_that_is_stopped_hands_its_rooms_over(rooms: Rooms) -> None:
    stopping, _ = rooms.relays
    anna, ben = rooms.enter(rooms.a_room_at(stopping), "anna", "ben")
    anna.sees(ben)
    first = {one.name: connections_of(one) for one in (anna, ben)}
    assert stopping.process is not None
    stopping.process.send_signal(SIGTERM)
    stopped_at = time.time()
    for one in (anna, ben):
        assert is_back_at(one, first[one.name]) - stopped_at < BACK_WITHIN_S
    anna.sees(ben)
    wait_until(lambda: stopping.process is not None and stopping.process.poll() == 0, "the relay has ended")
