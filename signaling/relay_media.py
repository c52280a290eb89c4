"""MediaEngine on a relay of our own: who receives whom, and the descriptions that say so.

For each stay there are two connections, `send` (its offer, our answer) and `receive` (our offer, its answer).
A change in the room while an offer of ours is out is kept until the answer is there, then offered in one go.

Closures: closing a stay closes its two lines and takes its tracks out of all others. A connection that fails,
or is not there in time, is reported through `on_failed`.
"""

import itertools
import logging
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiortc.rtp import RtcpSrPacket

from signaling.errors import MediaError
from signaling.host_addresses import host_addresses, host_ipv6_addresses
from signaling.media import Direction, OnDescription, OnFailed, OnSpeaker, OnWanted, Stay, Traffic
from signaling.messages import CandidateMessage, Connection, SessionDescription
from signaling.recorder.control import TrackOf
from signaling.relay.active_speaker import ActiveSpeaker
from signaling.relay.descriptions import (
    UnusableDescription,
    read_answer,
    read_offer,
    write_answer,
    write_offer,
)
from signaling.relay.dtls import SrtpKeys
from signaling.relay.losses import Losses
from signaling.relay.packet_core import MARKS, Address, Arrival, Marks, PacketCore
from signaling.relay.publisher import Layer, Publisher, Track
from signaling.relay.python_core import PythonCore
from signaling.relay.subscriber import Subscriber
from signaling.relay.tap import Tap
from signaling.relay.transport import Line, LineState, Transport

ANY_HOST = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # the former takes both
SPEAKER_INTERVAL_S = 0.1

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Peer:
    """The connections of one stay."""

    stay: Stay
    publisher: Publisher
    send: Line | None = None
    subscriber: Subscriber | None = None
    watched: Mapping[str, str | None] = field(default_factory=dict)

    def tracks(self) -> list[Track]:
        return list(self.publisher.tracks.values())


