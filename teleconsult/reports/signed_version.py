"""One signed version of a report, as it stays."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from teleconsult.reports.difference import Run, difference
from teleconsult.reports.figures import Figure, figure_lines
from teleconsult.reports.report import ReportStatus
from teleconsult.reports.structured import entries_from_json, lines

# In the order in which the report has them.
SECTIONS: Final = ("accepted", "structured", "findings_text", "conclusion", "recommendation", "key_images")


@dataclass(frozen=True, slots=True)
class SignedVersion:
    """
    Attributes:
        number: 1 for what was signed first.
        reason: of the amendment that led to it; None for the first.
        accepted: the accepted findings, one on each line.
        template_id, template_version: that it was written in; None: without one.
        entries: what its fields said, teleconsult.reports.structured.Entry as plain values.
        figures: its key images, teleconsult.reports.figures.Figure as plain values.
        has_time_stamp: an authority confirms the time of signing; else it is only claimed.
        archived_in: the study in which its PDF lies in the archive; None: not yet.
    """

    consult_id: str
    number: int
    status: ReportStatus
    reason: str | None
    accepted: str
    findings_text: str
    conclusion: str
    recommendation: str
    signed_by_id: str
    signed_at: datetime
    has_time_stamp: bool
    pdf_key: str
    pdf_sha256: str
    archived_in: str | None = None
    template_id: str | None = None
    template_version: int | None = None
    entries: list[dict[str, Any]] | None = None
    figures: list[dict[str, Any]] | None = None

    @property
    def structured(self) -> str:
        """The entries, one on each line."""
        return lines(entries_from_json(self.entries or []))

    @property
    def shown_figures(self) -> list[Figure]:
        return [Figure.model_validate(figure) for figure in self.figures or []]

    @property
    def key_images(self) -> str:
        """The figures, one on each line."""
        return figure_lines(self.shown_figures)

    @property
    def sections(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in SECTIONS}


def section_differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, list[Run]]]:
    """Each section with its changes; one that is empty in both is left out."""
    return [(name, difference(before[name], after[name])) for name in SECTIONS if before[name] or after[name]]
