"""The relay's door, with a real WebSocket client: who is let in, and what ends a connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from signaling import pace
from signaling.join_token import JoinGrant, issue
from signaling.lobby import Lobby
from signaling.messages import MAX_MESSAGE_BYTES, SUBPROTOCOL
from signaling.outbox import CAPACITY
from signaling.relay_media import RelayMedia
from signaling.turn import TurnAccess
from signaling.turn_uri import read_uris
from signaling.websocket import BAD_MESSAGES_ALLOWED, SignalingServer
from tests.contract.media_bots import until
from tests.room_in_browsers import Relay, free_port

SECRET = "a secret that is only used in tests"
ORIGIN = "https://hospital.example"


class Door:
    """A server in this process, and ways to its door."""

    def __init__(self, server: SignalingServer, lobby: Lobby, port: int) -> None:
        self.server, self.lobby, self.port = server, lobby, port

    def knock(self, origin: str | None = ORIGIN, subprotocol: str | None = SUBPROTOCOL) -> connect:
        return connect(
            f"ws://127.0.0.1:{self.port}/",
            origin=Origin(origin) if origin else None,
            subprotocols=[Subprotocol(subprotocol)] if subprotocol else None,
            proxy=None,
        )


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    turn = TurnAccess(read_uris("turn:t.example"), SECRET)
    lobby = Lobby(RelayMedia, resume_window_s=3, turn=turn)
    server = SignalingServer(lobby, SECRET, [ORIGIN], join_deadline_s=0.5)
    yield Door(server, lobby, await server.start("127.0.0.1", 0))
    await server.close()


def a_token(name: str, room: str = "room", **more: Any) -> str:
    return issue(
        SECRET, JoinGrant(room_id=room, participant_id=name, display_name=name, role="presenter", **more)
    )


async def joined(client: ClientConnection, name: str, **more: Any) -> dict[str, Any]:
    await client.send(json.dumps({"type": "join", "token": a_token(name, **more)}))
    return await next_of(client, "welcome")


async def say(client: ClientConnection, kind: str, **fields: Any) -> None:
    await client.send(json.dumps({"type": kind, **fields}))


async def break_off(client: ClientConnection) -> None:
    """The line is gone without a word."""
    client.transport.abort()
    await client.wait_closed()


async def next_of(client: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(client.recv(), 10))
        if message["type"] == kind:
            return message


async def ending(client: ClientConnection) -> tuple[int, str | None]:
    """The close code, and the code of the last error before it."""
    last = None
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            last = json.loads(await asyncio.wait_for(client.recv(), 10)).get("code")
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, last


@pytest.mark.parametrize("origin", ["https://evil.example", None, "null"])
async def test_a_page_of_another_origin_stays_outside(door: Door, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with door.knock(origin=origin):
            pass
    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("subprotocol", ["teleconsult.v0", None])
async def test_a_client_of_another_version_stays_outside(door: Door, subprotocol: str | None) -> None:
    with pytest.raises(InvalidStatus):
        async with door.knock(subprotocol=subprotocol):
            pass


async def test_whoever_says_nothing_is_cut_off(door: Door) -> None:
    async with door.knock() as client:
        assert await ending(client) == (4002, "join-timeout")


@pytest.mark.parametrize(
    ("first", "end"),
    [
        ({"type": "join", "token": "forged"}, (4001, "bad-token")),
        ({"type": "takePresenter"}, (4000, "bad-message")),
        ({"type": "nonsense"}, (4000, "bad-message")),
    ],
)
async def test_only_a_good_token_opens(door: Door, first: dict[str, str], end: tuple[int, str]) -> None:
    async with door.knock() as client:
        await client.send(json.dumps(first))
        assert await ending(client) == end
    assert door.lobby.participants == 0


async def test_two_meet_and_one_hangs_up(door: Door) -> None:
    async with door.knock() as anna, door.knock() as ben:
        assert (await joined(anna, "anna"))["participantId"] == "anna"
        assert [one["id"] for one in (await joined(ben, "ben"))["participants"]] == ["anna", "ben"]
        assert (await next_of(anna, "joined"))["participant"]["id"] == "ben"
        await ben.close()
        assert await next_of(anna, "left") == {"type": "left", "participantId": "ben"}


async def test_a_bad_message_is_answered_and_too_many_end_it(door: Door) -> None:
    async with door.knock() as anna:
        await joined(anna, "anna")
        await anna.send("{}")
        assert (await next_of(anna, "error"))["code"] == "bad-message"
        for _ in range(BAD_MESSAGES_ALLOWED):
            await anna.send("{}")
        assert await ending(anna) == (4000, "bad-message")


async def test_whoever_floods_is_ended_and_the_others_go_on(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "FLOOD_S", 0.5)

    async def flood(client: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                for _ in range(10):
                    await say(client, "pointer", pointer=None)
                await asyncio.sleep(0.01)

    async with door.knock() as anna, door.knock() as ben, door.knock() as flooder:
        await joined(anna, "anna")
        await joined(ben, "ben")
        await joined(flooder, "flooder")
        flooding = asyncio.create_task(flood(flooder))
        await say(anna, "pointer", pointer=None)
        while (await next_of(ben, "pointer"))["participantId"] != "anna":
            pass
        assert await ending(flooder) == (4010, "flooded")
        await flooding
        assert (await next_of(ben, "left"))["participantId"] == "flooder"


async def test_a_frame_that_is_too_large_ends_the_connection(door: Door) -> None:
    async with door.knock() as anna:
        await joined(anna, "anna")
        await anna.send("x" * (MAX_MESSAGE_BYTES + 1))
        assert (await ending(anna))[0] == 1009


async def test_an_offer_that_makes_no_sense_leaves_the_room_alive(door: Door) -> None:
    async with door.knock() as anna, door.knock() as ben:
        await joined(anna, "anna")
        await joined(ben, "ben")
        nonsense = {"type": "offer", "sdp": "v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n"}
        await anna.send(json.dumps({"type": "description", "connection": "send", "description": nonsense}))
        assert (await next_of(anna, "error"))["code"] == "media-failed"
        await anna.send(json.dumps({"type": "pointer", "pointer": None}))
        assert (await next_of(ben, "pointer"))["participantId"] == "anna"


async def test_a_room_is_empty_when_everybody_is_gone(door: Door) -> None:
    for _ in range(3):
        async with door.knock() as anna:
            assert len((await joined(anna, "anna"))["participants"]) == 1
    await until(lambda: door.lobby.participants == 0 and door.lobby.rooms == 0, "nobody is left")


async def test_a_server_that_closes_says_so(door: Door) -> None:
    async with door.knock() as anna:
        await joined(anna, "anna")
        await door.server.close()
        assert await ending(anna) == (1001, "server-closing")


def test_sigterm_ends_the_process_in_order() -> None:
    relay = Relay(ORIGIN, free_port()).start()
    assert relay.stop() == 0
    with pytest.raises(AssertionError, match="the relay has ended"):
        relay.is_healthy()


async def test_a_stay_goes_on_over_another_socket_with_what_was_missed_both_ways(door: Door) -> None:
    async with door.knock() as anna, door.knock() as ben:
        await joined(anna, "anna")
        welcome = await joined(ben, "ben")
        await say(ben, "media", audio=True, video=True)
        await next_of(anna, "media")
        await break_off(ben)
        lost = await next_of(anna, "reconnecting")
        assert lost == {"type": "reconnecting", "participantId": "ben", "reconnecting": True}
        await say(anna, "takePresenter")
        await say(anna, "media", audio=False, video=True)
        await next_of(anna, "presenter")

        async with door.knock() as ben_again:
            await say(ben_again, "resume", resumeToken=welcome["resumeToken"], received=1)
            resumed = await next_of(ben_again, "resumed")
            assert resumed["received"] == 1
            [turn] = resumed["iceServers"]
            assert turn["urls"] == ["turn:t.example"] and turn["username"].endswith(":ben")
            assert (await next_of(ben_again, "presenter"))["participantId"] == "anna"
            assert (await next_of(ben_again, "media"))["participantId"] == "anna"
            assert (await next_of(anna, "reconnecting"))["reconnecting"] is False
            assert door.lobby.participants == 2


async def test_who_does_not_come_back_in_time_has_left(door: Door) -> None:
    async with door.knock() as anna, door.knock() as ben:
        await joined(anna, "anna")
        welcome = await joined(ben, "ben")
        await break_off(ben)
        assert await next_of(anna, "left") == {"type": "left", "participantId": "ben"}
        async with door.knock() as ben_again:
            await say(ben_again, "resume", resumeToken=welcome["resumeToken"], received=1)
            assert await ending(ben_again) == (4009, "cannot-resume")


@pytest.mark.parametrize("token", ["guessed", "x" * 64])
async def test_a_guessed_resume_token_opens_nothing(door: Door, token: str) -> None:
    async with door.knock() as client:
        await say(client, "resume", resumeToken=token, received=0)
        assert await ending(client) == (4009, "cannot-resume")


async def test_a_line_that_only_seemed_alive_gives_way_to_the_new_one(door: Door) -> None:
    async with door.knock() as old, door.knock() as new:
        welcome = await joined(old, "anna")
        await say(new, "resume", resumeToken=welcome["resumeToken"], received=1)
        await next_of(new, "resumed")
        assert await ending(old) == (4004, "replaced")
        await say(new, "takePresenter")
        await next_of(new, "presenter")
        assert (door.lobby.participants, door.lobby.reconnecting) == (1, 0)


async def test_a_patient_waits_is_admitted_muted_and_removed(door: Door) -> None:
    async with door.knock() as mo, door.knock() as paul:
        await joined(mo, "mo", moderator=True)
        token = a_token("paul", waits=True)
        await say(paul, "join", token=token)
        await next_of(paul, "waiting")
        assert [one["id"] for one in (await next_of(mo, "waitingRoom"))["waiting"]] == ["paul"]
        await say(mo, "admit", participantId="paul")
        assert (await next_of(paul, "welcome"))["participantId"] == "paul"
        await say(mo, "mute", participantId=None)
        await next_of(paul, "muted")
        await say(mo, "remove", participantId="paul")
        assert await ending(paul) == (4007, "removed")
        async with door.knock() as again:
            await say(again, "join", token=token)
            assert await ending(again) == (4001, "expired-token")


async def test_health_says_what_the_bounds_have_cost(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    body = (await reader.read()).split(b"\r\n\r\n", 1)[1]
    writer.close()
    assert json.loads(body) == {
        "status": "ok",
        "rooms": 0,
        "participants": 0,
        "reconnecting": 0,
        "dropped": {"viewerStates": 0, "pointers": 0, "participants": 0, "resumptions": 0},
    }


async def test_who_is_away_for_too_much_has_left_and_is_counted(door: Door) -> None:
    async with door.knock() as anna, door.knock() as ben:
        await joined(anna, "anna")
        welcome = await joined(ben, "ben")
        await break_off(ben)
        await next_of(anna, "reconnecting")
        for n in range(CAPACITY + 1):
            await say(anna, "media", audio=bool(n % 2), video=True)
        assert (await next_of(anna, "left"))["participantId"] == "ben"
        assert door.lobby.dropped["participants"] == 1
        async with door.knock() as ben_again:
            await say(ben_again, "resume", resumeToken=welcome["resumeToken"], received=1)
            assert await ending(ben_again) == (4009, "cannot-resume")
