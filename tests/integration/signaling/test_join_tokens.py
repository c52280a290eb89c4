"""A ticket into a room opens it once, at whichever relay, and not after the consult."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from signaling.lobby import Lobby
from signaling.relay_media import RelayMedia
from signaling.room_orders import RoomOrders
from signaling.room_registry import PlacedRooms, RelayPresence
from signaling.websocket import SignalingServer
from tests.integration.signaling.test_edge import (
    ORIGIN,
    SECRET,
    Door,
    a_token,
    break_off,
    ending,
    joined,
    next_of,
    say,
)
from tests.redis_server import RedisServer

RELAYS = ["ws://{host}:1/", "ws://{host}:2/"]
USED = (4001, "expired-token")


@pytest.fixture
async def doors(redis_server: RedisServer) -> AsyncIterator[list[Door]]:
    """Of two relays that share a Redis."""
    async with AsyncExitStack() as stack:
        found = []
        for url in RELAYS:
            presence = RelayPresence(redis_server.url, url)
            lobby = Lobby(RelayMedia, recall=presence.recall)
            server = SignalingServer(lobby, SECRET, [ORIGIN], spent_elsewhere=presence.spend)
            found.append(Door(server, lobby, await server.start("127.0.0.1", 0)))
            stack.push_async_callback(presence.withdraw, lobby)
            stack.push_async_callback(server.close)
        yield found


async def test_a_ticket_opens_a_room_once_and_neither_relay_takes_it_again(doors: list[Door]) -> None:
    token = a_token("anna")
    async with doors[0].knock() as anna:
        await say(anna, "join", token=token)
        await next_of(anna, "welcome")
        for door in doors:
            async with door.knock() as thief:
                await say(thief, "join", token=token)
                assert await ending(thief) == USED
        assert [door.lobby.participants for door in doors] == [1, 0], "who is in stays in"


async def test_of_many_with_one_ticket_at_once_one_gets_in(doors: list[Door]) -> None:
    token = a_token("ben")
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(doors[n % 2].knock()) for n in range(8)]
        await asyncio.gather(*(say(client, "join", token=token) for client in clients))
        first = [await asyncio.wait_for(client.recv(), 10) for client in clients]
        assert sum('"welcome"' in str(one) for one in first) == 1
        assert sum('"expired-token"' in str(one) for one in first) == 7


async def test_who_comes_back_needs_no_ticket_within_the_window_and_a_new_one_after_it(
    doors: list[Door],
) -> None:
    token = a_token("carl")
    async with doors[0].knock() as carl:
        await say(carl, "join", token=token)
        welcome = await next_of(carl, "welcome")
        await break_off(carl)
    async with doors[0].knock() as again:
        await say(again, "resume", resumeToken=welcome["resumeToken"], received=1)
        await next_of(again, "resumed")
    for door in doors:  # as after the death of the first relay
        async with door.knock() as anew:
            assert (await joined(anew, "carl"))["participantId"] == "carl"


async def test_a_ticket_that_was_given_before_the_consult_ended_opens_no_relay_after_it(
    doors: list[Door], redis_server: RedisServer
) -> None:
    app = PlacedRooms(redis_server.url, RELAYS)
    await asyncio.to_thread(app.order, "ended", RoomOrders(over=True))
    for door in doors:
        async with door.knock() as late:
            await say(late, "join", token=a_token("late", room="ended"))
            assert await ending(late) == (4011, "room-over")


async def test_without_redis_a_relay_still_knows_its_own_tickets_and_calls_go_on(
    doors: list[Door], redis_server: RedisServer
) -> None:
    token = a_token("dora")
    redis_server.kill()
    try:
        async with doors[0].knock() as dora, doors[0].knock() as thief:
            await say(dora, "join", token=token)
            await next_of(dora, "welcome")
            await say(thief, "join", token=token)
            assert await ending(thief) == USED
    finally:
        redis_server.start()
