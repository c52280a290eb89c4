"""How long something has stood still is what was watched, whatever moment it bears."""

from datetime import UTC, datetime, timedelta

from teleconsult.standstill import Standstill

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_it_lasts_from_the_first_look_that_saw_it_so() -> None:
    standstill = Standstill()
    assert standstill.lasts_s({"a": NOON}, 100.0) == {"a": 0.0}
    assert standstill.lasts_s({"a": NOON}, 107.5) == {"a": 7.5}


def test_a_change_ends_it_also_one_to_an_earlier_moment() -> None:
    standstill = Standstill()
    standstill.lasts_s({"a": NOON}, 100.0)
    assert standstill.lasts_s({"a": NOON - timedelta(hours=1)}, 107.5) == {"a": 0.0}


def test_what_was_not_there_for_a_look_begins_anew() -> None:
    standstill = Standstill()
    standstill.lasts_s({"a": NOON, "b": NOON}, 100.0)
    assert standstill.lasts_s({"b": NOON}, 101.0) == {"b": 1.0}
    assert standstill.lasts_s({"a": NOON, "b": NOON}, 102.0) == {"a": 0.0, "b": 2.0}
