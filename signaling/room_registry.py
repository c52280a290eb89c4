"""What relays and the app tell each other through Redis: who lives, how busy it is, and who has which room.

| key | holds | for |
|---|---|---|
| teleconsult:relay:URL | the share of one core that this relay uses | LEASE_S after its last heartbeat |
| teleconsult:room:ID | a hash: `relay` is its URL, `memory` is a RoomMemory as JSON, | ROOM_KEPT_S |
| | `seen` when its relay had its last heartbeat, by the clock of Redis, | |
| | `orders` are RoomOrders as JSON, which the app writes | |
| teleconsult:token:ID | nothing: the join token of this id has opened a room | as long as it is good |

A room moves only when its relay's lease has run out and somebody asks for it. A relay that was taken for dead
learns from its next heartbeat which rooms are elsewhere, and sends their participants there. One whose media
hang gives up its lease and sends everybody away; one whose loop hangs has no heartbeat. Without Redis nothing
moves: rooms go on where they are.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, cast

import redis
import redis.asyncio

from signaling.join_token import MAX_AGE_S
from signaling.measurement import SharedMeasurement
from signaling.placement import place
from signaling.room_memory import KeptRoom, RoomMemory
from signaling.room_orders import RoomOrders

LEASE_S = 1.5
HEARTBEAT_S = 0.5
ROOM_KEPT_S = 24 * 3600
RECORDING_KEPT_S = 60  # whose room stood still for longer are asked anew
REDIS_TIMEOUT_S = 1.0
PLACES_REMEMBERED = 1_000
SMOOTHING = 0.2  # of a new measurement of load

# One winner: the room moves if it still is where the caller saw it. KEYS: room. ARGV: seen, wanted, seconds.
MOVE = """
local relay = redis.call('HGET', KEYS[1], 'relay') or ''
if relay == ARGV[1] then
  relay = ARGV[2]
  redis.call('HSET', KEYS[1], 'relay', relay)
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return relay
"""
# KEYS: lease, rooms. ARGV: URL, load, lease in ms (0: none), seconds a room is kept, a memory for each room
# or ''.
# Returns which rooms, counted from 0, are at another relay.
HEARTBEAT = """
if tonumber(ARGV[3]) > 0 then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else
  redis.call('DEL', KEYS[1])
