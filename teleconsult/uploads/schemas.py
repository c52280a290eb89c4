"""What the API says and takes about uploads."""

from typing import Literal

from pydantic import BaseModel, Field

from teleconsult.studies.schemas import Sentence, StudySummaryOut
from teleconsult.uploads.repository import FileResult


class UploadIn(BaseModel):
    consult_id: str | None = Field(default=None, max_length=36)


class UploadStartedOut(BaseModel):
    upload_id: str


class FileResultOut(BaseModel):
    path: str
    verdict: Literal["stored", "refused", "quarantined"]
    reason: Sentence | None
    already_present: bool
    study_instance_uid: str | None
    series_instance_uid: str | None
    sop_instance_uid: str | None

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
        )


class FilesOut(BaseModel):
    files: list[FileResultOut]


class UploadOut(BaseModel):
    upload_id: str
    status: Literal["open", "complete"]
    stored_count: int
    files: list[FileResultOut]  # those that were not stored
    studies: list[StudySummaryOut]
    notices: list[Sentence]