class RelayMedia:
    """See signaling/media.py. All methods run on one event loop, those of one room one after another.

    The port is bound when the engine is made; that raises OSError.
    """

    def __init__(
        self,
        on_description: OnDescription,
        on_failed: OnFailed,
        on_wanted: OnWanted = lambda stay, mid, rids: None,
        on_speaker: OnSpeaker = lambda room_id, participant_id: None,
        public_address: str | None = None,
        core: PacketCore | None = None,
        host: str = ANY_HOST,
        port: int = 0,
        marks: Marks = MARKS,
        tcp_port: int | None = None,
    ) -> None:
        self._on_description, self._on_failed = on_description, on_failed
        self._on_wanted, self._on_speaker = on_wanted, on_speaker
        addresses = host_addresses() if host in ("0.0.0.0", "::") else [host]
        if host == "::":
            addresses += host_ipv6_addresses()
        if public_address is not None and public_address not in addresses:
            addresses.append(public_address)
        self._core = core if core is not None else PythonCore()
        self._transport = Transport(
            self._core, host, port, addresses, self._take_arrivals, self._tick, marks, tcp_port
        )
        self._rooms: dict[str, dict[Stay, Peer]] = {}
        self._taps: dict[str, Tap] = {}  # by room
        self._publishers: dict[int, Publisher] = {}  # by source
        self._speakers: dict[str, ActiveSpeaker] = {}  # by room
        self._speakers_at_s = 0.0
        self._losses = {direction: Losses() for direction in Direction}
        self._sources, self._outputs = itertools.count(1), itertools.count(1)

    @property
    def works(self) -> bool:
        return self._transport.works

    @property
    def traffic(self) -> Mapping[Direction, Traffic]:
        counts = self._core.counts()
        carried = {
            Direction.IN: (counts.received, counts.received_bytes),
            Direction.OUT: (counts.forwarded + counts.resent, counts.sent_bytes),
        }
        return {
            direction: Traffic(*carried[direction], losses.lost, losses.nacked, losses.key_frames_asked)
            for direction, losses in self._losses.items()
        }

    async def open(self, stay: Stay) -> None:
        peers = self._rooms.setdefault(stay.room_id, {})
        if stay in peers:
            return
        peers[stay] = Peer(
            stay,
            Publisher(
                self._core,
                stay.participant_id,
                lambda: next(self._sources),
                lambda layer: self._on_layer(stay.room_id, layer),
                lambda layer, report: self._forward_report(stay.room_id, layer, report),
                lambda track, rids: self._on_wanted(stay, track.section.mid, rids),
                lambda level, at_s: self._hear(stay, level, at_s),
                self._losses[Direction.IN],
            ),
        )
        self._offer(peers[stay])

    async def describe(self, stay: Stay, connection: Connection, description: SessionDescription) -> None:
        peer = self._rooms.get(stay.room_id, {}).get(stay)
        if peer is None:
            return
        try:
            if connection is Connection.SEND:
                self._answer(peer, description.sdp)
            else:
                self._take_answer(peer, description.sdp)
        except UnusableDescription as error:
            raise MediaError(f"{connection} of {stay.participant_id}: {error}") from error

    async def add_candidate(self, stay: Stay, candidate: CandidateMessage) -> None:
        """Nothing: the relay learns where a client is from its checks (relay/ice_lite.py)."""

    async def watch(self, stay: Stay, watched: Mapping[str, str | None]) -> None:
        peer = self._rooms.get(stay.room_id, {}).get(stay)
        if peer is None:
            return
        peer.watched = watched
        if peer.subscriber is not None:
            peer.subscriber.watch(watched, time.monotonic())

    async def close(self, stay: Stay) -> None:
        peers = self._rooms.get(stay.room_id, {})
        peer = peers.pop(stay, None)
        if peer is None:
            return
        if not peers:
            del self._rooms[stay.room_id]
            self._speakers.pop(stay.room_id, None)
        elif (speakers := self._speakers.get(stay.room_id)) is not None:
            speakers.leave(stay.participant_id)
        self._end(peer)
        self._follow_tracks(stay.room_id)
        for other in peers.values():
            self._offer(other)

    def tap(
        self, room_id: str, address: Address, keys: SrtpKeys, on_tracks: Callable[[list[TrackOf]], None]
    ) -> Callable[[], None]:
        """Send everything of a room to a process of this machine too, until what is returned is called.

        Args:
            keys: as this side uses them.
            on_tracks: told what is sent, before it is, each time that changes.
        """
        line = self._transport.open_local_line(
            address, keys, lambda data: tap.take_rtcp(data, time.monotonic())
        )
        tap = Tap(self._core, line.number, lambda: next(self._outputs), on_tracks)
        self._taps[room_id] = tap
        self._follow_tracks(room_id)

        def end() -> None:
            if self._taps.get(room_id) is tap:
                del self._taps[room_id]
            tap.end()
            self._transport.close_line(line)

        return end

    async def close_all(self) -> None:
        peers = [peer for room in self._rooms.values() for peer in room.values()]
        self._rooms.clear()
        self._speakers.clear()
        for peer in peers:
            self._end(peer)
        await self._transport.close()

    def _end(self, peer: Peer) -> None:
        peer.publisher.end()
        self._publishers = {
            source: publisher
            for source, publisher in self._publishers.items()
            if publisher is not peer.publisher
        }
        if peer.send is not None:
            self._transport.close_line(peer.send)
        if peer.subscriber is not None:
            peer.subscriber.end()
            self._transport.close_line(peer.subscriber.line)

    def _follow_tracks(self, room_id: str) -> None:
        if (tap := self._taps.get(room_id)) is not None:
            tracks = [track for peer in self._rooms.get(room_id, {}).values() for track in peer.tracks()]
            tap.take_tracks(tracks, time.monotonic())

    def _answer(self, peer: Peer, text: str) -> None:
        offer = read_offer(text)
        if peer.send is None:
            publisher = peer.publisher
            peer.send = self._transport.open_line(
                on_state=lambda line: self._on_state(peer, line),
                on_rtcp=lambda data: publisher.take_rtcp(data, time.monotonic()),
                on_unknown_rtp=publisher.take_unknown_rtp,
            )
        self._transport.set_remote(peer.send, offer.ice, offer.fingerprints)
        peer.publisher.take_offer(peer.send, offer)
        answer = write_answer(offer, self._transport.describe(peer.send))
        self._describe(peer, Connection.SEND, "answer", answer)
        self._follow_tracks(peer.stay.room_id)
        for other in self._rooms[peer.stay.room_id].values():
            if other is not peer:
                self._offer(other)

    def _take_answer(self, peer: Peer, text: str) -> None:
        subscriber = peer.subscriber
        if subscriber is None or not subscriber.offer_is_out:
            raise UnusableDescription("an answer to nothing")
        answer = read_answer(text)
        self._transport.set_remote(subscriber.line, answer.ice, answer.fingerprints)
        subscriber.take_answer(answer, time.monotonic())
        self._offer(peer)

    def _offer(self, peer: Peer) -> None:
        """Offer what the others send, if that is not what was offered last."""
        others = [other for other in self._rooms[peer.stay.room_id].values() if other is not peer]
        tracks = [track for other in others for track in other.tracks()]
        if peer.subscriber is None:
            if not tracks:
                return
            line = self._transport.open_line(
                on_state=lambda line: self._on_state(peer, line),
                on_rtcp=lambda data: self._take_receiver_rtcp(peer, data),
                on_unknown_rtp=lambda data: None,
            )
            peer.subscriber = Subscriber(
                self._core, line, lambda: next(self._outputs), self._losses[Direction.OUT]
            )
            peer.subscriber.watch(peer.watched, time.monotonic())
        subscriber = peer.subscriber
        subscriber.take_tracks(tracks)
        if subscriber.offer_is_out or not subscriber.has_changed:
            return
        subscriber.has_changed, subscriber.offer_is_out = False, True
        offer = write_offer(subscriber.places(), self._transport.describe(subscriber.line))
        self._describe(peer, Connection.RECEIVE, "offer", offer)

    def _describe(self, peer: Peer, connection: Connection, kind: str, text: str) -> None:
        described = SessionDescription.model_validate({"type": kind, "sdp": text})
        self._on_description(peer.stay, connection, described)

    def _on_state(self, peer: Peer, line: Line) -> None:
        if line.state is LineState.FAILED:
            log.warning("media-failed room=%s stay=%s", peer.stay.room_id, peer.stay.number)
            self._on_failed(peer.stay)
        elif peer.subscriber is not None and line is peer.subscriber.line:
            peer.subscriber.route(time.monotonic())

    def _on_layer(self, room_id: str, layer: Layer) -> None:
        """A layer is new, or comes again."""
        self._publishers[layer.source] = layer.track.publisher
        at_s = time.monotonic()
        for peer in self._rooms.get(room_id, {}).values():
            if peer.subscriber is not None and peer.subscriber.has(layer.track):
                peer.subscriber.route(at_s)
        if (tap := self._taps.get(room_id)) is not None:
            tap.route(at_s)

    def _forward_report(self, room_id: str, layer: Layer, report: RtcpSrPacket) -> None:
        for peer in self._rooms.get(room_id, {}).values():
            if peer.subscriber is not None:
                peer.subscriber.forward_report(layer, report, time.monotonic())
        if (tap := self._taps.get(room_id)) is not None:
            tap.forward_clock(layer)

    def _take_receiver_rtcp(self, peer: Peer, data: bytes) -> None:
        if peer.subscriber is not None:
            peer.subscriber.take_rtcp(data, time.monotonic())

    def _take_arrivals(self, arrivals: list[Arrival]) -> None:
        at_s = time.monotonic()
        for arrival in arrivals:
            publisher = self._publishers.get(arrival.source)
            if publisher is not None and arrival.source in publisher.layers:
                publisher.take_arrival(arrival, at_s)

    def _hear(self, stay: Stay, level: int, at_s: float) -> None:
        self._speakers.setdefault(stay.room_id, ActiveSpeaker()).hear(stay.participant_id, level, at_s)

    def _choose_speakers(self, at_s: float) -> None:
        if at_s - self._speakers_at_s < SPEAKER_INTERVAL_S:
            return
        self._speakers_at_s = at_s
        for room_id, active in self._speakers.items():
            before, speaker = active.speaker, active.choose(at_s)
            if speaker is not None and speaker != before:
                self._on_speaker(room_id, speaker)

    def _tick(self, at_s: float) -> None:
        self._choose_speakers(at_s)
        for room in self._rooms.values():
            for peer in room.values():
                peer.publisher.tick(at_s)
                if peer.subscriber is not None:
                    peer.subscriber.tick(at_s)
        for tap in self._taps.values():
            tap.tick(at_s)
