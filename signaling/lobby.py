"""All rooms of one process, and who carries out what they want.

A room decides at once; sending goes into the outbox of each socket, and what concerns media is done one thing
after another for each room, beside it, so that setting up a connection never holds up a pointer. Rooms in
which nobody is keep their viewer state, the youngest EMPTY_ROOMS_KEPT of them.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from signaling.errors import MediaError
from signaling.join_token import JoinGrant
from signaling.media import MediaEngine, OnDescription, OnFailed, Stay
from signaling.messages import (
    ClientMessage,
    Connection,
    DescriptionMessage,
    ErrorCode,
    ErrorMessage,
    Message,
    SessionDescription,
)
from signaling.room import (
    AddCandidate,
    CloseMedia,
    DescribeMedia,
    Disconnect,
    Effect,
    OpenMedia,
    Room,
    Send,
)

EMPTY_ROOMS_KEPT = 200
CLOSE_TIMEOUT_S = 2.0
MEDIA_EFFECTS_WAITING = 512  # of one room; who adds one more is cut off

log = logging.getLogger(__name__)
MediaEffect = OpenMedia | CloseMedia | DescribeMedia | AddCandidate


class Socket(Protocol):
    """One participant's end: it may be told and it may be ended, and neither waits."""

    def send(self, message: Message) -> None: ...

    def end(self, code: ErrorCode) -> None: ...


class Lobby:
    """Closures: `leave` ends one stay; `close` ends all stays, the work on media, and the engine."""

    def __init__(self, make_engine: Callable[[OnDescription, OnFailed], MediaEngine]) -> None:
        self._engine = make_engine(self._describes, self._failed)
        self._rooms: OrderedDict[str, Room] = OrderedDict()
        self._sockets: dict[Stay, Socket] = {}
        self._media_work: dict[str, asyncio.Queue[MediaEffect]] = {}
        self._media_tasks: dict[str, asyncio.Task[None]] = {}
        self.is_closing = False

    @property
    def participants(self) -> int:
        return len(self._sockets)

    @property
    def rooms(self) -> int:
        return sum(not room.is_empty for room in self._rooms.values())

    def join(self, grant: JoinGrant, socket: Socket) -> Stay:
        """Raises Refused."""
        room = self._rooms.setdefault(grant.room_id, Room(grant.room_id))
        self._rooms.move_to_end(grant.room_id)
        stay, effects = room.join(grant, datetime.now(UTC))
        self._sockets[stay] = socket
        log.info("joined room=%s participant=%s stay=%s", stay.room_id, stay.participant_id, stay.number)
        self._perform(effects)
        return stay

    def receive(self, stay: Stay, message: ClientMessage) -> None:
        self._perform(self._rooms[stay.room_id].receive(stay, message, datetime.now(UTC)))

    def leave(self, stay: Stay) -> None:
        self._sockets.pop(stay, None)
        room = self._rooms.get(stay.room_id)
        if room is not None:
            log.info("left room=%s participant=%s stay=%s", stay.room_id, stay.participant_id, stay.number)
            self._perform(room.leave(stay, datetime.now(UTC)))
            self._forget_old_rooms()

    async def close(self) -> None:
        self.is_closing = True
        for socket in list(self._sockets.values()):
            socket.end(ErrorCode.SERVER_CLOSING)
        # Who is told leaves, and when the last one is out a room's work on media is done.
        if tasks := list(self._media_tasks.values()):
            await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT_S)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._engine.close_all()

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(stay, message):
                    self._send(stay, message)
                case Disconnect(stay, code):
                    socket = self._sockets.pop(stay, None)
                    if socket is not None:
                        socket.end(code)
                case _:
                    self._add_media_work(effect)

    def _send(self, stay: Stay, message: Message) -> None:
        socket = self._sockets.get(stay)
        if socket is not None:
            socket.send(message)

    def _add_media_work(self, effect: MediaEffect) -> None:
        if self.is_closing and not isinstance(effect, CloseMedia):
            return
        room_id = effect.stay.room_id
        if room_id not in self._media_work:
            self._media_work[room_id] = asyncio.Queue()
            self._media_tasks[room_id] = asyncio.create_task(self._work_on_media(room_id))
        queue = self._media_work[room_id]
        if queue.qsize() < MEDIA_EFFECTS_WAITING or isinstance(effect, CloseMedia):
            queue.put_nowait(effect)
        elif (socket := self._sockets.get(effect.stay)) is not None:
            socket.end(ErrorCode.TOO_SLOW)

    async def _work_on_media(self, room_id: str) -> None:
        """Carry out what a room wants of the engine, in order, until nothing is left of the room."""
        queue = self._media_work[room_id]
        while True:
            effect = await queue.get()
            try:
                await self._do(effect)
            except MediaError as error:
                log.warning("media-refused room=%s reason=%s", room_id, error)
                self._failed(effect.stay)
            except Exception:  # the edge of this room: a fault in media must not end what else it does
                log.exception("media-fault room=%s", room_id)
                self._failed(effect.stay)
            if queue.empty() and self._rooms[room_id].is_empty:
                del self._media_work[room_id], self._media_tasks[room_id]
                return

    async def _do(self, effect: MediaEffect) -> None:
        match effect:
            case OpenMedia(stay):
                await self._engine.open(stay)
            case CloseMedia(stay):
                await self._engine.close(stay)
            case DescribeMedia(stay, connection, description):
                await self._engine.describe(stay, connection, description)
            case AddCandidate(stay, candidate):
                await self._engine.add_candidate(stay, candidate)

    def _describes(self, stay: Stay, connection: Connection, description: SessionDescription) -> None:
        self._send(stay, DescriptionMessage(connection=connection, description=description))

    def _failed(self, stay: Stay) -> None:
        """Told, not cut off: it still sees the images, and its page decides whether to connect again."""
        self._send(stay, ErrorMessage(code=ErrorCode.MEDIA_FAILED))

    def _forget_old_rooms(self) -> None:
        empty = [room_id for room_id, room in self._rooms.items() if room.is_empty]
        for room_id in empty[: max(0, len(empty) - EMPTY_ROOMS_KEPT)]:
            if room_id not in self._media_work:
                del self._rooms[room_id]
