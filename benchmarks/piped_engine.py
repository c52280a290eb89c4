"""A MediaEngine in a process of its own, spoken to in lines of JSON; and our relay as such a process.

A line of ours has `do` (open, describe, close), `room`, `name`, `number`, and with `describe` also
`connection` and `sdp`; one of the process is a description, without `do`. `python -m benchmarks.piped_engine
CORE HOST` is our relay without its rooms: a lesson has more participants than a room for consults lets in.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from signaling.media import OnDescription, Stay
from signaling.messages import CandidateMessage, Connection, SessionDescription
from signaling.relay.choose_core import choose_core
from signaling.relay_media import RelayMedia

MAX_LINE_BYTES = 1 << 20
CLOCK_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
STALL_S, STALL_EVERY_S = 0.3, 1.0


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, of all its threads (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S


class PipedEngine:
    """See signaling/media.py."""

    def __init__(self, process: asyncio.subprocess.Process, on_description: OnDescription) -> None:
        self.pid = process.pid
        self._process, self._on_description = process, on_description
        self._reading = asyncio.create_task(self._read())

    async def open(self, stay: Stay) -> None:
        await self._write(stay, do="open")

    async def describe(self, stay: Stay, connection: Connection, description: SessionDescription) -> None:
        await self._write(stay, do="describe", connection=connection, sdp=description.sdp)

    async def add_candidate(self, stay: Stay, candidate: CandidateMessage) -> None:
        """Nothing: who takes part here has all candidates in the description."""

    async def watch(self, stay: Stay, watched: Mapping[str, str | None]) -> None:
        """Nothing: one size is sent, and everybody watches it."""

    async def close(self, stay: Stay) -> None:
        await self._write(stay, do="close")

    async def close_all(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _write(self, stay: Stay, **more: str) -> None:
        line = {"room": stay.room_id, "name": stay.participant_id, "number": stay.number, **more}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        await self._process.stdin.drain()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while text := await self._process.stdout.readline():
            line = json.loads(text)
            connection = Connection(line["connection"])
            kind: Any = "answer" if connection is Connection.SEND else "offer"
            stay = Stay(line["room"], line["name"], line["number"])
            self._on_description(stay, connection, SessionDescription(type=kind, sdp=line["sdp"]))


@asynccontextmanager
async def piped_engine(command: Sequence[str], on_description: OnDescription) -> AsyncIterator[PipedEngine]:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=MAX_LINE_BYTES
    )
    engine = PipedEngine(process, on_description)
    try:
        yield engine
    finally:
        await engine.close_all()


async def lines_of_stdin() -> AsyncIterator[dict[str, Any]]:
    reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while text := await reader.readline():
        yield json.loads(text)


async def _stall() -> None:
    """Keep the event loop and the interpreter busy with something else, 300 ms of each second."""
    while True:
        await asyncio.sleep(STALL_EVERY_S - STALL_S)
        end_s = time.monotonic() + STALL_S
        while time.monotonic() < end_s:
            pass


def say(stay: Stay, connection: str, sdp: str) -> None:
    """A description, as a process of this kind gives it to the one that started it."""
    about = {"room": stay.room_id, "name": stay.participant_id, "number": stay.number}
    print(json.dumps({**about, "connection": connection, "sdp": sdp}), flush=True)


async def serve_relay(core: str, host: str, stalls: bool) -> None:
    engine = RelayMedia(
        lambda stay, connection, description: say(stay, connection, description.sdp),
        lambda stay: print(f"failed: {stay}", file=sys.stderr),
        core=choose_core(core),
        host=host,
    )
    stalling = asyncio.create_task(_stall()) if stalls else None
    async for line in lines_of_stdin():
        stay = Stay(line["room"], line["name"], line["number"])
        if line["do"] == "open":
            await engine.open(stay)
        elif line["do"] == "describe":
            connection = Connection(line["connection"])
            kind: Any = "offer" if connection is Connection.SEND else "answer"
            await engine.describe(stay, connection, SessionDescription(type=kind, sdp=line["sdp"]))
        else:
            await engine.close(stay)
    if stalling is not None:
        stalling.cancel()
    await engine.close_all()


if __name__ == "__main__":
    asyncio.run(serve_relay(sys.argv[1], sys.argv[2], "stalls" in sys.argv[3:]))
