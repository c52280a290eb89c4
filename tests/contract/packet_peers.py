"""Clients of a packet core: they encrypt and decrypt with libsrtp and build packets by hand."""

import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import AF_INET, AF_INET6, SOCK_DGRAM
from socket import socket as Socket
from struct import pack

from pylibsrtp import Error, Session

from signaling.relay.packet_core import (
    Address,
    Arrival,
    Codec,
    Datagram,
    Output,
    PacketCore,
    PayloadType,
    Rtcp,
    Source,
    SrtpProfile,
    UnknownRtp,
)
from signaling.relay.rtp_packets import RtpHeader, parse_rtp
from signaling.relay.srtp import KEY_BYTES, inbound_session, outbound_session

OPUS, RED, VP8, VP8_RTX, H264 = 111, 63, 96, 97, 102
PAYLOAD_TYPES = {
    OPUS: PayloadType(OPUS, Codec.OPUS, 48_000),
    109: PayloadType(OPUS, Codec.OPUS, 48_000),
    RED: PayloadType(RED, Codec.RED, 48_000),
    120: PayloadType(VP8, Codec.VP8, 90_000),  # a publisher with numbers of its own
    VP8: PayloadType(VP8, Codec.VP8, 90_000),
    H264: PayloadType(H264, Codec.H264, 90_000),
}
TRANSPORT_CC_ID, LEVEL_ID = 5, 6


def rtp(
    sequence_number: int,
    payload: bytes,
    *,
    payload_type: int = VP8,
    ssrc: int = 1,
    timestamp: int = 0,
    marker: bool = False,
    transport_sequence_number: int | None = None,
    level: int | None = None,
) -> bytes:
    elements = b""
    if transport_sequence_number is not None:
        elements += pack("!BH", TRANSPORT_CC_ID << 4 | 1, transport_sequence_number)
    if level is not None:
        elements += pack("!BB", LEVEL_ID << 4, level)
    elements += bytes(-len(elements) % 4)
    header = pack(
        "!BBHLL",
        0x90 if elements else 0x80,
        marker << 7 | payload_type,
        sequence_number & 0xFFFF,
        timestamp & 0xFFFFFFFF,
        ssrc,
    )
    if elements:
        header += pack("!HH", 0xBEDE, len(elements) // 4) + elements
    return header + payload


def vp8(text: bytes = b"", *, key: bool = False, picture_id: int = 0, tl0: int = 0) -> bytes:
    """One packet that is a whole frame."""
    return pack("!BBHB", 0x90, 0xC0, 0x8000 | picture_id, tl0) + bytes([0x10 if key else 0x11]) + text


def red(*packets: bytes, payload_type: int = OPUS) -> bytes:
    """The last packet behind copies of those before it, 20 ms apart (RFC 2198 section 3)."""
    *copies, latest = packets
    heads = [
        pack("!BHB", 0x80 | payload_type, 960 * (len(copies) - age) << 2 | len(copy) >> 8, len(copy) & 0xFF)
        for age, copy in enumerate(copies)
    ]
    return b"".join([*heads, bytes([payload_type]), *copies, latest])


@dataclass
class Client:
    """One peer of a core, on a socket of its own."""

    core: PacketCore
    port: int
    peer: int
    profile: SrtpProfile = SrtpProfile.AEAD_AES_128_GCM
    host: str = "127.0.0.1"
    socket: Socket = field(init=False)
    to_core: Session = field(init=False)
    from_core: Session = field(init=False)

    def __post_init__(self) -> None:
        self.socket = Socket(AF_INET6 if ":" in self.host else AF_INET, SOCK_DGRAM)
        self.socket.bind((self.host, 0))
        self.socket.setblocking(False)
        up, down = os.urandom(KEY_BYTES[self.profile]), os.urandom(KEY_BYTES[self.profile])
        self.to_core, self.from_core = outbound_session(self.profile, up), inbound_session(self.profile, down)
        self.core.add_peer(self.peer)
        self.core.set_address(self.peer, self.address)
        self.core.set_keys(self.peer, self.profile, up, down)

    @property
    def address(self) -> Address:
        host, port, *_ = self.socket.getsockname()
        return host, port

    @property
    def readable(self) -> bool:
        return bool(select.select([self.socket], [], [], 0)[0])

    def publish(self, source: int, ssrc: int = 1, rtx_ssrc: int | None = None) -> None:
        what = Source(ssrc, PAYLOAD_TYPES, rtx_ssrc, {VP8_RTX: VP8}, TRANSPORT_CC_ID, LEVEL_ID)
        self.core.add_source(source, self.peer, what)

    def subscribe(
        self, output: int, source: int | None, *, ssrc: int = 9, is_audio: bool = False, rtx: bool = False
    ) -> None:
        self.core.add_output(
            output,
            Output(self.peer, ssrc, "7", is_audio, ssrc + 1 if rtx else None, {VP8: VP8_RTX} if rtx else {}),
        )
        self.core.route(output, source)

    def send(self, packet: bytes) -> None:
        self.send_raw(self.to_core.protect(packet))

    def send_raw(self, data: bytes) -> None:
        self.socket.sendto(data, (self.host, self.port))

    def received(self) -> list[tuple[RtpHeader, bytes, bytes]]:
        """What has come: header, payload, whole packet."""
        packets = []
        while True:
            try:
                data = self.socket.recv(2_048)
            except BlockingIOError:
                return packets
            try:
                plain = self.from_core.unprotect(data)
            except Error:
                continue
            header = parse_rtp(plain, len(plain))
            packets.append((header, plain[header.payload_at : header.payload_end], plain))


@dataclass
class Taken:
    """All events of a core so far."""

    core: PacketCore
    datagrams: list[Datagram] = field(default_factory=list)
    rtcp: list[Rtcp] = field(default_factory=list)
    unknown_rtp: list[UnknownRtp] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)

    def take(self) -> None:
        events = self.core.take_events()
        self.datagrams += events.datagrams
        self.rtcp += events.rtcp
        self.unknown_rtp += events.unknown_rtp
        self.arrivals += events.arrivals

    def until(self, holds: Callable[[], bool], timeout_s: float = 10.0) -> None:
        end_s = time.monotonic() + timeout_s
        while not holds():
            assert time.monotonic() < end_s, "in vain waited"
            select.select([self.core.fileno()], [], [], 0.005)
            self.take()

    def until_received(self, count: int) -> None:
        self.until(lambda: self.core.counts().received >= count)
