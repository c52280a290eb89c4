"""When a study that scanners send is taken for complete."""

from teleconsult.settling_studies import SETTLES_AFTER_S, SettlingStudies

NOON = 1_000.0
SOON, LATER = NOON + SETTLES_AFTER_S / 2, NOON + 2 * SETTLES_AFTER_S


def test_a_study_settles_once_a_moment_after_its_sender_ended() -> None:
    studies = SettlingStudies()
    studies.begins("1.2")
    assert studies.take_settled(LATER) == []
    studies.ends("1.2", NOON, said_all=True)

    assert studies.take_settled(SOON) == []
    assert studies.take_settled(LATER) == ["1.2"]
    assert studies.take_settled(LATER) == []


def test_it_does_not_settle_while_another_association_sends_to_it() -> None:
    studies = SettlingStudies()
    studies.begins("1.2")
    studies.begins("1.2")
    studies.ends("1.2", NOON, said_all=True)
    assert studies.take_settled(LATER) == []

    studies.ends("1.2", LATER, said_all=True)
    assert studies.take_settled(LATER + SETTLES_AFTER_S) == ["1.2"]


def test_a_scanner_that_opens_an_association_for_each_image_settles_once() -> None:
    studies = SettlingStudies()
    settled = []
    for number in range(10):
        at = NOON + number
        studies.begins("1.2")
        settled += studies.take_settled(at)
        studies.ends("1.2", at, said_all=True)
    assert settled == []

    assert studies.take_settled(NOON + 9 + SETTLES_AFTER_S) == ["1.2"]


def test_what_broke_off_is_left_to_the_quiet_time() -> None:
    studies = SettlingStudies()
    studies.begins("1.2")
    studies.ends("1.2", NOON, said_all=False)

    assert studies.take_settled(LATER) == []
