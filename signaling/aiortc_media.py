"""MediaEngine on aiortc: who receives whom, and the descriptions that say so.

For each stay there are two peer connections, `send` (its offer, our answer) and `receive` (our offer, its
answer). A change in the room while an offer of ours is out is kept until the answer is there, then offered in
one go. When somebody leaves, its places in the others' connections become inactive and serve the next one.

Closures: closing a stay closes its two connections and takes it out of all others. A connection that fails,
or is not there CONNECT_TIMEOUT_S after its first description, is reported through `on_failed`.
"""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiortc import RTCSessionDescription, sdp
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError

from signaling.aiortc_forwarding import (
    ForwardingPeerConnection,
    ForwardingReceiver,
    Outgoing,
    offer_loopback_candidates,
)
from signaling.errors import MediaError
from signaling.media import OnDescription, OnFailed, Stay
from signaling.messages import CandidateMessage, Connection, SessionDescription
from signaling.session_descriptions import with_opus_fec, with_public_address, without_candidates

CONNECT_TIMEOUT_S = 30.0
CLOSE_TIMEOUT_S = 5.0
MAX_SECTIONS_SENT = {"audio": 1, "video": 1}
# What aiortc's parser and negotiation raise over a description that makes no sense.
UNUSABLE = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    AssertionError,
    InternalError,
    InvalidAccessError,
    InvalidStateError,
    OperationError,
)

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Peer:
    """The connections of one stay."""

    stay: Stay
    send: ForwardingPeerConnection | None = None
    receive: ForwardingPeerConnection | None = None
    outgoing: dict[Outgoing, ForwardingReceiver | None] = field(default_factory=dict)
    offer_is_out: bool = False
    has_changed: bool = False
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def connections(self) -> Iterator[ForwardingPeerConnection]:
        yield from (connection for connection in (self.send, self.receive) if connection is not None)

    def sources(self) -> list[ForwardingReceiver]:
        return self.send.sources() if self.send is not None else []


