"""A network twin: what is sent to it comes out at the real server, as late and as torn as a script says.

    python -m tests.network_twin udp 10.0.0.5:7000 '[{"loss": 0.3, "delay_s": 0.15}]'
    python -m tests.network_twin tcp 127.0.0.1:8080 script.json --host 10.0.0.5

runs one until Ctrl-C: the first line it prints is its own address, the last what became of the packets. A
script is a list of steps, see bad_line.Step: [{"delay_s": 0.15}, {"at_s": 10, "for_s": 10, "is_down": true}].

One twin is one line: all clients that come to it share it, as the people of one site do. Media find the way
through it when the addresses in the relay's description are replaced by the twin's (`through`).
"""

import argparse
import asyncio
import heapq
import json
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from tests.bad_line import Line, Schedule, Step

Address = tuple[str, int]
MAX_DATAGRAM = 65_535
MAX_UNDER_WAY = 20_000  # datagrams that wait for their moment; more are dropped and counted
MAX_CLIENTS = 1_000
READ_AT_ONCE = 64
RECEIVE_BUFFER_BYTES = 4 << 20  # if the system lets us: what it drops itself is in no count of ours
SEGMENT = 1_448  # what one TCP packet carries
MAX_SEGMENTS_UNDER_WAY = 4_096
UDP_HEADERS, TCP_HEADERS = 28, 52  # with those of IPv4
FIRST_RETRY_S = 0.2  # of a TCP packet that was lost, doubled each time: Linux' TCP_RTO_MIN
SEED = 20261125

_CANDIDATE = re.compile(r"^(a=)?(candidate:\S+ \d+ \S+ \d+ )(\S+) (\d+)( typ .*)$")


def through(sdp: str, twins: Mapping[Address, Address]) -> str:
    """Return the description with each candidate of `twins` at its twin's address.

    Candidates that have no twin are left out, and so are the default addresses of the media sections: media
    go through a twin or nowhere.
    """
    lines = []
    for line in sdp.splitlines():
        if line.startswith("a=candidate:"):
            if (moved := candidate_through(line, twins)) is not None:
                lines.append(moved)
        elif line.startswith("c="):
            lines.append("c=IN IP4 0.0.0.0")
        else:  # port 9 stands for "by ICE" (RFC 9429 5.2.1), port 0 for a refused section
            lines.append(re.sub(r"^(m=\S+) (?!0 )\d+ ", r"\1 9 ", line))
    return "".join(f"{line}\r\n" for line in lines)


def candidate_through(candidate: str, twins: Mapping[Address, Address]) -> str | None:
    """Return the candidate at its twin's address, None where it has none; with or without "a=" before it."""
    match = _CANDIDATE.match(candidate)
    if match is None or (match[3], int(match[4])) not in twins:
        return None
    host, port = twins[match[3], int(match[4])]
    return f"{match[1] or ''}{match[2]}{host} {port}{match[5]}"


class Twin:
    """The two directions of one line, with the clock and the script of the running loop."""

    def __init__(self, script: Sequence[Step], seed: int) -> None:
        self.address: Address = ("", 0)
        self.to_server = Line(Schedule(), seed)
        self.to_client = Line(Schedule(), seed + 1)
        self.unsendable = 0  # datagrams that the system did not take, or for which there was no room
        self.play(script)

    def play(self, script: Sequence[Step]) -> None:
        """From now on the line is as this script says; its seconds count from this moment."""
        now = asyncio.get_running_loop().time()
        self.to_server.schedule = Schedule(script, "server", begins_at_s=now)
        self.to_client.schedule = Schedule(script, "client", begins_at_s=now)


