"""Lines: how clients are reached and what keys they have, all on one UDP port.

STUN finds the line by our ufrag, DTLS and media by the address that an authentic check came from. A datagram
of anybody else is dropped and counted. Closures: closing a line ends its peer in the core; `close` ends all
lines and the core.
"""

import asyncio
import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import Enum, auto

from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint

from signaling.relay.descriptions import Local, UnusableDescription
from signaling.relay.dtls import DtlsServer, DtlsState, SrtpKeys
from signaling.relay.ice_lite import IceCredentials, answer_check
from signaling.relay.packet_core import (
    MARKS,
    Address,
    Arrival,
    Datagram,
    Marks,
    PacketCore,
    Rtcp,
    UnknownRtp,
)

CONNECT_TIMEOUT_S = 30.0
SILENT_TIMEOUT_S = 20.0  # without a check the client is gone (RFC 7675 has it send one every 5 s)
ANY_HOSTS = ("0.0.0.0", "::")
EARLY_DATAGRAMS = 4  # of DTLS, kept until the client's description is there
PROOF_INTERVAL_S = 0.5
MOST_UNPROVEN = 4  # in a row: a core that hangs is told from one that has much to do
PROOF = b"\x00the core receives"  # of the range of STUN, and none (RFC 7983)
TICK_S = 0.05  # the shortest interval of what happens by time: feedback to publishers


class LineState(Enum):
    CONNECTING = auto()
    CONNECTED = auto()
    FAILED = auto()
    CLOSED = auto()


@dataclass(slots=True, eq=False)
class Line:
    """One connection of a client. `number` is its peer in the core."""

    number: int
    opened_at_s: float
    on_state: "Callable[[Line], None]"
    on_rtcp: "Callable[[bytes], None]"
    on_unknown_rtp: "Callable[[bytes], None]"
    credentials: list[IceCredentials] = field(default_factory=lambda: [IceCredentials()])
    session_id: int = field(default_factory=lambda: random.getrandbits(62))
    version: int = 0
    state: LineState = LineState.CONNECTING
    remote: IceCredentials | None = None
    fingerprints: frozenset[tuple[str, str]] = frozenset()
    dtls: DtlsServer | None = None
    early: list[bytes] = field(default_factory=list)
    address: Address | None = None
    checked_at_s: float = 0.0


