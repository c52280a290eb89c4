"""What the API says and takes about other archives."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from imaging.remote_archive import FoundStudy, StudyQuery
from teleconsult.archives.archive import Archive, Kind, RetrieveBy
from teleconsult.archives.priors import PriorRule
from teleconsult.archives.retrieval import Retrieval, RetrievalStatus
from teleconsult.dicom_peers.dicom_peer import checked_ae_title
from teleconsult.studies.schemas import Sentence
from teleconsult.text import Text

FileName = Annotated[Text, Field(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
# A backslash would part values, PS3.5 6.2.
Short = Annotated[Text, Field(max_length=64, pattern=r"^[^\\\n]*$")]


class ArchiveIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    kind: Kind
    ae_title: Annotated[Text, Field(max_length=64)] | None = None
    host: Annotated[Text, Field(max_length=200)] | None = None
    port: int | None = Field(default=None, ge=1, le=65_535)
    retrieve_by: RetrieveBy | None = None
    url: Annotated[Text, Field(max_length=500)] | None = None
    username: Annotated[Text, Field(max_length=200)] | None = None
    # A file's name in the folder of passwords; the password itself is never sent here.
    password_file: FileName | None = None
    prior_rule: PriorRule | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "ArchiveIn":
        needed = (self.ae_title, self.host, self.port) if self.kind == "dimse" else (self.url,)
        if not all(needed):
            raise ValueError("address")
        if self.kind == "dimse":
            checked_ae_title(self.ae_title or "")
        return self


class ArchiveOut(BaseModel):
    """Without the password file's path: only that there is one."""

    id: str
    name: str
    kind: Kind
    ae_title: str | None
    host: str | None
    port: int | None
    retrieve_by: RetrieveBy | None
    url: str | None
    username: str | None
    has_password: bool
    prior_rule: PriorRule | None

    @classmethod
    def of(cls, archive: Archive) -> "ArchiveOut":
        return cls(
            id=archive.id,
            name=archive.name,
            kind=archive.kind,
            ae_title=archive.ae_title,
            host=archive.host,
            port=archive.port,
            retrieve_by=archive.retrieve_by,
            url=archive.url,
            username=archive.username,
            has_password=archive.password_file is not None,
            prior_rule=archive.prior_rule,
        )


class ArchiveTestOut(BaseModel):
    outcome: Literal["answered", "away", "refused", "not-allowed"]


class SearchIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    patient_id: Short | None = None
    patient_name: Short | None = None
    study_date_from: date | None = None
    study_date_to: date | None = None
    modality: Annotated[Text, Field(max_length=16)] | None = None
    accession_number: Short | None = None

    def query(self) -> StudyQuery:
        return StudyQuery(
            patient_id=self.patient_id or None,
            patient_name=self.patient_name or None,
            study_date_from=self.study_date_from.isoformat() if self.study_date_from else None,
            study_date_to=self.study_date_to.isoformat() if self.study_date_to else None,
            modality=self.modality or None,
            accession_number=self.accession_number or None,
        )


class FoundStudyOut(BaseModel):
    study_instance_uid: str
    patient_id: str | None
    patient_name: str | None
    patient_birth_date: str | None
    study_date: str | None
    study_description: str | None
    accession_number: str | None
    modalities: list[str]
    instance_count: int | None
    is_here: bool

    @classmethod
    def of(cls, found: FoundStudy, *, is_here: bool) -> "FoundStudyOut":
        return cls(
            study_instance_uid=found.study_instance_uid,
            patient_id=found.patient_id,
            patient_name=found.patient_name,
            patient_birth_date=found.patient_birth_date,
            study_date=found.study_date,
            study_description=found.study_description,
            accession_number=found.accession_number,
            modalities=list(found.modalities),
            instance_count=found.instance_count,
            is_here=is_here,
        )


class SearchOut(BaseModel):
    studies: list[FoundStudyOut]
    is_cut_off: bool  # the archive has more than it may answer


class RetrievalIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    study_instance_uid: Annotated[str, Field(pattern=r"^[0-9.]{1,64}$")]


class RetrievalOut(BaseModel):
    id: str
    archive_id: str
    study_instance_uid: str
    study_description: str | None
    prior_of: str | None
    status: RetrievalStatus
    received_count: int
    expected_count: int | None
    reason: Sentence | None
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, retrieval: Retrieval) -> "RetrievalOut":
        return cls(
            id=retrieval.id,
            archive_id=retrieval.archive_id,
            study_instance_uid=retrieval.study_instance_uid,
            study_description=retrieval.study_description,
            prior_of=retrieval.prior_of,
            status=retrieval.status,
            received_count=retrieval.received_count,
            expected_count=retrieval.expected_count,
            reason=Sentence(**retrieval.reason) if retrieval.reason else None,
            created_at=retrieval.created_at,
            finished_at=retrieval.finished_at,
        )
