"""PacketCore in Python: always there. One buffer to receive in, one to send from, libsrtp in place.

`take_events` reads at most READ_AT_ONCE datagrams, so that a flood does not keep the event loop for itself.
"""

import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from struct import pack, pack_into, unpack_from
from typing import Any

from pylibsrtp import Session

from signaling.relay.packet_core import (
    CACHE_PACKETS,
    EVENTS_WAITING,
    MARKS,
    MAX_DATAGRAM_BYTES,
    Address,
    Arrival,
    Codec,
    Counts,
    Datagram,
    Events,
    Marks,
    Output,
    PayloadType,
    Rtcp,
    Sent,
    Source,
    SrtpProfile,
    UnknownRtp,
)
from signaling.relay.rtp_continuity import Continuity, is_newer
from signaling.relay.rtp_packets import (
    MalformedRtp,
    RtpHeader,
    Vp8Descriptor,
    header_template,
    is_h264_key_frame,
    parse_red,
    parse_rtp,
    parse_vp8,
)
from signaling.relay.srtp import MAX_OVERHEAD_BYTES, InPlace, handle_of, inbound_session, outbound_session

READ_AT_ONCE = 256
OLDEST_KEPT = 0x4000  # sequence numbers behind the newest one; more than any cache holds
SOCKET_BUFFER_BYTES = 4 * 1024 * 1024
NTP_EPOCH_OFFSET_S = 2_208_988_800
MAPPED_PREFIX = "::ffff:"  # before an IPv4 address that an IPv6 socket reaches (RFC 4291 section 2.5.5.2)
SocketAddress = Address | tuple[str, int, int, int]  # as the socket's family has them


@dataclass(slots=True, eq=False)
class _Peer:
    address: SocketAddress | None = None
    is_ipv6: bool = False
    inbound: Session | None = None
    outbound: Session | None = None
    receive: Any = None  # libsrtp's handles of the two
    send: Any = None
    by_ssrc: "dict[int, _Source]" = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Source:
    number: int
    peer: _Peer
    what: Source
    takers: "list[_Output]" = field(default_factory=list)
    cache: "dict[int, tuple[int, RtpHeader, PayloadType, bytes]]" = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Output:
    what: Output
    peer: _Peer
    header: bytes
    abs_send_time_at: int
    audio_level_at: int | None
    continuity: Continuity
    takes_copies: bool = False
    source: _Source | None = None  # whose packets go out
    wanted: _Source | None = None  # whose packets are to go out from the next key frame on
    last: int | None = None  # the source's number, for sender reports
    first_sequence_number: int = 0  # outgoing, since the last change of source
    picture_id_offset: int = 0
    tl0_pic_idx_offset: int = 0
    last_picture_id: int = -1
    last_tl0_pic_idx: int = -1
    rtx_sequence_number: int = 0
    packets: int = 0
    octets: int = 0


