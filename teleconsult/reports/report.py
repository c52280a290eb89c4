"""A consult's report: written, signed, amended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from teleconsult.errors import ConclusionMissing, EntriesFaulty, FindingsUndecided, ReportIsFinal
from teleconsult.findings.numbering import NumberedFinding
from teleconsult.reports.structured import Written
from teleconsult.reports.template import Fault
from teleconsult.reports.template_repository import TemplateRef


class ReportStatus(StrEnum):
    """FHIR DiagnosticReport codes."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"


@dataclass(frozen=True, slots=True)
class Report:
    """
    Attributes:
        template: the version that it is written in; None before the first save, and in earlier reports.
        written: what the writer set of the template's fields, by path.
        key_images: ids of those that the writer chose, in their order; None: nobody chose.
    """

    consult_id: str
    status: ReportStatus
    version: int
    findings_text: str
    conclusion: str
    recommendation: str
    signed_by_id: str | None
    signed_at: datetime | None
    pdf_key: str | None
    pdf_sha256: str | None
    template: TemplateRef | None = None
    written: Mapping[str, Written] = field(default_factory=dict)
    key_images: Sequence[str] | None = None

    @property
    def is_signed(self) -> bool:
        return self.signed_at is not None

    def write(
        self,
        *,
        findings_text: str,
        conclusion: str,
        recommendation: str,
        template: TemplateRef | None,
        written: Mapping[str, Written],
        key_images: Sequence[str] | None,
    ) -> "Report":
        """Raises ReportIsFinal once it is signed."""
        if self.is_signed:
            raise ReportIsFinal
        return replace(
            self,
            findings_text=findings_text,
            conclusion=conclusion,
            recommendation=recommendation,
            template=template,
            written=written,
            key_images=key_images,
        )

    def sign(
        self,
        *,
        user_id: str,
        undecided: Sequence[NumberedFinding],
        faults: Sequence[Fault],
        at: datetime,
    ) -> "Report":
        """Return the report as signed.

        Raises:
            ReportIsFinal: it was signed already.
            FindingsUndecided: an AI finding has no clinician's decision (promise 2).
            ConclusionMissing: there is nothing to sign.
            EntriesFaulty: a field of the template is not filled as it must be.
        """
        if self.is_signed:
            raise ReportIsFinal
        if undecided:
            raise FindingsUndecided(undecided)
        if not self.conclusion.strip():
            raise ConclusionMissing
        if blocking := [fault for fault in faults if fault.blocks]:
            raise EntriesFaulty(blocking)
        amended = self.status is ReportStatus.AMENDED
        return replace(
            self,
            status=ReportStatus.AMENDED if amended else ReportStatus.FINAL,
            signed_by_id=user_id,
            signed_at=at,
        )

    def reopen(self) -> "Report":
        """The next version of a signed report. The signed PDF stays the one to read until that is signed."""
        return replace(self, status=ReportStatus.AMENDED, signed_by_id=None, signed_at=None)


def new_report(consult_id: str) -> Report:
    return Report(consult_id, ReportStatus.PRELIMINARY, 1, "", "", "", None, None, None, None)
