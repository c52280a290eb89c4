"""Which DICOM objects are made of what a model found, as one table.

| object | of | when | for whom |
|---|---|---|---|
| report (TID 1500) | CT, MG | always: also that nothing was found | viewers that read IHE AI Results |
| Mammography CAD SR | MG | always | mammography workstations |
| segmentation | CT | a finding has a mask | viewers that draw outlines in three dimensions |
| presentation state | CT, MG | a finding has a box | viewers that apply presentation states |
| secondary capture | CT, MG | a finding has a box, and the setting is on | archives that show pictures only |
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydicom import Dataset

from imaging.breast_measures import BreastMeasures
from imaging.errors import DicomError
from imaging.finding import Finding
from imaging.mammography_cad_report import mammography_cad_report
from imaging.presentation_state import presentation_states
from imaging.result_header import Maker
from imaging.secondary_capture import secondary_captures
from imaging.segmentation import findings_segmentation
from imaging.structured_report import findings_report

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a model on one series gave.

    Attributes:
        findings: in the order of the report; of `maker`, in one series.
        sources: the images that the model read, with their pixels; one or more.
        at: when it finished, with time zone.
        secondary_capture: whether pictures with burnt-in marks are wanted.
        breasts: what was measured of mammograms, each on one of the sources.
    """

    findings: Sequence[Finding]
    sources: Sequence[Dataset]
    maker: Maker
    at: datetime
    job_id: str
    secondary_capture: bool = False
    breasts: Sequence[BreastMeasures] = ()

    @property
    def modality(self) -> str:
        """Of the series."""
        return str(self.sources[0].get("Modality", ""))


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of object: for which runs it is made, and how."""

    name: str
    modalities: frozenset[str]
    is_wanted: Callable[[Run], bool]
    make: Callable[[Run], list[Dataset]]


def _always(run: Run) -> bool:
    return True


def _has_box(run: Run) -> bool:
    return any(finding.box_px is not None for finding in run.findings)


def _has_mask(run: Run) -> bool:
    return any(finding.mask is not None for finding in run.findings)


def _wants_capture(run: Run) -> bool:
    return run.secondary_capture and _has_box(run)


def _report(run: Run) -> list[Dataset]:
    return [findings_report(run.findings, run.sources, at=run.at, job_id=run.job_id, maker=run.maker)]


def _cad_report(run: Run) -> list[Dataset]:
    return [
        mammography_cad_report(
            run.findings,
            run.sources,
            at=run.at,
            job_id=run.job_id,
            maker=run.maker,
            breasts=run.breasts,
        )
    ]


def _segmentation(run: Run) -> list[Dataset]:
    return [findings_segmentation(run.findings, run.sources, at=run.at, job_id=run.job_id)]


def _presentation(run: Run) -> list[Dataset]:
    return presentation_states(run.findings, run.sources, at=run.at, job_id=run.job_id)


def _captures(run: Run) -> list[Dataset]:
    return secondary_captures(run.findings, run.sources, at=run.at, job_id=run.job_id)


ANY: Final = frozenset({"CT", "MG"})
REPORT: Final = "report"
RESULTS: Final[tuple[Row, ...]] = (
    Row(REPORT, ANY, _always, _report),
    Row("mammography CAD report", frozenset({"MG"}), _always, _cad_report),
    Row("segmentation", frozenset({"CT"}), _has_mask, _segmentation),
    Row("presentation state", ANY, _has_box, _presentation),
    Row("secondary capture", ANY, _wants_capture, _captures),
)

# What a header that is not as it should be makes of an encoder.
_HEADER_ERRORS: Final = (
    AttributeError,
    DicomError,
    IndexError,
    KeyError,
    NotImplementedError,
    OverflowError,
    TypeError,
    ValueError,
)


def result_objects(run: Run) -> list[Dataset]:
    """Return the objects that the table makes of a run, the report first.

    The same run makes the same UIDs. The report must be made. Another object that the images' headers do not
    allow is left out and logged: what the model found reaches its readers without it.

    Raises:
        ValueError: the report cannot be made, as `findings_report` says.
    """
    made: list[Dataset] = []
    for row in RESULTS:
        if (run.modality not in row.modalities and row.name != REPORT) or not row.is_wanted(run):
            continue
        try:
            made += row.make(run)
        except _HEADER_ERRORS as error:
            if row.name == REPORT:
                raise
            log.warning("result-object-left-out job_id=%s object=%s error=%r", run.job_id, row.name, error)
    return made