class _Departures:
    """What waits for its moment, in the order of the moments, and of coming where they are equal."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, at_s: float, leave: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (at_s, self._count, leave))
        if self._waiting[0][1] == self._count:
            self._set_timer()

    def close(self) -> None:
        self._waiting.clear()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._waiting[0][0], self._leave) if self._waiting else None

    def _leave(self) -> None:
        now = self._loop.time()
        while self._waiting and self._waiting[0][0] <= now:
            heapq.heappop(self._waiting)[2]()
        self._set_timer()


class _UdpTwin(Twin):
    """Each client has a socket of its own towards the server, as behind a router; so the server tells them
    apart by their port."""

    def __init__(self, server: Address, script: Sequence[Step], host: str, port: int, seed: int) -> None:
        super().__init__(script, seed)
        self._loop = asyncio.get_running_loop()
        self._departures = _Departures()
        self._server = server
        self._inner: dict[Address, socket.socket] = {}
        self._outer = _udp_socket()
        self._outer.bind((host, port))
        self.address = self._outer.getsockname()
        self._loop.add_reader(self._outer, self._from_clients)

    def close(self) -> None:
        self._departures.close()
        for each in (self._outer, *self._inner.values()):
            self._loop.remove_reader(each)
            each.close()

    def _from_clients(self) -> None:
        for _ in range(READ_AT_ONCE):
            try:
                data, client = self._outer.recvfrom(MAX_DATAGRAM)
            except OSError:  # nothing more, or the answer to something sent to a port that is closed
                return
            if (inner := self._inner.get(client) or self._open(client)) is not None:
                self._carry(self.to_server, data, inner.send)

    def _from_server(self, inner: socket.socket, client: Address) -> None:
        for _ in range(READ_AT_ONCE):
            try:
                data = inner.recv(MAX_DATAGRAM)
            except OSError:
                return
            self._carry(self.to_client, data, lambda data: self._outer.sendto(data, client))

    def _open(self, client: Address) -> socket.socket | None:
        if len(self._inner) >= MAX_CLIENTS:
            self.unsendable += 1
            return None
        inner = self._inner[client] = _udp_socket()
        inner.connect(self._server)
        self._loop.add_reader(inner, self._from_server, inner, client)
        return inner

    def _carry(self, line: Line, data: bytes, send: Callable[[bytes], object]) -> None:
        for at_s in line.take(self._loop.time(), len(data) + UDP_HEADERS):
            if len(self._departures) < MAX_UNDER_WAY:
                self._departures.add(at_s, lambda: self._send(send, data))
            else:
                self.unsendable += 1

    def _send(self, send: Callable[[bytes], object], data: bytes) -> None:
        try:
            send(data)
        except OSError:  # the system's buffer is full, or nobody listens there
            self.unsendable += 1


def _udp_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    made.setblocking(False)
    return made


class _TcpTwin(Twin):
    """What a lost packet is to TCP: it comes later, and all that follows waits for it.

    The kernel's own TCP runs on loopback at both sides; so the retries are made here, by the clock of Linux.
    """

    def __init__(self, server: Address, script: Sequence[Step], seed: int) -> None:
        super().__init__(script, seed)
        self._loop = asyncio.get_running_loop()
        self._server = server
        self._running: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._running) >= MAX_CLIENTS:
            self.unsendable += 1
            writer.transport.abort()
            return
        self._running.add(task)
        writers = [writer]
        try:
            for line in (self.to_server, self.to_client):  # SYN and its answer
                await self._until(await self._passage(line, TCP_HEADERS))
            inner_reader, inner_writer = await asyncio.open_connection(*self._server)
            writers.append(inner_writer)
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._carry(self.to_server, reader, inner_writer))
                directions.create_task(self._carry(self.to_client, inner_reader, writer))
        except* OSError:
            pass  # one side broke off: the other is told the same way
        finally:
            self._running.discard(task)
            for each in writers:
                each.transport.abort()

    async def _carry(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one direction of a connection to its end."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MAX_SEGMENTS_UNDER_WAY)

        async def take() -> None:
            data = b"-"
            while data:
                data = await reader.read(SEGMENT)
                await under_way.put((await self._passage(line, len(data) + TCP_HEADERS), data))

        async def send_on() -> None:
            while True:
                at_s, data = await under_way.get()
                await self._until(at_s)
                if not data:
                    writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()

        async with asyncio.TaskGroup() as both:
            both.create_task(take())
            both.create_task(send_on())

    async def _passage(self, line: Line, size_bytes: int) -> float:
        """Return the moment at which this packet, or one that repeats it, leaves the line."""
        retry_s = FIRST_RETRY_S
        while True:
            while (full_for_s := line.full_for_s(self._loop.time())) > 0:
                await asyncio.sleep(full_for_s)
            if departures := line.take(self._loop.time(), size_bytes):
                return departures[0]
            await asyncio.sleep(retry_s)
            retry_s *= 2

    async def _until(self, moment_s: float) -> None:
        await asyncio.sleep(moment_s - self._loop.time())


@asynccontextmanager
async def udp_twin(
    server: Address, script: Sequence[Step] = (), *, host: str = "127.0.0.1", port: int = 0, seed: int = SEED
) -> AsyncIterator[Twin]:
    """A twin of the UDP port of `server`, at `address` until the end."""
    twin = _UdpTwin(server, script, host, port, seed)
    try:
        yield twin
    finally:
        twin.close()


@asynccontextmanager
async def tcp_twin(
    server: Address, script: Sequence[Step] = (), *, host: str = "127.0.0.1", port: int = 0, seed: int = SEED
) -> AsyncIterator[Twin]:
    """A twin of the TCP port of `server`, at `address` until the end; open connections end with it."""
    twin = _TcpTwin(server, script, seed)
    async with await asyncio.start_server(twin.accept, host, port) as listening:
        twin.address = listening.sockets[0].getsockname()
        try:
            yield twin
        finally:
            await twin.close()


KINDS = {"udp": udp_twin, "tcp": tcp_twin}


async def _run(options: argparse.Namespace) -> None:
    host, port = options.server.rsplit(":", 1)
    script = options.script if options.script.lstrip().startswith("[") else Path(options.script).read_text()
    steps = [Step.of(row) for row in json.loads(script)]
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    where = {"host": options.host, "port": options.port, "seed": options.seed}
    async with KINDS[options.kind]((host, int(port)), steps, **where) as twin:
        print("{}:{}".format(*twin.address), flush=True)
        await stopped.wait()
        became = {"to_server": asdict(twin.to_server.counts), "to_client": asdict(twin.to_client.counts)}
        print(json.dumps({**became, "unsendable": twin.unsendable}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="a bad line in front of a server")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("server", help="HOST:PORT")
    parser.add_argument("script", help="JSON, or a file of it")
    parser.add_argument("--host", default="127.0.0.1", help="where the twin listens")
    parser.add_argument("--port", type=int, default=0, help="0: any")
    parser.add_argument("--seed", type=int, default=SEED)
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
