"""Run one job from lease to publication. Plain functions that are handed what they use."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydicom import Dataset

from imaging.errors import PacsUnavailable
from imaging.finding import Finding
from imaging.pacs import PacsClient
from imaging.part10 import dataset_of, part10_bytes
from imaging.result_header import Maker
from imaging.result_objects import Run, result_objects
from inference.errors import NotAnalysable
from inference.inference_job import LEASE_S, Lease
from inference.repository import JobRepository
from storage.events import Publish

log = logging.getLogger(__name__)

Progress = Callable[[str, float], None]
Analyse = Callable[[Sequence[Dataset], str, Progress], list[Finding]]


class LeaseLost(Exception):
    """Another worker has the job now; what this one found must not be written."""


@dataclass(frozen=True, slots=True)
class JobRunner:
    """What a job is run with.

    Attributes:
        analyse: from a series' instances, a model's name and a place to report progress to, to findings.
        maker: from a model's name to the version and the weights that run under it.
        secondary_capture: whether findings are also stored as pictures with burnt-in marks.
    """

    jobs: JobRepository
    pacs: PacsClient
    analyse: Analyse
    maker: Callable[[str], Maker]
    publish: Publish
    now: Callable[[], datetime]
    secondary_capture: bool = False

    def run(self, job_id: str) -> None:
        """Run one inference job; a second delivery of the same job does no harm.

        Raises:
            PacsUnavailable: the archive is away; the job was given back and may be tried again.
        """
        lease = self.jobs.lease(job_id, self.now())
        if lease is None:
            return
        log.info("job-started job_id=%s model=%s attempt=%d", job_id, lease.model, lease.attempt)
        try:
            with _heartbeat(lease, self) as report:
                found = self._analyse(lease, report)
        except PacsUnavailable:
            self.jobs.release(lease, tried=False)
            self._changed(lease, "study-changed")
            raise
        except NotAnalysable as error:
            self.jobs.fail(lease, error.reason.to_json(), self.now())
            log.info("job-not-analysable job_id=%s code=%s", job_id, error.reason.code)
        except LeaseLost:
            log.info("job-lease-lost job_id=%s", job_id)
            return
        except Exception:  # whatever a study does to a model: counted, tried again, then given up
            self.jobs.release(lease, tried=True)
            raise
        else:
            if self.jobs.publish(lease, found, self.now()):
                log.info("job-published job_id=%s findings=%d", job_id, len(found))
        self._changed(lease, "findings-changed")

    def _analyse(self, lease: Lease, report: Progress) -> list[Finding]:
        report("fetch", 0.0)
        datasets = [
            dataset_of(content)
            for content in self.pacs.fetch_series(lease.study_instance_uid, lease.series_instance_uid)
        ]
        found = self.analyse(datasets, lease.model, report)
        report("report", 0.95)
        run = Run(
            findings=found,
            sources=datasets,
            maker=self.maker(lease.model),
            at=self.now(),
            job_id=lease.job_id,
            secondary_capture=self.secondary_capture,
        )
        # A second delivery of the job stores the same objects: the archive keeps the first of each.
        for ds in result_objects(run):
            self.pacs.store(part10_bytes(ds))
        return found

    def _changed(self, lease: Lease, kind: str) -> None:
        self.publish({"type": kind, "study_instance_uid": lease.study_instance_uid})


@contextmanager
def _heartbeat(lease: Lease, runner: JobRunner) -> Iterator[Progress]:
    """Renew the lease while the block runs; the progress function raises LeaseLost when it is gone."""
    stop, lost = threading.Event(), threading.Event()
    state: dict[str, Any] = {"stage": None, "progress": 0.0}

    def renew() -> None:
        if not runner.jobs.renew(lease, runner.now(), state["progress"], state["stage"]):
            lost.set()

    def beat() -> None:
        while not stop.wait(LEASE_S / 3):
            renew()

    def report(stage: str, progress: float) -> None:
        if lost.is_set():
            raise LeaseLost(lease.job_id)
        moved = stage != state["stage"] or progress - state["progress"] >= 0.05
        state.update(stage=stage, progress=progress)
        if moved:
            renew()
            runner.publish({"type": "study-changed", "study_instance_uid": lease.study_instance_uid})

    thread = threading.Thread(target=beat, name=f"lease-{lease.job_id}", daemon=True)
    thread.start()
    try:
        yield report
        if lost.is_set():
            raise LeaseLost(lease.job_id)
    finally:
        stop.set()
        thread.join()
