from hypothesis import given
from hypothesis import strategies as st

from signaling.pace import BURST, FLOOD_S, RATE_PER_S, Pace


def test_what_a_page_sends_at_most_never_waits() -> None:
    pace = Pace(0.0)
    assert all(pace.wait_s(number / 60) == 0 for number in range(6_000))
    assert not pace.floods


def test_what_waited_while_a_line_was_away_comes_at_once_and_is_no_flood() -> None:
    pace = Pace(0.0)
    assert [pace.wait_s(1.0) for _ in range(BURST)] == [0.0] * BURST


@given(st.integers(int(RATE_PER_S) + 10, 100_000))
def test_whoever_floods_is_held_to_the_rate_and_ended(sent_per_s: int) -> None:
    pace, sent_at, handled_at, handled = Pace(0.0), 0.0, 0.0, 0
    while not pace.floods:
        # The next is read when the last was handled, or when it is sent.
        handled_at = max(handled_at, sent_at)
        handled_at += pace.wait_s(handled_at)
        sent_at += 1 / sent_per_s
        handled += 1
        assert handled <= BURST + RATE_PER_S * handled_at + 1
    assert FLOOD_S <= handled_at < FLOOD_S + BURST / 10 + 1
