"""Measure how soon a chest CT is read: whole, while it arrives, by two workers, and as an emergency.

    python -m benchmarks.streamed_reading              all parts
    python -m benchmarks.streamed_reading whole stream some of them
    python -m benchmarks.streamed_reading --runs 1     of each the median of so many

A phantom of 300 slices, 512 x 512, is read in a process of its own, and by a real installation, to which it
is sent at the pace of a slow line, or all at once. When a job began and ended is taken from the job table and
the worker's log. Where other programs run on the machine, CPU seconds, counts and ratios are what to go by.
"""

import argparse
import hashlib
import json
import os
import re
import resource
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pydicom
from pydicom.uid import generate_uid

from benchmarks.result import figure, write_result
from inference.inference_job import WHOLE_SERIES
from inference.phantoms.chest import chest_ct
from teleconsult.services import REPOSITORY
from tests.installation_server import Client, Installation, free_ports_of_an_installation, wait_until

MODEL: Final = "lung_nodule_ct"
DRAWN: Final = REPOSITORY / "test-results" / "streamed-reading"
SLICES, NODULES_MM, SEED = 300, (5.0, 7.0, 9.0, 14.0, 22.0), 990_300
SLICES_A_SECOND, SLICES_A_BATCH = 4.0, 4
SMALL_SLICES, SMALL_ROWS, ROUTINE_STUDIES = 40, 256, 20
GIVE_UP_S = 600.0
# The worker's log; the time zone is the machine's.
LOG_LINE = re.compile(r"^(\S+ \S+),(\d{3}) .* job-(started|done) job_id=(\S+)", re.M)


