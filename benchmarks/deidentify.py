"""Measure de-identifying a CT of 400 slices against copying it: `python -m benchmarks.deidentify`."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.ct_study import write_ct
from benchmarks.result import write_result
from imaging.deidentified_copy import DeidentifiedCopy
from imaging.deidentify import Case
from imaging.dicom_elements import Bytes
from teleconsult.exports.command import write_durably

SLICES = 400
ROUNDS = 5


def copy(source: Path, target: Path) -> None:
    """The plain way: one file after the other, each on the disk before the next."""
    for path in sorted(source.iterdir()):
        with (target / path.name).open("xb") as file:
            file.write(path.read_bytes())
            file.flush()
            os.fsync(file.fileno())


def copy_with_writers(source: Path, target: Path) -> None:
    """A copy by the same writers that the de-identification has."""
    write_durably(target, ((path.name, [path.read_bytes()]) for path in sorted(source.iterdir())))


def without_identity(source: Path, target: Path) -> None:
    made = DeidentifiedCopy(Case(os.urandom(32)))

    def files() -> Iterator[tuple[str, Sequence[Bytes]]]:
        for path in sorted(source.iterdir()):
            result = made.add(path.read_bytes())
            assert result is not None
            yield path.name, result.parts

    write_durably(target, files())
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
        rounds = [
            [measured(work, source, target) for work in (copy, copy_with_writers, without_identity)]
            for _ in range(ROUNDS)
        ]

    def median(way: int, unit: int) -> float:
        return statistics.median(one[way][unit] for one in rounds)

    ratio = statistics.median(one[2][0] / one[0][0] for one in rounds)
    ratio_writers = statistics.median(one[2][0] / one[1][0] for one in rounds)
    figures = [
        figure("de-identify against copy, one file after the other", ratio, "times", goal=2.0, peer=1.0),
        figure("de-identify against copy by the same writers", ratio_writers, "times", goal=2.0, peer=1.0),
        figure("de-identify 400 slices, all on the disk", median(2, 0), "s", peer=median(0, 0)),
        figure("the same, processor", median(2, 1), "s", peer=median(0, 1)),
    ]
    for each in figures:
        print(f"{each['what']:<52} {each['value']:8.2f} {each['unit']:<6} peer {each['peer']}")
    write_result("deidentify", figures)


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