class AiortcMedia:
    """See signaling/media.py. All methods run on one event loop, those of one room one after another."""

    def __init__(
        self, on_description: OnDescription, on_failed: OnFailed, public_address: str | None = None
    ) -> None:
        offer_loopback_candidates()
        self._on_description = on_description
        self._on_failed = on_failed
        self._public_address = public_address
        self._rooms: dict[str, dict[Stay, Peer]] = {}

    async def open(self, stay: Stay) -> None:
        peers = self._rooms.setdefault(stay.room_id, {})
        if stay in peers:
            return
        peer = peers[stay] = Peer(stay)
        for other in peers.values():
            if other is not peer:
                self._subscribe(peer, other)
        await self._offer(peer)

    async def describe(self, stay: Stay, connection: Connection, description: SessionDescription) -> None:
        peer = self._rooms.get(stay.room_id, {}).get(stay)
        if peer is None:
            return
        try:
            if connection is Connection.SEND:
                await self._answer(peer, description)
            else:
                await self._take_answer(peer, description)
        except UNUSABLE as error:
            raise MediaError(f"{connection} of {stay.participant_id}: {type(error).__name__}") from error

    async def add_candidate(self, stay: Stay, candidate: CandidateMessage) -> None:
        """Nothing: see session_descriptions.without_candidates."""

    async def close(self, stay: Stay) -> None:
        peers = self._rooms.get(stay.room_id, {})
        peer = peers.pop(stay, None)
        if peer is None:
            return
        if not peers:
            del self._rooms[stay.room_id]
        gone = set(peer.sources())
        for other in peers.values():
            self._unsubscribe(other, gone)
            await self._offer(other)
        await self._close_connections(peer)

    async def close_all(self) -> None:
        peers = [peer for room in self._rooms.values() for peer in room.values()]
        self._rooms.clear()
        await asyncio.gather(*(self._close_connections(peer) for peer in peers))

    async def _answer(self, peer: Peer, description: SessionDescription) -> None:
        offer = sdp.SessionDescription.parse(without_candidates(description.sdp))
        kinds = [media.kind for media in offer.media]
        if not kinds or any(kinds.count(kind) > MAX_SECTIONS_SENT.get(kind, 0) for kind in kinds):
            raise ValueError("no media sections, or more than one of a kind")
        if peer.send is None:
            peer.send = self._connect(peer)
        await peer.send.setRemoteDescription(
            RTCSessionDescription(sdp=without_candidates(description.sdp), type="offer")
        )
        peer.send.accept_transport_feedback(offer)
        await peer.send.setLocalDescription(await peer.send.createAnswer())
        self._describe(peer, Connection.SEND, peer.send.localDescription)
        for other in self._rooms[peer.stay.room_id].values():
            if other is not peer:
                self._subscribe(other, peer)
                await self._offer(other)

    async def _take_answer(self, peer: Peer, description: SessionDescription) -> None:
        if peer.receive is None or not peer.offer_is_out:
            raise ValueError("an answer to nothing")
        await peer.receive.setRemoteDescription(
            RTCSessionDescription(sdp=without_candidates(description.sdp), type="answer")
        )
        peer.offer_is_out = False
        for outgoing in peer.outgoing:
            outgoing.sender.want_key_frame()
        await self._offer(peer)

    def _subscribe(self, peer: Peer, publisher: Peer) -> None:
        """Give `peer` a place for each source of `publisher` that it does not have yet."""
        for source in publisher.sources():
            if source in peer.outgoing.values():
                continue
            if peer.receive is None:
                peer.receive = self._connect(peer)
            free = (o for o, taken in peer.outgoing.items() if taken is None and o.kind == source.kind)
            outgoing = next(free, None) or peer.receive.add_outgoing(source.kind)
            outgoing.transceiver.direction = "sendonly"
            outgoing.sender.take_from(source, publisher.stay.participant_id)
            peer.outgoing[outgoing] = source
            peer.has_changed = True

    def _unsubscribe(self, peer: Peer, gone: set[ForwardingReceiver]) -> None:
        for outgoing, source in peer.outgoing.items():
            if source in gone:
                outgoing.transceiver.direction = "inactive"
                outgoing.sender.take_from(None, "-")
                peer.outgoing[outgoing] = None
                peer.has_changed = True

    async def _offer(self, peer: Peer) -> None:
        if peer.receive is None or peer.offer_is_out or not peer.has_changed:
            return
        peer.has_changed, peer.offer_is_out = False, True
        await peer.receive.setLocalDescription(await peer.receive.createOffer())
        self._describe(peer, Connection.RECEIVE, peer.receive.localDescription)

    def _describe(self, peer: Peer, connection: Connection, description: RTCSessionDescription) -> None:
        text = with_public_address(with_opus_fec(description.sdp), self._public_address)
        described = SessionDescription.model_validate({"type": description.type, "sdp": text})
        self._on_description(peer.stay, connection, described)

    def _connect(self, peer: Peer) -> ForwardingPeerConnection:
        connection = ForwardingPeerConnection()

        def failed_or_late(is_late: bool = False) -> None:
            state = connection.connectionState
            if state == "failed" or (is_late and state not in ("connected", "closed")):
                log.warning("media-failed room=%s stay=%s", peer.stay.room_id, peer.stay.number)
                self._on_failed(peer.stay)

        connection.on("connectionstatechange", failed_or_late)
        peer.timers.append(asyncio.get_running_loop().call_later(CONNECT_TIMEOUT_S, failed_or_late, True))
        return connection

    async def _close_connections(self, peer: Peer) -> None:
        for timer in peer.timers:
            timer.cancel()
        for connection in peer.connections():
            connection.remove_all_listeners("connectionstatechange")
            try:
                await asyncio.wait_for(connection.close(), CLOSE_TIMEOUT_S)
            except TimeoutError:
                log.error("media-close-timeout room=%s stay=%s", peer.stay.room_id, peer.stay.number)
