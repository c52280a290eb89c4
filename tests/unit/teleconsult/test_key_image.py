"""What may happen to a key image."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from teleconsult.errors import KeyImageMarkedAlready, NotAllowed, TooManyKeyImages
from teleconsult.key_images.key_image import MOST_IN_STUDY, KeyImage, Window, marked, removed

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
LUNG = Window(-600, 1500)
ONE = KeyImage("id", "1.2", "1.2.3", "1.2.3.4", 0, LUNG, False, "here", "li", NOON)


def test_the_same_sent_again_changes_nothing() -> None:
    assert marked(ONE, None, 0) == (ONE, "key-image-marked")
    assert marked(replace(ONE, made_at=LATER), ONE, 1) == (ONE, None)


def test_another_window_or_note_is_a_change_and_keeps_when_it_was_marked() -> None:
    wanted = replace(ONE, window=Window(40, 400), note="", made_at=LATER)
    assert marked(wanted, ONE, 1) == (replace(wanted, made_at=NOON), "key-image-changed")


@pytest.mark.parametrize(
    "other", [{"made_by_id": "wang"}, {"frame": 1}, {"sop_instance_uid": "1"}, {"study_instance_uid": "1"}]
)
def test_an_id_stays_with_its_image_and_its_maker(other: dict[str, str | int]) -> None:
    with pytest.raises(KeyImageMarkedAlready):
        marked(replace(ONE, **other), ONE, 1)  # type: ignore[arg-type]


def test_a_removed_one_comes_back_as_it_was() -> None:
    gone = removed(ONE, "li", LATER)
    assert gone.is_removed and removed(gone, "li", LATER + timedelta(hours=1)) == gone
    assert marked(replace(ONE, made_at=LATER), gone, 0) == (ONE, "key-image-restored")


def test_only_its_maker_removes_it() -> None:
    with pytest.raises(NotAllowed):
        removed(ONE, "wang", LATER)


def test_a_full_study_takes_no_more_and_still_lets_its_own_be_changed() -> None:
    full = MOST_IN_STUDY
    for known in (None, removed(ONE, "li", LATER)):
        with pytest.raises(TooManyKeyImages):
            marked(ONE, known, full)
    assert marked(replace(ONE, note=""), ONE, full)[1] == "key-image-changed"
