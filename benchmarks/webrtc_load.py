"""Participants of a MediaEngine without codecs: ICE, DTLS, SRTP and SDP are real, what is sent is a pattern.

Each connection is one socket; what comes is counted, and only who `reads_delays` decrypts it, so that one
process can be a hundred receivers. Sources: RFC 8445 (ICE), RFC 7675 (consent), RFC 5764 (DTLS-SRTP).
"""

import asyncio
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from aioice import stun
from aiortc import sdp as aiortc_sdp
from aiortc.rtcdtlstransport import RTCCertificate
from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket, RtcpSenderInfo, RtcpSrPacket
from pylibsrtp import Error, Session

from benchmarks.media_pattern import AUDIO, KEY_FRAME, VIDEO, Picture, packets
from signaling.media import MediaEngine, Stay
from signaling.messages import Connection, SessionDescription
from signaling.relay.descriptions import URI
from signaling.relay.dtls import DtlsClient, DtlsState
from signaling.relay.ice_lite import IceCredentials
from signaling.relay.packet_core import Address
from signaling.relay.rtp_packets import parse_rtp
from signaling.relay.srtp import inbound_session, outbound_session

CHECK_INTERVAL_S, CONSENT_INTERVAL_S, REPORT_INTERVAL_S = 0.05, 5.0, 1.0
RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
MAX_DATAGRAM_BYTES = 2_048
HOST_PRIORITY = 126 << 24 | 65_535 << 8 | 255  # RFC 8445 section 5.1.2.1
TRANSPORT_CC_ID = 3
SO_TIMESTAMPNS = 35  # asm-generic/socket.h; this Python has no name for it
TIMESPEC = struct.Struct("@qq")
CODECS = {"audio": ("opus", 111, 48_000), "video": ("VP8", 96, 90_000)}
NTP_EPOCH_S = 2_208_988_800  # RFC 5905: from 1900 to 1970


def is_rtcp(data: bytes) -> bool:
    return 64 <= data[1] & 0x7F < 96  # RFC 5761 section 4


@dataclass
class SentStream:
    """What goes out under one SSRC."""

    ssrc: int = field(default_factory=lambda: random.getrandbits(31) | 1)
    sequence_number: int = 0
    timestamp: int = 0
    octets: int = 0


