"""Port to the image archive, in the words of those who ask it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydicom import Dataset

from imaging.study import SeriesRef


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """What the archive says after a store."""

    orthanc_id: str
    already_stored: bool
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class InstanceRef:
    """One instance as a search lists it."""

    orthanc_id: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str


@dataclass(frozen=True, slots=True)
class ArchivedSeries:
    """One series as the archive lists everything it has."""

    patient_id: str
    study_instance_uid: str
    series_instance_uid: str
    orthanc_ids: tuple[str, ...]


class ChangeKind(StrEnum):
    """The archive's news that concern us; any other is OTHER."""

    NEW_INSTANCE = "NewInstance"
    STABLE_SERIES = "StableSeries"
    STABLE_STUDY = "StableStudy"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the change feed; `orthanc_id` is that of the instance, series or study it is about."""

    sequence: int
    kind: ChangeKind
    orthanc_id: str


class PacsClient(Protocol):
    """The archive. Every method may raise PacsUnavailable (try again); those that ask for one thing by its
    UID raise InstanceNotFound where it is not there."""

    def ping(self) -> None:
        """Return when the archive answers."""
        ...

    def store(self, content: bytes, header: Dataset | None = None) -> StoredInstance:
        """Store one DICOM file; when this returns it is durable. Storing it again does no harm.

        Args:
            header: what was parsed from `content`, where the caller has it.

        Raises:
            PacsRefused: the archive does not take it.
        """
        ...

    def instance_file(self, sop_instance_uid: str) -> bytes:
        """Return the file as it was stored."""
        ...

    def delete_instance(self, sop_instance_uid: str) -> None:
        """Remove an instance; one that is not there is no error."""
        ...

    def remove(self, orthanc_id: str) -> None:
        """Remove an instance by the archive's own identifier; one that is not there is no error."""
        ...

    def has(self, orthanc_id: str) -> bool:
        """Return whether the archive has this instance at this moment."""
        ...

    def contents(self) -> Iterator[ArchivedSeries]:
        """Yield every series that the archive has. What comes or goes meanwhile may be there or not."""
        ...

    def md5_on_disk(self, orthanc_id: str) -> str | None:
        """Return the MD5 of a file that the archive read back and found as it came; None: it is damaged.

        Raises:
            InstanceNotFound: there is no such instance.
        """
        ...

    def fetch_series(self, study_instance_uid: str, series_instance_uid: str) -> Iterator[bytes]:
        """Yield the files of a series as they were stored, in no order that means anything."""
        ...

    def series_instances(self, study_instance_uid: str, series_instance_uid: str) -> list[str]:
        """Return the archive's own identifiers of the instances that a series has at this moment."""
        ...

    def file_of(self, orthanc_id: str) -> bytes:
        """Return a file as it was stored, by the archive's own identifier."""
        ...

    def series_headers(self, study_instance_uid: str, series_instance_uid: str) -> list[Dataset]:
        """Return the headers of a series, without pixels, by instance number."""
        ...

    def instance_header(self, orthanc_id: str) -> Dataset:
        """Return one header, without pixels, by the archive's own identifier, as the change feed gives it."""
        ...

    def study_series(self, study_instance_uid: str) -> list[SeriesRef]:
        """Return the series of a study."""
        ...

    def find_instances(
        self, study_instance_uid: str, sop_class_uid: str | None = None, modality: str | None = None
    ) -> list[InstanceRef]:
        """Return the instances of a study, all or those of one SOP class or modality."""
        ...

    def changes(self, since: int, limit: int = 100) -> tuple[list[Change], int, bool]:
        """Return what happened after number `since`, the last number seen, and whether that is all."""
        ...