@dataclass(frozen=True, slots=True)
class Study:
    """Files under new UIDs, in slice order."""

    study_instance_uid: str
    series_instance_uid: str
    files: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the job table; times are seconds since the epoch."""

    job_id: str
    study_instance_uid: str
    is_whole: bool
    status: str
    created_at: float
    finished_at: float | None


def drawn(name: str, draw: Callable[[Path], object]) -> Path:
    """The folder of a phantom, which is drawn once."""
    folder = DRAWN / name
    if not folder.is_dir():
        unfinished = folder.with_suffix(".part")
        draw(unfinished)
        unfinished.rename(folder)
    return folder


def large_phantom() -> Path:
    return drawn(
        f"chest-{SEED}-{SLICES}",
        lambda folder: chest_ct(
            SEED, folder, slices=SLICES, slice_thickness_mm=1.0, nodule_diameters_mm=NODULES_MM
        ),
    )


def small_phantom() -> Path:
    return drawn(
        f"chest-{SEED}-{SMALL_SLICES}",
        lambda folder: chest_ct(SEED + 1, folder, slices=SMALL_SLICES, rows=SMALL_ROWS),
    )


def a_study(folder: Path, patient_id: str, priority: str = "") -> Study:
    """The phantom as a study of its own, ordered with this Requested Procedure Priority (0040,1003)."""
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    files = []
    for path in sorted(folder.iterdir()):
        ds = pydicom.dcmread(path)
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, frame
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.PatientID = patient_id
        if priority:
            ds.RequestedProcedurePriority = priority
        buffer = BytesIO()
        ds.save_as(buffer, enforce_file_format=True)
        files.append(buffer.getvalue())
    return Study(study, series, tuple(files))


def send(client: Client, study: Study, slices_a_second: float = 0.0) -> float:
    """Upload a study, its number of images told before; the moment at which its last slice was sent.

    Args:
        slices_a_second: 0: as fast as they are taken.
    """
    upload = client.post("/api/uploads", {})["upload_id"]
    shas = [hashlib.sha256(content).hexdigest() for content in study.files]
    manifest = {
        "instances": [
            {"path": f"{n}.dcm", "sha256": sha, "size_bytes": len(content)}
            for n, (sha, content) in enumerate(zip(shas, study.files, strict=True))
        ],
        "series": [
            {
                "series_instance_uid": study.series_instance_uid,
                "study_instance_uid": study.study_instance_uid,
                "instance_count": len(study.files),
            }
        ],
    }
    client.post(f"/api/uploads/{upload}/manifest", manifest)
    began = sent_at = time.time()
    for first in range(0, len(study.files), SLICES_A_BATCH):
        body = b""
        for n in range(first, min(first + SLICES_A_BATCH, len(study.files))):
            content = study.files[n]
            header = json.dumps({"path": f"{n}.dcm", "sha256": shas[n], "size_bytes": len(content)}).encode()
            body += len(header).to_bytes(4, "big") + header + content
        if slices_a_second:  # a batch is whole once its last slice has come from the scanner
            due = (min(first + SLICES_A_BATCH, len(study.files))) / slices_a_second
            time.sleep(max(0.0, began + due - time.time()))
        sent_at = time.time()
        client.http.post(f"/api/uploads/{upload}/instances", content=body).raise_for_status()
    client.post(f"/api/uploads/{upload}/complete")
    return sent_at


def jobs_of(installation: Installation, studies: Sequence[Study]) -> list[Job]:
    uids = [study.study_instance_uid for study in studies]
    columns = "id, study_instance_uid, slab_index, status, created_at, finished_at"
    with closing(sqlite3.connect(installation.data / "teleconsult.db", timeout=30)) as database:
        rows = database.execute(
            f"select {columns} from inference_jobs where study_instance_uid in ({','.join('?' * len(uids))})",
            uids,
        ).fetchall()
    return [
        Job(row[0], row[1], row[2] == WHOLE_SERIES, row[3], _epoch(row[4]), row[5] and _epoch(row[5]))
        for row in rows
    ]


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def published_at(installation: Installation, study: Study) -> float:
    """Wait until the study's findings are published; when that was."""

    def finished() -> list[Job]:
        whole = [job for job in jobs_of(installation, [study]) if job.is_whole]
        if any(job.status == "failed" for job in whole):
            raise SystemExit("the study was not read")
        return [job for job in whole if job.status == "completed"]

    (job,) = wait_until(finished, "the findings are published", GIVE_UP_S)
    assert job.finished_at is not None
    return float(job.finished_at)


def worker_processes(installation: Installation, number: int = 1) -> list[int]:
    """Process ids of the model's `number`-th worker and its pool."""
    name = MODEL if number == 1 else f"{MODEL}-{number}"
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            is_ours = str(installation.data).encode() in (folder / "environ").read_bytes()
        except OSError:  # it ended meanwhile
            continue
        if is_ours and f"{name}@%h".encode() in command:
            found.append(int(folder.name))
    return found


def cpu_s(process_ids: Sequence[int]) -> float:
    """User and system time, of children that ended too."""
    ticks = 0
    for process_id in process_ids:
        fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def moments(installation: Installation) -> dict[str, dict[str, float]]:
    """When each job was `started` and `done`, by the logs of all workers of the model."""
    found: dict[str, dict[str, float]] = {}
    for log in sorted((installation.data / "logs").glob(f"worker-{MODEL}*.log")):
        for at, thousandths, what, job_id in LOG_LINE.findall(log.read_text()):
            seconds = datetime.strptime(at, "%Y-%m-%d %H:%M:%S").timestamp() + int(thousandths) / 1000
            found.setdefault(job_id, {})[what] = seconds
    return found


@contextmanager
def an_installation(scratch: Path, name: str, **settings: str) -> Iterator[Installation]:
    running = Installation(scratch / name, free_ports_of_an_installation(), settings=settings)
    try:
        yield running.start()
    finally:
        running.stop()


