"""All rooms of one process, and who carries out what they want.

A room decides at once; sending goes into the outbox of each socket, and what concerns media is done one thing
after another for each room, beside it, so that setting up a connection never holds up a pointer. Rooms in
which nobody is keep their viewer state, the youngest EMPTY_ROOMS_KEPT of them.

Where other relays are, `recall` brings what one of them left of a room and what the app wants of it, and
`send_elsewhere` ends the stays of a room that is another's by now (see room_registry.py).

A stay whose socket is gone keeps its seat, and its media, for RESUME_WINDOW_S: whoever brings its resume
token goes on with it, and has missed nothing.
"""

import asyncio
import logging
import secrets
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from signaling.errors import MediaError, Refused
from signaling.join_token import JoinGrant
from signaling.media import (
    Direction,
    MediaEngine,
    OnDescription,
    OnFailed,
    OnSpeaker,
    OnWanted,
    Stay,
    Traffic,
)
from signaling.messages import (
    ClientMessage,
    Connection,
    DescriptionMessage,
    ErrorCode,
    ErrorMessage,
    Message,
    Resume,
    Resumed,
    SessionDescription,
    WantedEncodings,
)
from signaling.outbox import Outbox, OutboxFull, TooMuchMissed
from signaling.recorder.recorders import Recorders
from signaling.room import Room
from signaling.room_effects import (
    AddCandidate,
    CloseMedia,
    DescribeMedia,
    Disconnect,
    Effect,
    MediaEffect,
    OpenMedia,
    Send,
    WatchPictures,
)
from signaling.room_memory import KeptRoom, RoomMemory
from signaling.room_orders import RoomOrders
from signaling.turn import NO_TURN, TurnAccess

EMPTY_ROOMS_KEPT = 200
CLOSE_TIMEOUT_S = 2.0
MEDIA_EFFECTS_WAITING = 512  # of one room; who adds one more is cut off
RESUME_WINDOW_S = 30.0

log = logging.getLogger(__name__)


class Socket(Protocol):
    """One participant's end; nothing here waits."""

    def open(self, outbox: Outbox) -> None:
        """From now on, send what is in there."""

    def wake(self) -> None:
        """There is more in the outbox."""

    def end(self, code: ErrorCode) -> None: ...


@dataclass(slots=True)
class Seat:
    """What a stay has here, with a socket or, for a while, without."""

    outbox: Outbox
    resume_token: str
    socket: Socket | None
    received: int = 0
    is_cut_off: bool = False
    window: asyncio.TimerHandle | None = None


