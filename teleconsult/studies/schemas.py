"""What the API says about studies, series and AI jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import Connection

from inference.inference_job import InferenceJob, JobStatus
from inference.observation import cautions_of
from inference.repository import READ_SHARE
from teleconsult.dependencies import PartsOfApp
from teleconsult.findings.mammography import MammographyOut, mammography_out
from teleconsult.findings.schemas import FindingOut, findings_out
from teleconsult.studies.prior_studies import ComparableStudy, priors_of
from teleconsult.studies.repository import Patient, SeriesRecord, SeriesSummary, Study
from teleconsult.users.schemas import InstitutionOut, UserRefOut
from teleconsult.users.user import User

AiStatus = Literal["none", "queued", "running", "completed", "failed", "not-usable"]


class Sentence(BaseModel):
    """Plain words for a clinician, in both languages, with a stable code."""

    code: str
    en: str
    zh: str


class PatientOut(BaseModel):
    id: str
    name: str
    patient_id: str
    birth_date: str | None
    sex: str | None

    @classmethod
    def of(cls, patient: Patient) -> "PatientOut":
        return cls(
            id=patient.id,
            name=patient.name,
            patient_id=patient.patient_id,
            birth_date=patient.birth_date,
            sex=patient.sex,
        )


class PatientWithStudiesOut(PatientOut):
    study_count: int


class AiOut(BaseModel):
    status: AiStatus
    progress: float
    stage: str | None
    finding_count: int
    undecided_count: int
    reason: Sentence | None


class StudySummaryOut(BaseModel):
    study_instance_uid: str
    patient: PatientOut
    study_date: str | None
    study_description: str | None
    modalities: list[str]
    series_count: int
    instance_count: int
    institution: InstitutionOut
    uploaded_by: UserRefOut | None
    received_at: datetime
    tier: Literal["archive", "cold", "warming"]
    ai: AiOut


class PriorOut(BaseModel):
    """An earlier study of the same patient."""

    study_instance_uid: str
    study_date: str
    study_description: str | None
    modalities: list[str]
    image_count: int
    institution: InstitutionOut
    tier: Literal["archive", "cold", "warming"]
    days_before: int
    is_suggested: bool  # the newest of the same modality and part of the body


class InstanceOut(BaseModel):
    sop_instance_uid: str
    instance_number: int | None
    position_mm: float | None
    number_of_frames: int


class SeriesFactsOut(BaseModel):
    """What the input gate measured in a series; null where the headers do not say."""

    orientation: Literal["axial", "coronal", "sagittal", "oblique"] | None = None
    slices: int | None = None
    missing: int | None = None
    missing_at_mm: list[float] = []
    repeated: int | None = None
    unfitting: int | None = None
    spacing_mm: float | None = None
    spacing_is_regular: bool | None = None
    thickness_mm: float | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    coverage_mm: float | None = None
    gantry_tilt_deg: float | None = None
    reconstruction_diameter_mm: float | None = None
    kernel: str | None = None
    sharpness: Literal["soft", "medium", "sharp", "lung"] | None = None
    has_contrast: bool | None = None
    is_lossy: bool = False
    lossy_ratio: float | None = None
    is_derived: bool = False
    is_localiser: bool = False
    is_multiframe: bool = False
    laterality: str | None = None
    view: str | None = None
    magnification: float | None = None


class SeriesOut(BaseModel):
    series_instance_uid: str
    modality: str
    description: str | None
    series_number: int | None
    body_part: str | None
    instance_count: int
    verdict: Literal["usable", "usable-with-caution", "not-usable"] | None
    model: str | None
    reasons: list[Sentence]
    facts: SeriesFactsOut | None
    instances: list[InstanceOut]


class JobOut(BaseModel):
    id: str
    series_instance_uid: str
    model: str
    status: JobStatus
    progress: float
    stage: str | None
    attempts: int
    reason: Sentence | None
    is_refused: bool  # failed, as the images are nothing for the model
    caution: Sentence | None  # what to be careful about in what it found, or did not find


class StudiesOut(BaseModel):
    studies: list[StudySummaryOut]
    next: str | None  # `after` of the next page


class StudyDetailOut(StudySummaryOut):
    series: list[SeriesOut]
    findings: list[FindingOut]
    jobs: list[JobOut]
    mammography: MammographyOut | None


@dataclass(frozen=True, slots=True)
class StudyContents:
    series: Sequence[SeriesSummary]
    jobs: Sequence[InferenceJob]
    finding_count: int
    undecided_count: int
    slabs: tuple[int, int] = (0, 0)  # read, and asked for so far


def ai_state(contents: StudyContents) -> AiOut:
    """One word for what AI did with a study, from its jobs and the gate's verdicts."""
    jobs = contents.jobs
    status: AiStatus
    reason: Any = None
    progress, stage = 0.0, None
    if any(job.status is JobStatus.IN_PROGRESS for job in jobs):
        status = "running"
        stage = next(job.stage for job in jobs if job.status is JobStatus.IN_PROGRESS)
    elif any(job.status is JobStatus.REQUESTED for job in jobs):
        status = "queued"
        reason = next((job.reason for job in jobs if job.status is JobStatus.REQUESTED), None)
    elif any(job.status is JobStatus.COMPLETED for job in jobs):
        status = "completed"
    elif jobs:
        told = next((job for job in jobs if not job.is_refused), jobs[-1])
        status, reason = "not-usable" if told.is_refused else "failed", told.reason
    elif contents.series and all(s.verdict == "not-usable" for s in contents.series):
        status, reason = "not-usable", next((s.reasons[0] for s in contents.series if s.reasons), None)
    elif contents.slabs[1]:
        status, stage = "running", "arriving"
        progress = READ_SHARE * contents.slabs[0] / contents.slabs[1]
    else:
        status = "none"
    if jobs:
        done = (JobStatus.COMPLETED, JobStatus.FAILED)
        progress = sum(1.0 if job.status in done else job.progress for job in jobs) / len(jobs)
    return AiOut(
        status=status,
        progress=progress,
        stage=stage,
        finding_count=contents.finding_count,
        undecided_count=contents.undecided_count,
        reason=reason,
    )


