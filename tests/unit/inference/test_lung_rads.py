"""Each row of the table against the published text: ACR Lung-RADS v2022, November 2022."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.finding import Category
from inference.lung_rads import (
    ADVICE,
    GUIDELINE,
    INCOMPLETE,
    MEANINGS,
    ROWS,
    Course,
    Lesion,
    Observed,
    course_of_diameter,
    lung_rads,
)

SOLID, PART, GROUND_GLASS = Lesion.SOLID, Lesion.PART_SOLID, Lesion.GROUND_GLASS
FIRST, NEW, GROWING, SLOW, STABLE = (
    Course.BASELINE,
    Course.NEW,
    Course.GROWING,
    Course.SLOWLY_GROWING,
    Course.STABLE,
)


def code_of(nodule: Observed) -> str:
    outcome = lung_rads(nodule)
    assert outcome is not None, nodule
    return outcome.category.code


@pytest.mark.parametrize(
    ("diameter", "course", "code"),
    [
        # 2: < 6 mm at baseline, or new < 4 mm
        (3.0, FIRST, "2"),
        (5.9, FIRST, "2"),
        (3.9, NEW, "2"),
        # 3: >= 6 to < 8 mm at baseline, or new 4 to < 6 mm
        (6.0, FIRST, "3"),
        (7.9, FIRST, "3"),
        (4.0, NEW, "3"),
        (5.9, NEW, "3"),
        # 4A: >= 8 to < 15 mm at baseline, or growing < 8 mm, or new 6 to < 8 mm
        (8.0, FIRST, "4A"),
        (14.9, FIRST, "4A"),
        (4.5, GROWING, "4A"),
        (7.9, GROWING, "4A"),
        (6.0, NEW, "4A"),
        (7.9, NEW, "4A"),
        # 4B: >= 15 mm at baseline, or new or growing >= 8 mm
        (15.0, FIRST, "4B"),
        (42.0, FIRST, "4B"),
        (8.0, NEW, "4B"),
        (8.0, GROWING, "4B"),
        # 4B: slow growing over multiple screening exams
        (7.0, SLOW, "4B"),
        # one decimal: 5.96 is reported, and classed, as 6.0
        (5.96, FIRST, "3"),
        (5.94, FIRST, "2"),
    ],
)
def test_a_solid_nodule(diameter: float, course: Course, code: str) -> None:
    assert code_of(Observed(SOLID, diameter, course)) == code


@pytest.mark.parametrize(
    ("diameter", "solid", "course", "solid_course", "code"),
    [
        # 2: < 6 mm total at baseline
        (5.9, 4.0, FIRST, FIRST, "2"),
        # 3: >= 6 mm total with solid component < 6 mm at baseline, or new < 6 mm total
        (6.0, 3.0, FIRST, FIRST, "3"),
        (25.0, 5.9, FIRST, FIRST, "3"),
        (5.9, 2.0, NEW, NEW, "3"),
        # 4A: >= 6 mm with solid component >= 6 to < 8 mm at baseline, or new or growing solid < 4 mm
        (12.0, 6.0, FIRST, FIRST, "4A"),
        (12.0, 7.9, FIRST, FIRST, "4A"),
        (12.0, 3.9, NEW, NEW, "4A"),
        (12.0, 3.9, STABLE, NEW, "4A"),
        (12.0, 3.9, GROWING, GROWING, "4A"),
        # 4B: solid component >= 8 mm at baseline, or new or growing >= 4 mm solid component
        (12.0, 8.0, FIRST, FIRST, "4B"),
        (12.0, 4.0, NEW, NEW, "4B"),
        (12.0, 4.0, STABLE, NEW, "4B"),
        (12.0, 4.0, GROWING, GROWING, "4B"),
        (9.0, 3.0, SLOW, STABLE, "4B"),
        # grown as a whole while its solid component has not: classed by size
        (12.0, 3.0, GROWING, STABLE, "3"),
    ],
)
def test_a_part_solid_nodule(
    diameter: float, solid: float, course: Course, solid_course: Course, code: str
) -> None:
    assert code_of(Observed(PART, diameter, course, solid, solid_course)) == code


@pytest.mark.parametrize(
    ("diameter", "course", "code"),
    [
        # 2: < 30 mm at baseline, new or growing, or >= 30 mm stable or slowly growing
        (29.9, FIRST, "2"),
        (29.9, NEW, "2"),
        (29.9, GROWING, "2"),
        (30.0, STABLE, "2"),
        (30.0, SLOW, "2"),
        # 3: >= 30 mm at baseline or new
        (30.0, FIRST, "3"),
        (30.0, NEW, "3"),
    ],
)
def test_a_ground_glass_nodule(diameter: float, course: Course, code: str) -> None:
    assert code_of(Observed(GROUND_GLASS, diameter, course)) == code


@pytest.mark.parametrize(
    ("nodule", "code"),
    [
        (Observed(Lesion.BENIGN, 20.0), "1"),
        (Observed(Lesion.BENIGN, 20.0, GROWING), "1"),
        # 2: juxtapleural < 10 mm at baseline or new
        (Observed(Lesion.JUXTAPLEURAL, 9.9), "2"),
        (Observed(Lesion.JUXTAPLEURAL, 9.9, NEW), "2"),
        (Observed(Lesion.JUXTAPLEURAL, 10.0), "4A"),
        (Observed(Lesion.JUXTAPLEURAL, 9.0, GROWING), "4B"),
        # airways
        (Observed(Lesion.AIRWAY_SUBSEGMENTAL, 5.0), "2"),
        (Observed(Lesion.AIRWAY_SUBSEGMENTAL, 5.0, NEW), "2"),
        (Observed(Lesion.AIRWAY_SUBSEGMENTAL, 5.0, STABLE), "2"),
        (Observed(Lesion.AIRWAY_PROXIMAL, 5.0), "4A"),
        (Observed(Lesion.AIRWAY_PROXIMAL, 5.0, STABLE, prior_code="4A", interval_days=90), "4B"),
        (Observed(Lesion.AIRWAY_PROXIMAL, 5.0, GROWING), "4B"),
        # atypical cysts
        (Observed(Lesion.THICK_WALLED_CYST, 12.0, Course.GROWING_CAVITY), "3"),
        (Observed(Lesion.THICK_WALLED_CYST, 12.0), "4A"),
        (Observed(Lesion.THICK_WALLED_CYST, 12.0, Course.GROWING_WALL), "4B"),
        (Observed(Lesion.MULTILOCULAR_CYST, 12.0), "4A"),
        (Observed(Lesion.MULTILOCULAR_CYST, 12.0, NEW), "4A"),
        (Observed(Lesion.MULTILOCULAR_CYST, 12.0, GROWING), "4B"),
        (Observed(Lesion.MULTILOCULAR_CYST, 12.0, Course.MORE_LOCULES), "4B"),
    ],
)
def test_what_is_no_common_nodule(nodule: Observed, code: str) -> None:
    assert code_of(nodule) == code


@pytest.mark.parametrize(
    ("prior_code", "interval_days", "code"),
    [
        ("2", 400, "2"),
        # 2: category 3 that is stable or smaller at the 6-month follow-up
        ("3", 182, "2"),
        ("3", 60, "3"),
        # 3: category 4A that is stable or smaller at the 3-month follow-up
        ("4A", 91, "3"),
        ("4A", 30, "4A"),
        # 2 only when proven benign
        ("4B", 200, "4B"),
    ],
)
def test_what_does_not_grow_is_stepped_down(prior_code: str, interval_days: int, code: str) -> None:
    nodule = Observed(SOLID, 7.0, STABLE, prior_code=prior_code, interval_days=interval_days)
    assert code_of(nodule) == code


@pytest.mark.parametrize(
    ("before", "now", "days", "course"),
    [
        (6.0, 7.5, 365, STABLE),  # more than 1.5 mm, not 1.5 mm
        (6.0, 7.6, 365, GROWING),
        (6.0, 7.6, 90, GROWING),
        (6.0, 7.6, None, GROWING),
        (6.0, 7.6, 730, SLOW),
        (6.0, 10.0, 730, GROWING),
        (6.0, 4.0, 365, STABLE),
    ],
)
def test_growth_is_more_than_a_millimetre_and_a_half_within_twelve_months(
    before: float, now: float, days: int | None, course: Course
) -> None:
    assert course_of_diameter(before, now, days) is course


@given(
    st.sampled_from([SOLID, PART, GROUND_GLASS, Lesion.JUXTAPLEURAL, Lesion.BENIGN]),
    st.floats(0.1, 150),
    st.sampled_from([FIRST, NEW, GROWING, SLOW, STABLE]),
    st.floats(0, 1),
    st.sampled_from([FIRST, NEW, GROWING, STABLE]),
    st.sampled_from([None, "1", "2", "3", "4A", "4B"]),
    st.one_of(st.none(), st.integers(0, 4000)),
)
def test_every_nodule_has_a_row(
    lesion: Lesion,
    diameter: float,
    course: Course,
    share: float,
    solid_course: Course,
    prior: str | None,
    days: int | None,
) -> None:
    nodule = Observed(lesion, diameter, course, share * diameter, solid_course, prior, days)
    assert code_of(nodule) in MEANINGS


@given(st.floats(3, 60), st.floats(0, 5))
def test_a_larger_solid_nodule_is_never_in_a_lower_category(diameter: float, more: float) -> None:
    order = list(MEANINGS)
    for course in (FIRST, NEW, GROWING):
        small = code_of(Observed(SOLID, diameter, course))
        assert order.index(code_of(Observed(SOLID, diameter + more, course))) >= order.index(small)


def test_each_outcome_is_found_again_from_its_category() -> None:
    assert len({outcome.category.rule for outcome in GUIDELINE.outcomes}) == len(ROWS)
    for outcome in GUIDELINE.outcomes:
        assert GUIDELINE.outcome_of(outcome.category) is outcome
    assert GUIDELINE.outcome_of(Category("4A", "99LUNGRADS", "x", "of another version")) is None


def test_the_advice_is_the_published_one() -> None:
    advice = {code: words.en for code, words in ADVICE.items()}
    assert advice["1"] == advice["2"] == "Screening low-dose CT in 12 months."
    assert advice["3"] == "Low-dose CT in 6 months."
    assert advice["4A"].startswith("Low-dose CT in 3 months; PET/CT may be considered")
    for part in ("diagnostic chest CT with or without contrast", "PET/CT", "tissue sampling", "Referral"):
        assert part in advice["4B"]
    assert [do.en for _, do in INCOMPLETE] == [
        "Comparison with the prior chest CT.",
        "Additional lung cancer screening CT imaging.",
        "Low-dose CT in 1 to 3 months.",
    ]
