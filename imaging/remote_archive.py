"""Port to the archive of another hospital: find studies there, and fetch one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from imaging.errors import ImagingError

RESULTS_AT_MOST = 200


class RemoteArchiveError(ImagingError):
    """Base of what goes wrong between us and another hospital's archive."""


class RemoteArchiveAway(RemoteArchiveError):
    """Nobody answers there, or it broke off: transient."""


class RemoteArchiveRefused(RemoteArchiveError):
    """It answers, and does not let us: our name, login or request is not accepted."""


class StudyNotThere(RemoteArchiveError):
    """It has no such study, or sent nothing of it."""


@dataclass(frozen=True, slots=True)
class StudyQuery:
    """What is looked for; None matches everything. At least one must be given.

    Attributes:
        patient_name: as people write it; a part of it is enough.
        study_date_from, study_date_to: ISO 8601, both ends included.
    """

    patient_id: str | None = None
    patient_name: str | None = None
    study_date_from: str | None = None
    study_date_to: str | None = None
    modality: str | None = None
    accession_number: str | None = None
    study_instance_uid: str | None = None

    @property
    def is_empty(self) -> bool:
        return not any(
            (self.patient_id, self.patient_name, self.study_date_from, self.accession_number,
             self.study_instance_uid)
        )


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """A study as the other archive lists it. What it does not say is None."""

    study_instance_uid: str
    patient_id: str | None
    patient_name: str | None
    patient_birth_date: str | None
    study_date: str | None
    study_description: str | None
    accession_number: str | None
    modalities: tuple[str, ...]
    instance_count: int | None


@dataclass(frozen=True, slots=True)
class Retrieved:
    """How a retrieval ended.

    Attributes:
        received: instances handed to the receiver; 0 for an archive that sends to our gateway.
        reported: instances that the archive says it sent, where it says so.
    """

    received: int
    reported: int | None


Receive = Callable[[bytes], None]
Progress = Callable[[int, int | None], None]  # received, expected


class RemoteArchive(Protocol):
    """Every method may raise RemoteArchiveAway or RemoteArchiveRefused, within a bounded time."""

    def ping(self) -> None:
        """Return when the archive answers us."""
        ...

    def find_studies(self, query: StudyQuery) -> list[FoundStudy]:
        """Return at most RESULTS_AT_MOST studies."""
        ...

    def retrieve_study(self, study_instance_uid: str, receive: Receive, progress: Progress) -> Retrieved:
        """Fetch every instance, as it is stored there.

        Raises:
            StudyNotThere: nothing came.
        """
        ...
