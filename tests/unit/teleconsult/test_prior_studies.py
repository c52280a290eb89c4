"""Which earlier study is put beside the one that is open."""

from hypothesis import given
from hypothesis import strategies as st

from teleconsult.studies.prior_studies import ComparableStudy, priors_of


def a_study(uid: str, on: str | None, modality: str = "CT", *words: str) -> ComparableStudy:
    return ComparableStudy(uid, on, frozenset({modality}), words)


NOW = a_study("1.1", "2026-03-01", "CT", "胸部平扫")


def suggested(*others: ComparableStudy) -> str | None:
    return next((one.study_instance_uid for one in priors_of(NOW, others) if one.is_suggested), None)


def test_earlier_studies_come_newest_first_with_their_days_and_later_ones_not_at_all() -> None:
    priors = priors_of(
        NOW, [a_study("1.2", "2025-03-01"), a_study("1.3", "2026-03-02"), a_study("1.4", "2026-03-01")]
    )
    assert [(one.study_instance_uid, one.days_before) for one in priors] == [("1.4", 0), ("1.2", 365)]


def test_the_newest_of_the_same_modality_and_part_is_suggested() -> None:
    knee, mr = a_study("1.2", "2026-02-01", "CT", "KNEE"), a_study("1.3", "2026-01-15", "MR", "CHEST")
    chest, older = a_study("1.4", "2025-12-01", "CT", "Chest"), a_study("1.5", "2024-12-01", "CT", "Chest")
    assert suggested(knee, mr, older, chest) == "1.4"


def test_a_study_that_names_no_part_of_the_body_may_show_the_same() -> None:
    assert suggested(a_study("1.2", "2026-02-01", "CT", "Series 3")) == "1.2"


@given(st.lists(st.dates().map(str) | st.sampled_from([None, "", "no date"]), max_size=8))
def test_whatever_the_dates_none_is_later_and_at_most_one_is_suggested(dates: list[str | None]) -> None:
    priors = priors_of(NOW, [a_study(f"1.{n}", day) for n, day in enumerate(dates, 2)])
    assert all(one.days_before >= 0 for one in priors)
    assert sum(one.is_suggested for one in priors) == bool(priors)