end
local elsewhere = {}
for i = 2, #KEYS do
  local relay = redis.call('HGET', KEYS[i], 'relay')
  if not relay then
    relay = ARGV[1]
    redis.call('HSET', KEYS[i], 'relay', relay)
  end
  if relay == ARGV[1] then
    if ARGV[i + 3] ~= '' then redis.call('HSET', KEYS[i], 'memory', ARGV[i + 3]) end
    redis.call('HSET', KEYS[i], 'seen', redis.call('TIME')[1])
    redis.call('EXPIRE', KEYS[i], ARGV[4])
  else
    elsewhere[#elsewhere + 1] = i - 2
  end
end
return elsewhere
"""

log = logging.getLogger(__name__)


def _lease_key(relay: str) -> str:
    return f"teleconsult:relay:{relay}"


def _room_key(room_id: str) -> str:
    return f"teleconsult:room:{room_id}"


def _token_key(token_id: str) -> str:
    return f"teleconsult:token:{token_id}"


class PlacedRooms:
    """The app's side: asks where a room is, and places it where it is nowhere. Safe from several threads."""

    def __init__(self, redis_url: str, relays: Sequence[str]) -> None:
        """`relays` are the URLs of all relays, at least one, in any form that they announce themselves by."""
        self._relays = tuple(relays)
        self._redis = redis.Redis.from_url(
            redis_url,
            socket_timeout=REDIS_TIMEOUT_S,
            socket_connect_timeout=REDIS_TIMEOUT_S,
            decode_responses=True,
        )
        self._move = self._redis.register_script(MOVE)
        self._remembered: OrderedDict[str, str] = OrderedDict()

    def relay_of(self, room_id: str) -> str:
        """The URL of the relay that has the room. Without Redis: where it was last, or by its name alone."""
        if len(self._relays) == 1:
            return self._relays[0]
        try:
            relay = self._place(room_id)
        except redis.RedisError as error:
            log.warning("placed-without-redis room=%s error=%s", room_id, type(error).__name__)
            relay = place(room_id, self._relays, {}, self._remembered.get(room_id))
        self._remembered[room_id] = relay
        while len(self._remembered) > PLACES_REMEMBERED:
            self._remembered.popitem(last=False)
        return relay

    def living(self) -> list[bool]:
        """Of each relay whether it lives and its media work: it has a lease then. Without Redis: none."""
        try:
            leases = self._redis.mget([_lease_key(relay) for relay in self._relays])
        except redis.RedisError:
            return [False] * len(self._relays)
        return [lease is not None for lease in cast(list[str | None], leases)]

    def order(self, room_id: str, orders: RoomOrders) -> None:
        """What the room's relay does within HEARTBEAT_S, and goes on doing. Without Redis: nothing."""
        key = _room_key(room_id)
        writing = self._redis.pipeline(transaction=False)
        writing.hset(key, "orders", orders.to_json())
        writing.expire(key, ROOM_KEPT_S)
        try:
            writing.execute()
        except redis.RedisError as error:
            log.warning("room-not-told room=%s error=%s", room_id, type(error).__name__)

    def measurements_of(self, room_ids: Sequence[str]) -> dict[str, list[SharedMeasurement]]:
        """Of each room that is remembered, what was measured. Without Redis: of none."""
        reading = self._redis.pipeline(transaction=False)
        for room_id in room_ids:
            reading.hget(_room_key(room_id), "memory")
        found: dict[str, list[SharedMeasurement]] = {}
        try:
            for room_id, text in zip(room_ids, reading.execute(), strict=True):
                if text is not None:
                    found[room_id] = list(RoomMemory.from_json(text).measurements)
        except (redis.RedisError, ValueError) as error:
            log.warning("rooms-not-read error=%s", type(error).__name__)
        return found

    def remind(self, room_id: str, measurements: Sequence[SharedMeasurement]) -> None:
        """What a room that remembers nothing begins with. Without Redis: nothing."""
        key = _room_key(room_id)
        writing = self._redis.pipeline(transaction=False)
        writing.hsetnx(key, "memory", RoomMemory(measurements=tuple(measurements)).to_json())
        writing.expire(key, ROOM_KEPT_S)
        try:
            writing.execute()
        except redis.RedisError as error:
            log.warning("room-not-reminded room=%s error=%s", room_id, type(error).__name__)

    def _place(self, room_id: str) -> str:
        key = _room_key(room_id)
        reading = self._redis.pipeline(transaction=False)
        reading.mget([_lease_key(relay) for relay in self._relays])
        reading.hget(key, "relay")
        leases, current = reading.execute()
        loads = {
            relay: float(load) for relay, load in zip(self._relays, leases, strict=True) if load is not None
        }
        wanted = place(room_id, self._relays, loads, current)
        if wanted == current:
            return wanted
        winner = str(self._move(keys=[key], args=[current or "", wanted, ROOM_KEPT_S]))
        log.info("placed room=%s relay=%s before=%s", room_id, winner, current)
        return winner if winner in self._relays else wanted


class HostOfRooms(Protocol):
    """What a relay has, as the registry sees it; see Lobby."""

    @property
    def works(self) -> bool: ...

    def memories(self) -> Mapping[str, RoomMemory]: ...

    def send_elsewhere(self, room_id: str) -> None: ...

    def obey(self, room_id: str, orders: RoomOrders) -> None: ...


class RelayPresence:
    """A relay's side. `run` until cancelled, then `withdraw`: from then on no room comes here."""

    def __init__(self, redis_url: str, relay_url: str) -> None:
        self._relay_url = relay_url
        self._redis = redis.asyncio.Redis.from_url(
            redis_url,
            socket_timeout=REDIS_TIMEOUT_S,
            socket_connect_timeout=REDIS_TIMEOUT_S,
            decode_responses=True,
        )
        self._heartbeat = self._redis.register_script(HEARTBEAT)
        self._written: dict[str, RoomMemory] = {}
        self._load = 0.0
        self._is_away = self._has_withdrawn = False

    async def recall(self, room_id: str) -> KeptRoom:
        """What another relay, or this one before it ended, has left of a room; what the app wants of it."""
        try:
            found = await self._redis.hmget(_room_key(room_id), ["memory", "seen", "orders"])
            kept, seen, wanted = cast(list[str | None], found)
            orders = None if wanted is None else RoomOrders.from_json(wanted)
            if kept is None:
                return KeptRoom(orders=orders)
            memory = RoomMemory.from_json(kept)
            now_s, _ = await self._redis.time()
            if now_s - int(seen or 0) >= RECORDING_KEPT_S:
                memory = replace(memory, recording=None)
            return KeptRoom(memory, orders)
        except (redis.RedisError, ValueError) as error:
            log.warning("not-recalled room=%s error=%s", room_id, type(error).__name__)
            return KeptRoom()

    async def spend(self, token_id: str) -> bool:
        """Whether this join token opens a room for the first time, at whichever relay. Without Redis: yes."""
        try:
            return bool(await self._redis.set(_token_key(token_id), "", nx=True, ex=MAX_AGE_S))
        except redis.RedisError as error:
            log.warning("token-not-asked-for error=%s", type(error).__name__)
            return True

    async def run(self, rooms: HostOfRooms) -> None:
        measured = time.monotonic(), time.process_time()
        while not self._has_withdrawn:
            await self._beat(rooms)
            await asyncio.sleep(HEARTBEAT_S)
            now = time.monotonic(), time.process_time()
            load = (now[1] - measured[1]) / (now[0] - measured[0])
            self._load += SMOOTHING * (load - self._load)
            measured = now

    async def withdraw(self, rooms: HostOfRooms) -> None:
        await self._beat(rooms)
        self._has_withdrawn = True
        try:
            await self._redis.delete(_lease_key(self._relay_url))
        except redis.RedisError as error:
            log.warning("not-withdrawn error=%s", type(error).__name__)
        await self._redis.aclose()

    async def _beat(self, rooms: HostOfRooms) -> None:
        memories, works = dict(rooms.memories()), rooms.works
        changed = [
            memory.to_json() if self._written.get(room_id) != memory else ""
            for room_id, memory in memories.items()
        ]
        try:
            elsewhere = await self._heartbeat(
                keys=[_lease_key(self._relay_url), *map(_room_key, memories)],
                args=[
                    self._relay_url,
                    f"{self._load:.3f}",
                    round(LEASE_S * 1000) if works else 0,
                    ROOM_KEPT_S,
                    *changed,
                ],
            )
            orders = await self._orders(memories)
        except redis.RedisError as error:
            self._say_away(True, type(error).__name__)
            self._written = {}  # who knows what it still has when it comes back
            return
        self._say_away(False)
        self._written = memories
        if not works:
            log.error("media-hang rooms=%s", len(memories))
        room_ids = list(memories)
        for index in cast(list[int], elsewhere) if works else range(len(room_ids)):
            rooms.send_elsewhere(room_ids[index])
        for room_id, wanted in orders.items():
            rooms.obey(room_id, wanted)

    async def _orders(self, room_ids: Iterable[str]) -> dict[str, RoomOrders]:
        reading = self._redis.pipeline(transaction=False)
        names = list(room_ids)
        for room_id in names:
            reading.hget(_room_key(room_id), "orders")
        found: dict[str, RoomOrders] = {}
        for room_id, text in zip(names, await reading.execute(), strict=True):
            try:
                if text is not None:
                    found[room_id] = RoomOrders.from_json(text)
            except ValueError as error:
                log.warning("orders-not-read room=%s error=%s", room_id, error)
        return found

    def _say_away(self, is_away: bool, why: str = "") -> None:
        if is_away != self._is_away:
            log.warning("redis-away error=%s", why) if is_away else log.info("redis-is-back")
        self._is_away = is_away
