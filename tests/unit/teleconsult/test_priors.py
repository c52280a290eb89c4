"""Which earlier studies a rule fetches, and which steps a retrieval takes."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.remote_archive import FoundStudy
from teleconsult.archives.priors import NewStudy, PriorRule, priors_wanted
from teleconsult.archives.retrieval import OPEN, PAUSES, TRANSITIONS, RetrievalEvent, RetrievalStatus

RULE = PriorRule(modalities=["CT"], same_body_part=False, not_older_than_days=365, at_most=3)
NEW = NewStudy("1.1", "P-1", "1960-01-02", "2026-03-01", frozenset({"CT"}), ("CHEST",))
PRIOR = FoundStudy("1.2", "P-1", "王^小明", "1960-01-02", "2026-01-01", "Chest", None, ("CT", "SR"), 3)


def wanted(rule: PriorRule, *candidates: FoundStudy, known: tuple[str, ...] = ()) -> list[str]:
    return [one.study_instance_uid for one in priors_wanted(rule, NEW, candidates, known)]


def test_an_earlier_study_of_the_same_person_is_wanted() -> None:
    assert wanted(RULE, PRIOR) == ["1.2"]


@pytest.mark.parametrize(
    "other",
    [
        replace(PRIOR, patient_id="P-2"),
        replace(PRIOR, patient_birth_date="1960-01-03"),
        replace(PRIOR, patient_birth_date=None),
        replace(PRIOR, study_date="2026-03-02"),
        replace(PRIOR, study_date="2025-02-28"),
        replace(PRIOR, study_date=None),
        replace(PRIOR, study_date="no date"),
        replace(PRIOR, modalities=("MR",)),
        replace(PRIOR, study_instance_uid=NEW.study_instance_uid),
    ],
)
def test_of_another_person_another_time_or_another_kind_nothing_is_wanted(other: FoundStudy) -> None:
    assert wanted(RULE, other) == []


def test_without_a_birth_date_of_our_own_nobody_is_known_to_be_the_same() -> None:
    unknown = replace(NEW, patient_birth_date=None)
    assert priors_wanted(RULE, unknown, [replace(PRIOR, patient_birth_date=None)]) == []


def test_a_rule_without_kinds_takes_those_of_the_new_study() -> None:
    any_kind = RULE.model_copy(update={"modalities": []})
    assert wanted(any_kind, PRIOR, replace(PRIOR, study_instance_uid="1.3", modalities=("MR",))) == ["1.2"]


@pytest.mark.parametrize(
    ("words", "is_wanted"), [("胸部平扫", True), ("Chest CT", True), ("Knee", False), (None, False)]
)
def test_the_same_part_of_the_body_is_known_by_words_of_either_language(
    words: str | None, is_wanted: bool
) -> None:
    rule = RULE.model_copy(update={"same_body_part": True})
    assert bool(wanted(rule, replace(PRIOR, study_description=words))) is is_wanted


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(-10, 500)), max_size=40), st.integers(1, 20))
def test_never_more_than_so_many_never_twice_and_the_newest_first(
    made: list[tuple[int, int]], at_most: int
) -> None:
    on = date(2026, 3, 1)
    candidates = [
        replace(
            PRIOR,
            study_instance_uid=f"1.{number}",
            study_date=(on - timedelta(days=days)).isoformat(),
        )
        for number, days in made
    ]
    rule = RULE.model_copy(update={"at_most": at_most})
    chosen = priors_wanted(rule, NEW, candidates, known=("1.3",))
    uids = [one.study_instance_uid for one in chosen]
    dates = [one.study_date or "" for one in chosen]
    assert len(uids) == len(set(uids)) <= at_most
    assert not {"1.1", "1.3"} & set(uids)
    assert dates == sorted(dates, reverse=True)
    assert all("2025-03-01" <= one <= "2026-03-01" for one in dates)


@given(st.lists(st.sampled_from(RetrievalEvent), max_size=30))
def test_what_has_ended_begins_again_only_when_asked(events: list[RetrievalEvent]) -> None:
    status = RetrievalStatus.REQUESTED
    for event in events:
        following = TRANSITIONS[status].get(event, status)
        if status not in OPEN and following in OPEN:
            assert event is RetrievalEvent.ASKED_AGAIN
        status = following


def test_pauses_grow() -> None:
    assert list(PAUSES) == sorted(PAUSES)
