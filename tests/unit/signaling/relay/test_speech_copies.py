"""Copies of speech go where they fit."""

from signaling.relay.speech_copies import FIRST_PAUSE_S, LONGEST_PAUSE_S, PROVEN_AFTER_S, SpeechCopies


def test_they_go_to_a_receiver_of_whom_nothing_is_known_and_to_one_far_away() -> None:
    copies = SpeechCopies()
    assert copies.fit(0.0)
    for second in range(100):
        copies.take_round_trip(0.6 + 0.1 * (second % 2), float(second))
        assert copies.fit(second)


def test_one_late_report_is_no_queue() -> None:
    copies = SpeechCopies()
    for second in range(100):
        copies.take_round_trip(2.0 if second % 5 == 3 else 0.1, float(second))
        assert copies.fit(second)


def test_where_packets_wait_they_stop_each_time_for_longer() -> None:
    copies, stopped_s, at_s = SpeechCopies(), [], 1.0
    copies.take_round_trip(0.1, at_s)
    while len(stopped_s) < 5:
        began_s = at_s
        while copies.fit(at_s):
            at_s += 1
            assert at_s < began_s + 5, "they stop within seconds"
            copies.take_round_trip(0.5, at_s)
        stopped_at_s = at_s
        while not copies.fit(at_s):
            at_s += 1
            copies.take_round_trip(0.1, at_s)
        stopped_s.append(at_s - stopped_at_s)
    assert stopped_s == [FIRST_PAUSE_S, 40, 80, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_after_a_good_minute_the_next_pause_is_short_again() -> None:
    copies = SpeechCopies()
    for at_s in (0.0, 1.0):
        copies.take_round_trip(0.1 + 0.5 * at_s, at_s)
    copies.take_round_trip(0.6, 2.0)
    assert not copies.fit(2.0 + FIRST_PAUSE_S - 1)
    good_s = 2.0 + FIRST_PAUSE_S + PROVEN_AFTER_S + 1
    copies.take_round_trip(0.1, good_s)
    for at_s in (good_s + 1, good_s + 2):
        copies.take_round_trip(0.6, at_s)
    assert not copies.fit(good_s + FIRST_PAUSE_S)
    assert copies.fit(good_s + 2 + FIRST_PAUSE_S)
