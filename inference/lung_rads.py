"""ACR Lung-RADS v2022: the class of a nodule in a screening CT. The table is data; `lung_rads` reads it.

Sources: American College of Radiology, Lung-RADS v2022, November 2022; Christensen et al., "ACR Lung-RADS
v2022: assessment categories and management recommendations", Chest 2024;165(3):738-753.

Category 4X and the modifier S are a reader's: they rest on what no row measures. So are the rows of airway
nodules and cysts, which our reader does not tell from others: they are here for whoever does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from imaging.finding import Category
from inference.guideline import ANY_SIZE, Advice, Guideline, Outcome, Range, Words

SCHEME: Final = "99LUNGRADS"
GROWTH_MM: Final = 1.5  # more than this in mean diameter within twelve months
YEAR_DAYS: Final = 365.25
# What counts as the follow-up at three and at six months: people come a few weeks early.
THREE_MONTHS_DAYS: Final = 75
SIX_MONTHS_DAYS: Final = 150


class Lesion(StrEnum):
    """What the rows are about."""

    BENIGN = "benign"  # complete, central, popcorn or concentric calcification, or fat
    JUXTAPLEURAL = "juxtapleural"  # solid, smooth margins, oval, lentiform or triangular
    SOLID = "solid"
    PART_SOLID = "part-solid"
    GROUND_GLASS = "ground-glass"
    AIRWAY_SUBSEGMENTAL = "airway-subsegmental"
    AIRWAY_PROXIMAL = "airway-proximal"  # segmental or more proximal
    THICK_WALLED_CYST = "thick-walled-cyst"
    MULTILOCULAR_CYST = "multilocular-cyst"


class Course(StrEnum):
    """How it stands against the prior. BASELINE: no prior to compare with, or a size class crossed."""

    BASELINE = "baseline"
    NEW = "new"
    GROWING = "growing"
    SLOWLY_GROWING = "slowly-growing"  # over several examinations, never GROWTH_MM within twelve months
    STABLE = "stable"  # or smaller
    GROWING_CAVITY = "growing-cavity"  # of a cyst
    GROWING_WALL = "growing-wall"  # or nodularity
    MORE_LOCULES = "more-locules"  # or new or more opacity


@dataclass(frozen=True, slots=True)
class Observed:
    """A nodule as the table asks for it.

    Attributes:
        diameter_mm: mean of long and short axis.
        solid_diameter_mm: of the solid component; 0 without one.
        solid_course: how the solid component stands against the prior.
        prior_code: the category it had before, where it had one.
        interval_days: since then.
    """

    lesion: Lesion
    diameter_mm: float
    course: Course = Course.BASELINE
    solid_diameter_mm: float = 0.0
    solid_course: Course = Course.BASELINE
    prior_code: str | None = None
    interval_days: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. It applies where all that it names holds."""

    code: str
    lesions: frozenset[Lesion]
    courses: frozenset[Course]
    condition: Words
    diameter_mm: Range = ANY_SIZE
    solid_mm: Range = ANY_SIZE
    solid_courses: frozenset[Course] | None = None
    prior_code: str | None = None
    least_interval_days: int = 0
    advice: Words | None = None  # other than the category's

    def holds(self, nodule: Observed) -> bool:
        """Return whether the nodule is of this row. Diameters count to one decimal, as they are reported."""
        # All of a new nodule is new.
        solid_course = Course.NEW if nodule.course is Course.NEW else nodule.solid_course
        return (
            nodule.lesion in self.lesions
            and nodule.course in self.courses
            and self.diameter_mm.holds(round(nodule.diameter_mm, 1))
            and self.solid_mm.holds(round(nodule.solid_diameter_mm, 1))
            and (self.solid_courses is None or solid_course in self.solid_courses)
            and self.prior_code in (None, nodule.prior_code)
            and (self.least_interval_days == 0 or (nodule.interval_days or 0) >= self.least_interval_days)
        )


