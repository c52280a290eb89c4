"""Let fifty rooms of four be joined and left for half an hour: does the relay's process stay as it was?

`python -m benchmarks.rooms_soak --minutes 30`. The relay is the real one with its rooms (signaling.main),
which here also says what it holds; the participants are light ones (webrtc_load.py). One in four leaves
without a word, as one whose browser dies; each comes again as the same user.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import secrets
import statistics
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiortc.rtcdtlstransport import RTCCertificate
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from benchmarks.media_pattern import AUDIO, KEY_FRAME, VIDEO
from benchmarks.result import figure, write_result
from benchmarks.webrtc_load import LightParticipant, until
from signaling.join_token import JoinGrant, issue
from signaling.main import Settings, serve_until_stopped
from signaling.media import OnDescription, Stay
from signaling.messages import (
    SUBPROTOCOL,
    CandidateMessage,
    Connection,
    DescriptionMessage,
    ErrorMessage,
    Join,
    SessionDescription,
    parse_server_message,
    to_json,
)
from signaling.roles import Role
from tests.free_ports import free_ports

ORIGIN = "http://localhost"
HOST = "127.0.0.1"
STAYS_S = (20.0, 70.0)
GOES_SILENTLY = 0.25
PACKET_INTERVAL_S = 0.2  # of each stream: what leaks here leaks by joins, not by packets
SAMPLE_INTERVAL_S = 5.0
WARM_UP_SHARE = 0.5
RESUME_WINDOW_S = 30.0
MAX_GROWTH = 0.03  # of the memory after the warm-up


class RoomsEngine:
    """MediaEngine through the relay's own door: a WebSocket for each stay."""

    def __init__(self, url: str, secret: str, on_description: OnDescription) -> None:
        self._url, self._secret, self._on_description = url, secret, on_description
        self._sockets: dict[Stay, ClientConnection] = {}
        self._readers: dict[Stay, asyncio.Task[None]] = {}

    async def open(self, stay: Stay) -> None:
        grant = JoinGrant(
            room_id=stay.room_id,
            participant_id=stay.participant_id,
            display_name=stay.participant_id,
            role=Role.PARTICIPANT,
        )
        socket = await connect(
            self._url, subprotocols=[Subprotocol(SUBPROTOCOL)], origin=Origin(ORIGIN), compression=None
        )
        self._sockets[stay] = socket
        await socket.send(to_json(Join(token=issue(self._secret, grant))))
        self._readers[stay] = asyncio.create_task(self._read(stay, socket))

    async def describe(self, stay: Stay, connection: Connection, description: SessionDescription) -> None:
        message = DescriptionMessage(connection=connection, description=description)
        if (socket := self._sockets.get(stay)) is not None:
            try:
                await socket.send(to_json(message))
            except ConnectionClosed:
                return

    async def add_candidate(self, stay: Stay, candidate: CandidateMessage) -> None:
        """Nothing: the description has them."""

    async def watch(self, stay: Stay, watched: Mapping[str, str | None]) -> None:
        """Nothing: one size is sent, and everybody watches it."""

    async def close(self, stay: Stay) -> None:
        if (socket := self._sockets.pop(stay, None)) is not None:
            await socket.close()
            await self._readers.pop(stay)

    async def vanish(self, stay: Stay) -> None:
        """No goodbye: the socket is cut."""
        self._sockets[stay].transport.abort()
        await self.close(stay)

    async def close_all(self) -> None:
        for stay in list(self._sockets):
            await self.close(stay)

    async def _read(self, stay: Stay, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                message = parse_server_message(text)
                if isinstance(message, DescriptionMessage):
                    self._on_description(stay, message.connection, message.description)
                elif isinstance(message, ErrorMessage):
                    print(f"{stay.participant_id}: {message.code}", file=sys.stderr)
        except ConnectionClosed:
            return


@dataclass
class Relay:
    """The process under test."""

    port: int
    secret: str
    process: asyncio.subprocess.Process

    async def holds(self) -> Mapping[str, int]:
        """What it holds when garbage has been collected: tasks, objects, open files and so on."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(b"\n")
        counted: dict[str, int] = json.loads(await self.process.stdout.readline())
        folder = Path(f"/proc/{self.process.pid}")
        files = []
        for entry in (folder / "fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                files.append(os.readlink(entry))
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        return {
            **counted,
            "open files": len(files),
            "sockets": sum(file.startswith("socket:") for file in files),
            "threads": int(status["Threads"]),
            "memory_bytes": int(status["VmRSS"].split()[0]) * 1024,
        }


async def start_relay() -> Relay:
    (port,) = free_ports(1)
    secret = secrets.token_urlsafe(24)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.rooms_soak",
        "--serve",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "TELECONSULT_RELAY_PORT": str(port),
            "TELECONSULT_JOIN_SECRET": secret,
            "TELECONSULT_ALLOWED_ORIGINS": ORIGIN,
        },
    )
    relay = Relay(port, secret, process)
    await relay.holds()
    return relay


async def serve() -> None:
    """The relay as `python -m signaling.main` runs it; for each line of the input it says what it holds."""
    serving = asyncio.create_task(serve_until_stopped(Settings.from_environment(os.environ)))
    loop = asyncio.get_running_loop()

    def say() -> None:
        sys.stdin.readline()
        gc.collect()
        holds = {"tasks": len(asyncio.all_tasks()), "objects": len(gc.get_objects())}
        print(json.dumps(holds), flush=True)

    loop.add_reader(sys.stdin.fileno(), say)
    await serving


@dataclass
class Soak:
    """The participants, and what was seen of the relay meanwhile."""

    relay: Relay
    people: dict[Stay, LightParticipant] = field(default_factory=dict)
    joins: int = 0
    failed_joins: int = 0
    samples: list[tuple[float, Mapping[str, int]]] = field(default_factory=list)  # seconds, what it holds

    def __post_init__(self) -> None:
        self._certificate = RTCCertificate.generateCertificate()
        self._is_over = asyncio.Event()
        url = f"ws://{HOST}:{self.relay.port}/"
        self._engine = RoomsEngine(url, self.relay.secret, self._take)

    def _take(self, stay: Stay, connection: Connection, description: SessionDescription) -> None:
        if (person := self.people.get(stay)) is not None:
            person.take(connection, description)

    async def run(self, rooms: int, seats: int, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        talking = asyncio.create_task(self._talk())
        watching = asyncio.create_task(self._watch(time.monotonic()))
        await asyncio.gather(
            *(self._sit(f"room-{room}", f"user-{n}", end_s) for room in range(rooms) for n in range(seats))
        )
        talking.cancel()
        await asyncio.sleep(RESUME_WINDOW_S + 2)  # who vanished last is held so long
        self._is_over.set()
        await watching

    async def _sit(self, room: str, name: str, end_s: float) -> None:
        """One user, who comes and goes."""
        await asyncio.sleep(random.uniform(0, STAYS_S[0]))
        while (now_s := time.monotonic()) < end_s:
            self.joins += 1
            stay = Stay(room, name, self.joins)
            person = self.people[stay] = LightParticipant(self._engine, stay, HOST, self._certificate)
            try:
                await person.enter(sends=True)
                await asyncio.sleep(min(random.uniform(*STAYS_S), max(0.0, end_s - now_s)))
            except TimeoutError:
                self.failed_joins += 1
            if goes_silently := random.random() < GOES_SILENTLY:
                await self._engine.vanish(stay)
            await person.leave(says_goodbye=not goes_silently)
            del self.people[stay]

    async def _talk(self) -> None:
        timestamp = 0
        while True:
            await asyncio.sleep(PACKET_INTERVAL_S)
            timestamp += 18_000
            for person in self.people.values():
                if person.outbound is not None:
                    person.outbound.send(AUDIO, bytes(80), 111, timestamp, False)
                    person.outbound.send(VIDEO, KEY_FRAME + bytes(400), 96, timestamp, True)

    async def _watch(self, began_s: float) -> None:
        while not self._is_over.is_set():
            self.samples.append((time.monotonic() - began_s, await self.relay.holds()))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_over.wait(), SAMPLE_INTERVAL_S)


async def soak(minutes: float, rooms: int, seats: int) -> None:
    relay = await start_relay()
    try:
        await Soak(relay).run(2, seats, STAYS_S[0])  # what is made once is there after this
        before = await relay.holds()
        long = Soak(relay)
        await long.run(rooms, seats, minutes * 60)
        await until(lambda: not long.people, "all have left")
        after = await relay.holds()
    finally:
        relay.process.terminate()
        await relay.process.wait()
    warm = [(at_s, held) for at_s, held in long.samples if WARM_UP_SHARE <= at_s / (minutes * 60) <= 1]
    times_h = [at_s / 3600 for at_s, _ in warm]
    memory_mb = [held["memory_bytes"] / 1e6 for _, held in warm]
    slope_mb_per_h = statistics.linear_regression(times_h, memory_mb).slope
    growth = slope_mb_per_h * (times_h[-1] - times_h[0]) / memory_mb[0]
    for at_s, held in long.samples[:: max(1, len(long.samples) // 20)]:
        print(f"{at_s:7.0f} s", *(f"{name} {count:,}" for name, count in held.items()), sep="   ")
    print("before:", dict(before), "\nafter: ", dict(after))
    print(f"{long.joins} joins, {long.failed_joins} failed")
    write_result(
        "rooms_soak",
        [
            figure(f"joins, {rooms} rooms of {seats}", long.joins, "", minutes=minutes),
            figure("joins that failed", long.failed_joins, "", 0, at_most=True),
            figure("memory after the warm-up", memory_mb[0], "MB", digits=1),
            figure("its growth from then on", growth, "share", MAX_GROWTH, at_most=True, digits=4),
            figure("the same for an hour", slope_mb_per_h, "MB", digits=1),
            *(
                figure(f"{name} when all have left", after[name], "", before[name], at_most=True)
                for name in ("tasks", "open files", "sockets", "threads")
            ),
            figure("Python objects when all have left", after["objects"], "", peer=before["objects"]),
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rooms", type=int, default=50)
    parser.add_argument("--seats", type=int, default=4)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    asyncio.run(serve() if given.serve else soak(given.minutes, given.rooms, given.seats))


if __name__ == "__main__":
    main()
