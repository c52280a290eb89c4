"""Two real relays share the rooms through a real Redis; one of them goes while real browsers talk."""

import time
from collections.abc import Iterator
from signal import SIGTERM

import pytest
from playwright.sync_api import Browser

from tests.integration.signaling.test_room_in_browsers import a_viewer_state
from tests.redis_server import REDIS
from tests.relays_in_browsers import SharedRooms, back_at_s, connections_of, memory_of, shared_rooms
from tests.room_in_browsers import wait_until

BACK_WITHIN_S = 5.0


@pytest.fixture
def rooms(browser: Browser) -> Iterator[SharedRooms]:
    if REDIS is None:
        pytest.skip("redis-server is not installed: make setup")
    with shared_rooms(browser) as made:
        yield made


def has_view(rooms: SharedRooms, room: str) -> bool:
    memory = memory_of(rooms.redis, room)
    return memory is not None and memory.viewer is not None


def test_a_call_whose_relay_is_killed_goes_on_at_the_other_and_nobody_else_notices(
    rooms: SharedRooms,
) -> None:
    dying, living = rooms.relays
    anna, ben = rooms.enter(rooms.a_room_at(dying), "anna", "ben")
    carla, dan = rooms.enter(rooms.a_room_at(living), "carla", "dan")
    for here, there in ((anna, ben), (ben, anna), (carla, dan), (dan, carla)):
        here.sees(there)
    anna.page.evaluate("session.step({type: 'givePresenter', participantId: 'ben'})")
    ben.waits("state.presenterId === 'ben'", "ben presents")
    ben.page.evaluate("state => session.sendViewer(state)", a_viewer_state(zoom=3))
    anna.waits("state.viewer?.zoom === 3", "anna sees it")
    wait_until(lambda: has_view(rooms, anna.room), "a heartbeat has passed it on")
    watch = "watched = []; session.subscribe(() => watched.push(session.getState().status))"
    for one in (carla, dan):
        one.page.evaluate(watch)
    first = {one.name: connections_of(one) for one in (anna, ben, carla, dan)}

    assert dying.process is not None
    dying.process.kill()
    killed_at = time.time()
    for one in (anna, ben):
        took_s = back_at_s(one, first[one.name]) - killed_at
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


def test_a_call_whose_relay_hangs_goes_on_at_the_other(rooms: SharedRooms) -> None:
    hanging, other = rooms.relays
    anna, ben = rooms.enter(rooms.a_room_at(hanging), "anna", "ben")
    for here, there in ((anna, ben), (ben, anna)):
        here.sees(there)
    first = {one.name: connections_of(one) for one in (anna, ben)}
    hanging.hang()
    for one in (anna, ben):
        back_at_s(one, first[one.name])
    assert rooms.relay_of(anna.room) is other
    for here, there in ((anna, ben), (ben, anna)):
        here.sees(there)
        here.hears()


def test_a_relay_that_is_stopped_hands_its_rooms_over(rooms: SharedRooms) -> None:
    stopping, _ = rooms.relays
    anna, ben = rooms.enter(rooms.a_room_at(stopping), "anna", "ben")
    anna.sees(ben)
    first = {one.name: connections_of(one) for one in (anna, ben)}
    assert stopping.process is not None
    stopping.process.send_signal(SIGTERM)
    stopped_at = time.time()
    for one in (anna, ben):
        assert back_at_s(one, first[one.name]) - stopped_at < BACK_WITHIN_S
    anna.sees(ben)
    wait_until(lambda: stopping.process is not None and stopping.process.poll() == 0, "the relay has ended")
