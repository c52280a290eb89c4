"""What the bad line promises, for any packets and any conditions."""

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bad_line import Bursts, Conditions, Line, Schedule, Step

shares = st.floats(0, 1)
delays = st.floats(0, 1)
settings = st.fixed_dictionaries(
    {},
    optional={
        "loss": shares,
        "bursts": st.builds(Bursts, st.floats(0, 0.5), st.floats(1, 20), shares),
        "delay_s": delays,
        "jitter_s": delays,
        "rate_bps": st.floats(1e3, 1e9),
        "queue_s": delays,
        "reordered": shares,
        "held_back_s": delays,
        "duplicated": shares,
        "is_down": st.booleans(),
    },
)
steps = st.lists(
    st.builds(
        Step,
        st.floats(0, 20),
        settings,
        st.floats(0, 20) | st.just(math.inf),
        st.sampled_from([None, "server", "client"]),
    ),
    max_size=5,
)
# Packets as (seconds after the one before, bytes).
packets = st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 1500)), max_size=200)


def a_line(**settings: Any) -> Line:
    return Line(Schedule([Step(0.0, settings)]))


def sent(line: Line, packets: list[tuple[float, int]]) -> list[tuple[float, int, tuple[float, ...]]]:
    """Each packet with its moment, its size and its departures."""
    now, what_became = 0.0, []
    for gap_s, size in packets:
        now += gap_s
        what_became.append((now, size, line.take(now, size)))
    return what_became


def steadily(count: int, every_s: float = 0.02, size: int = 100) -> list[tuple[float, int]]:
    return [(every_s, size)] * count


@given(steps, packets, st.integers())
def test_no_packet_is_lost_without_a_count(
    steps: list[Step], packets: list[tuple[float, int]], seed: int
) -> None:
    line = Line(Schedule(steps), seed)
    became = sent(line, packets)

    counts = line.counts
    assert counts.taken == len(packets)
    assert counts.sent_on == sum(len(departures) for _, _, departures in became)
    ends = counts.sent_on + counts.lost + counts.overflowed + counts.met_outage
    assert counts.taken + counts.duplicated == ends


@given(steps, packets, st.integers())
def test_no_packet_leaves_before_it_came(
    steps: list[Step], packets: list[tuple[float, int]], seed: int
) -> None:
    schedule = Schedule(steps)
    for at_s, _, departures in sent(Line(schedule, seed), packets):
        assert all(departure >= at_s + schedule.at(at_s).delay_s for departure in departures)


@given(steps, packets, st.integers())
def test_order_is_kept_unless_reordering_is_asked_for(
    steps: list[Step], packets: list[tuple[float, int]], seed: int
) -> None:
    in_order = [Step(s.at_s, {**s.settings, "reordered": 0.0}, s.for_s, s.towards) for s in steps]
    became = sent(Line(Schedule(in_order), seed), packets)
    departures = [departure for _, _, those in became for departure in those]
    assert departures == sorted(departures)


def test_what_is_held_back_is_overtaken() -> None:
    became = sent(a_line(reordered=0.2, held_back_s=0.05), steadily(1000))
    departures = [departure for _, _, (departure,) in became]
    overtaken = sum(a > b for a, b in itertools.pairwise(departures))
    assert 100 < overtaken < 250


@given(settings, packets, st.floats(1e4, 1e7), st.integers())
def test_more_bits_than_the_rate_never_leave(
    settings: dict[str, Any], packets: list[tuple[float, int]], rate_bps: float, seed: int
) -> None:
    steady = {**settings, "rate_bps": rate_bps, "reordered": 0.0}
    became = sent(Line(Schedule([Step(0.0, steady)]), seed), packets)
    left = [(departure, size) for _, size, departures in became for departure in departures]
    carried = 0
    for departure, size in left[1:]:
        carried += size * 8
        assert carried <= rate_bps * (departure - left[0][0]) * (1 + 1e-9) + 1e-3


@given(settings, packets, st.floats(0, 0.5), st.integers())
def test_the_queue_is_bounded(
    settings: dict[str, Any], packets: list[tuple[float, int]], queue_s: float, seed: int
) -> None:
    line = {**settings, "rate_bps": 1e5, "queue_s": queue_s}
    conditions = Conditions(**line)
    latest = conditions.delay_s + conditions.jitter_s + queue_s + 1500 * 8 / 1e5
    held_back = conditions.held_back_s if conditions.reordered else 0.0
    for at_s, _, departures in sent(Line(Schedule([Step(0.0, line)]), seed), packets):
        # Jitter holds the order, so a packet may also wait for one that came before and was later.
        assert all(departure - at_s <= latest + held_back + 1e-6 for departure in departures)


def test_a_full_queue_drops_what_is_beyond_the_rate() -> None:
    line = a_line(rate_bps=80_000)
    sent(line, steadily(1000, every_s=0.005, size=100))  # 160 kbit/s
    assert line.counts.sent_on == pytest.approx(500, abs=15)
    assert line.counts.overflowed == 1000 - line.counts.sent_on


