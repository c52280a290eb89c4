"""The choice of layers on simulated receivers."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.relay.layer_choice import JUDGED_AFTER_S, SILENT_S, TRIAL_S, LayerChoice

LAYERS_BPS = [150_000, 500_000, 1_700_000]


def simulate(
    capacity_bps: Callable[[float], float], seconds: int, choice: LayerChoice | None = None
) -> list[int | None]:
    """A receiver whose estimate is half again of what comes, and never above what its line carries."""
    choice = choice or LayerChoice()
    taken, estimate_bps = [], None
    for half_second in range(2 * seconds):
        at_s = half_second / 2
        layer = choice.choose(LAYERS_BPS, estimate_bps, at_s)
        taken.append(layer)
        assert layer is not None
        estimate_bps = int(min(capacity_bps(at_s), 1.5 * LAYERS_BPS[layer]))
    return taken


def test_a_wide_line_gets_the_largest_within_ten_seconds() -> None:
    assert simulate(lambda _: 5e6, 30)[20:] == [2] * 40


def test_a_thin_line_gets_the_smallest_within_a_second() -> None:
    assert set(simulate(lambda _: 200_000, 5)[2:]) == {0}


def test_tries_that_fail_become_rare() -> None:
    taken = simulate(lambda _: 700_000, 300)
    tries = sum(before == 1 and after == 2 for before, after in itertools.pairwise(taken))
    assert 1 <= tries <= 9
    assert taken.count(2) <= (tries + 1) * 2 * (JUDGED_AFTER_S + 1)
    assert 0 not in taken[4:]


def test_a_line_that_gets_better_is_used() -> None:
    taken = simulate(lambda at_s: 200_000 if at_s < 20 else 5e6, 80)
    assert taken[38] == 0 and taken[-1] == 2


def test_a_line_that_gets_worse_is_left_at_once() -> None:
    taken = simulate(lambda at_s: 5e6 if at_s < 30 else 300_000, 40)
    assert taken[58] == 2 and taken[62] == 0


def test_a_layer_that_is_not_sent_any_more_is_not_waited_for() -> None:
    choice = LayerChoice()
    assert choice.choose([0, 200, 300], None, 0.0) == 1
    assert choice.choose([100, 0, 0], None, 0.5) == 0
    assert choice.choose([0, 0, 0], None, 1.0) is None
    assert choice.choose([0, 0, 300], 1_000, 1.5) == 2


def settled_on(layer: int, layers_bps: list[int]) -> LayerChoice:
    """Long enough to try another one now, at 100 s."""
    choice = LayerChoice()
    choice.choose([bps if number == layer else 0 for number, bps in enumerate(layers_bps)], None, 0.0)
    assert choice.choose(layers_bps, layers_bps[layer], 100.0) == layer
    return choice


def test_a_small_window_gets_a_small_layer_at_once_and_no_larger_one_is_tried() -> None:
    choice = settled_on(2, LAYERS_BPS)
    assert choice.choose(LAYERS_BPS, 10_000_000, 100.5, largest=0) == 0
    assert {choice.choose(LAYERS_BPS, 10_000_000, 101.0 + second, largest=0) for second in range(100)} == {0}
    assert choice.wanted == {0}


def test_a_window_that_grows_gets_its_layer_at_once() -> None:
    choice = settled_on(0, LAYERS_BPS)
    assert choice.choose(LAYERS_BPS, 10_000_000, 101.0, largest=1) == 1


def test_a_layer_that_is_paused_is_asked_for_and_taken_when_it_comes() -> None:
    choice = settled_on(0, LAYERS_BPS)
    paused = [LAYERS_BPS[0], 0, 0]
    assert choice.choose(paused, 1_000_000, 100.5) == 0
    assert choice.wanted == {0, 1}
    assert choice.choose([*LAYERS_BPS[:2], 0], 1_000_000, 101.0) == 1
    assert choice.wanted == {1}


def test_a_layer_that_never_comes_is_asked_for_ever_more_rarely() -> None:
    choice, asked = LayerChoice(), 0
    for half_second in range(1_200):
        before = choice.asked_for
        choice.choose([LAYERS_BPS[0], 0, 0], 1_000_000, half_second / 2)
        asked += before is None and choice.asked_for is not None
    assert 3 <= asked <= 15


def test_a_line_without_room_for_it_asks_for_nothing() -> None:
    choice = LayerChoice()
    for second in range(100):
        assert choice.choose([150_000, 0, 0], 180_000, float(second)) == 0
        assert choice.wanted == {0}


def test_an_estimate_that_covers_the_largest_gets_it_at_once() -> None:
    choice = LayerChoice()
    assert choice.choose(LAYERS_BPS, None, 0.0) == 0
    assert choice.choose(LAYERS_BPS, 6_000_000, 0.3) == 2
    assert LayerChoice().choose(LAYERS_BPS, 6_000_000, 0.0) == 2, "what comes later finds it known"


def test_a_line_that_says_nothing_gets_the_smallest_first_then_the_next_larger_one() -> None:
    choice = LayerChoice()
    taken = [choice.choose(LAYERS_BPS, None, second) for second in range(60)]
    assert taken == [0] * round(SILENT_S) + [1] * (60 - round(SILENT_S))


def test_one_that_covers_a_paused_layer_has_it_asked_for_with_what_the_camera_may_give_instead() -> None:
    choice = LayerChoice()
    assert choice.choose([LAYERS_BPS[0], 0, 0], 3_000_000, 0.0) == 0
    assert choice.choose([LAYERS_BPS[0], 0, 0], 3_000_000, 0.3) == 0
    assert choice.wanted == {0, 1, 2}
    assert choice.choose([*LAYERS_BPS[:2], 0], 3_000_000, 0.4) == 1
    assert choice.wanted == {1, 2}
    assert choice.choose(LAYERS_BPS, 3_000_000, 0.5) == 2
    assert choice.wanted == {2}


def test_a_layer_that_failed_is_not_tried_again_at_once_whatever_the_estimate_says() -> None:
    choice = settled_on(0, LAYERS_BPS)
    assert choice.choose(LAYERS_BPS, 3_000_000, 101.0) == 2
    assert choice.choose(LAYERS_BPS, 1_000_000, 103.0) == 0
    assert {choice.choose(LAYERS_BPS, 3_000_000, 103.0 + tenth / 10) for tenth in range(40)} == {0}
    assert choice.choose(LAYERS_BPS, 3_000_000, 107.1) == 2


@pytest.mark.parametrize(("then_bps", "layer"), [(1_800_000, 2), (1_450_000, 1)])
def test_a_layer_that_is_a_little_too_large_has_a_second(then_bps: int, layer: int) -> None:
    choice = settled_on(2, LAYERS_BPS)
    assert choice.choose(LAYERS_BPS, 1_450_000, 101.0) == 2
    assert choice.choose(LAYERS_BPS, 1_450_000, 101.5) == 2
    assert choice.choose(LAYERS_BPS, then_bps, 102.0) == layer


def test_a_busy_computer_whose_estimate_never_rises_gets_the_larger_layer_on_a_clear_line_only() -> None:
    def largest_within_a_minute(is_clear: bool) -> int:
        choice, largest = LayerChoice(), 0
        for half_second in range(120):
            available_bps = int(0.4 * LAYERS_BPS[choice.layer or 0])
            layer = choice.choose(LAYERS_BPS, available_bps, half_second / 2, is_clear=is_clear)
            largest = max(largest, layer or 0)
        return largest

    assert largest_within_a_minute(is_clear=False) == 0
    assert largest_within_a_minute(is_clear=True) == 1


def test_one_is_tried_at_a_time() -> None:
    choice = settled_on(0, LAYERS_BPS)
    assert choice.choose(LAYERS_BPS, 1_000_000, 100.5, may_try=False) == 0
    assert choice.choose(LAYERS_BPS, 1_000_000, 101.0) == 1


def test_a_try_that_does_harm_is_over_before_its_time() -> None:
    choice = settled_on(0, LAYERS_BPS)
    assert choice.choose(LAYERS_BPS, 1_000_000, 101.0) == 1
    assert choice.choose(LAYERS_BPS, 200_000, 101.0 + JUDGED_AFTER_S) == 0
    assert JUDGED_AFTER_S < TRIAL_S


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 3_000_000), max_size=3), st.none() | st.integers(0, 5_000_000)
        ),
        max_size=50,
    )
)
def test_what_is_chosen_is_always_sent(steps: list[tuple[list[int], int | None]]) -> None:
    choice = LayerChoice()
    for number, (layers, available) in enumerate(steps):
        layer = choice.choose(layers, available, number / 2)
        assert (layer is None) == (not any(layers))
        assert layer is None or (layers[layer] > 0 and layer in choice.wanted)
