"""Nodules against a prior study, and graded."""

from dataclasses import replace
from datetime import date

import pytest

from imaging.finding import Finding, FindingKind
from imaging.lung_nodule import Change, Laterality, LungLocation, LungThird, NoduleType
from inference.follow_up import PriorStudy, followed_up

LUNG = LungLocation(Laterality.RIGHT, LungThird.UPPER, (-120.0, -100.0, -250.0, -10.0, 60.0, 0.0))


def nodule(diameter_mm: float, place: tuple[float, float, float] = (-60.0, 0.0, -100.0)) -> Finding:
    return Finding(
        kind=FindingKind.NODULE,
        probability=0.9,
        threshold=0.5,
        study_instance_uid="1.1",
        series_instance_uid="1.2",
        sop_instance_uid="1.3",
        centre_lps_mm=place,
        box_lps_mm=(*place, *place),
        box_px=None,
        diameter_mm=diameter_mm,
        model="lung_nodule_ct",
        model_version="0.2.0",
        weights_sha256="0" * 64,
        volume_mm3=0.5236 * diameter_mm**3,
        volume_error=0.2,
        nodule_type=NoduleType.SOLID,
        location=LUNG,
    )


def prior(*findings: Finding, days: int | None = 365) -> PriorStudy:
    return PriorStudy("9.9", date(2025, 1, 1), days, findings)


def code(finding: Finding) -> str | None:
    return None if finding.category is None else finding.category.code


def test_without_a_prior_it_is_graded_as_seen_for_the_first_time() -> None:
    (alone,) = followed_up([nodule(7.0)], None)
    assert alone.comparison is None and alone.category is not None
    assert (alone.category.scheme, alone.category.code) == ("99FLEISCHNER", "solid-1-6to8")


def test_with_a_second_nodule_the_row_for_several_counts() -> None:
    first, _ = followed_up([nodule(7.0), nodule(4.0, (-30.0, 10.0, -200.0))], None)
    assert code(first) == "solid-n-6to8"


@pytest.mark.parametrize(
    ("before", "change", "grade"),
    [(7.9, Change.STABLE, "2"), (5.0, Change.GROWING, "4B"), (12.0, Change.SHRINKING, "3")],
)
def test_a_nodule_is_known_again_and_its_change_graded(before: float, change: Change, grade: str) -> None:
    (now,) = followed_up([nodule(8.0)], prior(nodule(before, (-57.0, 3.0, -103.0))))
    assert now.comparison is not None
    assert (now.comparison.change, now.comparison.diameter_mm, code(now)) == (change, before, grade)
    assert now.comparison.study_instance_uid == "9.9"


def test_what_the_prior_does_not_have_is_new() -> None:
    (now,) = followed_up([nodule(8.0)], prior())
    assert now.comparison is not None
    assert (now.comparison.change, now.comparison.diameter_mm, code(now)) == (Change.NEW, None, "4B")


def test_twice_the_volume_in_a_hundred_days_is_that_doubling_time() -> None:
    (now,) = followed_up([nodule(8.0 * 2 ** (1 / 3))], prior(nodule(8.0), days=100))
    comparison = now.comparison
    assert comparison is not None and comparison.doubling_time_days == pytest.approx(100, abs=2)
    low, high = comparison.doubling_time_low_days, comparison.doubling_time_high_days
    assert low is not None and high is not None and low < 100 < high


def test_without_dates_there_is_growth_but_no_speed() -> None:
    (now,) = followed_up([nodule(12.0)], prior(nodule(8.0), days=None))
    assert now.comparison is not None
    assert (now.comparison.change, now.comparison.doubling_time_days) == (Change.GROWING, None)


def test_a_nodule_of_unknown_density_is_compared_but_not_graded() -> None:
    unknown = replace(nodule(8.0), nodule_type=None)
    (now,) = followed_up([unknown], prior(nodule(8.0)))
    assert now.comparison is not None and now.category is None


def test_what_follow_up_adds_survives_the_database() -> None:
    (now,) = followed_up([nodule(10.0)], prior(nodule(8.0)))
    assert Finding.from_json(now.to_json()) == now
