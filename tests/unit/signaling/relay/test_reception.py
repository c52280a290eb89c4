"""Reception statistics, against aiortc's and by hand."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.relay.reception import Reception


def test_what_is_lost_is_counted_once_and_over_the_wrap() -> None:
    reception = Reception(90_000)
    for number in (65_534, 65_535, 1, 2):
        reception.add(number, 0, 0)
    assert (reception.expected, reception.packets_lost) == (5, 1)
    assert reception.take_fraction_lost() == 256 // 5
    assert reception.take_fraction_lost() == 0
    assert reception.highest_sequence == 65_538


def test_a_steady_stream_has_no_jitter_and_an_unsteady_one_has() -> None:
    steady, unsteady = Reception(48_000), Reception(48_000)
    for number in range(100):
        steady.add(number, 960 * number, 20_000 * number)
        unsteady.add(number, 960 * number, 20_000 * number + 5_000 * (number % 2))
    assert steady.jitter == 0
    assert 200 < unsteady.jitter <= 240, "5 ms are 240 steps of the clock"


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=200))
def test_no_order_of_numbers_gives_a_share_beyond_the_whole(numbers: list[int]) -> None:
    reception = Reception(90_000)
    for number in numbers:
        reception.add(number, 0, 0)
        assert 0 <= reception.take_fraction_lost() <= 255
        assert 0 <= reception.packets_lost <= 0x7FFFFF