class Lobby:
    """Closures: `leave` ends one stay, as does the end of its window after `lose`; `close` ends all stays,
    the work on media, and the engine. `dropped` counts what the bounds cost since the start."""

    def __init__(
        self,
        make_engine: Callable[[OnDescription, OnFailed, OnWanted, OnSpeaker], MediaEngine],
        resume_window_s: float = RESUME_WINDOW_S,
        turn: TurnAccess = NO_TURN,
        make_recorders: Callable[[MediaEngine, Callable[[str], None]], Recorders] | None = None,
        recall: Callable[[str], Awaitable[KeptRoom]] | None = None,
    ) -> None:
        self._engine = make_engine(self._describes, self._failed, self._wants, self._hears)
        self._recorders = make_recorders and make_recorders(self._engine, self._recording_failed)
        self._resume_window_s = resume_window_s
        self._turn = turn
        self._recall = recall
        self._rooms: OrderedDict[str, Room] = OrderedDict()
        self._seats: dict[Stay, Seat] = {}
        self._by_resume_token: dict[str, Stay] = {}
        self._media_work: dict[str, asyncio.Queue[MediaEffect]] = {}
        self._media_tasks: dict[str, asyncio.Task[None]] = {}
        self._dropped: Counter[str] = Counter()
        self.is_closing = False

    @property
    def participants(self) -> int:
        return len(self._seats)

    @property
    def works(self) -> bool:
        return self._engine.works

    @property
    def traffic(self) -> Mapping[Direction, Traffic]:
        return self._engine.traffic

    @property
    def rooms(self) -> int:
        return sum(not room.is_empty for room in self._rooms.values())

    @property
    def reconnecting(self) -> int:
        return sum(seat.socket is None for seat in self._seats.values())

    @property
    def dropped(self) -> dict[str, int]:
        """Superseded viewer states and pointers, who was cut off as too slow, and who missed too much."""
        boxes = [seat.outbox for seat in self._seats.values()]
        return {
            "viewerStates": self._dropped["viewerStates"] + sum(box.dropped_viewer_states for box in boxes),
            "pointers": self._dropped["pointers"] + sum(box.dropped_pointers for box in boxes),
            "participants": self._dropped["participants"],
            "resumptions": self._dropped["resumptions"],
        }

    def memories(self) -> dict[str, RoomMemory]:
        """Of every room that is kept here, by its id."""
        return {room_id: room.memory for room_id, room in self._rooms.items()}

    async def prepare(self, room_id: str) -> None:
        """Before somebody joins: a room that is new here goes on with what another relay left of it."""
        if self._recall is None or room_id in self._rooms:
            return
        kept = await self._recall(room_id)
        if kept == KeptRoom() or room_id in self._rooms:
            return
        room = self._rooms[room_id] = self._new_room(room_id)
        if kept.memory is not None:
            room.recall(kept.memory)
        if kept.orders is not None:
            self.obey(room_id, kept.orders)

    def send_elsewhere(self, room_id: str) -> None:
        """Another relay has this room: whoever is here is told to come again, and it is forgotten."""
        room = self._rooms.get(room_id)
        if room is None:
            return
        if room.is_empty and room_id not in self._media_work:
            del self._rooms[room_id]
        for one in [*room.present.values(), *room.waiting.values()]:
            socket = self._seats[one.stay].socket
            if socket is None:
                self.leave(one.stay)
            else:
                socket.end(ErrorCode.SERVER_CLOSING)

    def obey(self, room_id: str, orders: RoomOrders) -> None:
        if (room := self._rooms.get(room_id)) is not None:
            self._perform(room.obey(orders, datetime.now(UTC)))

    def join(self, grant: JoinGrant, socket: Socket) -> Stay:
        """Raises Refused."""
        room = self._rooms.setdefault(grant.room_id, self._new_room(grant.room_id))
        self._rooms.move_to_end(grant.room_id)
        seat = Seat(Outbox(), secrets.token_urlsafe(24), socket)
        stay, effects = room.join(grant, seat.resume_token, datetime.now(UTC))
        self._seats[stay] = seat
        self._by_resume_token[seat.resume_token] = stay
        socket.open(seat.outbox)
        log.info("joined room=%s participant=%s stay=%s", stay.room_id, stay.participant_id, stay.number)
        self._perform(effects)
        return stay

    def resume(self, message: Resume, socket: Socket) -> Stay:
        """Go on with a stay over another socket; one that it still has is replaced.

        Raises:
            Refused: the stay is over, or has missed too much.
        """
        stay = self._by_resume_token.get(message.resume_token)
        if stay is None or self.is_closing:
            raise Refused(ErrorCode.CANNOT_RESUME)
        seat = self._seats[stay]
        ice_servers = self._turn.ice_servers(stay.participant_id, datetime.now(UTC))
        try:
            seat.outbox.resume(message.received, Resumed(received=seat.received, ice_servers=ice_servers))
        except TooMuchMissed:
            self._dropped["resumptions"] += 1
            self.leave(stay)
            raise Refused(ErrorCode.CANNOT_RESUME) from None
        if seat.socket is not None:
            seat.socket.end(ErrorCode.REPLACED)
        if seat.window is not None:
            seat.window.cancel()
            seat.window = None
        seat.socket = socket
        socket.open(seat.outbox)
        log.info("resumed room=%s participant=%s stay=%s", stay.room_id, stay.participant_id, stay.number)
        self._perform(self._rooms[stay.room_id].resume(stay, datetime.now(UTC)))
        return stay

    def receive(self, stay: Stay, message: ClientMessage) -> None:
        if (seat := self._seats.get(stay)) is not None:
            seat.received += 1
            self._perform(self._rooms[stay.room_id].receive(stay, message, datetime.now(UTC)))

    def refuse(self, stay: Stay, code: ErrorCode) -> None:
        """Something came that is no message; it counts as one."""
        if (seat := self._seats.get(stay)) is not None:
            seat.received += 1
            self._send(stay, ErrorMessage(code=code))

    def lose(self, stay: Stay, socket: Socket, for_good: bool) -> None:
        """This socket is gone. The stay is held unless it is `for_good`, or has another socket already."""
        seat = self._seats.get(stay)
        if seat is None or seat.socket is not socket:
            return
        if for_good or self.is_closing:
            self.leave(stay)
            return
        seat.socket = None
        log.info("lost room=%s participant=%s stay=%s", stay.room_id, stay.participant_id, stay.number)
        room = self._rooms[stay.room_id]
        effects = room.lose(stay, datetime.now(UTC))
        if room.holds(stay):
            loop = asyncio.get_running_loop()
            seat.window = loop.call_later(self._resume_window_s, self.leave, stay)
        else:
            self._forget_seat(stay)
        self._perform(effects)

    def leave(self, stay: Stay) -> None:
        """End a stay; one that has already ended changes nothing."""
        if stay not in self._seats:
            return
        self._forget_seat(stay)
        self._perform(self._rooms[stay.room_id].leave(stay, datetime.now(UTC)))
        self._forget_old_rooms()

    async def close(self) -> None:
        self.is_closing = True
        for stay, seat in list(self._seats.items()):
            if seat.socket is None:
                self.leave(stay)
            else:
                seat.socket.end(ErrorCode.SERVER_CLOSING)
        # Who is told leaves, and when the last one is out a room's work on media is done.
        if tasks := list(self._media_tasks.values()):
            await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT_S)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._recorders is not None:
            await self._recorders.close()
        await self._engine.close_all()

    def _new_room(self, room_id: str) -> Room:
        return Room(room_id, can_record=self._recorders is not None, turn=self._turn)

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(stay, message):
                    self._send(stay, message)
                case Disconnect(stay, code):
                    seat = self._seats.get(stay)
                    self._forget_seat(stay)
                    if seat is not None and seat.socket is not None:
                        seat.socket.end(code)
                case OpenMedia() | CloseMedia() | DescribeMedia() | AddCandidate() | WatchPictures():
                    self._add_media_work(effect)
                case _:
                    assert self._recorders is not None
                    self._recorders.take(effect)

    def _send(self, stay: Stay, message: Message) -> None:
        seat = self._seats.get(stay)
        if seat is None or seat.is_cut_off:
            return
        try:
            seat.outbox.put(message)
        except OutboxFull:
            self._cut_off(stay)
        else:
            if seat.socket is not None:
                seat.socket.wake()

    def _cut_off(self, stay: Stay) -> None:
        """Too slow, or away for too much. It leaves a moment later: what is being told goes on meanwhile."""
        seat = self._seats.get(stay)
        if seat is None or seat.is_cut_off:
            return
        seat.is_cut_off = True
        if seat.socket is not None:
            seat.socket.end(ErrorCode.TOO_SLOW)
        log.warning("too-slow room=%s participant=%s stay=%s", stay.room_id, stay.participant_id, stay.number)
        self._dropped["participants"] += 1
        asyncio.get_running_loop().call_soon(self.leave, stay)

    def _forget_seat(self, stay: Stay) -> None:
        seat = self._seats.pop(stay, None)
        if seat is None:
            return
        del self._by_resume_token[seat.resume_token]
        if seat.window is not None:
            seat.window.cancel()
        outbox = seat.outbox
        self._dropped["viewerStates"] += outbox.dropped_viewer_states
        self._dropped["pointers"] += outbox.dropped_pointers
        log.info(
            "left room=%s participant=%s stay=%s dropped_viewer_states=%s dropped_pointers=%s",
            stay.room_id,
            stay.participant_id,
            stay.number,
            outbox.dropped_viewer_states,
            outbox.dropped_pointers,
        )

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
        else:
            self._cut_off(effect.stay)

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
            if queue.empty() and not self._rooms[room_id].present:
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
            case WatchPictures(stay, watched):
                await self._engine.watch(stay, watched)

    def _describes(self, stay: Stay, connection: Connection, description: SessionDescription) -> None:
        self._send(stay, DescriptionMessage(connection=connection, description=description))

    def _wants(self, stay: Stay, mid: str, rids: tuple[str, ...]) -> None:
        self._send(stay, WantedEncodings(mid=mid, rids=rids))

    def _hears(self, room_id: str, participant_id: str) -> None:
        if (room := self._rooms.get(room_id)) is not None:
            self._perform(room.hear(participant_id))

    def _failed(self, stay: Stay) -> None:
        """Told, not cut off: it still sees the images, and its page decides whether to connect again."""
        self._send(stay, ErrorMessage(code=ErrorCode.MEDIA_FAILED))

    def _recording_failed(self, room_id: str) -> None:
        if (room := self._rooms.get(room_id)) is not None:
            self._perform(room.recording_failed(datetime.now(UTC)))

    def _forget_old_rooms(self) -> None:
        empty = [room_id for room_id, room in self._rooms.items() if room.is_empty]
        for room_id in empty[: max(0, len(empty) - EMPTY_ROOMS_KEPT)]:
            if room_id not in self._media_work:
                del self._rooms[room_id]
