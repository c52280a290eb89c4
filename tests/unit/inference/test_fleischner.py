"""Each cell of the table against the published one: MacMahon et al., Radiology 2017;284:228-243, table 1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.lung_nodule import NoduleType
from inference.fleischner import GUIDELINE, ROWS, Number, fleischner, number_of, whole_millimetres

SOLID, PART, GROUND_GLASS = NoduleType.SOLID, NoduleType.PART_SOLID, NoduleType.GROUND_GLASS
ONE, MANY = Number.SINGLE, Number.MULTIPLE


@pytest.mark.parametrize(
    ("nodule_type", "number", "sizes", "advice"),
    [
        (SOLID, ONE, (4.0, 5.4), {"Low": "No routine follow-up.", "High": "Optional CT at 12 months."}),
        (
            SOLID,
            ONE,
            (5.5, 6.0, 8.0, 8.4),
            {
                "Low": "CT at 6 to 12 months, then consider CT at 18 to 24 months.",
                "High": "CT at 6 to 12 months, then CT at 18 to 24 months.",
            },
        ),
        (SOLID, ONE, (8.5, 9.0, 28.0), {"": "Consider CT at 3 months, PET/CT, or tissue sampling."}),
        (SOLID, MANY, (4.0, 5.4), {"Low": "No routine follow-up.", "High": "Optional CT at 12 months."}),
        (
            SOLID,
            MANY,
            (5.5, 8.4, 8.5, 28.0),
            {
                "Low": "CT at 3 to 6 months, then consider CT at 18 to 24 months.",
                "High": "CT at 3 to 6 months, then CT at 18 to 24 months.",
            },
        ),
        (GROUND_GLASS, ONE, (4.0, 5.4), {"": "No routine follow-up."}),
        (
            GROUND_GLASS,
            ONE,
            (5.5, 30.0),
            {"": "CT at 6 to 12 months to confirm persistence, then CT every 2 years until 5 years."},
        ),
        (PART, ONE, (4.0, 5.4), {"": "No routine follow-up."}),
        (
            PART,
            ONE,
            (5.5, 30.0),
            {
                "": "CT at 3 to 6 months to confirm persistence. If unchanged and the solid component "
                "remains < 6 mm, annual CT for 5 years."
            },
        ),
        (
            PART,
            MANY,
            (4.0, 5.4),
            {"": "CT at 3 to 6 months. If stable, consider CT at 2 and 4 years."},
        ),
        (
            GROUND_GLASS,
            MANY,
            (5.5, 30.0),
            {"": "CT at 3 to 6 months. Subsequent management based on the most suspicious nodule(s)."},
        ),
        (NoduleType.CALCIFIED, ONE, (4.0, 20.0), {"": "No routine follow-up."}),
    ],
)
def test_each_cell_advises_what_is_published(
    nodule_type: NoduleType, number: Number, sizes: tuple[float, ...], advice: dict[str, str]
) -> None:
    for diameter in sizes:
        outcome = fleischner(nodule_type, number, diameter)
        said = {
            "" if each.applies_to is None else each.applies_to.en.split()[0]: each.text.en
            for each in outcome.advice
        }
        assert said == advice, diameter


@pytest.mark.parametrize(("diameter", "whole"), [(5.4, 5), (5.5, 6), (6.49, 6), (8.4, 8), (8.5, 9), (0.2, 0)])
def test_diameters_are_rounded_to_the_nearest_millimetre(diameter: float, whole: int) -> None:
    assert whole_millimetres(diameter) == whole


@given(st.sampled_from(NoduleType), st.sampled_from(Number), st.floats(0, 200))
def test_every_nodule_has_exactly_one_row(nodule_type: NoduleType, number: Number, diameter: float) -> None:
    assert sum(row.holds(nodule_type, number, diameter) for row in ROWS) == 1


def test_solid_and_subsolid_nodules_are_counted_apart() -> None:
    assert number_of(SOLID, [SOLID, GROUND_GLASS, PART]) is ONE
    assert number_of(GROUND_GLASS, [SOLID, GROUND_GLASS, PART]) is MANY
    assert number_of(SOLID, [SOLID, SOLID, NoduleType.CALCIFIED]) is MANY


def test_each_outcome_is_found_again_from_its_category() -> None:
    for outcome in GUIDELINE.outcomes:
        assert GUIDELINE.outcome_of(outcome.category) is outcome
