"""A second opinion against the first report: whether they agree, and in what they differ. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from teleconsult.consults.consult import Consult
from teleconsult.errors import ComparisonMissing


class Concurrence(StrEnum):
    AGREE = "agree"
    AGREE_WITH_ADDITIONS = "agree-with-additions"
    DISAGREE = "disagree"


class RadpeerScore(StrEnum):
    """How the first reading is rated; optional.

    Source: S. Goldberg-Stein et al., "ACR RADPEER Committee White Paper with 2016 Updates", J Am Coll Radiol
    14 (2017) 1080-1086: 1 concur; 2 a discrepancy that is an understandable miss; 3 one that should be made
    most of the time; a unlikely, b likely to be clinically significant.
    """

    CONCUR = "1"
    UNDERSTANDABLE_MINOR = "2a"
    UNDERSTANDABLE_SIGNIFICANT = "2b"
    SHOULD_BE_MADE_MINOR = "3a"
    SHOULD_BE_MADE_SIGNIFICANT = "3b"


@dataclass(frozen=True, slots=True)
class Comparison:
    consult_id: str
    agreement: Concurrence
    difference: str
    radpeer_score: RadpeerScore | None
    version: int  # 0: not stored yet

    @property
    def is_complete(self) -> bool:
        return self.agreement is Concurrence.AGREE or bool(self.difference.strip())


def require_comparison(consult: Consult, comparison: Comparison | None) -> None:
    """Raises ComparisonMissing: a first report was given along, and not a word on how this one differs."""
    if consult.first_report and (comparison is None or not comparison.is_complete):
        raise ComparisonMissing


AGREEMENTS = {
    Concurrence.AGREE: "一致 Agree",
    Concurrence.AGREE_WITH_ADDITIONS: "一致，有补充 Agree with additions",
    Concurrence.DISAGREE: "不一致 Disagree",
}


def comparison_section(comparison: Comparison) -> tuple[str, str]:
    """What the report says of it: heading and text."""
    lines = [AGREEMENTS[comparison.agreement]]
    if comparison.radpeer_score is not None:
        lines.append(f"RADPEER {comparison.radpeer_score} (ACR 2016)")
    lines.append(comparison.difference)
    return "与首次报告比较 Compared with the first report", "\n".join(filter(None, lines))
