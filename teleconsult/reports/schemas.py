"""What the API says and takes about reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy import Connection

from teleconsult.consults.consult import Consult
from teleconsult.dependencies import PartsOfApp
from teleconsult.findings.finding_record import DecisionStatus
from teleconsult.findings.schemas import FindingOut, findings_out
from teleconsult.reports.difference import ChangeKind
from teleconsult.reports.report import Report, ReportStatus
from teleconsult.reports.signed_version import SignedVersion, section_differences
from teleconsult.text import Draft
from teleconsult.users.schemas import UserRefOut


class ReportIn(BaseModel):
    findings_text: Draft = Field(max_length=20_000)
    conclusion: Draft = Field(max_length=20_000)
    recommendation: Draft = Field(max_length=20_000)
    version: int


class SignIn(BaseModel):
    password: str = Field(max_length=1024)
    version: int


class SignedVersionOut(BaseModel):
    """What was signed, and stays so."""

    number: int
    status: ReportStatus
    reason: str | None
    signed_by: UserRefOut
    signed_at: datetime
    has_time_stamp: bool  # an authority confirms the time; else it is only claimed
    is_archived: bool
    pdf_sha256: str


class RunOut(BaseModel):
    kind: ChangeKind
    text: str


class SectionDifferenceOut(BaseModel):
    section: Literal["accepted", "findings_text", "conclusion", "recommendation"]
    runs: list[RunOut]


class ReportOut(BaseModel):
    consult_id: str
    status: ReportStatus
    version: int
    findings_text: str
    conclusion: str
    recommendation: str
    findings: list[FindingOut]
    undecided_count: int
    signed_by: UserRefOut | None
    signed_at: datetime | None
    may_write: bool
    has_signed_pdf: bool  # also while an amendment is being written


def report_out(
    parts: PartsOfApp, connection: Connection, consult: Consult, report: Report, *, may_write: bool
) -> ReportOut:
    records = parts.findings.of_studies(connection, consult.study_instance_uids)
    is_readable = report.is_signed or may_write  # an unsigned draft is its writer's alone
    signer = parts.users.by_ids(connection, [report.signed_by_id]) if report.signed_by_id else {}
    return ReportOut(
        consult_id=report.consult_id,
        status=report.status,
        version=report.version,
        findings_text=report.findings_text if is_readable else "",
        conclusion=report.conclusion if is_readable else "",
        recommendation=report.recommendation if is_readable else "",
        findings=findings_out(parts, connection, [r for r in records if r.status is DecisionStatus.ACCEPTED]),
        undecided_count=sum(r.status is DecisionStatus.PRELIMINARY for r in records),
        signed_by=UserRefOut.of(signer[report.signed_by_id]) if report.signed_by_id else None,
        signed_at=report.signed_at,
        may_write=may_write and not report.is_signed,
        has_signed_pdf=report.pdf_key is not None,
    )


def signed_versions_out(
    parts: PartsOfApp, connection: Connection, versions: Sequence[SignedVersion]
) -> list[SignedVersionOut]:
    signers = parts.users.by_ids(connection, {version.signed_by_id for version in versions})
    return [
        SignedVersionOut(
            number=version.number,
            status=version.status,
            reason=version.reason,
            signed_by=UserRefOut.of(signers[version.signed_by_id]),
            signed_at=version.signed_at,
            has_time_stamp=version.has_time_stamp,
            is_archived=version.archived_in is not None,
            pdf_sha256=version.pdf_sha256,
        )
        for version in versions
    ]


def difference_out(before: SignedVersion, after: SignedVersion) -> list[SectionDifferenceOut]:
    return [
        SectionDifferenceOut.model_validate({"section": name, "runs": runs}, from_attributes=True)
        for name, runs in section_differences(before.sections, after.sections)
    ]
