"""Run one job from lease to publication. Plain functions that are handed what they use."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from pydicom import Dataset

from imaging.breast_measures import BreastMeasures
from imaging.errors import DicomError, PacsError, PacsFull, PacsUnavailable
from imaging.finding import Finding
from imaging.pacs import PacsClient
from imaging.part10 import dataset_of, part10_bytes
from imaging.reasons import REASONS
from imaging.result_header import Maker
from imaging.result_objects import Run, result_objects
from imaging.volume import Volume
from inference.celery_broker import queue_of
from inference.errors import BundleError, NotAnalysable, UnknownModel
from inference.evidence import Evidence, evidence_key
from inference.inference_job import LEASE_S, Lease
from inference.look import Look
from inference.metrics import JOB_RUNS, JOB_SECONDS
from inference.model_version import is_trial, slot_of
from inference.observation import Observation, header_features, scanner_of
from inference.out_of_distribution import features_json
from inference.pipeline import ImageReader, Reader, VolumeReader
from inference.repository import READ_SHARE, JobRepository, finding_id
from inference.series_cache import SeriesCache
from inference.slabs import Slab
from storage.disk_full import is_disk_full
from storage.errors import ObjectAlreadyStored
from storage.events import Publish
from storage.object_store import ObjectStore
from telemetry.logs import naming
from telemetry.tracing import span

log = logging.getLogger(__name__)

Progress = Callable[[str, float], None]


class LeaseLost(Exception):
    """Another worker has the job now, or it was called off: what this one found must not be written."""


class SlabFailed(Exception):
    """A slab of the series could not be read; `reason` says why."""

    def __init__(self, reason: Any) -> None:
        super().__init__(reason["code"])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SeriesRead:
    """What came of reading a series.

    Attributes:
        sources: its images, as the results name them.
        look: what it looks like to the model.
        evidence: makes the pictures of a finding.
        breasts: of mammograms, what was measured of each image.
    """

    found: list[Finding]
    sources: list[Dataset]
    look: Look
    evidence: Callable[[Finding], Evidence | None]
    breasts: Sequence[BreastMeasures] = ()


@dataclass(frozen=True, slots=True)
class JobRunner:
    """What a job is run with.

    Attributes:
        reader: from a job's model to whoever reads with it.
        series: what this worker has fetched.
        objects: keeps the pictures that go with findings.
        secondary_capture: whether findings are also stored as pictures with burnt-in marks.
        unseen: the pictures of what was published that are still to be made: nobody waits for them, and a
            more urgent study goes first. They hold one volume in memory.
    """

    jobs: JobRepository
    pacs: PacsClient
    reader: Callable[[str], Reader]
    series: SeriesCache
    objects: ObjectStore
    publish: Publish
    now: Callable[[], datetime]
    secondary_capture: bool = False
    unseen: deque[Callable[[], None]] = field(default_factory=deque)

    def run_next(self, queue: str) -> bool:
        """Run the most urgent job of a model, or make a picture that is still to be made. False: all is done.

        Raises:
            PacsUnavailable: the archive is away; the job was given back and may be tried again.
        """
        lease = self.jobs.lease_next(queue, self.now())
        if lease is not None:
            self._run(lease)
        elif self.unseen:
            self.unseen.popleft()()
        else:
            return False
        return True

    def run(self, job_id: str) -> None:
        """Run this job; one that is finished, or that somebody has, is left alone.

        Raises:
            PacsUnavailable: as `run_next`.
        """
        lease = self.jobs.lease(job_id, self.now())
        if lease is not None:
            self._run(lease)
        while self.unseen:
            self.unseen.popleft()()

    def _run(self, lease: Lease) -> None:
        ids = {"job_id": lease.job_id, "study_instance_uid": lease.study_instance_uid}
        with naming(**ids), span(f"read {lease.model}", attempt=lease.attempt):
            self._run_named(lease)

    def _run_named(self, lease: Lease) -> None:
        job_id, slab = lease.job_id, lease.slab.index if lease.slab else "all"
        log.info(
            "job-started job_id=%s model=%s slab=%s attempt=%d", job_id, lease.model, slab, lease.attempt
        )
        published: SeriesRead | None = None
        try:
            with _counted(lease), _heartbeat(lease, self) as report:
                if lease.slab is not None:
                    written = self._read_slab(lease, lease.slab, report)
                else:
                    published = self._read_series(lease, report)
                    written = published is not None
        except PacsFull:
            self._put_off(lease)
        except PacsUnavailable:
            self.jobs.release(lease, self.now(), tried=False)
            self._changed(lease, "study-changed")
            raise
        except (NotAnalysable, SlabFailed) as error:
            reason = error.reason if isinstance(error, SlabFailed) else error.reason.to_json()
            self.jobs.fail(lease, reason, self.now())
            log.info("job-not-analysable job_id=%s code=%s", job_id, reason["code"])
        except (BundleError, UnknownModel) as error:  # not the study's fault, and no better the next time
            self.jobs.fail(lease, REASONS["model-not-usable"].to_json(), self.now())
            log.error("model-not-usable job_id=%s model=%s: %s", job_id, lease.model, error)
        except LeaseLost:
            log.info("job-lease-lost job_id=%s", job_id)
            return
        except Exception as error:  # whatever a study does to a model: counted, tried again, then given up
            if not is_disk_full(error):
                self.jobs.release(lease, self.now(), tried=True)
                raise
            self._put_off(lease)
        else:
            log.info("job-done job_id=%s written=%s", job_id, written)
        self._changed(lease, "study-changed" if lease.slab or is_trial(lease.model) else "findings-changed")
        if published is not None and not is_trial(lease.model):
            self._make_pictures_of(lease, published)

    def _put_off(self, lease: Lease) -> None:
        log.error("disk-full job_id=%s", lease.job_id)
        self.jobs.put_off(lease, REASONS["server-disk-full"].to_json(), self.now())

    def _read_slab(self, lease: Lease, slab: Slab, report: Progress) -> bool:
        reader = self.reader(lease.model)
        reading = None
        if isinstance(reader, VolumeReader) and reader.reads_slabs:
            report("fetch", 0.0)
            places = [each.orthanc_id for each in slab.slices]
            with self.series.holding(lease.study_instance_uid, lease.series_instance_uid, places) as series:
                try:
                    part = series.slab(slab.slices[0].offset_mm, slab.slices[-1].offset_mm)
                except DicomError as error:
                    log.info("slab-is-no-volume job_id=%s code=%s", lease.job_id, error.reason.code)
                else:
                    reading = reader.read_slab(part, slab, report)
        return self.jobs.finish_slab(lease, reading, self.now())

    def _read_series(self, lease: Lease, report: Progress) -> SeriesRead | None:
        """Return what was read and published; None: the lease was lost, and nothing was."""
        reader = self.reader(lease.model)
        report("fetch", 0.0)
        if isinstance(reader, VolumeReader):
            read = self._read_volume(lease, reader, report)
        else:
            read = self._read_images(lease, reader, report)
        report("report", 0.95)
        if is_trial(lease.model):
            return read if self.jobs.publish_unseen(lease, read.found, self.now()) else None
        run = Run(
            findings=read.found,
            sources=read.sources,
            maker=reader.maker,
            at=self.now(),
            job_id=lease.job_id,
            secondary_capture=self.secondary_capture,
            breasts=read.breasts,
        )
        # A second delivery of the job stores the same objects: the archive keeps the first of each.
        new = self._store(lease, [part10_bytes(ds) for ds in result_objects(run)])
        observation = observation_of(lease.job_id, lease.model, read, reader.maker, self.now())
        if self.jobs.publish(lease, read.found, self.now(), observation, read.breasts):
            return read
        if self.jobs.is_called_off(lease.job_id):
            self._take_back(new)
        return None

    def _store(self, lease: Lease, objects: Sequence[bytes]) -> list[str]:
        """Store all of a result in the archive, or nothing: half of one would be taken for the whole.

        Return the archive's identifiers of those that were not there before.
        """
        new: list[str] = []
        try:
            for content in objects:
                stored = self.pacs.store(content)
                if not stored.already_stored:
                    new.append(stored.orthanc_id)
        except Exception:
            # Whoever has the lease now may rely on them: they are the same objects.
            if self.jobs.renew(lease, self.now(), 0.95, "report"):
                self._take_back(new)
            raise
        return new

    def _take_back(self, orthanc_ids: Sequence[str]) -> None:
        for orthanc_id in orthanc_ids:
            with suppress(PacsError):
                self.pacs.remove(orthanc_id)

    def _read_images(self, lease: Lease, reader: ImageReader, report: Progress) -> SeriesRead:
        sources = [
            dataset_of(content)
            for content in self.pacs.fetch_series(lease.study_instance_uid, lease.series_instance_uid)
        ]
        looks: list[Look] = []
        breasts: list[BreastMeasures] = []
        found = reader.read(sources, report, looks.append, breasts.extend)
        return SeriesRead(
            found, sources, looks[0], lambda finding: reader.evidence(sources, finding), breasts
        )

    def _read_volume(self, lease: Lease, reader: VolumeReader, report: Progress) -> SeriesRead:
        study, series_uid = lease.study_instance_uid, lease.series_instance_uid
        if failed := self.jobs.failed_slab(series_uid, lease.model):
            raise SlabFailed(failed)
        # What another version read, before a promotion, is read again.
        readings = [
            reading
            for reading in self.jobs.slab_readings(series_uid, lease.model)
            if reading.get("weights_sha256") == reader.maker.weights_sha256
        ]
        places = self.pacs.series_instances(study, series_uid)
        done = READ_SHARE if readings else 0.0
        self.series.keep_only(study, series_uid, places)
        volumes: list[Volume] = []
        looks: list[Look] = []

        def volume() -> Volume:
            volumes.append(series.volume())
            return volumes[0]

        with self.series.holding(study, series_uid, places) as series:
            found = reader.read(
                volume,
                readings,
                lambda stage, share: report(stage, done + (0.95 - done) * share),
                looks.append,
                self.jobs.prior_of(study, lease.model),
            )
            sources = series.headers()
        self.series.drop(study, series_uid)
        if self.secondary_capture:
            sources = self._with_pixels(sources, found)
        return SeriesRead(found, sources, looks[0], lambda finding: reader.evidence(volumes[0], finding))

    def _make_pictures_of(self, lease: Lease, read: SeriesRead) -> None:
        """Have the pictures made when there is nothing else to do; those of an earlier series now."""
        while self.unseen:
            self.unseen.popleft()()
        self.unseen.extend(partial(self._keep_evidence, lease.job_id, read, each) for each in read.found)

    def _keep_evidence(self, job_id: str, read: SeriesRead, finding: Finding) -> None:
        try:
            evidence = read.evidence(finding)
            if evidence is not None:
                key = evidence_key(finding_id(job_id, finding))
                self.objects.put(key, evidence.to_bytes(), "application/zip")
        except ObjectAlreadyStored:
            pass  # by an earlier delivery of the job
        except Exception:  # a finding without pictures is a finding all the same
            log.exception("evidence-failed job_id=%s", job_id)

    def _with_pixels(self, sources: Sequence[Dataset], found: Sequence[Finding]) -> list[Dataset]:
        """The images, those with their pixels on which something was found."""
        shown = {finding.sop_instance_uid for finding in found}
        return [
            dataset_of(self.pacs.instance_file(str(ds.SOPInstanceUID))) if ds.SOPInstanceUID in shown else ds
            for ds in sources
        ]

    def _changed(self, lease: Lease, kind: str) -> None:
        self.publish({"type": kind, "study_instance_uid": lease.study_instance_uid})


def observation_of(job_id: str, job_model: str, read: SeriesRead, maker: Maker, at: datetime) -> Observation:
    """Return what is kept of a series to watch the model by."""
    caution = read.look.caution
    return Observation(
        job_id=job_id,
        slot=slot_of(job_model),
        name=maker.model,
        version=maker.version,
        scanner=scanner_of(read.sources[0]),
        features={**features_json(read.look.features), **header_features(read.sources[0])},
        scores=[finding.probability for finding in read.found],
        caution=None if caution is None else caution.to_json(),
        at=at,
    )


OUTCOMES: Mapping[type[Exception], str] = {
    PacsFull: "disk-full",
    PacsUnavailable: "archive-away",
    NotAnalysable: "not-analysable",
    SlabFailed: "not-analysable",
    BundleError: "model-not-usable",
    UnknownModel: "model-not-usable",
    LeaseLost: "lease-lost",
}


@contextmanager
def _counted(lease: Lease) -> Iterator[None]:
    model, reads = queue_of(lease.model), "series" if lease.slab is None else "slab"
    outcome = "done"
    try:
        with JOB_SECONDS.timing(model=model, reads=reads):
            yield
    except Exception as error:
        outcome = next((said for kind, said in OUTCOMES.items() if isinstance(error, kind)), "failed")
        raise
    finally:
        JOB_RUNS.add(model=model, outcome=outcome)


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
            try:
                renew()
            except Exception:  # the database is away or full for the moment: the next beat may reach it
                log.exception("lease-not-renewed job_id=%s", lease.job_id)

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
