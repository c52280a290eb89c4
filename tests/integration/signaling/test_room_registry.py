"""Relays and the app agree on who has which room, through a real Redis."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from threading import Barrier, Event

import pytest
import redis

from signaling.placement import place
from signaling.recording_consent import Agreement, CarriedRecording
from signaling.room_memory import KeptRoom, RoomMemory
from signaling.room_orders import RoomOrders
from signaling.room_registry import LEASE_S, RECORDING_KEPT_S, PlacedRooms, RelayPresence
from storage.cancelling import cancel
from tests.contract.media_bots import until
from tests.redis_server import RedisServer
from tests.relays_in_browsers import memory_of

RELAYS = ["ws://{host}:1/", "ws://{host}:2/", "ws://{host}:3/"]


class Rooms:
    """What one relay has."""

    def __init__(self, memories: Mapping[str, RoomMemory]) -> None:
        self.kept = dict(memories)
        self.works = True
        self.sent_elsewhere: list[str] = []
        self.orders: dict[str, RoomOrders] = {}

    def memories(self) -> Mapping[str, RoomMemory]:
        return self.kept

    def send_elsewhere(self, room_id: str) -> None:
        self.sent_elsewhere.append(room_id)
        self.kept.pop(room_id)

    def obey(self, room_id: str, orders: RoomOrders) -> None:
        self.orders[room_id] = orders


class LivingRelay:
    def __init__(self, redis_url: str, url: str, rooms: Rooms) -> None:
        self.presence, self.rooms = RelayPresence(redis_url, url), rooms
        self.task = asyncio.create_task(self.presence.run(rooms))

    async def dies(self) -> None:
        await cancel(self.task)

    async def stops(self) -> None:
        await self.dies()
        await self.presence.withdraw(self.rooms)


@asynccontextmanager
async def living(
    server: RedisServer, url: str, memories: Mapping[str, RoomMemory] | None = None
) -> AsyncIterator[LivingRelay]:
    relay = LivingRelay(server.url, url, Rooms(memories or {}))
    yield relay
    await relay.stops()


async def live(server: RedisServer, *relays: str) -> None:
    """Until these relays are known to live, and no others."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        wanted = {f"teleconsult:relay:{relay}" for relay in relays}
        await until(lambda: set(client.keys("teleconsult:relay:*")) == wanted, f"{relays} live")


def an_app(server: RedisServer) -> PlacedRooms:
    return PlacedRooms(server.url, RELAYS)


async def a_room_at(app: PlacedRooms, url: str, prefix: str) -> str:
    """A room that was placed there."""
    for number in range(1_000):
        room_id = f"{prefix} {number}"
        if await asyncio.to_thread(app.relay_of, room_id) == url:
            return room_id
    raise AssertionError(f"no room comes to {url}")


def test_of_fifty_who_ask_at_once_all_find_the_same_relay(redis_server: RedisServer) -> None:
    """While heartbeats say that now this relay is busy and now that one."""
    stop = Event()

    def change_loads() -> None:
        with redis.Redis.from_url(redis_server.url) as client:
            for busy in itertools.cycle(RELAYS):
                client.mset({f"teleconsult:relay:{relay}": 3.0 if relay == busy else 0.0 for relay in RELAYS})
                if stop.is_set():
                    client.delete(*(f"teleconsult:relay:{relay}" for relay in RELAYS))
                    return

    with ThreadPoolExecutor(51) as threads:
        changing = threads.submit(change_loads)
        try:
            for number in range(10):
                apps = [PlacedRooms(redis_server.url, RELAYS) for _ in range(50)]
                start = Barrier(len(apps))

                def ask(app: PlacedRooms, room_id: str = f"raced {number}", start: Barrier = start) -> str:
                    start.wait()
                    return app.relay_of(room_id)

                assert len(set(threads.map(ask, apps))) == 1
        finally:
            stop.set()
            changing.result()


async def test_a_relay_whose_media_hang_gives_its_rooms_up_and_sends_everybody_to_another(
    redis_server: RedisServer,
) -> None:
    app = an_app(redis_server)
    async with (
        living(redis_server, RELAYS[0], {"hung": RoomMemory(locked=True)}) as first,
        living(redis_server, RELAYS[1]),
    ):
        await live(redis_server, RELAYS[0], RELAYS[1])
        assert await asyncio.to_thread(app.relay_of, "hung") == RELAYS[0]
        first.rooms.works = False
        await until(lambda: first.rooms.sent_elsewhere == ["hung"], "its people are told")
        assert await asyncio.to_thread(app.relay_of, "hung") == RELAYS[1]
        assert memory_of(redis_server, "hung") == RoomMemory(locked=True)


@pytest.mark.parametrize(("ago_s", "goes_on"), [(1, True), (RECORDING_KEPT_S + 1, False)])
async def test_a_recording_goes_on_only_where_the_room_was_there_a_moment_ago(
    redis_server: RedisServer, ago_s: int, goes_on: bool
) -> None:
    recording = CarriedRecording("mo", False, {"mo": Agreement(datetime(2026, 1, 1, tzinfo=UTC), "1.en")})
    memory = RoomMemory(locked=True, recording=recording)
    with redis.Redis.from_url(redis_server.url, decode_responses=True) as client:
        seen = client.time()[0] - ago_s
        client.hset("teleconsult:room:kept", mapping={"memory": memory.to_json(), "seen": seen})
    async with living(redis_server, RELAYS[0]) as relay:
        recalled = await relay.presence.recall("kept")
        assert recalled == KeptRoom(memory if goes_on else RoomMemory(locked=True))


