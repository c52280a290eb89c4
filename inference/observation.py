"""What is kept of each series that a model read, to watch the model: no patient, no number but the job's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydicom import Dataset
from sqlalchemy import Connection, Row, insert, select

from imaging.header_values import real_number
from storage.tables import model_observations, studies

UNKNOWN = "?"
LONGEST = 64


@dataclass(frozen=True, slots=True)
class Scanner:
    """What made the images, as their header says; UNKNOWN where it does not."""

    manufacturer: str
    model: str
    kernel: str

    @property
    def name(self) -> str:
        """Return manufacturer and model in one."""
        return f"{self.manufacturer} {self.model}"


@dataclass(frozen=True, slots=True)
class Observation:
    """One series that one version of a model read.

    Attributes:
        job_id: which run. The observation outlives it.
        slot: the task that the version reads for.
        features: what the images look like, by name; None where one could not be measured.
        scores: probabilities of what was flagged.
        caution: what the out-of-distribution gate says, as a reason's JSON; None: nothing.
        institution_id: where the study came from; None only before it is recorded.
    """

    job_id: str
    slot: str
    name: str
    version: str
    scanner: Scanner
    features: Mapping[str, float | None]
    scores: Sequence[float]
    caution: Mapping[str, str] | None
    at: datetime
    institution_id: str | None = None


def scanner_of(ds: Dataset) -> Scanner:
    """Return what made an image."""
    return Scanner(
        _text(ds.get("Manufacturer")),
        _text(ds.get("ManufacturerModelName")),
        _text(ds.get("ConvolutionKernel")),
    )


def header_features(ds: Dataset) -> dict[str, float | None]:
    """Return what the header says that may drift: dose and slice thickness."""
    found = {"kvp": real_number(ds.get("KVP")), "thickness_mm": real_number(ds.get("SliceThickness"))}
    return {name: value for name, value in found.items() if value is not None}


def record_observation(connection: Connection, one: Observation, study_instance_uid: str) -> None:
    """Write it down, once for each job, within the transaction that publishes the job's result."""
    known = select(model_observations.c.job_id).where(model_observations.c.job_id == one.job_id)
    if connection.execute(known).first() is not None:
        return
    institution = select(studies.c.institution_id).where(studies.c.study_instance_uid == study_instance_uid)
    connection.execute(
        insert(model_observations).values(
            job_id=one.job_id,
            slot=one.slot,
            name=one.name,
            version=one.version,
            institution_id=connection.execute(institution).scalar_one(),
            manufacturer=one.scanner.manufacturer,
            scanner_model=one.scanner.model,
            kernel=one.scanner.kernel,
            features=dict(one.features),
            scores=list(one.scores),
            caution=one.caution,
            at=one.at,
        )
    )


def observations_of(connection: Connection, name: str, version: str) -> list[Observation]:
    """Return all of a version, the oldest first."""
    rows = connection.execute(
        select(model_observations)
        .where(model_observations.c.name == name, model_observations.c.version == version)
        .order_by(model_observations.c.at)
    )
    return [_observation(row) for row in rows]


def cautions_of(connection: Connection, job_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return the out-of-distribution cautions of those of the jobs that have one."""
    rows = connection.execute(
        select(model_observations.c.job_id, model_observations.c.caution).where(
            model_observations.c.job_id.in_(job_ids), model_observations.c.caution.is_not(None)
        )
    )
    return {row.job_id: row.caution for row in rows}


def _observation(row: Row[Any]) -> Observation:
    return Observation(
        job_id=row.job_id,
        slot=row.slot,
        name=row.name,
        version=row.version,
        scanner=Scanner(row.manufacturer, row.scanner_model, row.kernel),
        features=row.features,
        scores=row.scores,
        caution=row.caution,
        at=row.at,
        institution_id=row.institution_id,
    )


def _text(value: object) -> str:
    """Return a header's word or words; vendors give some kernels as two values."""
    words = " ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value or "")
    return " ".join(words.split())[:LONGEST] or UNKNOWN
