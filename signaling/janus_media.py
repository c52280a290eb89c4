"""MediaEngine on a Janus server that runs beside us, by its VideoRoom plugin.

For each stay there are two handles, for `send` (its offer, Janus' answer) and `receive` (Janus' offer, its
answer). Others are offered what one sends once its connection is up: before, Janus knows of no such feed. A
task for each stay keeps what it is offered as the room is; while an offer is out, it waits for the answer.

Closures: closing a stay ends its task and both handles; closing the last one of a room ends the room in
Janus. When the connection to Janus is lost, so is everything there: all stays are closed and reported through
`on_failed`, and the next `open` connects anew.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from signaling.errors import MediaError
from signaling.janus.api import JanusRefused, JanusSession, JanusUnavailable, News
from signaling.janus.descriptions import with_participants, without_addresses
from signaling.media import OnDescription, OnFailed, Stay
from signaling.messages import CandidateMessage, Connection, SessionDescription
from signaling.relay.descriptions import UnusableDescription, read_answer, read_offer

CONNECT_TIMEOUT_S = 30.0
NO_SUCH_FEED = 428
MAX_PUBLISHERS = 1_000  # how many may enter is the room's business (room.py)
ROOM = {
    "is_private": True,
    "publishers": MAX_PUBLISHERS,
    "audiocodec": "opus",
    "videocodec": "vp8,h264",
    "opus_fec": True,
    "bitrate": 0,  # no bound but the line's
    "fir_freq": 0,  # key frames are asked for by those who need them
}

log = logging.getLogger(__name__)
Feed = tuple[int, str]  # who sends, in Janus' numbers, and the mid by which
Size = tuple[bool, int]  # whether a picture is to come, and the largest of its sizes, 0 the smallest
LARGEST = 2


@dataclass(slots=True, eq=False)
class Peer:
    """The two handles of one stay."""

    stay: Stay
    send: int
    receive: int
    feed: int | None = None  # its number in the room, once it has offered
    mids: frozenset[str] = frozenset()  # of what it sends
    rids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by mid, the smallest size first
    stream_ids: Mapping[str, str] = field(default_factory=dict)  # by mid: their names towards the others
    is_sending: bool = False  # the connection is up
    receives: frozenset[Feed] | None = None  # None: was never offered anything
    sections: Mapping[str, Feed] = field(default_factory=dict)  # what it was offered last, by mid
    pictures: frozenset[str] = frozenset()  # of the sections that it receives, by mid
    watched: Mapping[str, str | None] = field(default_factory=dict)
    sizes: Mapping[str, Size] = field(default_factory=dict)  # by mid: what was asked of Janus last
    offer_is_out: bool = False
    has_failed: bool = False
    is_due: asyncio.Event = field(default_factory=asyncio.Event)
    follower: asyncio.Task[None] | None = None

    def feeds(self) -> set[Feed]:
        if self.feed is None or not self.is_sending or self.has_failed:
            return set()
        return {(self.feed, mid) for mid in self.mids}


@dataclass(slots=True, eq=False)
class Room:
    """A room in Janus. Nobody finds it in a list, nor enters it without its PIN."""

    session: JanusSession
    number: int
    manager: int  # the handle that made it
    secret: str
    pin: str
    peers: dict[Stay, Peer] = field(default_factory=dict)


class JanusMedia:
    """See signaling/media.py. All methods run on one event loop, those of one room one after another."""

    def __init__(
        self,
        on_description: OnDescription,
        on_failed: OnFailed,
        *not_called: Callable[..., None],  # all sizes are sent; who speaks is not told
        url: str,
        secret: str | None,
    ) -> None:
        self._on_description, self._on_failed = on_description, on_failed
        self._url, self._secret = url, secret
        self._session: JanusSession | None = None
        self._connecting = asyncio.Lock()
        self._rooms: dict[str, Room] = {}
        self._handles: dict[int, Peer] = {}
        self._deadlines: dict[int, asyncio.TimerHandle] = {}  # by handle: when its connection must be up

    async def open(self, stay: Stay) -> None:
        """Raises MediaError: Janus does not answer."""
        session = await self._connected()
        room = self._rooms.get(stay.room_id)
        if room is None:
            room = await self._make_room(session)
            self._rooms[stay.room_id] = room
        if stay in room.peers:
            return
        send, receive = await session.attach(), await session.attach()
        if self._rooms.get(stay.room_id) is not room:
            raise JanusUnavailable("Janus was lost while somebody came in")
        peer = Peer(stay, send, receive)
        room.peers[stay] = self._handles[send] = self._handles[receive] = peer
        peer.is_due.set()
        peer.follower = asyncio.create_task(self._follow(room, peer))

    async def describe(self, stay: Stay, connection: Connection, description: SessionDescription) -> None:
        room = self._rooms.get(stay.room_id)
        peer = room.peers.get(stay) if room is not None else None
        if room is None or peer is None:
            return
        try:
            if connection is Connection.SEND:
                offer = read_offer(description.sdp)
                peer.rids = {section.mid: section.rids for section in offer.sections}
                peer.stream_ids = offer.stream_ids(stay.participant_id)
                await self._answer(room, peer, description.sdp)
            else:
                read_answer(description.sdp)
                await self._take_answer(room, peer, description.sdp)
        except UnusableDescription as error:
            raise MediaError(f"{connection} of {stay.participant_id}: {error}") from error

    async def add_candidate(self, stay: Stay, candidate: CandidateMessage) -> None:
        """Nothing: nobody else says where Janus sends packets (janus/descriptions.py)."""

    async def watch(self, stay: Stay, watched: Mapping[str, str | None]) -> None:
        room = self._rooms.get(stay.room_id)
        if room is not None and stay in room.peers:
            room.peers[stay].watched = watched
            room.peers[stay].is_due.set()

    async def close(self, stay: Stay) -> None:
        room = self._rooms.get(stay.room_id)
        peer = room.peers.pop(stay, None) if room is not None else None
        if room is None or peer is None:
            return
        self._end(peer)
        if not room.peers:
            del self._rooms[stay.room_id]
        _wake(room)
        handles = [peer.send, peer.receive]
        if not room.peers:
            await self._unmake(room)
            handles.append(room.manager)
        await asyncio.gather(*(room.session.detach(handle) for handle in handles))

    async def close_all(self) -> None:
        self._forget_all()
        session, self._session = self._session, None
        if session is not None:
            await session.close()  # and Janus forgets all its handles

    async def _connected(self) -> JanusSession:
        async with self._connecting:
            if self._session is None:
                self._session = await JanusSession.open(self._url, self._secret, self._take_news, self._lose)
                log.info("janus-connected url=%s", self._url)
            return self._session

    async def _make_room(self, session: JanusSession) -> Room:
        manager = await session.attach()
        secret, pin = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        made = await session.ask(manager, {"request": "create", "secret": secret, "pin": pin, **ROOM})
        return Room(session, int(made.data["room"]), manager, secret, pin)

    async def _unmake(self, room: Room) -> None:
        try:
            body = {"request": "destroy", "room": room.number, "secret": room.secret}
            await room.session.ask(room.manager, body)
        except MediaError as error:
            log.info("janus-room-not-destroyed reason=%s", error)

    async def _answer(self, room: Room, peer: Peer, offer: str) -> None:
        body: dict[str, Any] = {"request": "configure"}
        if peer.feed is None:
            body = {"request": "joinandconfigure", "ptype": "publisher", "room": room.number, "pin": room.pin}
        jsep = {"type": "offer", "sdp": without_addresses(offer), "rid_order": "lmh"}
        reply = await room.session.ask(peer.send, body, jsep)
        if reply.sdp is None:
            raise MediaError("Janus gave no answer")
        if peer.feed is None:
            peer.feed = int(reply.data["id"])
            self._expect(peer, peer.send)
        streams = reply.data.get("streams", [])
        peer.mids = frozenset(str(s["mid"]) for s in streams if s["type"] != "data" and not s.get("disabled"))
        self._describe(peer, Connection.SEND, "answer", reply.sdp)
        _wake(room)

    async def _take_answer(self, room: Room, peer: Peer, answer: str) -> None:
        if not peer.offer_is_out:
            raise UnusableDescription("an answer to nothing")
        jsep = {"type": "answer", "sdp": without_addresses(answer)}
        await room.session.ask(peer.receive, {"request": "start"}, jsep)
        peer.offer_is_out = False
        peer.is_due.set()

    async def _follow(self, room: Room, peer: Peer) -> None:
        """Offer what the others send, whenever that is not what was offered last."""
        while True:
            await peer.is_due.wait()
            peer.is_due.clear()
            if peer.offer_is_out:
                continue
            others = [other for other in room.peers.values() if other is not peer]
            wanted = frozenset(feed for other in others for feed in other.feeds())
            try:
                if wanted != (peer.receives or frozenset()):
                    await self._offer(room, peer, wanted)
                else:
                    await self._size(room, peer)
            except JanusRefused as error:
                if error.code != NO_SUCH_FEED:  # it is gone already; the news of that is on its way
                    self._fail(peer, error)
            except MediaError as error:
                self._fail(peer, error)

    async def _offer(self, room: Room, peer: Peer, wanted: frozenset[Feed]) -> None:
        if peer.receives is None:
            body: dict[str, Any] = {"request": "join", "ptype": "subscriber", "room": room.number}
            body |= {"pin": room.pin, "autoupdate": False, "streams": _streams(wanted)}
        else:
            body = {"request": "update"}
            if new := wanted - peer.receives:
                body["subscribe"] = _streams(new)
            if gone := peer.receives - wanted:
                body["unsubscribe"] = _streams(gone)
        reply = await room.session.ask(peer.receive, body)
        if peer.receives is None:
            self._expect(peer, peer.receive)
        peer.receives = wanted
        if reply.sdp is None:
            return
        names = {
            (other.feed, mid): name
            for other in room.peers.values()
            for mid, name in other.stream_ids.items()
        }
        streams = [one for one in reply.data.get("streams", []) if one.get("active")]
        peer.sections = {
            str(stream["mid"]): (stream["feed_id"], stream["feed_mid"])
            for stream in streams
            if (stream.get("feed_id"), stream.get("feed_mid")) in names
        }
        peer.pictures = frozenset(str(stream["mid"]) for stream in streams if stream.get("type") == "video")
        stream_ids = {mid: names[feed] for mid, feed in peer.sections.items()}
        peer.offer_is_out = True
        self._describe(peer, Connection.RECEIVE, "offer", with_participants(reply.sdp, stream_ids))

    async def _size(self, room: Room, peer: Peer) -> None:
        """Ask for the sizes that are watched, if others were asked for last."""
        by_feed = {other.feed: other for other in room.peers.values()}
        sizes: dict[str, Size] = {}
        for mid, (feed, feed_mid) in peer.sections.items():
            if mid in peer.pictures and feed in by_feed:
                rids = by_feed[feed].rids.get(feed_mid, ())
                rid = peer.watched.get(by_feed[feed].stream_ids.get(feed_mid, ""), "")
                sizes[mid] = (rid is not None, rids.index(rid) if rid in rids else LARGEST)
        if sizes != peer.sizes:
            streams = [{"mid": mid, "send": send, "substream": size} for mid, (send, size) in sizes.items()]
            await room.session.ask(peer.receive, {"request": "configure", "streams": streams})
            peer.sizes = sizes

    def _describe(self, peer: Peer, connection: Connection, kind: str, text: str) -> None:
        try:
            described = SessionDescription.model_validate({"type": kind, "sdp": text})
        except ValidationError as error:
            raise MediaError(f"Janus' {kind} is longer than a message may be") from error
        self._on_description(peer.stay, connection, described)

    def _take_news(self, news: News) -> None:
        peer = self._handles.get(news.handle)
        if peer is None:
            return
        if news.what == "webrtcup":
            self._forget_deadline(news.handle)
            if news.handle == peer.send:
                peer.is_sending = True
                _wake(self._rooms[peer.stay.room_id])
        elif news.what == "hangup":
            self._fail(peer, MediaError(f"hangup: {news.reason}"))

    def _expect(self, peer: Peer, handle: int) -> None:
        """From now on its connection has so long to come up."""
        self._forget_deadline(handle)
        late = MediaError("the connection was not there in time")
        loop = asyncio.get_running_loop()
        self._deadlines[handle] = loop.call_later(CONNECT_TIMEOUT_S, self._fail, peer, late)

    def _fail(self, peer: Peer, error: MediaError) -> None:
        if peer.has_failed:
            return
        peer.has_failed = True
        log.warning("media-failed room=%s stay=%s reason=%s", peer.stay.room_id, peer.stay.number, error)
        room = self._rooms.get(peer.stay.room_id)
        if room is not None:
            _wake(room)
        self._on_failed(peer.stay)

    def _lose(self) -> None:
        """Janus is gone, and so is all that was there."""
        log.warning("janus-lost url=%s", self._url)
        self._session = None
        for stay in self._forget_all():
            self._on_failed(stay)

    def _forget_all(self) -> list[Stay]:
        peers = [peer for room in self._rooms.values() for peer in room.peers.values()]
        self._rooms.clear()
        for peer in peers:
            self._end(peer)
        return [peer.stay for peer in peers]

    def _end(self, peer: Peer) -> None:
        if peer.follower is not None:
            peer.follower.cancel()
        for handle in (peer.send, peer.receive):
            self._handles.pop(handle, None)
            self._forget_deadline(handle)

    def _forget_deadline(self, handle: int) -> None:
        if deadline := self._deadlines.pop(handle, None):
            deadline.cancel()


def _wake(room: Room) -> None:
    for peer in room.peers.values():
        peer.is_due.set()


def _streams(feeds: frozenset[Feed]) -> list[Mapping[str, Any]]:
    return [{"feed": feed, "mid": mid} for feed, mid in sorted(feeds)]