MEANINGS: Final[Mapping[str, str]] = {
    "0": "Lung-RADS 0 Incomplete",
    "1": "Lung-RADS 1 Negative",
    "2": "Lung-RADS 2 Benign appearance or behavior",
    "3": "Lung-RADS 3 Probably benign",
    "4A": "Lung-RADS 4A Suspicious",
    "4B": "Lung-RADS 4B Very suspicious",
    "4X": "Lung-RADS 4X Additional features of malignancy",
}

_DIAGNOSTIC = Words(
    "Referral for further clinical evaluation; diagnostic chest CT with or without contrast; PET/CT may be "
    "considered if there is a solid nodule or solid component of 8 mm or more; tissue sampling. It depends "
    "on clinical evaluation, patient preference and the probability of malignancy.",
    "建议进一步临床评估；胸部CT平扫或增强；实性结节或实性成分≥8 mm时可考虑PET/CT；组织活检。"
    "具体取决于临床评估、患者意愿及恶性概率。",
)
ADVICE: Final[Mapping[str, Words]] = {
    "1": Words("Screening low-dose CT in 12 months.", "12个月后低剂量CT筛查。"),
    "2": Words("Screening low-dose CT in 12 months.", "12个月后低剂量CT筛查。"),
    "3": Words("Low-dose CT in 6 months.", "6个月后低剂量CT复查。"),
    "4A": Words(
        "Low-dose CT in 3 months; PET/CT may be considered if there is a solid nodule or solid component of "
        "8 mm or more.",
        "3个月后低剂量CT复查；实性结节或实性成分≥8 mm时可考虑PET/CT。",
    ),
    "4B": _DIAGNOSTIC,
    "4X": _DIAGNOSTIC,
}
# Of the whole examination, not of a nodule: said by whoever reads it.
INCOMPLETE: Final[tuple[tuple[Words, Words], ...]] = (
    (
        Words("Prior chest CT being located for comparison", "正在查找既往胸部CT以供对比"),
        Words("Comparison with the prior chest CT.", "与既往胸部CT对比。"),
    ),
    (
        Words("Part or all of the lungs cannot be evaluated", "部分或全部肺组织无法评估"),
        Words("Additional lung cancer screening CT imaging.", "补充肺癌筛查CT检查。"),
    ),
    (
        Words("Findings suggestive of an inflammatory or infectious process", "提示炎症或感染的表现"),
        Words("Low-dose CT in 1 to 3 months.", "1–3个月后低剂量CT复查。"),
    ),
)

_SOLID = frozenset({Lesion.SOLID})
_JUXTAPLEURAL = frozenset({Lesion.JUXTAPLEURAL})
# A juxtapleural one of 10 mm or more is a solid one.
_ANY_SOLID = frozenset({Lesion.SOLID, Lesion.JUXTAPLEURAL})
_PART_SOLID = frozenset({Lesion.PART_SOLID})
_GROUND_GLASS = frozenset({Lesion.GROUND_GLASS})
_NODULES = _ANY_SOLID | _PART_SOLID | _GROUND_GLASS
_CYSTS = frozenset({Lesion.THICK_WALLED_CYST, Lesion.MULTILOCULAR_CYST})
_FIRST = frozenset({Course.BASELINE})
_NEW = frozenset({Course.NEW})
_STABLE = frozenset({Course.STABLE})
_GROWING = frozenset({Course.GROWING})
_ANY_COURSE = frozenset(Course)
# Without a category from before, a stable nodule is classed as at baseline.
_BY_SIZE = frozenset({Course.BASELINE, Course.STABLE})

