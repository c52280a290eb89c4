"""What the API says and takes about reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from teleconsult.consults.consult import Consult
from teleconsult.dependencies import PartsOfApp
from teleconsult.findings.schemas import FindingOut, WordsOut, findings_out
from teleconsult.identity.schemas import ProofIn
from teleconsult.reports.assembling import Assembled, assemble, figures_of
from teleconsult.reports.difference import ChangeKind
from teleconsult.reports.figures import MOST_FIGURES
from teleconsult.reports.report import Report, ReportStatus
from teleconsult.reports.signed_version import SignedVersion, section_differences
from teleconsult.reports.structured import PATH, entries_from_json, plain, value_words
from teleconsult.reports.template import FieldChange, Template, Words, template_changes
from teleconsult.reports.template_repository import PublishedTemplate
from teleconsult.text import Draft
from teleconsult.users.schemas import UserRefOut


class TemplateRefOut(BaseModel):
    """One version of a template."""

    id: str = Field(max_length=64)
    version: int


ValueIn = bool | int | float | Annotated[Draft, Field(max_length=4_000)] | None


class WrittenIn(BaseModel):
    """What the writer set, and the prefilled value that it stands against."""

    value: ValueIn = None
    over: ValueIn = None


class ReportIn(BaseModel):
    template: TemplateRefOut | None = None
    written: dict[Annotated[str, Field(pattern=PATH)], WrittenIn] = Field(default={}, max_length=800)
    findings_text: Draft = Field(max_length=20_000)
    conclusion: Draft = Field(max_length=20_000)
    recommendation: Draft = Field(max_length=20_000)
    # null: the first that are there
    key_images: list[UUID] | None = Field(default=None, max_length=MOST_FIGURES)
    version: int


class SignIn(ProofIn):
    version: int
    without_pictures: bool = False  # a sentence stands where a key image's picture cannot be had


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
    section: Literal[
        "accepted", "structured", "findings_text", "conclusion", "recommendation", "key_images"
    ]
    runs: list[RunOut]


class OriginOut(BaseModel):
    """The finding that a value is from, what made it, and, of a category, the rule that gave it."""

    model_config = ConfigDict(from_attributes=True)

    finding_id: str
    finding_number: str
    model: str
    model_version: str
    rule: Words | None
    is_edited: bool


class PrefilledOut(BaseModel):
    """What an accepted finding fills in; text: as it is printed."""

    path: str
    value: ValueIn
    text: Words
    origin: OriginOut


class RowOut(BaseModel):
    """A row of a section: of a finding, or the writer's own. A lost one's finding is no longer accepted."""

    section: str
    id: str
    finding_number: str | None
    is_lost: bool


class LeftOut(BaseModel):
    """What was written and has no place in this template."""

    path: str
    label: Words
    text: Words


class FaultOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    path: str
    en: str
    zh: str
    blocks: bool


class EntryOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    path: str
    section: Words
    row: Words | None
    label: Words
    text: Words
    origin: OriginOut | None
    edited: bool


class TemplateChangeOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    kind: FieldChange
    label: Words


class NewerOut(BaseModel):
    """A later version of the report's template, and what it has otherwise."""

    version: int
    changes: list[TemplateChangeOut]


class StructuredOut(BaseModel):
    """The template of a report that is being written, and all that fills it."""

    template: TemplateRefOut
    content: Template
    is_retired: bool
    newer: NewerOut | None
    written: dict[str, WrittenIn]
    prefilled: list[PrefilledOut]
    rows: list[RowOut]
    left: list[LeftOut]
    faults: list[FaultOut]


class UndecidedOut(BaseModel):
    id: str
    study_instance_uid: str
    words: WordsOut