def studies_out(parts: PartsOfApp, connection: Connection, studies: Sequence[Study]) -> list[StudySummaryOut]:
    """Summaries of the studies, in their order, with a fixed number of queries."""
    uids = [study.study_instance_uid for study in studies]
    series = parts.studies.series_summaries(connection, uids)
    jobs = parts.jobs.of_studies(connection, uids)
    counts = parts.findings.counts(connection, uids)
    slabs = parts.jobs.slabs_read(connection, [uid for uid in uids if not jobs[uid]])
    uploaders = parts.users.by_ids(
        connection, [study.uploaded_by_id for study in studies if study.uploaded_by_id]
    )
    institutions = parts.users.institutions(connection)
    return [
        _summary(
            study,
            StudyContents(
                series[study.study_instance_uid],
                jobs[study.study_instance_uid],
                *counts[study.study_instance_uid],
                slabs.get(study.study_instance_uid, (0, 0)),
            ),
            InstitutionOut.of(institutions[study.institution_id]),
            uploaders.get(study.uploaded_by_id or ""),
        )
        for study in studies
    ]


def study_detail_out(parts: PartsOfApp, connection: Connection, study: Study) -> StudyDetailOut:
    uid = study.study_instance_uid
    (summary,) = studies_out(parts, connection, [study])
    jobs = parts.jobs.of_study(connection, uid)
    cautions = cautions_of(connection, [job.id for job in jobs])
    series = parts.studies.series_of(connection, [uid])[uid]
    records = parts.findings.of_studies(connection, [uid])
    breasts = parts.jobs.breasts_of(connection, uid)
    still_there = {one.sop_instance_uid for record in series for one in record.instances}
    return StudyDetailOut(
        **summary.model_dump(),
        series=[_series(record) for record in series],
        findings=findings_out(parts, connection, records),
        jobs=[_job(job, cautions.get(job.id)) for job in jobs],
        mammography=mammography_out(
            {sop: breast for sop, breast in breasts.items() if sop in still_there}, records
        ),
    )