# The first row that holds is the nodule's. What it was before comes first, then growth, then size.
ROWS: Final[tuple[Row, ...]] = (
    Row(
        "1",
        frozenset({Lesion.BENIGN}),
        _ANY_COURSE,
        Words(
            "Benign features: complete, central, popcorn or concentric calcification, or fat",
            "具有良性特征：完全性、中心性、爆米花样或同心环状钙化，或含脂肪",
        ),
    ),
    Row(
        "2",
        _JUXTAPLEURAL,
        frozenset({Course.BASELINE, Course.NEW, Course.STABLE}),
        Words(
            "Juxtapleural, solid, smooth, oval, lentiform or triangular: < 10 mm at baseline or new",
            "胸膜旁实性结节，边缘光滑，呈椭圆形、透镜形或三角形：基线或新发 <10 mm",
        ),
        Range(below=10),
    ),
    # Stepped management of what has not grown.
    Row(
        "2",
        _NODULES,
        _STABLE,
        Words("Category 2 before and stable or smaller", "既往为2类，稳定或缩小"),
        prior_code="2",
    ),
    Row(
        "2",
        _NODULES,
        _STABLE,
        Words(
            "Category 3 before and stable or smaller at the 6-month follow-up",
            "既往为3类，6个月复查稳定或缩小",
        ),
        prior_code="3",
        least_interval_days=SIX_MONTHS_DAYS,
    ),
    Row(
        "3",
        _NODULES | _CYSTS,
        _STABLE,
        Words(
            "Category 4A before and stable or smaller at the 3-month follow-up",
            "既往为4A类，3个月复查稳定或缩小",
        ),
        prior_code="4A",
        least_interval_days=THREE_MONTHS_DAYS,
    ),
    Row(
        "3",
        _NODULES,
        _STABLE,
        Words(
            "Category 3 before and stable or smaller, less than 6 months ago",
            "既往为3类，稳定或缩小，未满6个月",
        ),
        prior_code="3",
    ),
    Row(
        "4A",
        _NODULES | _CYSTS,
        _STABLE,
        Words(
            "Category 4A before and stable or smaller, less than 3 months ago",
            "既往为4A类，稳定或缩小，未满3个月",
        ),
        prior_code="4A",
    ),
    Row(
        "4B",
        _NODULES | _CYSTS,
        _STABLE,
        Words(
            "Category 4B before and stable or smaller: category 2 only if proven benign by diagnostic workup",
            "既往为4B类，稳定或缩小：经诊断性检查证实良性后方可归为2类",
        ),
        prior_code="4B",
    ),
    # Solid nodules.
    Row(
        "4B",
        _ANY_SOLID,
        _GROWING | _NEW,
        Words("Solid nodule: new or growing, ≥ 8 mm", "实性结节：新发或增大，≥8 mm"),
        Range(8),
    ),
    Row(
        "4A",
        _ANY_SOLID,
        _GROWING,
        Words("Solid nodule: growing, < 8 mm", "实性结节：增大，<8 mm"),
        Range(below=8),
    ),
    Row(
        "4A",
        _SOLID,
        _NEW,
        Words("Solid nodule: new, 6 to < 8 mm", "实性结节：新发，6 至 <8 mm"),
        Range(6, 8),
    ),
    Row(
        "3",
        _SOLID,
        _NEW,
        Words("Solid nodule: new, 4 to < 6 mm", "实性结节：新发，4 至 <6 mm"),
        Range(4, 6),
    ),
    Row("2", _SOLID, _NEW, Words("Solid nodule: new, < 4 mm", "实性结节：新发，<4 mm"), Range(below=4)),
    Row(
        "4B",
        _ANY_SOLID | _PART_SOLID,
        frozenset({Course.SLOWLY_GROWING}),
        Words(
            "Solid or part-solid nodule: slow growth over multiple screening exams",
            "实性或部分实性结节：多次筛查中缓慢增大",
        ),
    ),
    Row(
        "4B",
        _ANY_SOLID,
        _BY_SIZE,
        Words("Solid nodule: ≥ 15 mm at baseline", "实性结节：基线 ≥15 mm"),
        Range(15),
    ),
    Row(
        "4A",
        _ANY_SOLID,
        _BY_SIZE,
        Words("Solid nodule: ≥ 8 to < 15 mm at baseline", "实性结节：基线 ≥8 至 <15 mm"),
        Range(8, 15),
    ),
    Row(
        "3",
        _SOLID,
        _BY_SIZE,
        Words("Solid nodule: ≥ 6 to < 8 mm at baseline", "实性结节：基线 ≥6 至 <8 mm"),
        Range(6, 8),
    ),
    Row(
        "2",
        _SOLID,
        _BY_SIZE,
        Words("Solid nodule: < 6 mm at baseline", "实性结节：基线 <6 mm"),
        Range(below=6),
    ),
    # Part-solid nodules.
    Row(
        "3",
        _PART_SOLID,
        _NEW,
        Words("Part-solid nodule: new, < 6 mm total mean diameter", "部分实性结节：新发，总平均直径 <6 mm"),
        Range(below=6),
    ),
    Row(
        "4B",
        _PART_SOLID,
        _ANY_COURSE,
        Words(
            "Part-solid nodule: new or growing solid component ≥ 4 mm",
            "部分实性结节：新发或增大的实性成分 ≥4 mm",
        ),
        solid_mm=Range(4),
        solid_courses=_NEW | _GROWING,
    ),
    Row(
        "4A",
        _PART_SOLID,
        _ANY_COURSE,
        Words(
            "Part-solid nodule: new or growing solid component < 4 mm",
            "部分实性结节：新发或增大的实性成分 <4 mm",
        ),
        solid_mm=Range(below=4),
        solid_courses=_NEW | _GROWING,
    ),
    Row(
        "2",
        _PART_SOLID,
        _BY_SIZE | _GROWING,
        Words(
            "Part-solid nodule: < 6 mm total mean diameter at baseline", "部分实性结节：基线总平均直径 <6 mm"
        ),
        Range(below=6),
    ),
    Row(
        "4B",
        _PART_SOLID,
        _BY_SIZE | _GROWING,
        Words(
            "Part-solid nodule: ≥ 6 mm with solid component ≥ 8 mm at baseline",
            "部分实性结节：基线 ≥6 mm，实性成分 ≥8 mm",
        ),
        Range(6),
        Range(8),
    ),
    Row(
        "4A",
        _PART_SOLID,
        _BY_SIZE | _GROWING,
        Words(
            "Part-solid nodule: ≥ 6 mm with solid component ≥ 6 to < 8 mm at baseline",
            "部分实性结节：基线 ≥6 mm，实性成分 ≥6 至 <8 mm",
        ),
        Range(6),
        Range(6, 8),
    ),
    Row(
        "3",
        _PART_SOLID,
        _BY_SIZE | _GROWING,
        Words(
            "Part-solid nodule: ≥ 6 mm with solid component < 6 mm at baseline",
            "部分实性结节：基线 ≥6 mm，实性成分 <6 mm",
        ),
        Range(6),
        Range(below=6),
    ),
    # Ground-glass nodules.
    Row(
        "2",
        _GROUND_GLASS,
        _ANY_COURSE,
        Words(
            "Ground-glass nodule: < 30 mm at baseline, new or growing", "磨玻璃结节：基线、新发或增大，<30 mm"
        ),
        Range(below=30),
    ),
    Row(
        "2",
        _GROUND_GLASS,
        frozenset({Course.STABLE, Course.SLOWLY_GROWING}),
        Words("Ground-glass nodule: ≥ 30 mm, stable or slowly growing", "磨玻璃结节：≥30 mm，稳定或缓慢增大"),
        Range(30),
    ),
    Row(
        "3",
        _GROUND_GLASS,
        frozenset({Course.BASELINE, Course.NEW, Course.GROWING}),
        Words("Ground-glass nodule: ≥ 30 mm at baseline or new", "磨玻璃结节：基线或新发，≥30 mm"),
        Range(30),
    ),
    # Airways and atypical cysts.
    Row(
        "2",
        frozenset({Lesion.AIRWAY_SUBSEGMENTAL}),
        frozenset({Course.BASELINE, Course.NEW, Course.STABLE}),
        Words("Airway nodule, subsegmental: at baseline, new or stable", "亚段气道结节：基线、新发或稳定"),
    ),
    Row(
        "4A",
        frozenset({Lesion.AIRWAY_PROXIMAL}),
        _FIRST,
        Words("Airway nodule, segmental or more proximal: at baseline", "段及以上气道结节：基线"),
    ),
    Row(
        "4B",
        frozenset({Lesion.AIRWAY_PROXIMAL}),
        _STABLE | _GROWING,
        Words("Airway nodule, segmental or more proximal: stable or growing", "段及以上气道结节：稳定或增大"),
        advice=Words("Referral for further clinical evaluation.", "建议进一步临床评估。"),
    ),
    Row(
        "4B",
        frozenset({Lesion.THICK_WALLED_CYST}),
        frozenset({Course.GROWING_WALL}),
        Words("Thick-walled cyst: growing wall thickness or nodularity", "厚壁囊腔：囊壁增厚或结节增大"),
    ),
    Row(
        "3",
        frozenset({Lesion.THICK_WALLED_CYST}),
        frozenset({Course.GROWING_CAVITY}),
        Words("Thick-walled cyst: growing cystic component", "厚壁囊腔：囊性成分增大"),
    ),
    Row(
        "4A",
        frozenset({Lesion.THICK_WALLED_CYST}),
        _FIRST,
        Words("Thick-walled cyst at baseline", "厚壁囊腔：基线"),
    ),
    Row(
        "4B",
        frozenset({Lesion.MULTILOCULAR_CYST}),
        frozenset({Course.GROWING, Course.MORE_LOCULES}),
        Words(
            "Multilocular cyst: growing, or with more loculation or new or increased opacity",
            "多房囊腔：增大，或分房增多，或新发或增多的不透光影",
        ),
    ),
    Row(
        "4A",
        frozenset({Lesion.MULTILOCULAR_CYST}),
        _FIRST | _NEW,
        Words(
            "Multilocular cyst at baseline, or a cyst that becomes multilocular",
            "多房囊腔：基线，或囊腔变为多房",
        ),
    ),
)