class Transport:
    """Owns the core. All on one event loop."""

    def __init__(
        self,
        core: PacketCore,
        host: str,
        port: int,
        addresses: Collection[str],
        on_arrivals: Callable[[list[Arrival]], None],
        on_tick: Callable[[float], None],
        marks: Marks = MARKS,
        tcp_port: int | None = None,
    ) -> None:
        self.core = core
        self.port = core.bind(host, port, marks)
        self._own_address = ("127.0.0.1" if host in ANY_HOSTS else host, self.port)
        self._received = self._unproven = 0
        self._proof_at_s = float("-inf")
        self.unknown_datagrams = 0
        self._candidates = [(address, self.port) for address in addresses]
        self._tcp_candidates = [(address, tcp_port) for address in addresses if tcp_port is not None]
        self._certificate = RTCCertificate.generateCertificate()
        self._fingerprint = self._certificate.getFingerprints()[0]
        self._on_arrivals, self._on_tick = on_arrivals, on_tick
        self._lines: dict[int, Line] = {}
        self._by_ufrag: dict[str, Line] = {}
        self._passwords: dict[str, str] = {}
        self._by_address: dict[Address, Line] = {}
        self._next_number = 1
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(core.fileno(), self._take)
        self._ticking = self._loop.create_task(self._tick())

    @property
    def works(self) -> bool:
        """Whether the core receives what is sent to it, and if it is by ourselves.

        Asked as often as this loop runs, so that a stall of the loop is not taken for one of the core.
        """
        return self._unproven < MOST_UNPROVEN

    def open_line(
        self,
        on_state: Callable[[Line], None],
        on_rtcp: Callable[[bytes], None],
        on_unknown_rtp: Callable[[bytes], None],
    ) -> Line:
        line = Line(self._next_number, time.monotonic(), on_state, on_rtcp, on_unknown_rtp)
        self._next_number += 1
        self._lines[line.number] = line
        self.core.add_peer(line.number)
        self._know(line)
        return line

    def open_local_line(self, address: Address, keys: SrtpKeys, on_rtcp: Callable[[bytes], None]) -> Line:
        """A line to a process of this machine, with keys that both sides were given: it stands at once."""
        line = self.open_line(lambda _: None, on_rtcp, lambda _: None)
        line.address, line.checked_at_s, line.state = address, float("inf"), LineState.CONNECTED
        self.core.set_address(line.number, address)
        self.core.set_keys(line.number, keys.profile, keys.receive_key, keys.send_key)
        return line

    def set_remote(
        self, line: Line, ice: IceCredentials, fingerprints: Collection[RTCDtlsFingerprint]
    ) -> None:
        """Take the client's side. New credentials are a restart of ICE: ours change too, keys stay.

        Raises:
            UnusableDescription: another certificate than before.
        """
        known = frozenset((f.algorithm.lower(), f.value.upper()) for f in fingerprints)
        if line.dtls is None:
            line.fingerprints = known
            line.dtls = DtlsServer(self._certificate, fingerprints)
        elif known != line.fingerprints:
            raise UnusableDescription("another certificate on a connection that stands")
        if line.remote is not None and line.remote.ufrag != ice.ufrag:
            self._restart_ice(line)
        line.remote = ice
        early, line.early = line.early, []
        for datagram in early:
            self._take_dtls(line, datagram)

    def describe(self, line: Line) -> Local:
        """Our side, as the next description of this line says it."""
        line.version += 1
        return Local(
            line.credentials[-1],
            self._fingerprint,
            self._candidates,
            line.session_id,
            line.version,
            self._tcp_candidates,
        )

    def close_line(self, line: Line) -> None:
        if self._lines.pop(line.number, None) is None:
            return
        if line.dtls is not None:
            self._send(line, line.dtls.close())
        line.state = LineState.CLOSED
        for credentials in line.credentials:
            self._by_ufrag.pop(credentials.ufrag, None)
            self._passwords.pop(credentials.ufrag, None)
        if line.address is not None and self._by_address.get(line.address) is line:
            del self._by_address[line.address]
        self.core.remove_peer(line.number)

    async def close(self) -> None:
        for line in list(self._lines.values()):
            self.close_line(line)
        if self.core.fileno() >= 0:
            self._loop.remove_reader(self.core.fileno())
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)
        self.core.close()

    def _know(self, line: Line) -> None:
        credentials = line.credentials[-1]
        self._by_ufrag[credentials.ufrag] = line
        self._passwords[credentials.ufrag] = credentials.password

    def _restart_ice(self, line: Line) -> None:
        """The former credentials stay good until the next restart: the old path may still be in use."""
        for old in line.credentials[:-1]:
            self._by_ufrag.pop(old.ufrag, None)
            self._passwords.pop(old.ufrag, None)
        line.credentials = [line.credentials[-1], IceCredentials()]
        self._know(line)

    def _take(self) -> None:
        events = self.core.take_events()
        for datagram in events.datagrams:
            self._take_datagram(datagram)
        for event in events.rtcp:
            self._take_rtcp(event)
        for packet in events.unknown_rtp:
            self._take_unknown_rtp(packet)
        if events.arrivals:
            self._on_arrivals(events.arrivals)

    def _take_datagram(self, datagram: Datagram) -> None:
        data, address = datagram.data, datagram.address
        if address == self._own_address:
            return
        if data[0] < 4:  # RFC 7983
            self._take_check(data, address)
            return
        line = self._by_address.get(address)
        if line is None or not 20 <= data[0] <= 63:
            self.unknown_datagrams += 1
        elif line.dtls is None:
            line.early = [*line.early, data][-EARLY_DATAGRAMS:]
        else:
            self._take_dtls(line, data)

    def _take_check(self, data: bytes, address: Address) -> None:
        check = answer_check(data, address, self._passwords)
        if check is None:
            self.unknown_datagrams += 1
            return
        line = self._by_ufrag[check.ufrag]
        line.checked_at_s = time.monotonic()
        is_newest = check.ufrag == line.credentials[-1].ufrag
        if line.address is None or (check.is_nominated and is_newest and line.address != address):
            if line.address is not None and self._by_address.get(line.address) is line:
                del self._by_address[line.address]
            line.address = address
            self.core.set_address(line.number, address)
        if line.address == address:
            self._by_address[address] = line
        self.core.send_to(address, check.answer)

    def _take_dtls(self, line: Line, data: bytes) -> None:
        assert line.dtls is not None
        before = line.dtls.state
        self._send(line, line.dtls.take(data))
        if line.dtls.state is before:
            return
        if line.dtls.state is DtlsState.CONNECTED and line.dtls.keys is not None:
            keys = line.dtls.keys
            self.core.set_keys(line.number, keys.profile, keys.receive_key, keys.send_key)
            self._set_state(line, LineState.CONNECTED)
        else:
            self._set_state(line, LineState.FAILED)

    def _send(self, line: Line, datagrams: list[bytes]) -> None:
        """Nothing goes to an address that is another line's by now."""
        if line.address is None or self._by_address.get(line.address) is not line:
            return
        for datagram in datagrams:
            self.core.send_to(line.address, datagram)

    def _take_rtcp(self, event: Rtcp) -> None:
        line = self._lines.get(event.peer)
        if line is not None:
            line.on_rtcp(event.data)

    def _take_unknown_rtp(self, event: UnknownRtp) -> None:
        line = self._lines.get(event.peer)
        if line is not None:
            line.on_unknown_rtp(event.data)

    def _set_state(self, line: Line, state: LineState) -> None:
        if line.state is not state and line.state is not LineState.CLOSED:
            line.state = state
            line.on_state(line)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now_s = time.monotonic()
            self._take()
            self._prove(now_s)
            for line in list(self._lines.values()):
                self._keep(line, now_s)
            self._on_tick(now_s)

    def _prove(self, now_s: float) -> None:
        if now_s - self._proof_at_s < PROOF_INTERVAL_S:
            return
        self._proof_at_s = now_s
        received = self.core.counts().received
        self._unproven = 0 if received != self._received else self._unproven + 1
        self._received = received
        self.core.send_to(self._own_address, PROOF)

    def _keep(self, line: Line, now_s: float) -> None:
        if line.state is LineState.CONNECTING:
            if line.dtls is not None:
                self._send(line, line.dtls.resend())
            if now_s - line.opened_at_s > CONNECT_TIMEOUT_S:
                self._set_state(line, LineState.FAILED)
        elif line.state is LineState.CONNECTED and now_s - line.checked_at_s > SILENT_TIMEOUT_S:
            self._set_state(line, LineState.FAILED)
