"""Which relay a room is given to."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.placement import ABOUT_AS_BUSY, place

RELAYS = [f"ws://relay-{number}/" for number in range(8)]
some_relays = st.lists(st.sampled_from(RELAYS), min_size=1, unique=True)
room_ids = st.text(min_size=1, max_size=64)
loads_of = st.dictionaries(st.sampled_from(RELAYS), st.floats(0, 4))


@given(room_ids, some_relays, loads_of, st.none() | st.sampled_from(RELAYS))
def test_a_room_is_at_a_relay_that_lives_if_there_is_one(
    room_id: str, relays: list[str], loads: dict[str, float], current: str | None
) -> None:
    relay = place(room_id, relays, loads, current)
    assert relay in relays
    assert relay in loads or not set(relays) & set(loads)


@given(room_ids, some_relays, loads_of)
def test_a_room_stays_while_its_relay_lives_however_busy_that_is(
    room_id: str, relays: list[str], loads: dict[str, float]
) -> None:
    for current in set(relays) & set(loads):
        assert place(room_id, relays, loads, current) == current


@given(st.lists(room_ids, unique=True), some_relays.filter(lambda relays: len(relays) > 1))
def test_of_a_relay_that_dies_the_rooms_move_and_no_others(rooms: list[str], relays: list[str]) -> None:
    before = {room: place(room, relays, dict.fromkeys(relays, 0.0), None) for room in rooms}
    dead, *living = relays
    loads = dict.fromkeys(living, 0.0)
    after = {room: place(room, relays, loads, current) for room, current in before.items()}
    moved = {room for room in rooms if after[room] != before[room]}
    assert moved == {room for room in rooms if before[room] == dead}
    # And so it is for whoever does not know where they were.
    assert after == {room: place(room, relays, loads, None) for room in rooms}


@given(room_ids, some_relays)
def test_the_order_of_the_relays_does_not_matter(room_id: str, relays: list[str]) -> None:
    assert place(room_id, relays, {}, None) == place(room_id, relays[::-1], {}, None)


@given(room_ids, st.floats(0, 3), st.floats(ABOUT_AS_BUSY * 1.01, 1))
def test_a_new_room_does_not_go_to_a_busy_relay(room_id: str, least: float, more: float) -> None:
    loads = {RELAYS[0]: least + more, RELAYS[1]: least}
    assert place(room_id, RELAYS[:2], loads, None) == RELAYS[1]


def test_relays_that_are_about_as_busy_share_the_rooms() -> None:
    loads = {relay: 0.1 + 0.02 * number for number, relay in enumerate(RELAYS)}
    placed = [place(f"room {number}", RELAYS, loads, None) for number in range(800)]
    counts = [placed.count(relay) for relay in RELAYS]
    assert min(counts) > 60 and max(counts) < 140, counts