def _outcome(row: Row) -> Outcome:
    rule = f"ACR Lung-RADS v2022: {row.condition.en}"
    return Outcome(
        Category(row.code, SCHEME, MEANINGS[row.code], rule),
        row.condition,
        (Advice(row.advice or ADVICE[row.code]),),
    )


GUIDELINE: Final = Guideline(
    scheme=SCHEME,
    name=Words("ACR Lung-RADS v2022", "ACR Lung-RADS v2022"),
    source="American College of Radiology, Lung-RADS v2022, November 2022",
    applies=Words("For lung cancer screening only.", "仅适用于肺癌筛查。"),
    outcomes=tuple(_outcome(row) for row in ROWS),
)


def lung_rads(nodule: Observed) -> Outcome | None:
    """Return what the table says of a nodule, None where it has no row for it."""
    return next((o for row, o in zip(ROWS, GUIDELINE.outcomes, strict=True) if row.holds(nodule)), None)


def course_of_diameter(before_mm: float, now_mm: float, interval_days: int | None) -> Course:
    """Return how a mean diameter stands against the prior's.

    Growth is more than GROWTH_MM within twelve months. Over a longer time it is spread evenly; what then
    falls short of that rate, but is as much in all, is slow growth. An unknown interval counts as twelve
    months.
    """
    more_mm = round(round(now_mm, 1) - round(before_mm, 1), 1)
    if more_mm <= GROWTH_MM:
        return Course.STABLE
    years = max((interval_days or 0) / YEAR_DAYS, 1.0)
    return Course.GROWING if more_mm / years > GROWTH_MM else Course.SLOWLY_GROWING
