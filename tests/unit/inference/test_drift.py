"""The population stability index and the interval of a share, against figures worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.agreement import Agreement, wilson_interval
from inference.drift import Level, drift_of_categories, drift_of_values, stability_index

COUNTS = st.lists(st.integers(1, 500), min_size=4, max_size=4)


def test_the_index_of_two_bins_is_as_worked_out_by_hand() -> None:
    # (0.2 - 0.5) ln(0.2 / 0.5) + (0.8 - 0.5) ln(0.8 / 0.5)
    assert stability_index([50, 50], [20, 80]) == pytest.approx(0.3 * math.log(2.5) + 0.3 * math.log(1.6))
    assert stability_index([50, 50], [20, 80]) == pytest.approx(0.41589, abs=1e-5)


@given(COUNTS, COUNTS)
def test_the_index_is_never_below_zero_and_the_same_both_ways(one: list[int], other: list[int]) -> None:
    assert stability_index(one, other) >= -1e-12
    assert stability_index(one, other) == pytest.approx(stability_index(other, one))
    assert stability_index(one, one) == 0.0


def test_what_did_not_move_is_steady_and_what_did_is_not() -> None:
    rng = np.random.default_rng(0)
    reference = rng.normal(0, 1, 500).tolist()
    same = drift_of_values(reference, rng.normal(0, 1, 400).tolist())
    moved = drift_of_values(reference, rng.normal(1, 1, 400).tolist())
    assert same is not None and same.level is Level.STEADY
    assert moved is not None and moved.level is Level.MUCH and moved.index > 0.5


def test_a_window_too_small_to_tell_raises_no_alarm() -> None:
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(200):
        found = drift_of_values(rng.normal(0, 1, 100).tolist(), rng.normal(0, 1, 12).tolist())
        assert found is not None
        alarms += found.level in (Level.SOME, Level.MUCH)
    # The index alone is above 0.25 in most of them; chance explains all but about one in a hundred.
    assert alarms <= 10


def test_a_value_that_was_always_the_same_and_is_now_smaller_has_moved() -> None:
    found = drift_of_values([2.5] * 100, [1.0] * 50)
    assert found is not None and found.level is Level.MUCH


def test_a_kernel_that_was_never_used_before_is_drift() -> None:
    found = drift_of_categories(["B70f"] * 60 + ["B30f"] * 40, ["B70f"] * 20 + ["Br40"] * 80)
    assert found is not None and found.level is Level.MUCH
    assert (found.reference_count, found.window_count) == (100, 100)


def test_without_values_there_is_no_index() -> None:
    assert drift_of_values([], [1.0]) is None
    assert drift_of_values([1.0], [math.nan]) is None
    assert drift_of_categories([], ["a"]) is None


@pytest.mark.parametrize(
    ("accepted", "decided", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 30, 0.0, 0.1135), (15, 30, 0.3315, 0.6685), (10, 10, 0.7225, 1.0)],
)
def test_the_interval_is_wilsons(accepted: int, decided: int, low: float, high: float) -> None:
    assert wilson_interval(accepted, decided) == pytest.approx((low, high), abs=1e-4)


def test_nothing_decided_says_nothing() -> None:
    nothing = Agreement(0, 0)
    assert nothing.share is None
    assert nothing.interval == (0.0, 1.0)
