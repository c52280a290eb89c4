"""Kill parts of a working installation at random moments, and tell how long each was away."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any, Final

from sqlalchemy import select

from benchmarks.result import figure
from inference.inference_job import JobStatus
from storage.database import Database
from storage.tables import inference_jobs
from tests.chaos.call import Break
from tests.chaos.losses import Losses
from tests.chaos.parts import Recovery, kill_and_wait, parts_of
from tests.installation_server import Installation, wait_until

VICTIMS: Final = ("app", "worker", "relay", "redis", "orthanc")
CALM_S: Final = (0.5, 5.0)  # between one part's return and the next kill, at random
BUSY_WITHIN_S: Final = 20.0
BACK_GOAL_S: Final = 10.0
REDELIVERY_GOAL_S: Final = 15.0
REJOIN_GOAL_S: Final = 5.0


@dataclass
class Kills:
    """What became of each kill; `redelivered_s` from the kill of a worker until its job was taken again."""

    since: float = field(default_factory=time.monotonic)  # of the monotonic clock
    recoveries: list[Recovery] = field(default_factory=list)
    redelivered_s: list[float] = field(default_factory=list)

    def rejoined_s(self, call: Sequence[Break]) -> list[float]:
        """For each break of a call how long after the relay answered again the side was back.

        Raises AssertionError where none but another part was killed: it must not break a call.
        """
        after = []
        for one in call:
            before = [k for k in self.recoveries if self.since + k.at_s <= one.at]
            last = before[-1] if before else None
            assert last is not None and last.part == "relay", f"a call broke when {last} was killed"
            answered_at = self.since + last.at_s + last.gone_s + last.ready_s
            after.append(max(0.0, one.at + one.back_after_s - answered_at))
        return after

    def table(self) -> str:
        rows = [f"{'part':<10}{'kills':>6}{'next process':>14}{'answers after it: median':>26}{'longest':>9}"]
        for name in dict.fromkeys(one.part for one in self.recoveries):
            of = [one for one in self.recoveries if one.part == name]
            gone, ready = [one.gone_s for one in of], [one.ready_s for one in of]
            rows.append(
                f"{name:<10}{len(of):>6}{max(gone):>12.1f} s{median(ready):>24.1f} s{max(ready):>7.1f} s"
            )
        if self.redelivered_s:
            rows.append(
                f"a killed worker's job was taken again after {median(self.redelivered_s):.1f} s, "
                f"{max(self.redelivered_s):.1f} s at most, of {len(self.redelivered_s)}"
            )
        return "\n".join(rows)

    def figures(self, losses: Losses, rejoined_s: Sequence[float]) -> list[dict[str, Any]]:
        rows = [figure("kills", len(self.recoveries), "kills", 100)]
        lost = {
            "rows": losses.rows,
            "objects": losses.objects,
            "jobs": losses.jobs,
            "audit entries": losses.audit_entries,
        }
        rows += [figure(f"{what} lost", len(lines), what, 0, at_most=True) for what, lines in lost.items()]
        rows.append(figure("double effects", len(losses.double_effects), "effects", 0, at_most=True))
        rows += [figure(f"acknowledged: {what}", count, what) for what, count in losses.counted.items()]
        for name in dict.fromkeys(one.part for one in self.recoveries):
            ready = [one.ready_s for one in self.recoveries if one.part == name]
            what = f"{name}: from its next process until it answers, longest of {len(ready)}"
            typical = round(median(ready), 1)
            rows.append(figure(what, max(ready), "s", BACK_GOAL_S, at_most=True, digits=1, median=typical))
        if self.redelivered_s:
            what = f"a killed worker's job is taken again, longest of {len(self.redelivered_s)}"
            rows.append(figure(what, max(self.redelivered_s), "s", REDELIVERY_GOAL_S, at_most=True, digits=1))
        if rejoined_s:
            what = f"a call is back after its relay answers again, longest of {len(rejoined_s)}"
            rows.append(figure(what, max(rejoined_s), "s", REJOIN_GOAL_S, at_most=True, digits=1))
        return rows


def kill_parts(
    installation: Installation,
    database: Database,
    count: int,
    seed: int,
    within_s: float,
) -> Kills:
    """Kill `count` times, each part as often as the others, one after the other in an order of the seed's.

    Fewer, where the time is over before.
    """
    chance, kills = random.Random(seed), Kills()
    parts = parts_of(installation)
    order: list[str] = []
    while len(kills.recoveries) < count and time.monotonic() < kills.since + within_s:
        order = order or chance.sample(VICTIMS, len(VICTIMS))
        part = parts[order.pop()]
        time.sleep(chance.uniform(*CALM_S))  # the random moment
        jobs = _in_hand(database) if part.name == "worker" else {}
        killed_at = time.monotonic()
        recovery = kill_and_wait(installation, part, kills.since)
        kills.recoveries.append(recovery)
        for job_id, attempts in jobs.items():
            again = partial(_was_taken_again, database, job_id, attempts)
            wait_until(again, f"job {job_id} is taken again")
            kills.redelivered_s.append(time.monotonic() - killed_at)
        told = f"{recovery.gone_s:.1f} + {recovery.ready_s:.1f} s"
        print(f"{recovery.at_s:7.1f} s {part.name}: {told}", flush=True)
    return kills


def _in_hand(database: Database) -> dict[str, int]:
    """The attempts of what the worker reads; it is waited for, in vain where there is nothing to read."""
    give_up_at = time.monotonic() + BUSY_WITHIN_S
    query = select(inference_jobs.c.id, inference_jobs.c.attempts).where(
        inference_jobs.c.status == JobStatus.IN_PROGRESS
    )
    while time.monotonic() < give_up_at:
        with database.reading() as connection:
            if rows := connection.execute(query).all():
                return {row.id: row.attempts for row in rows}
        time.sleep(0.05)
    return {}


def _was_taken_again(database: Database, job_id: str, attempts: int) -> bool:
    query = select(inference_jobs.c.attempts, inference_jobs.c.status).where(inference_jobs.c.id == job_id)
    with database.reading() as connection:
        row = connection.execute(query).one()
    return row.attempts > attempts or row.status not in (JobStatus.IN_PROGRESS, JobStatus.REQUESTED)