def whole(scratch: Path, runs: int) -> list[dict[str, Any]]:
    """One whole reading in a process of its own, with all cores: from files on a disk to findings."""
    took = []
    for _ in range(runs):
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.streamed_reading", "--child"]
        child = subprocess.run(
            [*command, str(large_phantom())],
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            check=True,
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},  # as a worker has it
        )
        took.append(json.loads(child.stdout.splitlines()[-1]))
    middle = {key: statistics.median(run[key] for run in took) for key in took[0]}
    what = f"whole reading of 512 x 512 x {SLICES} in one process"
    return [
        row(f"{what}: wall time", middle["wall_s"], "s", goal=60.0),
        row(f"{what}: CPU time", middle["cpu_s"], "s"),
        row(f"{what}: peak memory", middle["peak_mib"] / 1024, "GiB", goal=6.0),
        row(f"{what}: findings ({len(NODULES_MM)} nodules are in it)", middle["findings"], ""),
    ]


def read_whole(folder: Path) -> dict[str, float]:
    """Read the files of a folder; what it took."""
    from imaging.volume_builder import build_volume
    from inference.bundle import load_bundle
    from inference.pipeline import VolumeReader, reader_of, silent

    reader = reader_of(MODEL, load_bundle(REPOSITORY / "models" / MODEL))
    assert isinstance(reader, VolumeReader)
    began = time.monotonic()
    found = reader.read(
        lambda: build_volume([pydicom.dcmread(path) for path in sorted(folder.iterdir())]), (), silent
    )
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "wall_s": time.monotonic() - began,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
        "findings": len(found),
    }


def stream(scratch: Path, runs: int) -> list[dict[str, Any]]:
    """One worker, as it is by default: a study that arrives at a slow line's pace, and one that is there."""
    after: dict[str, list[float]] = {"streamed": [], "whole": []}
    cpu: dict[str, list[float]] = {"streamed": [], "whole": []}
    with an_installation(scratch, "one-worker") as installation:
        client = installation.sign_in("clinician")
        warm_up(installation, client)
        workers = worker_processes(installation)
        for run in range(runs):
            for how, pace in (("whole", 0.0), ("streamed", SLICES_A_SECOND)):
                study = a_study(large_phantom(), f"{how}-{run}")
                before = cpu_s(workers)
                sent_at = send(client, study, pace)
                at_last_slice = cpu_s(workers) if pace else before
                after[how].append(published_at(installation, study) - sent_at)
                cpu[how].append(cpu_s(workers) - at_last_slice)
                time.sleep(10.0)  # the pictures of its findings come after it
    share = statistics.median(after["streamed"]) / statistics.median(after["whole"])
    work = statistics.median(cpu["streamed"]) / statistics.median(cpu["whole"])
    return [
        row("one worker: a study that is there, from its last slice to its findings", after["whole"], "s"),
        row("one worker: that in CPU time of the worker", cpu["whole"], "s"),
        row(
            f"one worker: {SLICES_A_SECOND:g} slices a second, from the last one to the findings",
            after["streamed"],
            "s",
            goal=10.0,
        ),
        row("one worker: that in CPU time of the worker", cpu["streamed"], "s"),
        row("streamed against whole: time after the last slice", 100 * share, "%", goal=15.0),
        row("streamed against whole: CPU time after the last slice", 100 * work, "%", goal=15.0),
    ]


def workers(scratch: Path, runs: int) -> list[dict[str, Any]]:
    """Two workers of one thread each on a study that is there, against one of them with the other held."""
    took: dict[int, list[float]] = {1: [], 2: []}
    with an_installation(scratch, "two-workers", TELECONSULT_WORKERS=f"{MODEL}:2") as installation:
        client = installation.sign_in("clinician")
        warm_up(installation, client)
        second = worker_processes(installation, 2)
        for run in range(runs):
            for count in (1, 2):
                study = a_study(large_phantom(), f"workers-{count}-{run}")
                for process_id in second:
                    os.kill(process_id, signal.SIGSTOP if count == 1 else signal.SIGCONT)
                try:
                    sent_at = send(client, study)
                    took[count].append(published_at(installation, study) - sent_at)
                finally:
                    for process_id in second:
                        os.kill(process_id, signal.SIGCONT)
                time.sleep(10.0)
    ratio = statistics.median(took[1]) / statistics.median(took[2])
    return [
        row("a study that is there, one worker of one thread", took[1], "s"),
        row("a study that is there, two workers of one thread", took[2], "s"),
        figure("two workers: sooner than one", ratio, "x", 1.7, digits=2),
    ]


