"""ACR BI-RADS: what the assessment of a screening mammogram would be if a flag is right. The table is data.

Source: D'Orsi et al., ACR BI-RADS Atlas, 5th edition, American College of Radiology 2013, mammography,
section III (assessment categories).

A screening examination with something that needs more pictures is category 0. Categories 3, 4 and 5 follow a
diagnostic workup, and 1 and 2 are of a whole examination that a reader has seen: no flag of a model, however
probable, gives any of them, and no flag at all is no category 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from imaging.finding import Category, FindingKind
from inference.guideline import Advice, Guideline, Outcome, Words

SCHEME: Final = "99BIRADS"
MEANING: Final = "BI-RADS 0 Incomplete"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was flagged, and what completes its assessment."""

    kind: FindingKind
    condition: Words
    advice: Words


ROWS: Final[tuple[Row, ...]] = (
    Row(
        FindingKind.MASS,
        Words("Possible mass on a screening mammogram", "筛查乳腺X线片上可疑肿块"),
        Words(
            "Compare with prior mammograms; spot compression views or tomosynthesis; ultrasound.",
            "与既往乳腺X线片对比；局部点压摄影或断层摄影；超声检查。",
        ),
    ),
    Row(
        FindingKind.CALCIFICATION_CLUSTER,
        Words("Possible cluster of calcifications on a screening mammogram", "筛查乳腺X线片上可疑钙化簇"),
        Words(
            "Compare with prior mammograms; magnification views, craniocaudal and true lateral.",
            "与既往乳腺X线片对比；头尾位及真侧位放大摄影。",
        ),
    ),
    Row(
        FindingKind.ARCHITECTURAL_DISTORTION,
        Words("Possible architectural distortion on a screening mammogram", "筛查乳腺X线片上可疑结构扭曲"),
        Words(
            "Compare with prior mammograms; ask for surgery or biopsy there; tomosynthesis or spot "
            "compression views; ultrasound.",
            "与既往乳腺X线片对比；询问该处手术或活检史；断层摄影或局部点压摄影；超声检查。",
        ),
    ),
)

GUIDELINE: Final = Guideline(
    scheme=SCHEME,
    name=Words("ACR BI-RADS, 5th edition", "ACR BI-RADS 第5版"),
    source="ACR BI-RADS Atlas, 5th edition, American College of Radiology 2013",
    applies=Words(
        "A suggestion for screening mammograms only; the reader assesses the examination.",
        "仅为筛查乳腺X线片的建议；整次检查的评估由阅片医生作出。",
    ),
    outcomes=tuple(
        Outcome(
            Category("0", SCHEME, MEANING, f"ACR BI-RADS 5th edition: {row.condition.en}"),
            row.condition,
            (Advice(row.advice),),
        )
        for row in ROWS
    ),
)
_OUTCOMES: Final[Mapping[FindingKind, Outcome]] = {
    row.kind: outcome for row, outcome in zip(ROWS, GUIDELINE.outcomes, strict=True)
}


def bi_rads(kind: FindingKind) -> Outcome | None:
    """Return what the table says of a flag on a mammogram, None where it has no row for it."""
    return _OUTCOMES.get(kind)
