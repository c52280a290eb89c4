"""MediaEngine on a Janus server that runs beside us, by its VideoRoom plugin.

For each stay there are two handles, for `send` (its offer, Janus' answer) and `receive` (Janus' offer, its
answer). Others are offered what one sends once its connection is up: before, Janus knows of no such feed. A
task for each stay keeps what it is offered as the room is; while an offer is out, it waits for the answer.

Which sizes of pictures are sent to whom, and by whom, is decided twice a second (janus/receiver.py,
relay/dynacast.py). Janus says of somebody that they talk or do not talk any more, not how loud.

Closures: closing a stay ends its task and both handles; closing the last one of a room ends the room in
Janus. When the connection to Janus is lost, so is everything there: all stays are closed and reported through
`on_failed`, and the next `open` connects anew.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from signaling.errors import MediaError
from signaling.janus.api import JanusRefused, JanusSession, JanusUnavailable, News
from signaling.janus.descriptions import with_participants, without_addresses
from signaling.janus.receiver import Feed, Picture, Receiver
from signaling.media import Direction, OnDescription, OnFailed, OnSpeaker, OnWanted, Stay, Traffic
from signaling.messages import CandidateMessage, Connection, SessionDescription
from signaling.relay.active_speaker import ActiveSpeaker
from signaling.relay.descriptions import Offer, UnusableDescription, read_answer, read_offer
from signaling.relay.dynacast import Dynacast

CONNECT_TIMEOUT_S = 30.0
NO_SUCH_FEED = 428
MAX_PUBLISHERS = 1_000  # how many may enter is the room's business (room.py)
SPEAKER_INTERVAL_S = 0.1
SIZES_INTERVAL_S = 0.5
TALKING_LEVEL = 40  # -dBov: what is louder on average, over TALKING_PACKETS, is talk
TALKING_PACKETS = 10  # 200 ms of speech; longer in silence, of which little is sent (DTX)
LOUD = 0  # -dBov: how loud Janus' talkers are taken to be
ROOM = {
    "is_private": True,
    "publishers": MAX_PUBLISHERS,
    "audiocodec": "opus",
    "videocodec": "vp8,h264",
    "opus_fec": True,
    "bitrate": 0,  # no bound but the line's
    "fir_freq": 0,  # key frames are asked for by those who need them
    "audiolevel_event": True,
    "audio_active_packets": TALKING_PACKETS,
    "audio_level_average": TALKING_LEVEL,
}

log = logging.getLogger(__name__)


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
    dynacasts: dict[str, Dynacast] = field(default_factory=dict)  # by mid, of pictures in several sizes
    told: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by mid: the sizes that it is to send
    is_sending: bool = False  # the connection is up
    is_talking: bool = False
    receives: frozenset[Feed] | None = None  # None: was never offered anything
    sections: Mapping[str, Feed] = field(default_factory=dict)  # what it was offered last, by mid
    pictures: frozenset[str] = frozenset()  # of the sections that it receives, by mid
    watched: Mapping[str, str | None] = field(default_factory=dict)
    receiver: Receiver = field(default_factory=Receiver)
    comes: dict[Feed, int] = field(default_factory=dict)  # the size in which Janus says that it sends it
    sizes: Mapping[str, tuple[Feed, int | None]] = field(default_factory=dict)  # by mid: asked of Janus last
    offer_is_out: bool = False
    has_failed: bool = False
    is_due: asyncio.Event = field(default_factory=asyncio.Event)
    follower: asyncio.Task[None] | None = None

    def feeds(self) -> set[Feed]:
        if self.feed is None or not self.is_sending or self.has_failed:
            return set()
        return {(self.feed, mid) for mid in self.mids}

    def take_offer(self, offer: Offer) -> None:
        """What it sends from now on."""
        for section in offer.sections:
            if section.rids != self.rids.get(section.mid, ()):
                self.dynacasts[section.mid], self.told[section.mid] = Dynacast(section.rids), section.rids
        self.rids = {section.mid: section.rids for section in offer.sections}
        self.stream_ids = offer.stream_ids(self.stay.participant_id)
        has_voice = any(section.kind == "audio" and section.is_sending for section in offer.sections)
        self.is_talking = self.is_talking and has_voice


@dataclass(slots=True, eq=False)
class Room:
    """A room in Janus. Nobody finds it in a list, nor enters it without its PIN."""

    session: JanusSession
    number: int
    manager: int  # the handle that made it
    secret: str
    pin: str
    peers: dict[Stay, Peer] = field(default_factory=dict)
    speakers: ActiveSpeaker = field(default_factory=ActiveSpeaker)


class JanusMedia:
    """See signaling/media.py. All methods run on one event loop, those of one room one after another."""

    def __init__(
        self,
        on_description: OnDescription,
        on_failed: OnFailed,
        on_wanted: OnWanted = lambda stay, mid, rids: None,
        on_speaker: OnSpeaker = lambda room_id, participant_id: None,
        *,
        url: str,
        secret: str | None,
    ) -> None:
        self._on_description, self._on_failed = on_description, on_failed
        self._on_wanted, self._on_speaker = on_wanted, on_speaker
        self._url, self._secret = url, secret
        self._session: JanusSession | None = None
        self._connecting = asyncio.Lock()
        self._looking: asyncio.Task[None] | None = None
        self._rooms: dict[str, Room] = {}
        self._handles: dict[int, Peer] = {}
        self._deadlines: dict[int, asyncio.TimerHandle] = {}  # by handle: when its connection must be up

    @property
    def works(self) -> bool:
        return True  # what carries them is another process, which fails each connection when it is gone

    @property
    def traffic(self) -> Mapping[Direction, Traffic]:
        return {}

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
                peer.take_offer(read_offer(description.sdp))
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
        room.speakers.leave(stay.participant_id)
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
                self._looking = asyncio.create_task(self._look())
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
        """Ask for the sizes that this one is to have, if others were asked for last."""
        by_feed = {other.feed: other for other in room.peers.values() if other.feed is not None}
        pictures = {
            feed: _picture(peer, by_feed[feed[0]], feed)
            for mid, feed in peer.sections.items()
            if mid in peer.pictures and feed[0] in by_feed
        }
        chosen = peer.receiver.choose(pictures.values(), time.monotonic())
        sizes = {mid: (feed, chosen[feed]) for mid, feed in peer.sections.items() if feed in chosen}
        if sizes != peer.sizes:
            streams = [
                {"mid": mid, "send": size is not None, "substream": size or 0}
                for mid, (_, size) in sizes.items()
            ]
            await room.session.ask(peer.receive, {"request": "configure", "streams": streams})
            peer.sizes = sizes

    async def _look(self) -> None:
        """Tell who speaks, and which sizes are to be sent, as long as Janus is there."""
        sized_at_s = 0.0
        while True:
            await asyncio.sleep(SPEAKER_INTERVAL_S)
            at_s = time.monotonic()
            is_due = at_s - sized_at_s >= SIZES_INTERVAL_S
            for room_id, room in list(self._rooms.items()):
                self._choose_speaker(room_id, room, at_s)
                if is_due:
                    sized_at_s = at_s
                    self._say_what_is_wanted(room, at_s)
                    _wake(room)

    def _choose_speaker(self, room_id: str, room: Room, at_s: float) -> None:
        for peer in room.peers.values():
            if peer.is_talking and not peer.has_failed:
                room.speakers.hear(peer.stay.participant_id, LOUD, at_s)
        before, speaker = room.speakers.speaker, room.speakers.choose(at_s)
        if speaker is not None and speaker != before:
            self._on_speaker(room_id, speaker)

    def _say_what_is_wanted(self, room: Room, at_s: float) -> None:
        for peer in room.peers.values():
            for feed in peer.feeds():
                mid = feed[1]
                if mid not in peer.dynacasts:
                    continue
                wanted = [other.receiver.wanted.get(feed, frozenset()) for other in room.peers.values()]
                rids = peer.dynacasts[mid].take(frozenset().union(*wanted), at_s)
                if rids is not None:
                    peer.told[mid] = rids
                    self._on_wanted(peer.stay, mid, rids)

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
            self._fail(peer, MediaError(f"hangup: {news.words.get('reason', '')}"))
        elif news.what == "slowlink" and news.handle == peer.receive and news.words.get("media") == "video":
            peer.receiver.lose(int(news.words.get("lost", 0)), time.monotonic())
        elif news.what == "event" and "substream" in news.words:
            if (feed := peer.sections.get(str(news.words.get("mid", "")))) is not None:
                peer.comes[feed] = int(news.words["substream"])
        elif news.what in ("talking", "stopped-talking") and news.words.get("id") == peer.feed:
            peer.is_talking = news.what == "talking"

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
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
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


def _picture(receiver: Peer, sender: Peer, feed: Feed) -> Picture:
    mid = feed[1]
    rids = sender.rids.get(mid, ())
    stream_id = sender.stream_ids.get(mid, "")
    watched = receiver.watched.get(stream_id, "")
    comes = receiver.comes.get(feed) if rids else None
    return Picture(feed, rids, sender.told.get(mid, ()), watched, comes)


def _streams(feeds: frozenset[Feed]) -> list[Mapping[str, Any]]:
    return [{"feed": feed, "mid": mid} for feed, mid in sorted(feeds)]
