"""When a train of packets leaves to measure a receiver's line."""

import pytest

from signaling.relay.probing import TRAINS_AT_S, Probing


def trains(answered_at_s: float = 99.0, picture_at_s: float = 0.0) -> list[float]:
    probing = Probing()
    looks_s = [look / 20 for look in range(200)]
    return [at_s for at_s in looks_s if probing.is_due(at_s >= picture_at_s, at_s >= answered_at_s, at_s)]


def test_they_begin_with_the_first_picture_and_end_soon() -> None:
    assert trains(picture_at_s=3.0) == pytest.approx([3.0 + at_s for at_s in TRAINS_AT_S], abs=0.051)


def test_none_leaves_once_the_line_is_known() -> None:
    assert trains(answered_at_s=0.4) == [at_s for at_s in TRAINS_AT_S if at_s < 0.4]
    assert trains(answered_at_s=0.0) == []


def test_a_picture_that_stands_still_for_a_while_begins_nothing_anew() -> None:
    probing = Probing()
    assert [probing.is_due(at_s != 1.0, False, at_s) for at_s in (0.0, 0.1, 1.0, 9.0, 99.0)].count(True) <= 4
