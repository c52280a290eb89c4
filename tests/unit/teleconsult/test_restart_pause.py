"""How long a part that has ended is left alone before it is started again."""

from teleconsult.supervisor import CALM_S, FIRST_PAUSE_S, LONGEST_PAUSE_S, next_pause_s


def test_a_part_that_ends_again_and_again_is_left_alone_longer_each_time_up_to_a_bound() -> None:
    pauses = [0.0]
    for _ in range(12):
        pauses.append(next_pause_s(pauses[-1], answered_for_s=CALM_S / 2))
    assert pauses[1] == FIRST_PAUSE_S
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_S


def test_a_part_that_had_answered_for_a_while_is_started_again_at_once() -> None:
    assert next_pause_s(LONGEST_PAUSE_S, answered_for_s=CALM_S + 1) == FIRST_PAUSE_S
