"""How long records are kept is one table, one setting and one page, and the law's word stands in each."""

import runpy
from pathlib import Path

import pytest

from signaling.recorder.kept_recordings import RetentionClass
from teleconsult.lifecycle.record_classes import CLASSES, RecordClass, Retention, SetBy, in_words
from teleconsult.settings import BadSettings, _retention

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_page_is_drawn_from_the_table_as_it_is() -> None:
    drawn = runpy.run_path(str(DOCS / "draw_retention.py"))["text"]()
    assert (DOCS / "retention.md").read_text() == drawn, "run `make docs`"


def test_a_setting_changes_what_it_names_and_nothing_else() -> None:
    usual, changed = Retention.from_text().days, Retention.from_text(" recording-review: 1095 ,").days
    assert {**usual, RecordClass.RECORDING_REVIEW: 1_095} == changed


def test_the_days_of_grace_are_a_part_of_the_setting() -> None:
    assert Retention.from_text().grace_days == 7
    assert Retention.from_text("grace:14").grace_days == 14
    assert Retention.from_text("grace:14").days == Retention.from_text().days


@pytest.mark.parametrize(
    "text",
    [
        "recording-record:0",
        "recording-record:x",
        "forever:5",
        "recording-record",
        "audit-log:9",
        "images:9",
        "grace:0",
    ],
)
def test_a_setting_that_makes_no_sense_or_that_nothing_obeys_is_refused(text: str) -> None:
    with pytest.raises(BadSettings, match="TELECONSULT_RETENTION"):
        _retention({"TELECONSULT_RETENTION": text})


@pytest.mark.parametrize("old", ["TELECONSULT_RECORDING_DAYS", "TELECONSULT_NOTIFICATION_DAYS"])
def test_a_setting_of_before_stops_the_start_rather_than_delete_early(old: str) -> None:
    with pytest.raises(BadSettings, match=old):
        _retention({old: "record:10950"})


def test_no_default_is_shorter_than_the_law_and_a_setting_that_is_shows() -> None:
    assert Retention.from_text().shorter_than_law == []
    assert Retention.from_text("recording-record:5474").shorter_than_law == [RecordClass.RECORDING_RECORD]


def test_each_class_names_its_source_and_each_that_a_setting_sets_has_its_days() -> None:
    assert set(CLASSES) == set(RecordClass)
    for row in CLASSES.values():
        assert row.source and (row.days is not None) is (row.set_by is SetBy.SETTING)
    assert {RecordClass(f"recording-{name}") for name in RetentionClass} < Retention.from_text().days.keys()


@pytest.mark.parametrize(("days", "words"), [(90, "90 days"), (365, "1 year"), (5_475, "15 years")])
def test_days_are_said_in_years_where_they_are_whole(days: int, words: str) -> None:
    assert in_words(days) == words