class LightConnection:
    """One peer connection: `offer` and `take_answer`, or `answer` once or more. Always the client of DTLS.

    Closures: `close` ends its task and its socket.
    """

    def __init__(self, host: str, certificate: RTCCertificate, reads_delays: bool = False) -> None:
        self.received: Counter[bytes] = Counter()  # RTP packets, by SSRC
        self.delays_ms: list[float] = []
        self.connected = asyncio.Event()
        self._certificate, self._host, self._reads_delays = certificate, host, reads_delays
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if reads_delays:
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((host, 0))
        self._socket.setblocking(False)
        self._ours, self._theirs = IceCredentials(), IceCredentials()
        self._tie_breaker = random.getrandbits(64)
        self._is_controlling = True
        self._address: Address | None = None
        self._has_path = False
        self._session_id, self._version = random.getrandbits(62), 0
        self._dtls: DtlsClient | None = None
        self._outbound: Session | None = None
        self._inbound: Session | None = None
        self._streams: dict[int, SentStream] = {}
        self._transport_sequence_number = 0
        self._received_ssrcs: list[int] = []
        self._repeats: frozenset[bytes] = frozenset()  # SSRCs of what is sent again (RFC 4588)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._take)
        self._keeping: asyncio.Task[None] | None = None

    def offer(self) -> str:
        """To send one stream of sound and one of pictures."""
        self._streams = {AUDIO: SentStream(), VIDEO: SentStream()}
        lines = self._head(["0", "1"])
        for mid, (kind, stream) in enumerate((("audio", AUDIO), ("video", VIDEO))):
            name, payload_type, clock_rate_hz = CODECS[kind]
            lines += self._media(kind, str(mid), payload_type, name, clock_rate_hz, "sendonly")
            lines += [f"a=extmap:{TRANSPORT_CC_ID} {URI['transport-cc']}"]
            lines += [f"a=rtcp-fb:{payload_type} transport-cc", f"a=msid:light {kind}"]
            if kind == "video":
                lines += [f"a=rtcp-fb:{payload_type} nack", f"a=rtcp-fb:{payload_type} nack pli"]
            lines += [f"a=ssrc:{self._streams[stream].ssrc} cname:light"]
        return "\r\n".join(lines) + "\r\n"

    def take_answer(self, text: str) -> None:
        self._take_transport(text)

    def answer(self, text: str) -> str:
        """Take all that an offer sends, Opus and VP8."""
        parsed = aiortc_sdp.SessionDescription.parse(text)
        if self._address is None:
            self._is_controlling = "a=ice-lite" in text  # else who offers is it (RFC 8445 section 6.1.1)
            self._take_transport(text)
        self._received_ssrcs = [entry.ssrc for media in parsed.media for entry in media.ssrc[:1]]
        self._repeats = frozenset(
            entry.ssrc.to_bytes(4, "big") for media in parsed.media for entry in media.ssrc[1:]
        )
        lines = self._head([media.rtp.muxId for media in parsed.media])
        for media in parsed.media:
            name, _, clock_rate_hz = CODECS[media.kind]
            numbers = [
                codec.payloadType
                for codec in media.rtp.codecs
                if codec.mimeType.lower() == f"{media.kind}/{name.lower()}"
            ]
            direction = "recvonly" if media.direction in ("sendonly", "sendrecv") else "inactive"
            lines += self._media(
                media.kind, media.rtp.muxId, int(numbers[0] or 0), name, clock_rate_hz, direction
            )
        return "\r\n".join(lines) + "\r\n"

    def send(self, kind: int, payload: bytes, payload_type: int, timestamp: int, marker: bool) -> None:
        """Send one RTP packet of AUDIO or VIDEO; before the connection stands it is lost."""
        if self._outbound is None or self._address is None:
            return
        stream = self._streams[kind]
        stream.sequence_number = (stream.sequence_number + 1) & 0xFFFF
        stream.timestamp, stream.octets = timestamp & 0xFFFFFFFF, stream.octets + len(payload)
        self._transport_sequence_number = (self._transport_sequence_number + 1) & 0xFFFF
        header = struct.pack(
            "!BBHLLHHBHx",
            0x90,
            marker << 7 | payload_type,
            stream.sequence_number,
            stream.timestamp,
            stream.ssrc,
            0xBEDE,
            1,
            TRANSPORT_CC_ID << 4 | 1,
            self._transport_sequence_number,
        )
        self._send(self._outbound.protect(header + payload))

    def close(self, says_goodbye: bool = True) -> None:
        if self._socket.fileno() < 0:
            return
        if self._keeping is not None:
            self._keeping.cancel()
        if self._dtls is not None and says_goodbye:
            for datagram in self._dtls.close():
                self._send(datagram)
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _head(self, mids: Sequence[str]) -> list[str]:
        self._version += 1
        return [
            "v=0",
            f"o=- {self._session_id} {self._version} IN IP4 0.0.0.0",
            "s=-",
            "t=0 0",
            f"a=group:BUNDLE {' '.join(mids)}",
            "a=msid-semantic:WMS *",
        ]

    def _media(
        self, kind: str, mid: str, payload_type: int, name: str, clock_rate_hz: int, direction: str
    ) -> list[str]:
        fingerprint = self._certificate.getFingerprints()[0]
        host, port = self._socket.getsockname()
        return [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {payload_type}",
            "c=IN IP4 0.0.0.0",
            f"a=candidate:1 1 udp {HOST_PRIORITY} {host} {port} typ host",
            "a=end-of-candidates",
            f"a=ice-ufrag:{self._ours.ufrag}",
            f"a=ice-pwd:{self._ours.password}",
            f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value}",
            "a=setup:active",
            "a=rtcp-mux",
            f"a=mid:{mid}",
            f"a={direction}",
            f"a=rtpmap:{payload_type} {name}/{clock_rate_hz}{'/2' if kind == 'audio' else ''}",
        ]

    def _take_transport(self, text: str) -> None:
        media = aiortc_sdp.SessionDescription.parse(text).media[0]
        assert media.ice is not None and media.dtls is not None
        assert media.ice.usernameFragment and media.ice.password
        self._theirs = IceCredentials(media.ice.usernameFragment, media.ice.password)
        reachable = [
            (one.ip, one.port)
            for one in media.ice_candidates
            if one.protocol.lower() == "udp" and one.component == 1 and ":" not in one.ip
        ]
        self._address = min(reachable, key=lambda one: one[0] != self._host)
        self._dtls = DtlsClient(self._certificate, media.dtls.fingerprints)
        self._keeping = self._loop.create_task(self._keep())

    async def _keep(self) -> None:
        """Checks and what DTLS has to send again until the connection stands, then consent and reports."""
        assert self._dtls is not None
        while not self.connected.is_set():
            self._check()
            for datagram in self._dtls.resend():
                self._send(datagram)
            await asyncio.sleep(CHECK_INTERVAL_S)
        checked_at_s = time.monotonic()
        while True:
            await asyncio.sleep(REPORT_INTERVAL_S)
            self._report()
            if time.monotonic() - checked_at_s >= CONSENT_INTERVAL_S:
                checked_at_s = time.monotonic()
                self._check()

    def _check(self) -> None:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._theirs.ufrag}:{self._ours.ufrag}"
        request.attributes["PRIORITY"] = HOST_PRIORITY
        if self._is_controlling:
            request.attributes["ICE-CONTROLLING"] = self._tie_breaker
            request.attributes["USE-CANDIDATE"] = None
        else:
            request.attributes["ICE-CONTROLLED"] = self._tie_breaker
        request.add_message_integrity(self._theirs.password.encode())
        request.add_fingerprint()
        self._send(bytes(request))

    def _report(self) -> None:
        """As browsers do once a second: of what is sent, and of what came."""
        if self._outbound is None:
            return
        now_s = time.time() + NTP_EPOCH_S
        for stream in self._streams.values():
            info = RtcpSenderInfo(
                ntp_timestamp=int(now_s * (1 << 32)),
                rtp_timestamp=stream.timestamp,
                packet_count=stream.sequence_number,
                octet_count=stream.octets & 0xFFFFFFFF,
            )
            self._send(self._outbound.protect_rtcp(bytes(RtcpSrPacket(stream.ssrc, info))))
        if self._received_ssrcs:
            reports = [RtcpReceiverInfo(ssrc, 0, 0, 0, 0, 0, 0) for ssrc in self._received_ssrcs[:31]]
            self._send(self._outbound.protect_rtcp(bytes(RtcpRrPacket(1, reports))))

    def _take(self) -> None:
        """All that is there: media is counted; STUN and DTLS go on."""
        try:
            while True:
                if self._reads_delays:
                    data, ancillary, _, _ = self._socket.recvmsg(MAX_DATAGRAM_BYTES, 64)
                else:
                    data, ancillary = self._socket.recv(MAX_DATAGRAM_BYTES), []
                first = data[0] if data else 255
                if first < 4:  # RFC 7983
                    self._take_stun(data)
                elif 20 <= first < 64:
                    self._take_dtls(data)
                elif 128 <= first < 192 and not is_rtcp(data) and data[8:12] not in self._repeats:
                    self.received[data[8:12]] += 1
                    if ancillary and self._inbound is not None:
                        seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
                        self._read_delay(data, seconds * 1_000_000_000 + nanoseconds)
        except BlockingIOError:
            return
        except ConnectionError:  # ICMP of a server that ended
            return

    def _read_delay(self, data: bytes, at_ns: int) -> None:
        """The kernel says when it came, so that this process being busy makes nothing later."""
        assert self._inbound is not None
        try:
            plain = self._inbound.unprotect(data)
        except Error:
            return
        at = parse_rtp(plain, len(plain)).payload_at + len(KEY_FRAME)
        (sent_ns,) = struct.unpack_from("!q", plain, at)
        self.delays_ms.append((at_ns - sent_ns) / 1e6)

    def _take_stun(self, data: bytes) -> None:
        message = stun.parse_message(data)
        if self._dtls is None:  # a check that was faster than its description; it comes again
            return
        if message.message_class is stun.Class.REQUEST:
            if message.check_message_integrity(self._ours.password.encode()):
                answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, message.transaction_id)
                answer.attributes["XOR-MAPPED-ADDRESS"] = self._address
                answer.add_message_integrity(self._ours.password.encode())
                answer.add_fingerprint()
                self._send(bytes(answer))
        elif message.message_class is stun.Class.RESPONSE and not self._has_path:
            self._has_path = True
            for datagram in self._dtls.start():
                self._send(datagram)

    def _take_dtls(self, data: bytes) -> None:
        if self._dtls is None:  # meant for a socket that had this port before
            return
        for datagram in self._dtls.take(data):
            self._send(datagram)
        if self._dtls.state is DtlsState.CONNECTED and self._dtls.keys and not self.connected.is_set():
            keys = self._dtls.keys
            self._outbound = outbound_session(keys.profile, keys.send_key)
            self._inbound = inbound_session(keys.profile, keys.receive_key)
            self.connected.set()

    def _send(self, data: bytes) -> None:
        assert self._address is not None
        try:
            self._socket.sendto(data, self._address)
        except (BlockingIOError, ConnectionError):
            return  # lost, as on any line


