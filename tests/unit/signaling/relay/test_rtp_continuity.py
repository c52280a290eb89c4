"""Numbers of an outgoing stream whose source changes."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.relay.rtp_continuity import Continuity, is_newer

NUMBERS = st.integers(0, 0xFFFF)


def a_stream(clock_rate_hz: int = 90_000) -> Continuity:
    return Continuity(clock_rate_hz, first_sequence_number=100, first_timestamp=5_000)


@given(NUMBERS, st.integers(0, 0xFFFFFFFF), st.lists(st.integers(0, 200), min_size=1, max_size=50))
def test_gaps_and_disorder_of_a_source_are_kept(first: int, timestamp: int, steps: list[int]) -> None:
    stream = a_stream()
    stream.begin(first, timestamp, 0)
    for step in steps:
        number, time = stream.map((first + step) & 0xFFFF, (timestamp + 90 * step) & 0xFFFFFFFF, 1)
        assert number == (100 + step) & 0xFFFF
        assert time == (5_000 + 90 * step) & 0xFFFFFFFF


@given(NUMBERS, NUMBERS, st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF))
def test_a_new_source_goes_on_where_the_last_one_stood(a: int, b: int, t: int, u: int) -> None:
    stream = a_stream()
    stream.begin(a, t, at_s=10.0)
    stream.map(a, t, at_s=10.0)
    assert stream.begin(b, u, at_s=12.0) == 101
    number, time = stream.map(b, u, at_s=12.0)
    assert number == 101
    assert time == 5_000 + 2 * 90_000


def test_a_report_is_in_the_time_of_the_stream_that_it_is_about() -> None:
    stream = a_stream()
    stream.begin(7, 1_000, 0)
    assert (1_900 + stream.timestamp_offset) & 0xFFFFFFFF == 5_900


@given(NUMBERS, st.integers(1, 0x7FFF))
def test_newer_holds_across_the_wrap(number: int, step: int) -> None:
    assert is_newer((number + step) & 0xFFFF, number)
    assert not is_newer(number, (number + step) & 0xFFFF)
    assert not is_newer(number, number)
