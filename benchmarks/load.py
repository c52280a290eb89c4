"""How much one installation bears: people who click, studies that come all at once, and rooms full of people.

    python -m benchmarks.load [--minutes 30] [--users 100] [--rooms 100] [--uploads 20] [--flood 300]

A whole installation without models is started on an empty folder and filled by twenty uploads at once. Then
users click for half an hour through what real pages ask (recorded from Chromium first), and go on beside a
hundred rooms of ten participants in each of which a presenter scrolls; in the end far more files come than
can be taken, and the rooms go on. The clients run on the same machine and take their share of it. All of it
on loopback.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.load_pages import Case, Seen, click, recorded
from benchmarks.load_rooms import Rooms, joined_rooms
from benchmarks.load_uploads import Uploads, send_all, studies_of, too_many
from benchmarks.result import figure, write_result
from storage.database import Database
from teleconsult.users.passwords import one_time_password
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role
from tests.e2e.pages import accepted_consult
from tests.installation_server import PASSWORD, Client, Installation, free_ports_of_an_installation, no_models

PARTICIPANTS = 10  # in each room
STAY_S = 120.0  # in the rooms, beside those who click
FLOOD_S = 30.0
SAMPLE_S = 5.0
WARM_UP_SHARE = 0.3
P99_GOAL_MS = 250.0
MAX_GROWTH = 0.05  # of all processes' memory together, from after the warm-up to the end
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass
class Processes:
    """Memory of the installation's processes, one sample after the other, and the processor's time."""

    installation: Installation
    samples: list[tuple[float, dict[str, int]]] = field(default_factory=list)  # seconds, bytes by part

    def look(self) -> dict[str, int]:
        """Proportional set size in bytes, by the part that a process is."""
        assert self.installation.process is not None
        held: dict[str, int] = {}
        for process_id in _descendants(self.installation.process.pid):
            with suppress(OSError):
                name = _part(Path(f"/proc/{process_id}/cmdline").read_bytes())
                rollup = Path(f"/proc/{process_id}/smaps_rollup").read_text()
                held[name] = held.get(name, 0) + int(rollup.split("\nPss:")[1].split()[0]) * 1024
        return held

    async def watch(self) -> None:
        began = time.monotonic()
        while True:
            self.samples.append((time.monotonic() - began, self.look()))
            await asyncio.sleep(SAMPLE_S)

    def growth(self) -> dict[str, float]:
        """Of each part, and of all: the last tenth against the first tenth after the warm-up."""
        kept = [held for at, held in self.samples if at >= WARM_UP_SHARE * self.samples[-1][0]]
        tenth = max(1, len(kept) // 10)

        def mean(samples: Sequence[dict[str, int]], part: str) -> float:
            return statistics.fmean(
                sum(one.values()) if part == "all" else one.get(part, 0) for one in samples
            )

        parts = ["all", *kept[-1]]
        return {part: mean(kept[-tenth:], part) / max(1.0, mean(kept[:tenth], part)) - 1 for part in parts}

    def cpu_s(self) -> float:
        assert self.installation.process is not None
        used = 0
        for process_id in _descendants(self.installation.process.pid):
            with suppress(OSError):
                fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
                used += int(fields[11]) + int(fields[12])
        return used / TICKS_PER_S


def _descendants(process_id: int) -> list[int]:
    found = [process_id]
    with suppress(OSError):
        for thread in Path(f"/proc/{process_id}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found += _descendants(int(child))
    return found


def _part(command: bytes) -> str:
    words = command.replace(b"\0", b" ").decode(errors="replace")
    for name, word in {
        "app": "uvicorn",
        "relays": "signaling.main",
        "redis": "redis-server",
        "orthanc": "Orthanc",
    }.items():
        if word in words:
            return name
    return "others"


def add_people(installation: Installation, count: int) -> tuple[list[str], list[str]]:
    """Clinicians and specialists, half and half, with one-time passwords."""
    database = Database(f"sqlite:///{installation.data / 'teleconsult.db'}")
    users = UserRepository(database)
    names: tuple[list[str], list[str]] = ([], [])
    with database.transaction() as connection:
        clinician, specialist = (users.find(connection, name) for name in ("clinician", "specialist"))
        assert clinician is not None and specialist is not None
        for number in range(count):
            like, role = ((clinician, Role.GRASSROOTS_CLINICIAN), (specialist, Role.SPECIALIST))[number % 2]
            username = f"load{number}"
            installation.passwords[username] = one_time_password()
            names[number % 2].append(username)
            users.add(
                connection,
                username=username,
                display_name=f"Dr {number}",
                roles=[role],
                institution=like.institution,
                specialty=like.specialty,
                password=installation.passwords[username],
            )
    return names


def first_sign_in(installation: Installation, username: str) -> None:
    given = installation.passwords[username]
    client = Client(installation.url)
    client.post("/api/session", {"username": username, "password": given})
    client.put("/api/session/password", {"current_password": given, "new_password": PASSWORD})


def ask_for_consults(
    installation: Installation, answering: Sequence[str], uploaded: Sequence[str], count: int
) -> dict[str, list[Case]]:
    """Consults about what came, accepted by the specialists in turn: the cases of each of these."""
    asking = installation.sign_in("clinician")
    clients = {name: installation.sign_in(name) for name in answering}
    shown = [asking.get(f"/api/studies/{one}") for one in uploaded]
    cases: dict[str, list[Case]] = {}
    for number in range(count):
        study, name = shown[number % len(shown)], answering[number % len(answering)]
        consult = accepted_consult(asking, clients[name], study, f"Question {number}")
        cases.setdefault(name, []).append(Case(study["study_instance_uid"], consult["id"]))
    return cases


async def bear(given: argparse.Namespace, installation: Installation) -> list[dict[str, Any]]:
    clinicians, specialists = add_people(installation, given.users)
    installation.sign_in("clinician")
    for username in clinicians + specialists:
        await asyncio.to_thread(first_sign_in, installation, username)
    files = studies_of(given.uploads)
    uploaded = await send_all(installation, "clinician", files)
    print(f"{len(uploaded.studies)} studies came: {dict(uploaded.answers)}", flush=True)
    of_each = await asyncio.to_thread(
        ask_for_consults, installation, specialists, uploaded.studies, given.rooms
    )
    every = [case for one in of_each.values() for case in one]
    cases = {**of_each, **{name: every for name in clinicians}}
    pages = await asyncio.to_thread(recorded, installation, every[0])
    print(f"requests of a page: { {name: len(asked) for name, asked in pages.items()} }", flush=True)

    processes, alone, beside_rooms = Processes(installation), Seen(), Seen()
    watching = asyncio.create_task(processes.watch())
    began, cpu_began = time.monotonic(), processes.cpu_s()
    await click(installation, cases, pages, 60 * given.minutes, alone)
    cores = (processes.cpu_s() - cpu_began) / (time.monotonic() - began)
    watching.cancel()

    began = time.monotonic()
    consults = [case.consult for case in every]
    async with joined_rooms(installation, consults, clinicians[:PARTICIPANTS]) as rooms:
        entered_s = time.monotonic() - began
        rooms.is_counting = True
        await click(installation, cases, pages, STAY_S, beside_rooms)
        calm_ms, rooms.late_ms = rooms.late_ms, []
        flood = await too_many(installation, "clinician", (files[0] * given.flood)[: given.flood], FLOOD_S)
    return [
        *of_uploads(uploaded),
        *of_clicks(f"{given.users} users alone", alone),
        figure("processors that the installation used meanwhile", cores, "cores", digits=2),
        *(
            figure(f"memory, {part}: growth", share, "share", MAX_GROWTH, at_most=True, digits=3)
            if part == "all"
            else figure(f"memory, {part}: growth", share, "share", digits=3)
            for part, share in processes.growth().items()
        ),
        *(
            figure(f"memory, {part}, at the end", held / 1e6, "MB", digits=0)
            for part, held in processes.samples[-1][1].items()
        ),
        *of_clicks(f"{given.users} users beside the rooms", beside_rooms),
        *of_rooms(rooms, given.rooms * PARTICIPANTS, entered_s, calm_ms),
        *of_flood(flood, rooms),
    ]


def at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def of_uploads(seen: Uploads) -> list[dict[str, Any]]:
    later = seen.answers["503"] + seen.answers["429"]
    failed = seen.answers.total() - later - seen.answers["200"] - seen.answers["201"]
    return [
        figure("studies that came of those sent at once", len(seen.studies), "", digits=0),
        figure("from first byte to complete, the slowest", max(seen.took_s), "s", digits=1),
        figure("files told to come again later", later, ""),
        figure("files not answered or answered wrong", failed, "", 0, at_most=True),
    ]


def of_clicks(who: str, seen: Seen) -> list[dict[str, Any]]:
    everything = seen.all_ms
    slowest = sorted(seen.took_ms.items(), key=lambda one: at(sorted(one[1]), 0.99))[-3:]
    for failure, count in seen.failed.items():
        print(f"{who}: {failure}, {count} times")
    return [
        figure(f"{who}: requests", len(everything), ""),
        figure(f"{who}: failed", sum(seen.failed.values()), "", 0, at_most=True),
        figure(f"{who}: median", at(everything, 0.5), "ms", digits=1),
        figure(f"{who}: 95th percentile", at(everything, 0.95), "ms", digits=0),
        figure(f"{who}: 99th percentile", at(everything, 0.99), "ms", P99_GOAL_MS, at_most=True, digits=0),
        *(
            figure(f"{who}: a whole {page}, 95th percentile", at(sorted(ms), 0.95), "ms", digits=0)
            for page, ms in seen.pages_ms.items()
        ),
        *(
            figure(f"{who}: {door}, 99th percentile", at(sorted(ms), 0.99), "ms", digits=0)
            for door, ms in reversed(slowest)
        ),
    ]


def of_rooms(rooms: Rooms, wanted: int, entered_s: float, late_ms: Sequence[float]) -> list[dict[str, Any]]:
    ordered = sorted(late_ms)
    return [
        figure("participants in the rooms", rooms.inside, "", wanted),
        figure("until all were in", entered_s, "s", digits=1),
        figure("rooms: connections lost", rooms.lost, "", 0, at_most=True),
        figure("rooms: steps of presenters", rooms.steps, ""),
        figure("rooms: a step to a follower, median", at(ordered, 0.5), "ms", digits=1),
        figure("rooms: a step to a follower, 99th percentile", at(ordered, 0.99), "ms", digits=0),
    ]


def of_flood(seen: Uploads, rooms: Rooms) -> list[dict[str, Any]]:
    ordered = sorted(rooms.late_ms)
    refused = seen.answers["503"] + seen.answers["429"]
    known = refused + seen.answers["200"] + seen.answers["201"]
    return [
        figure("flood: files taken", seen.answers["200"] + seen.answers["201"], ""),
        figure("flood: files refused with 429 or 503", refused, ""),
        figure("flood: refusals without Retry-After", seen.without_retry_after, "", 0, at_most=True),
        figure("flood: anything else", seen.answers.total() - known, "", 0, at_most=True),
        figure("flood: a step to a follower, median", at(ordered, 0.5), "ms", digits=1),
        figure("flood: a step to a follower, 99th percentile", at(ordered, 0.99), "ms", digits=0),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="of clicking alone")
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--rooms", type=int, default=100, help=f"of {PARTICIPANTS} participants each")
    parser.add_argument("--uploads", type=int, default=20, help="studies at once")
    parser.add_argument("--flood", type=int, default=300, help="files at once")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="teleconsult-load-") as name:
        folder = Path(name)
        began = time.monotonic()
        server = Installation(
            folder / "data", free_ports_of_an_installation(), settings=no_models(folder)
        ).start()
        ready_s = time.monotonic() - began
        try:
            measured = asyncio.run(bear(given, server))
        finally:
            began = time.monotonic()
            server.stop()
            stop_s = time.monotonic() - began
    figures = [
        figure("first start to ready", ready_s, "s", 15.0, at_most=True, digits=1),
        *measured,
        figure("stop after the load", stop_s, "s", 10.0, at_most=True, digits=1),
    ]
    for row in figures:
        print(f"{row['what']}: {row['value']} {row['unit']}")
    write_result("load", figures, circumstance=f"{given.minutes:g} minutes, clients on the same machine")


if __name__ == "__main__":
    main()
