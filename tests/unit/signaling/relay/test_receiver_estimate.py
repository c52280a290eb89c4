"""The estimate of a receiver's line, and when pictures pause, on simulated lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.relay.receiver_estimate import MIN_VIDEO_BPS, ReceiverEstimate

SPEECH_BPS = 50_000


def simulate(line_bps: int, seconds: int, remb_bps: int = 500_000) -> tuple[list[float], list[bool]]:
    """A publisher that follows the estimate down to what it can; what is lost, and whether it shows."""
    estimate = ReceiverEstimate(remb_bps)
    losses, shown = [], []
    for second in range(seconds):
        has_pictures = estimate.has_pictures(second)
        pictures_bps = max(MIN_VIDEO_BPS, min(500_000, estimate.bps or 500_000)) if has_pictures else 0
        sent_bps = SPEECH_BPS + pictures_bps
        lost = max(0.0, 1 - line_bps / sent_bps)
        losses.append(lost)
        shown.append(has_pictures)
        estimate.take_loss(lost, pictures_bps, second)
    return losses, shown


def test_on_a_line_for_both_pictures_shrink_until_nothing_much_is_lost_and_stay() -> None:
    losses, shown = simulate(300_000, 60)
    assert all(shown)
    assert max(losses[5:]) <= 0.1


def test_on_a_line_for_speech_only_pictures_pause_within_three_seconds_and_are_tried_rarely() -> None:
    losses, shown = simulate(64_000, 240)
    assert not any(shown[3:15])
    assert sum(shown[60:]) <= 12
    assert all(lost == 0 for lost, has_pictures in zip(losses, shown, strict=True) if not has_pictures)


def test_a_good_line_is_never_limited() -> None:
    losses, shown = simulate(2_000_000, 60)
    assert all(shown) and not any(losses)


def test_one_bad_second_pauses_nothing() -> None:
    estimate = ReceiverEstimate(2_000_000)
    estimate.take_loss(0.6, 1_000_000, 0.0)
    for second in range(1, 20):
        estimate.take_loss(0.0, 500_000, float(second))
        assert estimate.has_pictures(second)


@given(st.lists(st.sampled_from([0.0, 0.0, 0.05, 0.05, 0.1, 0.15]), min_size=60, max_size=60))
def test_a_line_that_loses_a_little_at_random_keeps_its_pictures(losses: list[float]) -> None:
    estimate = ReceiverEstimate(MIN_VIDEO_BPS)
    for second, lost in enumerate(losses):
        after_another_like_it = lost if second and losses[second - 1] <= 0.05 else min(lost, 0.05)
        estimate.take_loss(after_another_like_it, MIN_VIDEO_BPS, second)
        assert estimate.has_pictures(second)


def test_losses_do_not_limit_for_ever() -> None:
    estimate = ReceiverEstimate(1_000_000)
    estimate.take_loss(0.5, 1_000_000, 0.0)
    assert estimate.bps == 500_000
    for second in range(1, 40):
        estimate.take_loss(0.0, 500_000, float(second))
    assert estimate.bps == 1_000_000


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 5_000_000)), max_size=100))
def test_no_reports_give_an_estimate_that_is_none(reports: list[tuple[float, int]]) -> None:
    estimate = ReceiverEstimate()
    for second, (lost, sent_bps) in enumerate(reports):
        estimate.take_loss(lost, sent_bps, second)
        assert estimate.bps is None or estimate.bps > 0


def test_while_the_browsers_estimate_rises_what_is_sent_passes() -> None:
    estimate = ReceiverEstimate()
    estimate.take_remb(200_000, 0.0)
    estimate.take_remb(216_000, 1.0)
    assert (estimate.layers_bps(700_000, 1.4), estimate.bps) == (700_000, 216_000)


@pytest.mark.parametrize("then_bps", [216_000, 150_000])
def test_an_estimate_that_stands_or_falls_is_taken_at_its_word(then_bps: int) -> None:
    estimate = ReceiverEstimate()
    for at_s, told_bps in enumerate((200_000, 216_000, then_bps)):
        estimate.take_remb(told_bps, float(at_s))
    assert estimate.layers_bps(700_000, 3.0) == estimate.bps == then_bps


def test_what_is_lost_limits_what_passes() -> None:
    estimate = ReceiverEstimate(1_000_000)
    estimate.take_loss(0.5, 800_000, 0.0)
    estimate.take_remb(1_100_000, 0.5)
    assert estimate.layers_bps(900_000, 0.6) == 400_000


def test_a_line_is_known_when_its_browser_tells_or_when_it_loses() -> None:
    told, losing, quiet = ReceiverEstimate(), ReceiverEstimate(), ReceiverEstimate()
    told.take_remb(120_000, 0.0)
    losing.take_loss(0.1, 150_000, 0.0)
    quiet.take_loss(0.0, 150_000, 0.0)
    assert (told.is_known, losing.is_known, quiet.is_known) == (True, True, False)
