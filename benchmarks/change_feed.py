"""Measure the follower of the change feed: instances in the archive all at once, and kill -9 on the way.
way.

    python benchmarks/change_feed.py [INSTANCES [KILLS]]

A real Orthanc is filled first; that is not measured. Then the follower runs in a process of its own, is
killed at moments that have nothing to do with what it does, and started again, until every series is closed.
"""

import random
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.result import write_result
from storage.tables import inference_jobs, instances, series
from tests.dicom_builders import a_ct_slice, as_bytes, generate_uid
from tests.follower_process import FollowedArchive

IN_A_SERIES = 100
GIVE_UP_S = 3600.0


def fill(archive: FollowedArchive, count: int) -> float:
    """Store `count` tiny slices in series of a hundred; the seconds that took."""
    began = time.perf_counter()

    def one_series(number: int) -> None:
        study, of_series = generate_uid(), generate_uid()
        pacs = archive.orthanc.pacs
        for slice_number in range(1, IN_A_SERIES + 1):
            ds = a_ct_slice(
                slice_number,
                z_mm=2.5 * slice_number,
                size=8,
                SOPInstanceUID=generate_uid(),
                StudyInstanceUID=study,
                SeriesInstanceUID=of_series,
                FrameOfReferenceUID=study,
                PatientID=f"B-{number}",
            )
            pacs.store(as_bytes(ds), ds)
        pacs.close()

    with ThreadPoolExecutor(4) as pool:
        for done, _ in enumerate(pool.map(one_series, range(count // IN_A_SERIES)), start=1):
            if done % 100 == 0:
                print(f"stored {done * IN_A_SERIES} in {time.perf_counter() - began:.0f} s", flush=True)
    return time.perf_counter() - began


def follow_and_kill(archive: FollowedArchive, count: int, kills: int) -> tuple[float, float]:
    """Seconds until every instance is known, and until every series is closed."""
    chance = random.Random(7)
    began = time.perf_counter()
    # At half of the kills instances still come in, at the other half series are being closed.
    marks = sorted(chance.uniform(0.0, 1.9) for _ in range(kills))
    known_s: float | None = None
    archive.follow()
    killed = 0
    while True:
        time.sleep(0.2)
        known, closed = archive.count(instances), archive.closed_series()
        now = time.perf_counter() - began
        if known_s is None and known >= count:
            known_s = now
        if closed * IN_A_SERIES >= count:
            assert killed == kills, f"it was over after {killed} kills"
            return known_s or now, now
        if killed < kills and known / count + closed * IN_A_SERIES / count >= marks[killed]:
            archive.kill()
            time.sleep(chance.uniform(0.0, 0.1))
            archive.follow()
            killed += 1
            print(f"{now:6.1f} s  kill {killed}: {known} known, {closed} series closed", flush=True)
        if now > GIVE_UP_S:
            raise SystemExit(f"gave up: {known} known, {closed} closed, {killed} kills")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    place = "/dev/shm" if shutil.disk_usage("/dev/shm").free > 4 << 30 else None
    with tempfile.TemporaryDirectory(prefix="teleconsult-bench-", dir=place) as folder:
        archive = FollowedArchive(Path(folder)).start()
        try:
            stored_s = fill(archive, count)
            known_s, closed_s = follow_and_kill(archive, count, kills)
            archive.kill()
            expected = count // IN_A_SERIES
            with archive.database.reading() as connection:
                rows = connection.execute(select(func.count()).select_from(instances)).scalar() or 0
                complete = connection.execute(
                    select(func.count()).select_from(series).where(series.c.completed_count == IN_A_SERIES)
                ).scalar_one()
                jobs = connection.execute(select(func.count()).select_from(inference_jobs)).scalar_one()
                of_series = connection.execute(
                    select(func.count(inference_jobs.c.series_instance_uid.distinct()))
                ).scalar_one()
        finally:
            archive.stop()
    figures = [
        figure("instances in the archive at once", count, "", 100_000),
        figure("kill -9 of the follower", kills, "", 20),
        figure("every instance in our rows", known_s, "s"),
        figure("every series gated and its AI job asked for", closed_s, "s"),
        figure("instances followed a second", count / known_s, "1/s"),
        figure("stored a second (Orthanc, not measured here)", count / stored_s, "1/s"),
        figure("instances missed", count - rows, "", 0, at_most=True),
        figure("series missed", expected - complete, "", 0, at_most=True),
        figure(
            "series without exactly one job", (expected - of_series) + (jobs - of_series), "", 0, at_most=True
        ),
    ]
    for each in figures:
        print(f"{each['what']:<50} {each['value']:>10} {each['unit']}  goal {each['goal']}")
    where = "archive and database in memory" if place else "on disk"
    write_result("change_feed", figures, circumstance=where)


def figure(
    what: str, value: float, unit: str, goal: float | None = None, *, at_most: bool = False
) -> dict[str, object]:
    """One row of the result; nobody else's follower can be measured beside it, so there is no peer."""
    shown = round(value, 1)
    met = goal is None or (value <= goal if at_most else value >= goal)
    return {"what": what, "value": shown, "unit": unit, "goal": goal, "peer": None, "met": met}


if __name__ == "__main__":
    main()
