"""Doubling times, and growth only where it is more than the measurement's error."""

from math import log, pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.lung_nodule import Change
from inference.growth import PAIR_ERROR, SINGLE_ERROR, change_of_diameter, growth_of

VOLUMES = st.floats(20, 20_000)


def test_a_volume_that_doubled_has_doubled_in_that_time() -> None:
    growth = growth_of(100, 200, 365)
    assert growth.change is Change.GROWING
    assert growth.doubling_time_days == pytest.approx(365)


def test_growth_from_6_1_to_8_1_mm() -> None:
    """+2.0 mm of mean diameter in 268 days: by hand 268 ln 2 / (3 ln(8.1 / 6.1))."""
    growth = growth_of(pi / 6 * 6.1**3, pi / 6 * 8.1**3, 268)
    assert growth.doubling_time_days == pytest.approx(268 * log(2) / (3 * log(8.1 / 6.1)))
    assert growth.low_days is not None and growth.high_days is not None
    assert growth.low_days < 219 < growth.high_days


@given(VOLUMES, st.floats(0.5, 2), st.integers(1, 4000))
def test_the_interval_holds_the_doubling_time(before: float, ratio: float, days: int) -> None:
    growth = growth_of(before, before * ratio, days)
    if growth.doubling_time_days is None:
        assert ratio == 1
        return
    assert growth.low_days is not None
    assert abs(growth.low_days) < abs(growth.doubling_time_days)
    if growth.high_days is None:
        assert growth.change is Change.STABLE
    else:
        assert abs(growth.doubling_time_days) < abs(growth.high_days)
        assert growth.change is (Change.GROWING if ratio > 1 else Change.SHRINKING)


@given(VOLUMES, st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_growth_within_the_error_is_none(before: float, first: float, second: float) -> None:
    now = before * (1 + max(first, second) * 0.99)
    assert growth_of(before, now, 90, first, second).change is Change.STABLE


def test_two_thin_slice_measurements_may_differ_by_a_quarter() -> None:
    assert growth_of(100, 100 * (1 + PAIR_ERROR), 90).change is Change.STABLE
    assert growth_of(100, 100 / (1 + PAIR_ERROR), 90).change is Change.STABLE
    assert growth_of(100, 130, 90).change is Change.GROWING


def test_of_stable_nodules_one_in_twenty_at_most_is_called_changed() -> None:
    """Monte Carlo: measurements with the error that we say they have."""
    rng = np.random.default_rng(2)
    logs = rng.normal(0, np.log1p(SINGLE_ERROR) / 1.96, (20_000, 2))
    changed = [growth_of(*np.exp(pair), 365).change is not Change.STABLE for pair in logs]
    assert 0.04 < np.mean(changed) < 0.06


def test_of_growing_nodules_nineteen_in_twenty_have_their_doubling_time_in_the_interval() -> None:
    rng = np.random.default_rng(4)
    truth_days, held, seen = 200.0, 0, 0
    for pair in rng.normal(0, np.log1p(0.3) / 1.96, (5_000, 2)):
        before, now = np.exp(pair) * (100, 100 * 2 ** (400 / truth_days))
        growth = growth_of(before, now, 400, 0.3, 0.3)
        assert growth.low_days is not None
        seen += 1
        held += growth.low_days <= truth_days and (growth.high_days is None or truth_days <= growth.high_days)
    assert 0.93 < held / seen < 0.97


def test_without_a_time_there_is_growth_but_no_speed() -> None:
    assert growth_of(100, 200, None).doubling_time_days is None
    assert growth_of(100, 200, 0).change is Change.GROWING


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [(6, 7.9, Change.STABLE), (6, 8, Change.GROWING), (8, 6, Change.SHRINKING), (8, 7, Change.STABLE)],
)
def test_diameters_alone_must_differ_by_two_millimetres(before: float, now: float, change: Change) -> None:
    assert change_of_diameter(before, now) is change
