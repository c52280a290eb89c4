"""One AI job: read one series with one model. The job table in the database is the truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class JobStatus(StrEnum):
    """FHIR Task codes, as far as a job needs them."""

    REQUESTED = "requested"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobEvent(StrEnum):
    LEASED = "leased"
    RELEASED = "released"  # the worker gave it back: something it needs is away for the moment
    PUBLISHED = "published"
    GAVE_UP = "gave-up"
    CALLED_OFF = "called-off"


# A step that is not here does not exist. IN_PROGRESS may be leased again: its worker died.
TRANSITIONS: Mapping[JobStatus, Mapping[JobEvent, JobStatus]] = {
    JobStatus.REQUESTED: {
        JobEvent.LEASED: JobStatus.IN_PROGRESS,
        JobEvent.GAVE_UP: JobStatus.FAILED,
        JobEvent.CALLED_OFF: JobStatus.CANCELLED,
    },
    JobStatus.IN_PROGRESS: {
        JobEvent.LEASED: JobStatus.IN_PROGRESS,
        JobEvent.RELEASED: JobStatus.REQUESTED,
        JobEvent.PUBLISHED: JobStatus.COMPLETED,
        JobEvent.GAVE_UP: JobStatus.FAILED,
        JobEvent.CALLED_OFF: JobStatus.CANCELLED,
    },
    JobStatus.COMPLETED: {},
    JobStatus.FAILED: {},
    JobStatus.CANCELLED: {},
}

MAX_ATTEMPTS = 3
LEASE_S = 30.0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a job until `expires_at`. A result is taken only with the newest `token`."""

    job_id: str
    token: int
    study_instance_uid: str
    series_instance_uid: str
    model: str
    attempt: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InferenceJob:
    id: str
    study_instance_uid: str
    series_instance_uid: str
    model: str
    status: JobStatus
    attempts: int
    progress: float
    stage: str | None
    reason: Mapping[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
