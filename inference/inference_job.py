"""One AI job: read one series, or one slab of it, with one model. The job table is the truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Final

from inference.slabs import Slab


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
    CALLED_OFF = "called-off"  # another job reads what this one would have
    STOPPED = "stopped"  # by a person
    ASKED_AGAIN = "asked-again"  # by a person


# A step that is not here does not exist. IN_PROGRESS may be leased again: its worker died.
TRANSITIONS: Mapping[JobStatus, Mapping[JobEvent, JobStatus]] = {
    JobStatus.REQUESTED: {
        JobEvent.LEASED: JobStatus.IN_PROGRESS,
        JobEvent.GAVE_UP: JobStatus.FAILED,
        JobEvent.STOPPED: JobStatus.FAILED,
        JobEvent.CALLED_OFF: JobStatus.CANCELLED,
    },
    JobStatus.IN_PROGRESS: {
        JobEvent.LEASED: JobStatus.IN_PROGRESS,
        JobEvent.RELEASED: JobStatus.REQUESTED,
        JobEvent.PUBLISHED: JobStatus.COMPLETED,
        JobEvent.GAVE_UP: JobStatus.FAILED,
        JobEvent.STOPPED: JobStatus.FAILED,
        JobEvent.CALLED_OFF: JobStatus.CANCELLED,
    },
    JobStatus.COMPLETED: {},
    JobStatus.FAILED: {JobEvent.ASKED_AGAIN: JobStatus.REQUESTED},
    JobStatus.CANCELLED: {},
}


class Priority(IntEnum):
    """Which job a worker takes first. Ours; DICOM's STAT and a consult's emergency are EMERGENCY."""

    SHADOW = 0  # nobody waits for it
    ROUTINE = 1
    URGENT = 2
    EMERGENCY = 3


# Reasons to have failed that lie with the server, or with who stopped it: trying again may help. Any other is
# about the images, and is so each time.
MAY_PASS: Final = frozenset(
    {
        "analysis-gave-up",
        "analysis-stopped",
        "model-not-usable",
        "model-suspended",
        "model-suspended-since",
    }
)
WHOLE_SERIES: Final = -(1 << 31)  # as the index of a slab: the job that puts the series together
MAX_ATTEMPTS = 3
MAX_SERVER_ENDS = 10  # while it is read, until it is believed that it ends the server
LEASE_S = 10.0  # how long a killed worker's job waits at most; renewed thrice as often while it is read
# After a start that ended in an error; doubled with each.
TRY_AGAIN_AFTER_S = 5.0
TRY_AGAIN_WHEN_FULL_S = 60.0  # a series is read anew each time, and disks are not emptied in seconds
# Nothing is held or put off for longer. What seems to be, was so before the clock was set back: it is free.
HELD_AT_MOST_S = 120.0


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
    slab: Slab | None = None  # None: the whole series


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
    priority: Priority = Priority.ROUTINE

    @property
    def is_refused(self) -> bool:
        """Whether the images are nothing for the model."""
        is_about_images = self.reason is not None and self.reason["code"] not in MAY_PASS
        return self.status is JobStatus.FAILED and is_about_images