def test_a_sender_that_waits_for_room_loses_nothing_and_fills_the_line() -> None:
    line, now = a_line(rate_bps=1e6, delay_s=0.1), 0.0
    for _ in range(1000):
        now += line.full_for_s(now) * (1 + 1e-9) + 1e-9
        ((departure),) = line.take(now, 1250)
    assert departure == pytest.approx(10.0 + 0.1, rel=0.01)


@given(st.floats(0, 1), st.integers())
def test_the_share_lost_is_what_was_asked_for(loss: float, seed: int) -> None:
    count = 4_000
    line = Line(Schedule([Step(0.0, {"loss": loss})]), seed)
    sent(line, steadily(count))
    five_sigma = 5 * math.sqrt(loss * (1 - loss) / count) + 1 / count
    assert abs(line.counts.lost / count - loss) <= five_sigma


@pytest.mark.parametrize(("share", "length"), [(0.1, 3), (0.3, 8), (0.05, 20)])
def test_bursts_have_the_share_and_the_length_that_were_asked_for(share: float, length: float) -> None:
    line = a_line(bursts=Bursts(share, length))
    became = sent(line, steadily(200_000))

    gone = "".join("x" if not departures else "." for _, _, departures in became)
    lengths = [len(run) for run in gone.split(".") if run]
    assert line.counts.lost / len(gone) == pytest.approx(share, rel=0.1)
    assert sum(lengths) / len(lengths) == pytest.approx(length, rel=0.1)


def test_outside_bursts_the_loss_is_that_of_the_line() -> None:
    line = a_line(loss=0.02, bursts=Bursts(0.2, 10, loss=0.8))
    sent(line, steadily(200_000))
    assert line.counts.lost / line.counts.taken == pytest.approx(0.8 * 0.02 + 0.2 * 0.8, rel=0.1)


def test_a_copy_comes_after_its_packet_and_takes_its_turn() -> None:
    line = a_line(duplicated=1.0, rate_bps=8_000)
    assert line.take(0.0, 100) == pytest.approx((0.1, 0.2))


def test_the_delay_lies_between_the_least_and_the_most() -> None:
    became = sent(a_line(delay_s=0.15, jitter_s=0.04), steadily(2000, every_s=0.05))
    delays = [departure - at_s for at_s, _, (departure,) in became]
    assert min(delays) == pytest.approx(0.15, abs=0.001)
    assert max(delays) == pytest.approx(0.19, abs=0.001)
    assert sum(delays) / len(delays) == pytest.approx(0.17, abs=0.002)


def test_the_same_seed_loses_the_same_packets() -> None:
    def once(seed: int) -> list[tuple[float, int, tuple[float, ...]]]:
        return sent(Line(Schedule([Step(0.0, {"loss": 0.3, "jitter_s": 0.1})]), seed), steadily(200))

    assert once(1) == once(1)
    assert once(1) != once(2)


def test_a_script_takes_the_line_down_for_ten_seconds() -> None:
    script = [Step.of(row) for row in ({"delay_s": 0.1}, {"at_s": 10, "for_s": 10, "is_down": True})]
    line = Line(Schedule(script, begins_at_s=500.0))
    assert [bool(line.take(500.0 + at_s, 100)) for at_s in (0, 9.99, 10, 19.99, 20)] == [
        True, True, False, False, True,
    ]  # fmt: skip
    assert line.counts.met_outage == 2


def test_a_later_step_lies_over_an_earlier_one_and_gives_way_at_its_end() -> None:
    script = [Step(0.0, {"loss": 0.1, "delay_s": 0.2}), Step(5.0, {"loss": 0.5}, for_s=5.0)]
    schedule = Schedule(script)
    assert [schedule.at(at_s).loss for at_s in (0.0, 4.9, 5.0, 9.9, 10.0)] == [0.1, 0.1, 0.5, 0.5, 0.1]
    assert {schedule.at(at_s).delay_s for at_s in (0.0, 7.0, 11.0)} == {0.2}


def test_one_direction_changes_and_the_other_does_not() -> None:
    script = [Step.of({"loss": 0.3, "towards": "client"})]
    assert Schedule(script, "client").at(1.0) == Conditions(loss=0.3)
    assert Schedule(script, "server").at(1.0) == Conditions()


def test_bursts_are_read_from_a_row() -> None:
    step = Step.of({"bursts": {"share": 0.1, "mean_packets": 5}})
    assert Schedule([step]).at(0.0).bursts == Bursts(0.1, 5)


@pytest.mark.parametrize(
    "row",
    [
        {"lose": 0.1},
        {"loss": 1.1},
        {"loss": -0.1},
        {"rate_bps": 0},
        {"delay_s": -1},
        {"towards": "up"},
        {"bursts": {"share": 1.0, "mean_packets": 5}},
        {"bursts": {"share": 0.9, "mean_packets": 1}},
    ],
)
def test_a_row_that_makes_no_sense_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no such|towards"):
        Step.of(row)
