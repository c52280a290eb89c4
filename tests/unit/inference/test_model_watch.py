"""The watch over a model: what raises an alarm, what suspends, and what does neither."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from inference.model_watch import (
    ALL,
    FLAGS,
    KERNEL,
    SCANNER,
    SCORES,
    Alarm,
    AlarmKind,
    AlarmLevel,
    Decision,
    Group,
    WatchLevels,
    agreement_by_group,
    alarms_of,
    drift_by_week,
    drift_now,
    is_below_floor,
    levels_of,
)
from inference.observation import Observation, Scanner

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)  # a Monday
LEVELS = WatchLevels()
SITE, OTHER = "site-1", "site-2"
OLD, NEW = Scanner("SIEMENS", "Sensation 16", "B70f"), Scanner("UIH", "uCT 760", "B_SHARP_C")


def series(
    count: int,
    *,
    first_day: float = 0.0,
    scanner: Scanner = OLD,
    site: str = SITE,
    shift: float = 0.0,
    seed: int = 0,
) -> list[Observation]:
    """One series every two hours from a day on, with noise and scores of a distribution moved by `shift`."""
    rng = np.random.default_rng(seed)
    return [
        Observation(
            job_id=f"{site}-{first_day}-{n}",
            slot="lung_nodule_ct",
            name="lung_nodule_ct",
            version="1",
            scanner=scanner,
            features={"noise_hu": float(rng.normal(20 + 10 * shift, 5)), "odd": None},
            scores=rng.beta(2 + shift, 2, int(rng.integers(0, 4))).round(4).tolist(),
            caution=None,
            at=BEGIN + timedelta(days=first_day, hours=2 * n),
            institution_id=site,
        )
        for n in range(count)
    ]


def decisions(accepted: int, rejected: int, *, day: float = 0.0, site: str = SITE) -> list[Decision]:
    at = BEGIN + timedelta(days=day)
    group = Group(site, OLD.name)
    return [Decision(group, n < accepted, at) for n in range(accepted + rejected)]


def alarms(
    observations: Sequence[Observation], decided: Sequence[Decision] = (), *, day: float = 30.0
) -> list[Alarm]:
    at = BEGIN + timedelta(days=day)
    return alarms_of(drift_now(observations, LEVELS, at), agreement_by_group(decided, LEVELS, at), LEVELS)


def test_images_and_scores_as_ever_raise_no_alarm() -> None:
    assert alarms([*series(100), *series(120, first_day=10, seed=1)]) == []


def test_noisier_images_raise_an_alarm_once_where_there_is_one_site_with_one_scanner() -> None:
    found = alarms([*series(100), *series(120, first_day=10, shift=2.0, seed=1)])
    assert [one.group for one in found if one.subject == "noise_hu"] == [ALL]
    assert {one.kind for one in found if one.subject == "noise_hu"} == {AlarmKind.INPUT_DRIFT}
    assert {one.kind for one in found if one.subject == SCORES} == {AlarmKind.SCORE_DRIFT}


def test_a_new_scanner_is_seen_in_its_sites_mix_and_begins_a_baseline_of_its_own() -> None:
    found = alarms([*series(100), *series(60, first_day=10, scanner=NEW, seed=1)])
    subjects = {one.subject for one in found}
    assert {SCANNER, KERNEL} <= subjects
    assert Group(SITE, NEW.name) not in {one.group for one in found}


def test_another_site_that_did_not_change_is_not_alarmed_about() -> None:
    moved = [*series(100), *series(120, first_day=10, shift=2.0, seed=1)]
    steady = [*series(100, site=OTHER, seed=2), *series(120, first_day=10, site=OTHER, seed=3)]
    found = alarms(sorted([*moved, *steady], key=lambda one: one.at))
    assert OTHER not in {one.group.institution_id for one in found}
    assert SITE in {one.group.institution_id for one in found}


def test_nothing_is_judged_before_there_is_a_baseline_and_a_window() -> None:
    assert drift_now(series(99), LEVELS, BEGIN + timedelta(days=10)) == []
    few = [*series(100), *series(LEVELS.least_window - 1, first_day=10, shift=5.0)]
    assert drift_now(few, LEVELS, BEGIN + timedelta(days=12)) == []


def test_weeks_after_the_baseline_are_compared_one_by_one() -> None:
    weeks = drift_by_week([*series(100), *series(160, first_day=14, seed=1)], LEVELS)
    assert [monday for monday, _, _ in weeks] == [BEGIN.replace(hour=0) + timedelta(days=d) for d in (14, 21)]
    assert sum(count for _, count, _ in weeks) == 160
    assert {"noise_hu", SCORES, FLAGS, KERNEL, SCANNER} <= set(weeks[0][2])


@pytest.mark.parametrize(
    ("accepted", "rejected", "level"),
    [
        (0, 29, None),  # too few to say anything
        (0, 30, AlarmLevel.CRITICAL),  # at most 11 in 100 are accepted, as good as certainly
        (5, 30, AlarmLevel.WARNING),  # below the floor, but chance may be to blame
        (20, 30, None),
    ],
)
def test_readers_who_disagree_enough_stop_the_model(
    accepted: int, rejected: int, level: AlarmLevel | None
) -> None:
    found = [one for one in alarms([], decisions(accepted, rejected)) if one.group == ALL]
    assert [one.level for one in found] == ([level] if level else [])


def test_one_site_that_disagrees_is_a_warning_while_the_whole_stands() -> None:
    found = alarms([], [*decisions(0, 40, site=OTHER), *decisions(60, 10)])
    assert {(one.group.institution_id, one.level) for one in found} == {(OTHER, AlarmLevel.WARNING)}


def test_decisions_from_before_a_resumption_are_settled() -> None:
    decided = [*decisions(0, 50), *decisions(5, 5, day=20)]
    at = BEGIN + timedelta(days=30)
    assert is_below_floor(agreement_by_group(decided, LEVELS, at)[ALL], LEVELS)
    after = agreement_by_group(decided, LEVELS, at, since=BEGIN + timedelta(days=10))[ALL]
    assert (after.accepted, after.rejected) == (5, 5)
    long_ago = agreement_by_group(decided, LEVELS, BEGIN + timedelta(days=300))[ALL]
    assert long_ago.decided == 0


def test_a_bundle_may_give_levels_of_its_own_and_no_others() -> None:
    assert levels_of({}) == LEVELS
    assert levels_of({"watch": {"floor": 0.4, "least_decided": 50}}) == WatchLevels(
        floor=0.4, least_decided=50
    )
    with pytest.raises(ValueError, match="flor"):
        levels_of({"watch": {"flor": 0.4}})