class FigureOut(BaseModel):
    """A key image in the report."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    key_image_id: str
    study_instance_uid: str
    image: Words
    view: str
    shades: str
    laid: Words | None
    note: str
    made_by: str
    made_at: datetime
    missing: Words | None  # why its picture is not shown


class ReportOut(BaseModel):
    structured: StructuredOut | None  # for its writer
    entries: list[EntryOut]  # for its readers
    undecided: list[UndecidedOut]
    consult_id: str
    status: ReportStatus
    version: int
    findings_text: str
    conclusion: str
    recommendation: str
    figures: list[FigureOut]  # as signed; for its writer as they would be now
    key_images: list[str] | None  # those that the writer chose; null: the first that are there
    most_figures: int
    findings: list[FindingOut]
    finding_numbers: dict[str, str]  # by id: as people speak of them
    undecided_count: int
    signed_by: UserRefOut | None
    signed_at: datetime | None
    may_write: bool
    has_signed_pdf: bool  # also while an amendment is being written


def report_out(
    parts: PartsOfApp, connection: Connection, consult: Consult, report: Report, *, may_write: bool
) -> ReportOut:
    assembled = assemble(parts, connection, consult, report)
    is_readable = report.is_signed or may_write  # an unsigned draft is its writer's alone
    is_written = may_write and not report.is_signed
    signer = parts.users.by_ids(connection, [report.signed_by_id]) if report.signed_by_id else {}
    signed = parts.reports.signed_versions(connection, consult.id) if report.is_signed else []
    entries = entries_from_json(signed[-1].entries or []) if signed else []
    if is_written:
        figures = figures_of(parts, connection, consult, report)
    else:
        figures = signed[-1].shown_figures if signed else []
    accepted = [r for r in assembled.records if r.status.is_accepted]
    return ReportOut(
        consult_id=report.consult_id,
        status=report.status,
        version=report.version,
        findings_text=report.findings_text if is_readable else "",
        conclusion=report.conclusion if is_readable else "",
        recommendation=report.recommendation if is_readable else "",
        structured=_structured(parts, connection, consult, assembled) if is_written else None,
        entries=[EntryOut.model_validate(entry) for entry in entries],
        figures=[FigureOut.model_validate(figure) for figure in figures],
        key_images=list(report.key_images) if is_written and report.key_images is not None else None,
        most_figures=MOST_FIGURES,
        findings=findings_out(parts, connection, accepted),
        undecided=[
            UndecidedOut(
                id=one.id,
                study_instance_uid=one.study_instance_uid,
                words=WordsOut(en=one.words.en, zh=one.words.zh),
            )
            for one in assembled.undecided
        ],
        finding_numbers=assembled.numbers,
        undecided_count=len(assembled.undecided),
        signed_by=UserRefOut.of(signer[report.signed_by_id]) if report.signed_by_id else None,
        signed_at=report.signed_at,
        may_write=is_written,
        has_signed_pdf=report.pdf_key is not None,
    )


def _structured(
    parts: PartsOfApp, connection: Connection, consult: Consult, assembled: Assembled
) -> StructuredOut | None:
    template, structured = assembled.template, assembled.structured
    if template is None or structured is None or consult.specialist_id is None:
        return None
    institution_id = parts.users.get(connection, consult.specialist_id).institution.id
    known = parts.templates.of(connection, institution_id)
    newest = next((one for one in known if one.ref.id == template.ref.id), template)
    fields = {path: field for _, _, field, path in structured.places()}
    return StructuredOut(
        template=TemplateRefOut(id=template.ref.id, version=template.ref.version),
        content=template.content,
        is_retired=newest.is_retired,
        newer=_newer(template, newest),
        written={
            path: WrittenIn(value=one.value, over=one.over) for path, one in structured.written.items()
        }
        | {path: WrittenIn(value=one.value, over=one.over) for path, one in structured.left.items()},
        prefilled=[
            PrefilledOut(
                path=one.path,
                value=one.value,
                text=value_words(fields[one.path], one.value),
                origin=OriginOut.model_validate(one.origin),
            )
            for one in structured.prefilled.values()
        ],
        rows=[
            RowOut(
                section=section_id,
                id=row.id,
                finding_number=row.finding.number if row.finding else None,
                is_lost=row.is_lost,
            )
            for section_id, rows in structured.rows.items()
            for row in rows
        ],
        left=[
            LeftOut(path=path, label=one.label or plain(path), text=one.text or plain(one.value))
            for path, one in structured.left.items()
        ],
        faults=[FaultOut.model_validate(fault) for fault in structured.faults()],
    )


def _newer(template: PublishedTemplate, newest: PublishedTemplate) -> NewerOut | None:
    if newest.is_retired or newest.ref.version <= template.ref.version:
        return None
    return NewerOut(
        version=newest.ref.version,
        changes=[
            TemplateChangeOut.model_validate(change)
            for change in template_changes(template.content, newest.content)
        ],
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