async def test_a_relay_that_dies_loses_its_rooms_when_its_lease_has_run_out_and_no_other_does(
    redis_server: RedisServer,
) -> None:
    app = an_app(redis_server)
    async with living(redis_server, RELAYS[0]) as first, living(redis_server, RELAYS[1]):
        await live(redis_server, RELAYS[0], RELAYS[1])
        lost, kept = await a_room_at(app, RELAYS[0], "lost"), await a_room_at(app, RELAYS[1], "kept")
        await first.dies()
        with redis.Redis.from_url(redis_server.url) as client:
            assert client.pttl(f"teleconsult:relay:{RELAYS[0]}") <= LEASE_S * 1_000
        while await asyncio.to_thread(app.relay_of, lost) == RELAYS[0]:
            await asyncio.sleep(0.02)
        assert app.relay_of(lost) == an_app(redis_server).relay_of(lost) == RELAYS[1]
        assert app.relay_of(kept) == RELAYS[1]
    # It comes back: what has moved stays where it is.
    async with living(redis_server, RELAYS[0]):
        await live(redis_server, RELAYS[0])
        async with living(redis_server, RELAYS[1]):
            await live(redis_server, RELAYS[0], RELAYS[1])
            assert app.relay_of(lost) == RELAYS[1]


async def test_a_relay_that_stops_gets_no_room_from_then_on(redis_server: RedisServer) -> None:
    app = an_app(redis_server)
    async with living(redis_server, RELAYS[1]):
        async with living(redis_server, RELAYS[0]):
            await live(redis_server, RELAYS[0], RELAYS[1])
            room_id = await a_room_at(app, RELAYS[0], "stops")
        assert app.relay_of(room_id) == RELAYS[1]
        assert all(app.relay_of(f"later {number}") == RELAYS[1] for number in range(20))


@pytest.mark.parametrize("turns", range(40))
async def test_heartbeats_end_when_cancelled_wherever_they_are(redis_server: RedisServer, turns: int) -> None:
    presence = RelayPresence(redis_server.url, RELAYS[0])
    beating = asyncio.create_task(presence.run(Rooms({})))
    for _ in range(turns):  # into connecting, sending, reading
        await asyncio.sleep(0)
    await asyncio.wait_for(cancel(beating), 40)
    await presence.withdraw(Rooms({}))


async def test_the_next_relay_recalls_what_the_last_one_knew(redis_server: RedisServer) -> None:
    app = an_app(redis_server)
    memory = RoomMemory(known=frozenset({"anna"}), locked=True, presenter_id="anna", seq=7)
    async with living(redis_server, RELAYS[0]) as first:
        await live(redis_server, RELAYS[0])
        assert app.relay_of("recalled") == RELAYS[0]
        first.rooms.kept["recalled"] = memory
    async with living(redis_server, RELAYS[1]) as second:
        assert await second.presence.recall("recalled") == KeptRoom(memory)
        assert await second.presence.recall("never seen") == KeptRoom()


async def test_a_relay_that_was_taken_for_dead_sends_its_participants_elsewhere_and_overwrites_nothing(
    redis_server: RedisServer,
) -> None:
    app = an_app(redis_server)
    async with living(redis_server, RELAYS[1]) as second:
        await live(redis_server, RELAYS[1])
        assert app.relay_of("split") == RELAYS[1]
        second.rooms.kept["split"] = RoomMemory(seq=9)
        await until(lambda: memory_of(redis_server, "split") == RoomMemory(seq=9), "it is written down")
        async with living(redis_server, RELAYS[0], {"split": RoomMemory(seq=3)}) as first:
            await until(lambda: first.rooms.sent_elsewhere == ["split"], "it learns whose the room is")
        assert memory_of(redis_server, "split") == RoomMemory(seq=9)
        assert second.rooms.sent_elsewhere == []


async def test_without_redis_rooms_stay_where_they_are_and_new_ones_go_by_their_name(
    redis_server: RedisServer,
) -> None:
    app = an_app(redis_server)
    async with living(redis_server, RELAYS[0]) as relay:
        await live(redis_server, RELAYS[0])
        assert app.relay_of("here") == RELAYS[0]
        relay.rooms.kept["here"] = RoomMemory(seq=1)
        redis_server.kill()
        try:
            assert app.relay_of("here") == RELAYS[0]
            names = [f"new {number}" for number in range(20)]
            assert [app.relay_of(name) for name in names] == [place(name, RELAYS, {}, None) for name in names]
            assert await relay.presence.recall("new") == KeptRoom()
            assert relay.rooms.sent_elsewhere == []
        finally:
            redis_server.start()
        # It has forgotten everything: the relay says anew what it has.
        await until(lambda: memory_of(redis_server, "here") == RoomMemory(seq=1), "it is written down")
        assert an_app(redis_server).relay_of("here") == RELAYS[0]


def test_one_relay_needs_no_redis() -> None:
    assert PlacedRooms("redis://127.0.0.1:1/0", RELAYS[:1]).relay_of("any") == RELAYS[0]


async def test_what_the_app_wants_of_a_room_reaches_its_relay(redis_server: RedisServer) -> None:
    app = an_app(redis_server)
    wanted = RoomOrders(consent_in_force=False, shut_out=frozenset({"a link"}))
    await asyncio.to_thread(app.order, "ordered", wanted)
    async with living(redis_server, RELAYS[0], {"ordered": RoomMemory()}) as relay:
        await until(lambda: relay.rooms.orders == {"ordered": wanted}, "it is told")
