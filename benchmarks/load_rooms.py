"""A hundred rooms at once: in each one presents and the others follow, over the relay's real WebSockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from pydicom.uid import generate_uid
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin, Subprotocol

from benchmarks.load_pages import HEADERS, signs_in
from signaling.messages import (
    SUBPROTOCOL,
    Join,
    SetViewer,
    ViewerChanged,
    ViewerState,
    Welcome,
    parse_server_message,
    to_json,
)
from tests.installation_server import Installation

AT_ONCE = 8  # joining
STEP_S = 1.0  # between two steps of one presenter


@dataclass
class Rooms:
    """What was seen in all rooms.

    Attributes:
        inside: participants to whom the room said welcome.
        late_ms: from a presenter's state to each follower, both clients in Python included.
        steps, heard: states that were sent, and how often one was heard.
        lost: connections that ended by themselves.
    """

    inside: int = 0
    late_ms: list[float] = field(default_factory=list)
    steps: int = 0
    heard: int = 0
    lost: int = 0
    is_counting: bool = False


@asynccontextmanager
async def joined_rooms(
    installation: Installation, consults: Sequence[str], usernames: Sequence[str]
) -> AsyncIterator[Rooms]:
    """Everybody in every room, each with a ticket that the app gave them; they leave at the end."""
    rooms = Rooms()
    sockets: dict[str, list[ClientConnection]] = {consult: [] for consult in consults}
    listening: list[asyncio.Task[None]] = []
    sent_at: dict[str, float] = {}
    gate = asyncio.Semaphore(AT_ONCE)

    async def enters(session: aiohttp.ClientSession, consult: str) -> None:
        async with gate, session.post(f"/api/consults/{consult}/join") as answer:
            answer.raise_for_status()
            ticket = await answer.json()
            socket = await connect(
                ticket["signaling_url"],
                origin=Origin(installation.url),
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                compression="deflate",
                ping_interval=None,
            )
            await socket.send(to_json(Join(token=ticket["join_token"])))
            while not isinstance(parse_server_message(await socket.recv()), Welcome):
                pass
        rooms.inside += 1
        sockets[consult].append(socket)
        listening.append(asyncio.create_task(follows(socket)))

    async def follows(socket: ClientConnection) -> None:
        try:
            async for text in socket:
                message = parse_server_message(text)
                if isinstance(message, ViewerChanged) and message.state is not None and rooms.is_counting:
                    began = sent_at.get(message.state.sop_instance_uid)
                    if began is not None:
                        rooms.heard += 1
                        rooms.late_ms.append((time.perf_counter() - began) * 1000)
        except WebSocketException:
            pass
        if rooms.is_counting:
            rooms.lost += 1

    async def presents(consult: str) -> None:
        study, series = generate_uid(), generate_uid()
        while True:
            await asyncio.sleep(STEP_S)
            if not rooms.is_counting:
                continue
            image = generate_uid()
            state = ViewerState(
                study_instance_uid=study,
                series_instance_uid=series,
                sop_instance_uid=image,
                window_center=-600,
                window_width=1500,
                zoom=1,
                pan_x=0,
                pan_y=0,
                invert=False,
            )
            sent_at[image] = time.perf_counter()
            rooms.steps += 1
            await sockets[consult][0].send(to_json(SetViewer(state=state)))

    sessions = [aiohttp.ClientSession(installation.url, headers=HEADERS) for _ in usernames]
    try:
        for session, username in zip(sessions, usernames, strict=True):
            await signs_in(session, username)
        for session in sessions:  # all rooms have their first participant before any has two
            await asyncio.gather(*(enters(session, consult) for consult in consults))
        presenting = [asyncio.create_task(presents(consult)) for consult in consults]
        yield rooms
        rooms.is_counting = False
        for task in presenting:
            task.cancel()
        await asyncio.gather(*presenting, return_exceptions=True)
    finally:
        rooms.is_counting = False
        await asyncio.gather(*(socket.close() for one in sockets.values() for socket in one))
        await asyncio.gather(*listening)
        for session in sessions:
            await session.close()