def emergency(scratch: Path, runs: int) -> list[dict[str, Any]]:
    """A study ordered STAT behind routine ones that wait for one worker."""
    with an_installation(scratch, "emergency") as installation:
        client = installation.sign_in("clinician")
        warm_up(installation, client)
        routine = [a_study(small_phantom(), f"routine-{n}") for n in range(ROUTINE_STUDIES)]
        urgent = a_study(small_phantom(), "emergency", "STAT")
        for study in routine:
            send(client, study)
        waiting = sum(job.status == "requested" for job in jobs_of(installation, routine))
        send(client, urgent)
        published_at(installation, urgent)
        still = sum(job.status == "requested" for job in jobs_of(installation, routine))
        at = moments(installation)
        jobs = jobs_of(installation, [urgent])
    asked = min(job.created_at for job in jobs)
    first = min(at[job.job_id]["started"] for job in jobs)
    ours = {job.job_id for job in jobs}
    others = [each for job_id, each in at.items() if job_id not in ours]
    between = sum(asked < each["started"] < first for each in others)
    longest = max(each["done"] - each["started"] for each in others if "done" in each)
    if not still:
        raise SystemExit("the routine studies were read before the emergency: nothing was measured")
    return [
        row(f"emergency behind {ROUTINE_STUDIES} routine studies: jobs that waited before it", waiting, ""),
        row(
            "emergency: jobs of others that began between its first slab and that one's start",
            between,
            "",
            goal=0,
        ),
        row("emergency: its first slab waited", first - asked, "s", goal=round(longest, 2)),
        row("emergency: the longest job before it", longest, "s"),
    ]


def warm_up(installation: Installation, client: Client) -> None:
    """Let each worker load its model: the first study after a start is not what is measured."""
    study = a_study(small_phantom(), "warm-up")
    send(client, study)
    published_at(installation, study)
    time.sleep(5.0)


def row(what: str, value: float | Sequence[float], unit: str, goal: float | None = None) -> dict[str, Any]:
    """A figure that is to stay small; of several runs the median."""
    middle = statistics.median(value) if isinstance(value, Sequence) else value
    return figure(what, middle, unit, goal, at_most=True, digits=2)


def main() -> None:
    parser = argparse.ArgumentParser(description="How soon a chest CT is read.")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(read_whole(given.child)))
        return
    figures: list[dict[str, Any]] = []
    loads = []
    with tempfile.TemporaryDirectory(prefix="teleconsult-bench-") as folder:
        for part in given.parts or PARTS:
            loads.append(f"{os.getloadavg()[0]:.1f}")
            new = PARTS[part](Path(folder), given.runs)
            loads.append(f"{os.getloadavg()[0]:.1f}")
            for each in new:
                goal = "" if each["goal"] is None else f"  goal {each['goal']}  met {each['met']}"
                print(f"{each['what']:<86} {each['value']:8.2f} {each['unit']}{goal}", flush=True)
            figures += new
            circumstance = f"before and after each part: {', '.join(loads)}; median of {given.runs}"
            write_result("streamed_reading", figures, circumstance=circumstance)  # what was measured so far


PARTS: Final[Mapping[str, Callable[[Path, int], list[dict[str, Any]]]]] = {
    "stream": stream,
    "emergency": emergency,
    "workers": workers,
    "whole": whole,
}


if __name__ == "__main__":
    main()