def priors_out(parts: PartsOfApp, connection: Connection, study: Study, user: User) -> list[PriorOut]:
    """The patient's earlier studies that the user has a part in, the newest first."""
    others = {
        other.study_instance_uid: other
        for other in parts.studies.others_of_patient(connection, study, user)
    }
    series = parts.studies.series_of(connection, [study.study_instance_uid, *others])
    institutions = parts.users.institutions(connection)

    def comparable(one: Study) -> ComparableStudy:
        own = series[one.study_instance_uid]
        parts_named = (word for each in own for word in (each.description, each.body_part))
        words = (one.study_description, *parts_named)
        return ComparableStudy(
            one.study_instance_uid,
            one.study_date,
            frozenset(each.modality for each in own),
            tuple(word for word in words if word),
        )

    shown = [other for uid, other in others.items() if series[uid]]
    return [
        PriorOut(
            study_instance_uid=prior.study_instance_uid,
            study_date=other.study_date or "",
            study_description=other.study_description,
            modalities=sorted({each.modality for each in series[prior.study_instance_uid]}),
            image_count=sum(len(each.instances) for each in series[prior.study_instance_uid]),
            institution=InstitutionOut.of(institutions[other.institution_id]),
            tier=other.tier,  # type: ignore[arg-type]
            days_before=prior.days_before,
            is_suggested=prior.is_suggested,
        )
        for prior in priors_of(comparable(study), map(comparable, shown))
        for other in (others[prior.study_instance_uid],)
    ]


def _summary(
    study: Study, contents: StudyContents, institution: InstitutionOut, uploader: User | None
) -> StudySummaryOut:
    return StudySummaryOut(
        study_instance_uid=study.study_instance_uid,
        patient=PatientOut.of(study.patient),
        study_date=study.study_date,
        study_description=study.study_description,
        modalities=sorted({s.modality for s in contents.series}),
        series_count=len(contents.series),
        instance_count=sum(s.image_count for s in contents.series),
        institution=institution,
        uploaded_by=UserRefOut.of(uploader) if uploader else None,
        received_at=study.received_at,
        tier=study.tier,  # type: ignore[arg-type]
        ai=ai_state(contents),
    )


def _series(record: SeriesRecord) -> SeriesOut:
    return SeriesOut(
        series_instance_uid=record.series_instance_uid,
        modality=record.modality,
        description=record.description,
        series_number=record.series_number,
        body_part=record.body_part,
        instance_count=len(record.instances),
        verdict=record.verdict,  # type: ignore[arg-type]
        model=record.model,
        reasons=[Sentence(**reason) for reason in record.reasons],
        facts=SeriesFactsOut.model_validate(record.facts) if record.facts else None,
        instances=[
            InstanceOut(
                sop_instance_uid=i.sop_instance_uid,
                instance_number=i.instance_number,
                position_mm=i.position_mm,
                number_of_frames=i.number_of_frames,
            )
            for i in record.instances
        ],
    )


def _job(job: InferenceJob, caution: Mapping[str, Any] | None) -> JobOut:
    return JobOut(
        id=job.id,
        series_instance_uid=job.series_instance_uid,
        model=job.model,
        status=job.status,
        progress=job.progress,
        stage=job.stage,
        attempts=job.attempts,
        reason=Sentence(**job.reason) if job.reason else None,
        is_refused=job.is_refused,
        caution=Sentence(**caution) if caution else None,
    )
