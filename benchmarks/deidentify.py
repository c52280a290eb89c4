"""Measure de-identifying a CT of 400 slices against copying it, both durably. `make bench` runs it."""

import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from ct_study import write_ct
from imaging.deidentified_copy import DeidentifiedCopy
from imaging.deidentify import Case
from teleconsult.services import REPOSITORY

SLICES = 400
ROUNDS = 5
RESULT = REPOSITORY / "benchmarks" / "results" / "deidentify.json"


def write(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """The file is on the disk when this returns."""
    with path.open("wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())


def copy(source: Path, target: Path) -> None:
    for path in sorted(source.iterdir()):
        write(target / path.name, [path.read_bytes()])


def without_identity(source: Path, target: Path) -> None:
    made = DeidentifiedCopy(Case(os.urandom(32)))
    paths = sorted(source.iterdir())
    for path in paths:
        result = made.add(path.read_bytes())
        assert result is not None
        write(target / path.name, result.parts)
    assert made.images_blackened == 0 and made.files == SLICES


def measured(work: Callable[[Path, Path], None], source: Path, target: Path) -> tuple[float, float]:
    """Seconds on the wall and of the processor."""
    target.mkdir()
    wall, processor = time.perf_counter(), time.process_time()
    work(source, target)
    taken = time.perf_counter() - wall, time.process_time() - processor
    shutil.rmtree(target)
    return taken


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="teleconsult-bench-") as folder:
        source, target = Path(folder) / "ct", Path(folder) / "copy"
        write_ct(source, SLICES)
        measured(without_identity, source, target)  # the reader of text starts, the files are in memory
        rounds = [(measured(copy, source, target), measured(without_identity, source, target)) for _ in range(ROUNDS)]
    copied, made = ([statistics.median(one[way][unit] for one in rounds) for unit in (0, 1)] for way in (0, 1))
    ratio = statistics.median(one[1][0] / one[0][0] for one in rounds)
    figures = [
        figure("de-identify against copy, time", ratio, "times", goal=2.0, peer=1.0),
        figure("de-identify 400 slices, each on the disk before the next", made[0], "s", peer=copied[0]),
        figure("the same, processor", made[1], "s", peer=copied[1]),
    ]
    for each in figures:
        print(f"{each['what']:<60} {each['value']:8.2f} {each['unit']:<6} peer {each['peer']}  goal {each['goal']}")
    result = {
        "name": "deidentify",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "commit": subprocess.check_output(["git", "rev-parse", "HEAD"], text=True, cwd=REPOSITORY).strip(),
        "figures": figures,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


def figure(
    what: str, value: float, unit: str, *, goal: float | None = None, peer: float | None = None
) -> dict[str, object]:
    """One row; the peer is the durable copy of the same files in the same run."""
    return {
        "what": what,
        "value": round(value, 3),
        "unit": unit,
        "goal": goal,
        "peer": None if peer is None else round(peer, 3),
        "met": None if goal is None else value <= goal,
    }


if __name__ == "__main__":
    main()