class LightParticipant:
    """Somebody in a room of a MediaEngine. Descriptions of the engine for this stay go to `take`."""

    def __init__(
        self,
        engine: MediaEngine,
        stay: Stay,
        host: str,
        certificate: RTCCertificate,
        reads_delays: bool = False,
    ) -> None:
        self.stay = stay
        self._engine = engine
        self._make = partial(LightConnection, host, certificate, reads_delays)
        self.outbound: LightConnection | None = None
        self.inbound: LightConnection | None = None
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def received(self) -> int:
        return self.inbound.received.total() if self.inbound is not None else 0

    @property
    def streams_received(self) -> int:
        return len(self.inbound.received) if self.inbound is not None else 0

    @property
    def delays_ms(self) -> list[float]:
        return self.inbound.delays_ms if self.inbound is not None else []

    async def enter(self, *, sends: bool) -> None:
        await self._engine.open(self.stay)
        if sends:
            self.outbound = self._make()
            offer = SessionDescription(type="offer", sdp=self.outbound.offer())
            await self._engine.describe(self.stay, Connection.SEND, offer)
            await asyncio.wait_for(self.outbound.connected.wait(), 15)

    def take(self, connection: Connection, description: SessionDescription) -> None:
        if connection is Connection.SEND:
            assert self.outbound is not None
            self.outbound.take_answer(description.sdp)
            return
        if self.inbound is None:
            self.inbound = self._make()
        answer = SessionDescription(type="answer", sdp=self.inbound.answer(description.sdp))
        task = asyncio.create_task(self._engine.describe(self.stay, Connection.RECEIVE, answer))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def publish(self, picture: Picture, speed: float, seconds: float) -> int:
        """Send the pattern; returns how many packets went. Each holds when it was sent."""
        assert self.outbound is not None
        began, sent = time.monotonic(), 0
        for planned in packets(picture, speed, seconds):
            if (wait_s := began + planned.at_s - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            stamp = KEY_FRAME + struct.pack("!q", time.time_ns())
            payload = stamp + bytes(planned.payload_bytes - len(stamp))
            self.outbound.send(
                planned.kind, payload, planned.payload_type, planned.timestamp, planned.ends_frame
            )
            sent += 1
        return sent

    def forget(self) -> None:
        """Count from here."""
        if self.inbound is not None:
            self.inbound.received.clear()
            self.inbound.delays_ms.clear()

    async def leave(self, says_goodbye: bool = True) -> None:
        for task in self._answering:
            task.cancel()
        await self._engine.close(self.stay)
        for connection in (self.outbound, self.inbound):
            if connection is not None:
                connection.close(says_goodbye)


async def until(holds: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Raises TimeoutError, which says `what`."""
    end_s = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > end_s:
            raise TimeoutError(f"in vain waited until {what}")
        await asyncio.sleep(0.02)
