"""ICE over TCP: passive candidates (RFC 6544) for browsers whose network lets no UDP through.

Each TCP connection has a UDP socket of its own on loopback, so that for the packet core it is a client like
any other; whoever passes no check there is cut off here. Datagrams are framed by their length (RFC 4571
section 2). Closures: `close` ends the listener and all connections, and may be called twice.
"""

import asyncio
import socket
from contextlib import suppress
from struct import pack

from signaling.relay.packet_core import MAX_DATAGRAM_BYTES, Address

ANSWERED_WITHIN_S = 10.0  # whose datagrams nobody answers is cut off: no check of theirs was authentic
MOST_CONNECTIONS = 512
MOST_WAITING_BYTES = 256 * 1_024  # towards a browser that does not read; datagrams after them are dropped
READ_AT_ONCE = 64


class BadFrame(ValueError):
    """A length that no datagram of ours has."""


class Framing:
    """RFC 4571: what has come so far, cut into datagrams."""

    def __init__(self) -> None:
        self._waiting = b""

    def take(self, data: bytes) -> list[bytes]:
        """The datagrams that are whole now; empty ones say nothing and are left out. Raises BadFrame."""
        self._waiting += data
        at, whole = 0, []
        while len(self._waiting) - at >= 2:
            size = int.from_bytes(self._waiting[at : at + 2], "big")
            if size > MAX_DATAGRAM_BYTES:
                raise BadFrame(f"{size} bytes")
            if len(self._waiting) - at < 2 + size:
                break
            if size:
                whole.append(self._waiting[at + 2 : at + 2 + size])
            at += 2 + size
        self._waiting = self._waiting[at:]
        return whole


class IceTcp:
    """Listens on one TCP port; all on one event loop. `media` is where the packet core listens."""

    def __init__(self, media: Address, answered_within_s: float = ANSWERED_WITHIN_S) -> None:
        self.media = media
        self.answered_within_s = answered_within_s
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str | None, port: int) -> int:
        """Listen, on all addresses without a host; returns the port. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for connection in list(self.connections):
            connection.end()
        await server.wait_closed()


class _Connection(asyncio.Protocol):
    def __init__(self, owner: IceTcp) -> None:
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._framing = Framing()
        self._transport: asyncio.Transport | None = None
        self._udp: socket.socket | None = None
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if len(self._owner.connections) >= MOST_CONNECTIONS:
            transport.abort()
            return
        self._owner.connections.add(self)
        self._udp = socket.socket(
            socket.AF_INET6 if ":" in self._owner.media[0] else socket.AF_INET,
            socket.SOCK_DGRAM | socket.SOCK_NONBLOCK,
        )
        self._udp.connect(self._owner.media)
        self._loop.add_reader(self._udp, self._take_answers)
        self._patience = self._loop.call_later(self._owner.answered_within_s, self.end)

    def data_received(self, data: bytes) -> None:
        try:
            datagrams = self._framing.take(data)
        except BadFrame:
            self.end()
            return
        for datagram in datagrams:
            self._send(datagram)

    def connection_lost(self, error: Exception | None) -> None:
        self.end()

    def end(self) -> None:
        self._owner.connections.discard(self)
        if self._patience is not None:
            self._patience.cancel()
        if self._udp is not None:
            self._loop.remove_reader(self._udp)
            self._udp.close()
            self._udp = None
        if self._transport is not None:
            self._transport.abort()

    def _send(self, datagram: bytes) -> None:
        if self._udp is not None:
            with suppress(OSError):  # as lost as on any line
                self._udp.send(datagram)

    def _take_answers(self) -> None:
        assert self._udp is not None and self._transport is not None
        for _ in range(READ_AT_ONCE):
            try:
                datagram = self._udp.recv(MAX_DATAGRAM_BYTES + 1_024)
            except OSError:
                return
            if self._patience is not None:
                self._patience.cancel()
            if self._transport.get_write_buffer_size() < MOST_WAITING_BYTES:
                self._transport.write(pack("!H", len(datagram)) + datagram)
