"""A consult's report: written, signed, amended."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from teleconsult.errors import ConclusionMissing, FindingsUndecided, ReportIsFinal


class ReportStatus(StrEnum):
    """FHIR DiagnosticReport codes."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"


@dataclass(frozen=True, slots=True)
class Report:
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

    @property
    def is_signed(self) -> bool:
        return self.signed_at is not None

    def write(self, *, findings_text: str, conclusion: str, recommendation: str) -> "Report":
        """Raises ReportIsFinal once it is signed."""
        if self.is_signed:
            raise ReportIsFinal
        return replace(
            self, findings_text=findings_text, conclusion=conclusion, recommendation=recommendation
        )

    def sign(self, *, user_id: str, undecided_count: int, at: datetime) -> "Report":
        """Return the report as signed.

        Raises:
            ReportIsFinal: it was signed already.
            FindingsUndecided: an AI finding has no clinician's decision (promise 2).
            ConclusionMissing: there is nothing to sign.
        """
        if self.is_signed:
            raise ReportIsFinal
        if undecided_count:
            raise FindingsUndecided(undecided_count)
        if not self.conclusion.strip():
            raise ConclusionMissing
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
