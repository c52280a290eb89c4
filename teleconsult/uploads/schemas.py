"""What the API says and takes about uploads."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from teleconsult.studies.schemas import Sentence, StudySummaryOut
from teleconsult.uploads.repository import FileResult

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
UidText = Annotated[str, StringConstraints(pattern=r"^[0-9.]{1,64}$")]
PathText = Annotated[str, StringConstraints(min_length=1, max_length=1000)]

INSTANCES_A_MANIFEST = 1000
SERIES_A_MANIFEST = 2000
CHUNKS_A_FILE = 1024


class UploadIn(BaseModel):
    consult_id: str | None = Field(default=None, max_length=36)


class UploadStartedOut(BaseModel):
    upload_id: str
    chunk_from_bytes: int  # larger files go in chunks
    chunk_bytes: int
    codings: list[str]


class ManifestInstanceIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    path: PathText
    sha256: Sha256
    size_bytes: int = Field(ge=0)
    sop_instance_uid: UidText | None = None
    series_instance_uid: UidText | None = None
    study_instance_uid: UidText | None = None
    chunks: list[Sha256] = Field(default_factory=list, max_length=CHUNKS_A_FILE)


class ManifestSeriesIn(BaseModel):
    """How many instances of a series the sender has: what makes it complete."""

    model_config = ConfigDict(extra="forbid")

    series_instance_uid: UidText
    study_instance_uid: UidText
    instance_count: int = Field(ge=1, le=1_000_000)


class ManifestIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    instances: list[ManifestInstanceIn] = Field(max_length=INSTANCES_A_MANIFEST)
    series: list[ManifestSeriesIn] = Field(default_factory=list, max_length=SERIES_A_MANIFEST)


class FileResultOut(BaseModel):
    path: str
    verdict: Literal["stored", "refused", "quarantined"]
    reason: Sentence | None
    already_present: bool
    study_instance_uid: str | None
    series_instance_uid: str | None
    sop_instance_uid: str | None
    sha256: str | None

    @classmethod
    def of(cls, result: FileResult) -> "FileResultOut":
        return cls(
            path=result.path,
            verdict=result.verdict,
            reason=Sentence(**result.reason) if result.reason else None,
            already_present=result.already_present,
            study_instance_uid=result.study_instance_uid,
            series_instance_uid=result.series_instance_uid,
            sop_instance_uid=result.sop_instance_uid,
            sha256=result.sha256,
        )


class FilesOut(BaseModel):
    files: list[FileResultOut]


class BatchOut(BaseModel):
    files: list[FileResultOut]  # in the order they came, without those below
    mismatched: list[str]  # SHA-256 of files that did not arrive as they were named: to be sent again


class ManifestOut(BaseModel):
    present: list[FileResultOut]
    missing: list[str]  # SHA-256 of files
    missing_chunks: list[str]


class AssemblyIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    path: PathText
    size_bytes: int = Field(ge=1)
    chunks: list[Sha256] = Field(min_length=1, max_length=CHUNKS_A_FILE)


class StudyProgressOut(BaseModel):
    study_instance_uid: str
    expected_count: int | None  # instances, as the sender counted them
    stored_count: int
    verified_count: int  # read back from the archive's disk, as they were sent
    safe_to_remove: bool


class UploadOut(BaseModel):
    upload_id: str
    status: Literal["open", "complete"]
    created_at: datetime | None
    completed_at: datetime | None
    consult_id: str | None
    stored_count: int
    files: list[FileResultOut]  # those that were not stored
    progress: list[StudyProgressOut]
    safe_to_remove: bool  # everything that was sent is in the archive and was verified there
    studies: list[StudySummaryOut]
    notices: list[Sentence]