class PythonCore:
    """See signaling/relay/packet_core.py. Not for use from several threads."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._sound_marks: dict[bool, list[tuple[int, int, bytes]]] = {}  # by whether it is IPv6
        self._peers: dict[int, _Peer] = {}
        self._by_address: dict[SocketAddress, tuple[int, _Peer]] = {}
        self._sources: dict[int, _Source] = {}
        self._outputs: dict[int, _Output] = {}
        self._in = InPlace(2 * MAX_DATAGRAM_BYTES)
        self._out = InPlace(2 * MAX_DATAGRAM_BYTES + MAX_OVERHEAD_BYTES)
        self._arrivals: list[Arrival] = []
        self._received = self._forwarded = self._resent = 0
        self._refused = self._dropped = self._send_failures = 0
        self._received_bytes = self._sent_bytes = 0

    def bind(self, host: str, port: int, marks: Marks = MARKS) -> int:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, marks.other << 2)
        mark = pack("@i", marks.sound << 2)
        self._sound_marks = {
            False: [(socket.IPPROTO_IP, socket.IP_TOS, mark)],
            True: [(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, mark)],
        }
        if family == socket.AF_INET6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, marks.other << 2)
        self._socket.bind((host, port))
        return int(self._socket.getsockname()[1])

    def fileno(self) -> int:
        return self._socket.fileno() if self._socket is not None else -1

    def take_events(self) -> Events:
        events = Events([], [], [], [])
        if self._socket is None:
            return events
        buffer = self._in.data
        for _ in range(READ_AT_ONCE):
            try:
                size, address = self._socket.recvfrom_into(buffer)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                continue  # an ICMP error that an earlier send brought
            self._received += 1
            self._received_bytes += size
            if size > MAX_DATAGRAM_BYTES or size == 0:
                self._refused += 1
            elif 128 <= buffer[0] <= 191:
                self._take_media(events, address, size)
            else:
                events.datagrams.append(Datagram(_plain(address), bytes(buffer[:size])))
        arrivals, self._arrivals = self._arrivals, []
        events.arrivals.extend(arrivals)
        return events

    def _take_media(self, events: Events, address: SocketAddress, size: int) -> None:
        number, peer = self._by_address.get(address, (0, None))
        if peer is None or peer.receive is None or size < 8:
            self._refused += 1
            return
        data = self._in.data
        if 192 <= data[1] <= 223:  # RFC 5761 section 4
            size = self._in.unprotect_rtcp(peer.receive, size)
            if size:
                events.rtcp.append(Rtcp(number, bytes(data[:size])))
            else:
                self._refused += 1
            return
        size = self._in.unprotect(peer.receive, size)
        try:
            header = parse_rtp(data, size)
        except MalformedRtp:
            self._refused += 1
            return
        source = peer.by_ssrc.get(header.ssrc)
        if source is None:
            if len(events.unknown_rtp) < EVENTS_WAITING:
                events.unknown_rtp.append(UnknownRtp(number, bytes(data[:size])))
            else:
                self._dropped += 1
            return
        self._take_rtp(source, header, size)

    def _take_rtp(self, source: _Source, header: RtpHeader, size: int) -> None:
        data, what = self._in.data, source.what
        is_rtx = header.ssrc != what.ssrc
        sequence_number = header.sequence_number
        if is_rtx:
            repeated = what.rtx_payload_types.get(header.payload_type)
            # An empty one is padding, by which the publisher looks for more bandwidth.
            if repeated is not None and header.payload_end - header.payload_at > 2:
                sequence_number = unpack_from("!H", data, header.payload_at)[0]
                header.payload_at += 2
                header.payload_type = repeated
        payload_type = what.payload_types.get(header.payload_type)
        codec = None if payload_type is None else payload_type.codec
        packet = bytes(data[header.payload_at : header.payload_end])
        bare_type, bare = payload_type, packet
        if codec is Codec.RED:
            try:
                packet, bare_type, bare = _without_copies(packet, what.payload_types)
            except MalformedRtp:
                self._refused += 1
                return
        vp8 = parse_vp8(packet, 0, len(packet)) if codec is Codec.VP8 else None
        is_key_frame = (
            vp8.is_key_frame
            if vp8 is not None
            else codec is Codec.H264 and is_h264_key_frame(packet, 0, len(packet))
        )
        level = self._level(source, header)
        self._note_arrival(source, header, sequence_number, size, level, is_key_frame, is_rtx)
        if payload_type is None or bare_type is None or (not packet and is_rtx):
            return
        header.sequence_number = sequence_number
        if not payload_type.codec.is_sound:
            source.cache[sequence_number % CACHE_PACKETS] = (sequence_number, header, payload_type, packet)
        at_s = time.monotonic()
        for output in source.takers:
            if output.source is not source and not self._switch(
                output, source, header, vp8, payload_type, is_key_frame, at_s
            ):
                continue
            numbers = output.continuity.map(sequence_number, header.timestamp, at_s)
            since_first = (numbers[0] - output.first_sequence_number) & 0xFFFF
            if since_first >= 0x8000:
                continue  # from before the key frame at which this output began
            if since_first > OLDEST_KEPT:  # numbers wrap, so the first one has to follow
                output.first_sequence_number = (numbers[0] - OLDEST_KEPT // 2) & 0xFFFF
            goes_as, sent = (payload_type, packet) if output.takes_copies else (bare_type, bare)
            size = self._write(output, header, numbers, goes_as.outgoing, sent, vp8, level)
            if self._send(output, output.what.ssrc, size):
                self._forwarded += 1
                output.packets += 1
                output.octets += len(sent)

    def _note_arrival(
        self,
        source: _Source,
        header: RtpHeader,
        number: int,
        size: int,
        level: int | None,
        is_key_frame: bool,
        is_rtx: bool,
    ) -> None:
        if len(self._arrivals) >= EVENTS_WAITING:
            self._dropped += 1
            return
        at, length = header.extensions.get(source.what.transport_cc_id, (0, 0))
        self._arrivals.append(
            Arrival(
                source=source.number,
                sequence_number=number,
                timestamp=header.timestamp,
                at_us=time.monotonic_ns() // 1_000,
                size_bytes=size,
                transport_sequence_number=unpack_from("!H", self._in.data, at)[0] if length == 2 else -1,
                audio_level=-1 if level is None else level & 0x7F,
                is_key_frame=is_key_frame,
                is_rtx=is_rtx,
            )
        )

    def _level(self, source: _Source, header: RtpHeader) -> int | None:
        at, length = header.extensions.get(source.what.audio_level_id, (0, 0))
        return self._in.data[at] if length == 1 else None

    def _switch(
        self,
        output: _Output,
        source: _Source,
        header: RtpHeader,
        vp8: Vp8Descriptor | None,
        payload_type: PayloadType,
        is_key_frame: bool,
        at_s: float,
    ) -> bool:
        """True if the output takes this source from this packet on."""
        if not payload_type.codec.is_sound and not is_key_frame:
            return False
        former = output.source
        if former is not None:
            former.takers.remove(output)
        output.source, output.wanted, output.last = source, None, source.number
        output.continuity.clock_rate_hz = payload_type.clock_rate_hz
        output.first_sequence_number = output.continuity.begin(
            header.sequence_number, header.timestamp, at_s
        )
        if vp8 is not None and output.last_picture_id >= 0:
            output.picture_id_offset = output.last_picture_id + 1 - vp8.picture_id
            output.tl0_pic_idx_offset = output.last_tl0_pic_idx + 1 - vp8.tl0_pic_idx
        return True

    def _write(
        self,
        output: _Output,
        header: RtpHeader,
        numbers: tuple[int, int],
        payload_type: int,
        packet: bytes,
        vp8: Vp8Descriptor | None,
        level: int | None,
    ) -> int:
        """Put the outgoing packet into the buffer; returns its size."""
        data, at = self._out.data, len(output.header)
        end = at + len(packet)
        data[:at] = output.header
        data[at:end] = packet
        data[1] = header.marker << 7 | payload_type
        pack_into("!HL", data, 2, *numbers)
        if level is not None and output.audio_level_at is not None:
            data[output.audio_level_at] = level
        if vp8 is not None:
            self._keep_pictures_continuous(output, vp8, at)
        return end

    def _keep_pictures_continuous(self, output: _Output, vp8: Vp8Descriptor, at: int) -> None:
        data = self._out.data
        if vp8.picture_id_at is not None:
            picture_id = (vp8.picture_id + output.picture_id_offset) & 0x7FFF
            pack_into("!H", data, at + vp8.picture_id_at, 0x8000 | picture_id)
            if output.last_picture_id < 0 or is_newer(picture_id, output.last_picture_id, bits=15):
                output.last_picture_id = picture_id
        if vp8.tl0_pic_idx_at is not None:
            tl0_pic_idx = (vp8.tl0_pic_idx + output.tl0_pic_idx_offset) & 0xFF
            data[at + vp8.tl0_pic_idx_at] = tl0_pic_idx
            if output.last_tl0_pic_idx < 0 or is_newer(tl0_pic_idx, output.last_tl0_pic_idx, bits=8):
                output.last_tl0_pic_idx = tl0_pic_idx

    def _send(self, output: _Output, ssrc: int, size: int) -> bool:
        peer, data = output.peer, self._out.data
        if peer.send is None or peer.address is None or self._socket is None:
            return False
        pack_into("!L", data, 8, ssrc)
        at = output.abs_send_time_at
        data[at : at + 3] = _abs_send_time().to_bytes(3, "big")
        size = self._out.protect(peer.send, size)
        marks = self._sound_marks[peer.is_ipv6] if output.what.is_audio else ()
        if size <= 0 or not self._send_datagram(memoryview(data)[:size], peer.address, marks):
            return False
        self._sent_bytes += size
        return True

    def _send_datagram(
        self,
        data: bytes | memoryview,
        address: SocketAddress,
        marks: Sequence[tuple[int, int, bytes]] = (),
    ) -> bool:
        try:
            assert self._socket is not None
            if marks:
                self._socket.sendmsg((data,), marks, 0, address)
            else:
                self._socket.sendto(data, address)
        except OSError:
            self._send_failures += 1
            return False
        return True

    def send_to(self, address: Address, data: bytes) -> None:
        if self._socket is not None:
            self._send_datagram(data, self._of_socket(address))

    def _of_socket(self, address: Address) -> SocketAddress:
        if self._socket is None or self._socket.family == socket.AF_INET:
            return address
        host, port = address
        return (host if ":" in host else f"{MAPPED_PREFIX}{host}", port, 0, 0)

    def add_peer(self, peer: int) -> None:
        self._peers.setdefault(peer, _Peer())

    def set_address(self, peer: int, address: Address) -> None:
        known = self._peers.get(peer)
        if known is None:
            return
        if known.address is not None and self._by_address.get(known.address, (0, None))[1] is known:
            del self._by_address[known.address]
        known.address, known.is_ipv6 = self._of_socket(address), ":" in address[0]
        self._by_address[known.address] = (peer, known)

    def set_keys(self, peer: int, profile: SrtpProfile, receive_key: bytes, send_key: bytes) -> None:
        known = self._peers.get(peer)
        if known is None:
            return
        known.inbound = inbound_session(profile, receive_key)
        known.outbound = outbound_session(profile, send_key)
        known.receive, known.send = handle_of(known.inbound), handle_of(known.outbound)

    def remove_peer(self, peer: int) -> None:
        known = self._peers.pop(peer, None)
        if known is None:
            return
        if known.address is not None and self._by_address.get(known.address, (0, None))[1] is known:
            del self._by_address[known.address]
        for number in [number for number, source in self._sources.items() if source.peer is known]:
            self.remove_source(number)
        for number in [number for number, output in self._outputs.items() if output.peer is known]:
            self.remove_output(number)

    def add_source(self, source: int, peer: int, description: Source) -> None:
        owner = self._peers.get(peer)
        known = self._sources.get(source)
        if owner is None or (known is not None and known.peer is not owner):
            return
        if known is None:
            known = self._sources[source] = _Source(source, owner, description)
        self._forget_ssrcs(known)
        known.what = description
        owner.by_ssrc[description.ssrc] = known
        if description.rtx_ssrc is not None:
            owner.by_ssrc[description.rtx_ssrc] = known

    def remove_source(self, source: int) -> None:
        known = self._sources.pop(source, None)
        if known is None:
            return
        self._forget_ssrcs(known)
        for output in known.takers:
            if output.source is known:
                output.source = None
            if output.wanted is known:
                output.wanted = None
        known.takers.clear()

    def _forget_ssrcs(self, source: _Source) -> None:
        for ssrc in (source.what.ssrc, source.what.rtx_ssrc):
            if ssrc is not None and source.peer.by_ssrc.get(ssrc) is source:
                del source.peer.by_ssrc[ssrc]

    def add_output(self, output: int, description: Output) -> None:
        owner = self._peers.get(description.peer)
        if owner is None or output in self._outputs:
            return
        template = header_template(description.ssrc, description.mid, description.is_audio)
        self._outputs[output] = _Output(
            what=description,
            peer=owner,
            header=template.data,
            abs_send_time_at=template.abs_send_time_at,
            audio_level_at=template.audio_level_at,
            continuity=Continuity(48_000 if description.is_audio else 90_000),
        )

    def remove_output(self, output: int) -> None:
        self.route(output, None)
        self._outputs.pop(output, None)

    def route(self, output: int, source: int | None) -> None:
        taker = self._outputs.get(output)
        wanted = None if source is None else self._sources.get(source)
        if taker is None or (source is not None and wanted is None):
            return
        for former in {taker.source, taker.wanted} - {None, wanted}:
            if wanted is None or former is not taker.source:
                assert former is not None
                former.takers.remove(taker)
        if wanted is None:
            taker.source = taker.wanted = None
        elif wanted is taker.source:
            taker.wanted = None
        elif wanted is not taker.wanted:
            taker.wanted = wanted
            wanted.takers = [*wanted.takers, taker]

    def take_copies(self, output: int, takes: bool) -> None:
        if (known := self._outputs.get(output)) is not None:
            known.takes_copies = takes

    def resend(self, output: int, sequence_numbers: Sequence[int]) -> None:
        taker = self._outputs.get(output)
        if taker is None or taker.source is None or taker.what.rtx_ssrc is None:
            return
        source = taker.source
        for outgoing in sequence_numbers:
            if (outgoing - taker.first_sequence_number) & 0xFFFF >= 0x8000:
                continue  # of another source
            number = (outgoing - taker.continuity.sequence_offset) & 0xFFFF
            cached = source.cache.get(number % CACHE_PACKETS)
            if cached is not None and cached[0] == number:
                self._resend(taker, outgoing, *cached[1:])

    def _resend(
        self, output: _Output, number: int, header: RtpHeader, payload_type: PayloadType, packet: bytes
    ) -> None:
        timestamp = (header.timestamp + output.continuity.timestamp_offset) & 0xFFFFFFFF
        vp8 = parse_vp8(packet, 0, len(packet)) if payload_type.codec is Codec.VP8 else None
        rtx_payload_type = output.what.rtx_payload_types.get(payload_type.outgoing)
        if rtx_payload_type is None or output.what.rtx_ssrc is None:
            return
        size = self._write(output, header, (number, timestamp), rtx_payload_type, packet, vp8, None)
        data, at = self._out.data, len(output.header)
        data[at + 2 : size + 2] = data[at:size]
        pack_into("!H", data, at, number)
        pack_into("!H", data, 2, output.rtx_sequence_number)
        output.rtx_sequence_number = (output.rtx_sequence_number + 1) & 0xFFFF
        if self._send(output, output.what.rtx_ssrc, size + 2):
            self._resent += 1

    def send_rtcp(self, peer: int, data: bytes) -> None:
        known = self._peers.get(peer)
        if known is None or known.send is None or known.address is None or self._socket is None:
            return
        self._out.data[: len(data)] = data
        size = self._out.protect_rtcp(known.send, len(data))
        if size:
            self._send_datagram(memoryview(self._out.data)[:size], known.address)

    def sent(self, output: int) -> Sent:
        known = self._outputs.get(output)
        if known is None:
            return Sent(None, 0, 0, 0, 0)
        return Sent(
            known.last,
            known.continuity.timestamp_offset & 0xFFFFFFFF,
            known.packets,
            known.octets,
            known.continuity.last_sequence_number,
        )

    def counts(self) -> Counts:
        return Counts(
            self._received,
            self._forwarded,
            self._resent,
            self._refused,
            self._dropped,
            self._send_failures,
            self._received_bytes,
            self._sent_bytes,
        )

    def close(self) -> None:
        for peer in list(self._peers):
            self.remove_peer(peer)
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _without_copies(
    red: bytes, payload_types: Mapping[int, PayloadType]
) -> tuple[bytes, PayloadType | None, bytes]:
    """RED with the numbers that receivers know; and the latest packet in it. Raises MalformedRtp."""
    blocks, inner, known = parse_red(red), None, bytearray(red)
    for at in blocks.types_at:
        inner = payload_types.get(red[at] & 0x7F)
        if inner is None or inner.codec is not Codec.OPUS:
            raise MalformedRtp("a block that is no Opus")
        known[at] = red[at] & 0x80 | inner.outgoing
    return bytes(known), inner, red[blocks.latest_at :]


def _plain(address: SocketAddress) -> Address:
    return address[0].removeprefix(MAPPED_PREFIX), address[1]


def _abs_send_time() -> int:
    """Seconds as 6.18 bits of fixed point."""
    return int((time.time() + NTP_EPOCH_OFFSET_S) * (1 << 18)) & 0xFFFFFF
