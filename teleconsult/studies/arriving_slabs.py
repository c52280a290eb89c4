"""Slabs of series that are still arriving: asked for as soon as their slices are there."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from imaging.errors import InstanceNotFound
from imaging.gate import assess_series
from inference.inference_job import Priority
from inference.slabs import READ_BY_SLABS, Slab, Slice, plan_slabs
from teleconsult.dependencies import PartsOfApp
from teleconsult.studies.reading_order import priority_of
from teleconsult.studies.repository import InstanceRecord, SeriesRecord

FEWEST_SLICES: Final = 16
SERIES_REMEMBERED: Final = 500
log = logging.getLogger(__name__)


def slices_of(records: Iterable[InstanceRecord]) -> list[Slice]:
    """Return the images of a series that lie in a plane of their own."""
    return [
        Slice(record.position_mm, record.sop_instance_uid, record.orthanc_id)
        for record in records
        if record.is_image and record.position_mm is not None and record.number_of_frames == 1
    ]


class SlabPlanner:
    """Looks at what is arriving, again and again. What it remembers saves work, and may be forgotten."""

    def __init__(self, parts: PartsOfApp) -> None:
        self._parts = parts
        self._seen: dict[str, int] = {}  # images, at the last look
        self._asked: dict[str, set[str]] = {}  # inputs of the slabs that were asked for
        self._gated: dict[str, tuple[str | None, Priority]] = {}  # who may read it
        self._first_ends: dict[str, tuple[float, float]] = {}  # first and last offset, at the first look

    def step(self, at: datetime) -> int:
        """Ask for every slab that has come since the last step; return how many."""
        with self._parts.database.reading() as connection:
            arriving = self._parts.studies.arriving(connection, FEWEST_SLICES)
        for memory in (self._seen, self._asked, self._gated, self._first_ends):
            for uid in [uid for uid in memory if uid not in arriving][SERIES_REMEMBERED:]:
                del memory[uid]
        asked = 0
        for series_instance_uid, (study_instance_uid, images) in arriving.items():
            if self._seen.get(series_instance_uid) == images:
                continue
            self._seen[series_instance_uid] = images
            asked += self._plan(study_instance_uid, series_instance_uid, at)
        return asked

    def _plan(self, study_instance_uid: str, series_instance_uid: str, at: datetime) -> int:
        parts = self._parts
        with parts.database.reading() as connection:
            series = parts.studies.series_of(connection, [study_instance_uid])[study_instance_uid]
        record = next((each for each in series if each.series_instance_uid == series_instance_uid), None)
        if record is None or record.verdict is not None:
            return 0
        asked = self._asked.setdefault(series_instance_uid, set())
        slices = slices_of(record.instances)
        slabs = plan_slabs(slices, complete=False, ends_mm=self._ends_mm(series_instance_uid, slices))
        new = [slab for slab in slabs if slab.instances_sha256 not in asked]
        if not new:
            return 0
        model, priority = self._may_read(record, new[0])
        if model in READ_BY_SLABS:
            with parts.database.transaction() as connection:
                parts.jobs.request_slabs(
                    connection,
                    study_instance_uid=study_instance_uid,
                    series_instance_uid=series_instance_uid,
                    model=model,
                    slabs=new,
                    at=at,
                    priority=priority,
                )
        asked.update(slab.instances_sha256 for slab in new)
        return len(new)

    def _ends_mm(self, series_instance_uid: str, slices: Sequence[Slice]) -> frozenset[float]:
        """Where the series begins or ends, it seems: it has grown since the first look, but not there.

        So it is where slices come from one end to the other, and where every tenth comes first.
        """
        if not slices:
            return frozenset()
        offsets = [each.offset_mm for each in slices]
        ends = (min(offsets), max(offsets))
        before = self._first_ends.get(series_instance_uid)
        if before is None:
            self._first_ends[series_instance_uid] = ends
            return frozenset()
        return frozenset(ends).intersection(before)

    def _may_read(self, record: SeriesRecord, slab: Slab) -> tuple[str | None, Priority]:
        """Which model may begin, by the headers of one slab; the gate sees all of them at the end."""
        uid = record.series_instance_uid
        if uid not in self._gated:
            try:
                headers = [self._parts.pacs.instance_header(each.orthanc_id) for each in slab.slices]
            except InstanceNotFound:  # deleted meanwhile
                return None, Priority.ROUTINE
            verdict = assess_series(headers, self._parts.settings.gate_rules)
            with self._parts.database.reading() as connection:
                priority = priority_of(connection, record.study_instance_uid, headers)
            self._gated[uid] = (verdict.model, priority)
            log.info("series-arriving series_instance_uid=%s model=%s", uid, verdict.model)
        return self._gated[uid]
