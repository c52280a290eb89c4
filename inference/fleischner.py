"""Fleischner Society 2017: what to do about a nodule that was found by chance. The table is data.

Source: MacMahon et al., "Guidelines for management of incidental pulmonary nodules detected on CT images:
from the Fleischner Society 2017", Radiology 2017;284:228-243, table 1 (corrected on 13 March 2017).

It is for adults of 35 years or more without known cancer and without immunosuppression, not for screening,
and for nodules that are seen for the first time. Images tell none of that, nor who is at high risk: what
differs by risk is given for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from imaging.finding import Category
from imaging.lung_nodule import NoduleType
from inference.guideline import ANY_SIZE, Advice, Guideline, Outcome, Range, Words

SCHEME: Final = "99FLEISCHNER"
LEAST_AGE_YEARS: Final = 35


class Number(StrEnum):
    """How many nodules of this density, solid or subsolid, there are."""

    SINGLE = "single"
    MULTIPLE = "multiple"


LOW_RISK: Final = Words("Low risk", "低风险")
HIGH_RISK: Final = Words("High risk", "高风险")


@dataclass(frozen=True, slots=True)
class Row:
    """One cell of the table.

    Attributes:
        size_mm: for the mean diameter, rounded to a whole millimetre.
    """

    code: str
    meaning: str
    types: frozenset[NoduleType]
    number: Number | None
    size_mm: Range
    condition: Words
    advice: tuple[Advice, ...]

    def holds(self, nodule_type: NoduleType, number: Number, diameter_mm: float) -> bool:
        """Return whether a nodule is of this row."""
        return (
            nodule_type in self.types
            and self.number in (None, number)
            and self.size_mm.holds(whole_millimetres(diameter_mm))
        )


def whole_millimetres(diameter_mm: float) -> int:
    """Return a mean diameter as the table takes it: to the nearest millimetre, halves up."""
    return int(diameter_mm + 0.5)


_NO_FOLLOW_UP = Words("No routine follow-up.", "无需常规随访。")
_AT_12 = Words("Optional CT at 12 months.", "可选择12个月后复查CT。")
_AT_6_TO_12 = Words(
    "CT at 6 to 12 months, then consider CT at 18 to 24 months.", "6–12个月复查CT，之后考虑18–24个月复查CT。"
)
_AT_6_TO_12_HIGH = Words(
    "CT at 6 to 12 months, then CT at 18 to 24 months.", "6–12个月复查CT，之后18–24个月复查CT。"
)
_AT_3_TO_6 = Words(
    "CT at 3 to 6 months, then consider CT at 18 to 24 months.", "3–6个月复查CT，之后考虑18–24个月复查CT。"
)
_AT_3_TO_6_HIGH = Words(
    "CT at 3 to 6 months, then CT at 18 to 24 months.", "3–6个月复查CT，之后18–24个月复查CT。"
)

_SOLID = frozenset({NoduleType.SOLID})
_GROUND_GLASS = frozenset({NoduleType.GROUND_GLASS})
_PART_SOLID = frozenset({NoduleType.PART_SOLID})
SUBSOLID: Final = _GROUND_GLASS | _PART_SOLID
# Whole millimetres: 6 to 8 ends before 9.
_SMALL, _MEDIUM, _LARGE, _FROM_6 = Range(below=6), Range(6, 9), Range(9), Range(6)

ROWS: Final[tuple[Row, ...]] = (
    Row(
        "benign-calcified",
        "Fleischner 2017: benign calcification",
        frozenset({NoduleType.CALCIFIED}),
        None,
        ANY_SIZE,
        Words("Benign pattern of calcification", "良性钙化形态"),
        (Advice(_NO_FOLLOW_UP),),
    ),
    Row(
        "solid-1-lt6",
        "Fleischner 2017: single solid, < 6 mm",
        _SOLID,
        Number.SINGLE,
        _SMALL,
        Words("Single solid nodule, < 6 mm (< 100 mm³)", "单发实性结节，<6 mm（<100 mm³）"),
        (Advice(_NO_FOLLOW_UP, LOW_RISK), Advice(_AT_12, HIGH_RISK)),
    ),
    Row(
        "solid-1-6to8",
        "Fleischner 2017: single solid, 6-8 mm",
        _SOLID,
        Number.SINGLE,
        _MEDIUM,
        Words("Single solid nodule, 6 to 8 mm (100 to 250 mm³)", "单发实性结节，6–8 mm（100–250 mm³）"),
        (Advice(_AT_6_TO_12, LOW_RISK), Advice(_AT_6_TO_12_HIGH, HIGH_RISK)),
    ),
    Row(
        "solid-1-gt8",
        "Fleischner 2017: single solid, > 8 mm",
        _SOLID,
        Number.SINGLE,
        _LARGE,
        Words("Single solid nodule, > 8 mm (> 250 mm³)", "单发实性结节，>8 mm（>250 mm³）"),
        (
            Advice(
                Words(
                    "Consider CT at 3 months, PET/CT, or tissue sampling.",
                    "考虑3个月后复查CT、PET/CT或组织活检。",
                )
            ),
        ),
    ),
    Row(
        "solid-n-lt6",
        "Fleischner 2017: multiple solid, < 6 mm",
        _SOLID,
        Number.MULTIPLE,
        _SMALL,
        Words("Multiple solid nodules, < 6 mm (< 100 mm³)", "多发实性结节，<6 mm（<100 mm³）"),
        (Advice(_NO_FOLLOW_UP, LOW_RISK), Advice(_AT_12, HIGH_RISK)),
    ),
    Row(
        "solid-n-6to8",
        "Fleischner 2017: multiple solid, 6-8 mm",
        _SOLID,
        Number.MULTIPLE,
        _MEDIUM,
        Words("Multiple solid nodules, 6 to 8 mm (100 to 250 mm³)", "多发实性结节，6–8 mm（100–250 mm³）"),
        (Advice(_AT_3_TO_6, LOW_RISK), Advice(_AT_3_TO_6_HIGH, HIGH_RISK)),
    ),
    Row(
        "solid-n-gt8",
        "Fleischner 2017: multiple solid, > 8 mm",
        _SOLID,
        Number.MULTIPLE,
        _LARGE,
        Words("Multiple solid nodules, > 8 mm (> 250 mm³)", "多发实性结节，>8 mm（>250 mm³）"),
        (Advice(_AT_3_TO_6, LOW_RISK), Advice(_AT_3_TO_6_HIGH, HIGH_RISK)),
    ),
    Row(
        "ggn-1-lt6",
        "Fleischner 2017: single ground glass, < 6 mm",
        _GROUND_GLASS,
        Number.SINGLE,
        _SMALL,
        Words("Single ground-glass nodule, < 6 mm (< 100 mm³)", "单发磨玻璃结节，<6 mm（<100 mm³）"),
        (Advice(_NO_FOLLOW_UP),),
    ),
    Row(
        "ggn-1-ge6",
        "Fleischner 2017: single ground glass, >= 6 mm",
        _GROUND_GLASS,
        Number.SINGLE,
        _FROM_6,
        Words("Single ground-glass nodule, ≥ 6 mm (≥ 100 mm³)", "单发磨玻璃结节，≥6 mm（≥100 mm³）"),
        (
            Advice(
                Words(
                    "CT at 6 to 12 months to confirm persistence, then CT every 2 years until 5 years.",
                    "6–12个月复查CT确认是否持续存在，之后每2年复查CT至5年。",
                )
            ),
        ),
    ),
    Row(
        "psn-1-lt6",
        "Fleischner 2017: single part-solid, < 6 mm",
        _PART_SOLID,
        Number.SINGLE,
        _SMALL,
        Words("Single part-solid nodule, < 6 mm (< 100 mm³)", "单发部分实性结节，<6 mm（<100 mm³）"),
        (Advice(_NO_FOLLOW_UP),),
    ),
    Row(
        "psn-1-ge6",
        "Fleischner 2017: single part-solid, >= 6 mm",
        _PART_SOLID,
        Number.SINGLE,
        _FROM_6,
        Words("Single part-solid nodule, ≥ 6 mm (≥ 100 mm³)", "单发部分实性结节，≥6 mm（≥100 mm³）"),
        (
            Advice(
                Words(
                    "CT at 3 to 6 months to confirm persistence. If unchanged and the solid component "
                    "remains < 6 mm, annual CT for 5 years.",
                    "3–6个月复查CT确认是否持续存在；若无变化且实性成分仍<6 mm，每年复查CT，共5年。",
                )
            ),
        ),
    ),
    Row(
        "subsolid-n-lt6",
        "Fleischner 2017: multiple subsolid, < 6 mm",
        SUBSOLID,
        Number.MULTIPLE,
        _SMALL,
        Words("Multiple subsolid nodules, < 6 mm (< 100 mm³)", "多发亚实性结节，<6 mm（<100 mm³）"),
        (
            Advice(
                Words(
                    "CT at 3 to 6 months. If stable, consider CT at 2 and 4 years.",
                    "3–6个月复查CT；若稳定，考虑2年和4年复查CT。",
                )
            ),
        ),
    ),
    Row(
        "subsolid-n-ge6",
        "Fleischner 2017: multiple subsolid, >= 6 mm",
        SUBSOLID,
        Number.MULTIPLE,
        _FROM_6,
        Words("Multiple subsolid nodules, ≥ 6 mm (≥ 100 mm³)", "多发亚实性结节，≥6 mm（≥100 mm³）"),
        (
            Advice(
                Words(
                    "CT at 3 to 6 months. Subsequent management based on the most suspicious nodule(s).",
                    "3–6个月复查CT；后续处理取决于最可疑的结节。",
                )
            ),
        ),
    ),
)

GUIDELINE: Final = Guideline(
    scheme=SCHEME,
    name=Words("Fleischner Society 2017", "Fleischner学会2017"),
    source="MacMahon et al., Radiology 2017;284:228-243",
    applies=Words(
        "For nodules found by chance, seen for the first time, in adults of 35 years or more without known "
        "cancer or immunosuppression. Not for screening.",
        "适用于35岁及以上、无恶性肿瘤病史、无免疫抑制者偶然首次发现的肺结节；不适用于筛查。",
    ),
    outcomes=tuple(
        Outcome(
            Category(row.code, SCHEME, row.meaning, f"Fleischner Society 2017: {row.condition.en}"),
            row.condition,
            row.advice,
        )
        for row in ROWS
    ),
)


def fleischner(nodule_type: NoduleType, number: Number, diameter_mm: float) -> Outcome:
    """Return what the table says of a nodule."""
    return next(
        outcome
        for row, outcome in zip(ROWS, GUIDELINE.outcomes, strict=True)
        if row.holds(nodule_type, number, diameter_mm)
    )


def number_of(nodule_type: NoduleType, all_types: Sequence[NoduleType]) -> Number:
    """Return whether a nodule is the only one of its density, solid or subsolid, among all of a study."""
    kin = SUBSOLID if nodule_type in SUBSOLID else frozenset({nodule_type})
    return Number.MULTIPLE if sum(each in kin for each in all_types) > 1 else Number.SINGLE
