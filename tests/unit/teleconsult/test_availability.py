"""Hours in a time zone as slots in UTC, also where the clock is changed."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleconsult.errors import BadAvailability
from teleconsult.scheduling.availability import Availability, Hours, Slot, check, free_slots

DAY = timedelta(days=1)
NINE_TO_ELEVEN = (Hours(9 * 60, 11 * 60),)
EVERY_DAY = {day: NINE_TO_ELEVEN for day in range(1, 8)}


def availability(time_zone: str = "Europe/Berlin", **other: object) -> Availability:
    return Availability("u", time_zone, **({"weekly": EVERY_DAY} | other))  # type: ignore[arg-type]


def starts(of: Availability, first: datetime, days: int = 1) -> list[str]:
    return [f"{slot.starts_at:%m-%d %H:%M}" for slot in of.slots(first, first + days * DAY)]


def test_hours_stay_at_the_same_local_time_when_the_clock_is_changed() -> None:
    # Berlin goes from UTC+1 to UTC+2 on 29 March 2026, and back on 25 October.
    spring = starts(availability(slot_minutes=60), datetime(2026, 3, 28, tzinfo=UTC), 2)
    assert spring == ["03-28 08:00", "03-28 09:00", "03-29 07:00", "03-29 08:00"]
    autumn = starts(availability(slot_minutes=60), datetime(2026, 10, 24, tzinfo=UTC), 2)
    assert autumn == ["10-24 07:00", "10-24 08:00", "10-25 08:00", "10-25 09:00"]


def test_a_night_that_loses_an_hour_has_an_hour_less_and_one_that_gains_it_an_hour_more() -> None:
    night = availability(weekly={7: (Hours(60, 4 * 60),)}, slot_minutes=60)
    assert starts(night, datetime(2026, 3, 28, 12, tzinfo=UTC)) == ["03-29 00:00", "03-29 01:00"]
    assert len(starts(night, datetime(2026, 10, 24, 12, tzinfo=UTC))) == 4


def test_the_hours_of_a_single_day_stand_in_for_the_weekly_ones() -> None:
    differs = availability(
        "Asia/Shanghai", exceptions={date(2026, 5, 1): (), date(2026, 5, 2): (Hours(20 * 60, 20 * 60 + 30),)}
    )
    found = starts(differs, datetime(2026, 4, 30, 16, tzinfo=UTC), 2)
    assert found == ["05-02 12:00"]


def test_a_slot_that_touches_an_appointment_is_not_free() -> None:
    own = availability("UTC")
    day = datetime(2026, 5, 4, tzinfo=UTC)
    busy = [Slot(day.replace(hour=9, minute=20), day.replace(hour=9, minute=50))]
    free = free_slots(own, busy, day, day + DAY)
    assert [f"{slot.starts_at:%H:%M}" for slot in free] == ["10:00", "10:30"]


@given(
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
    st.integers(10, 240).map(lambda n: n // 5 * 5),
    st.dates(date(2024, 1, 1), date(2030, 1, 1)),
)
def test_no_two_slots_overlap_and_each_has_its_length(zone: str, minutes: int, day: date) -> None:
    always = {n: (Hours(0, 24 * 60),) for n in range(1, 8)}
    everything = availability(zone, slot_minutes=minutes, weekly=always)
    first = datetime(day.year, day.month, day.day, tzinfo=UTC)
    found = list(everything.slots(first, first + 3 * DAY))
    assert all(slot.ends_at - slot.starts_at == timedelta(minutes=minutes) for slot in found)
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(found))


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"time_zone": "Mars/Olympus"}, "time-zone"),
        ({"time_zone": "../../etc/passwd"}, "time-zone"),
        ({"slot_minutes": 7}, "slot"),
        ({"weekly": {8: NINE_TO_ELEVEN}}, "days"),
        ({"weekly": {1: (Hours(600, 540),)}}, "hours"),
        ({"weekly": {1: (Hours(540, 600), Hours(595, 660))}}, "hours"),
        ({"exceptions": {date(2026, 5, 1): (Hours(541, 600),)}}, "hours"),
        ({"reminders_min": (7,)}, "reminders"),
    ],
)
def test_hours_that_cannot_be_are_refused(wrong: dict[str, object], what: str) -> None:
    with pytest.raises(BadAvailability) as refused:
        check(availability(**wrong))
    assert refused.value.what == what
