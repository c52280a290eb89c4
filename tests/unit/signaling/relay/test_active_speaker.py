"""Who is taken for the speaker, in simulated conversations of packets of 20 ms."""

import itertools
import random
from collections.abc import Callable

from signaling.relay.active_speaker import LEAST_HOLD_S, ActiveSpeaker

SILENCE, ROOM, SPEECH, SHOUT, COUGH = 127, 60, 25, 10, 15
Levels = dict[str, int]


def conversation(levels_at: Callable[[float], Levels], seconds: float) -> list[str | None]:
    """The speaker every 100 ms. Speech is syllables: a third of its packets is as quiet as the room."""
    active, dice, seen = ActiveSpeaker(), random.Random(5), []
    for packet in range(round(50 * seconds)):
        at_s = packet / 50
        for name, level in levels_at(at_s).items():
            is_between = level in (SPEECH, SHOUT) and dice.random() < 1 / 3
            active.hear(name, ROOM if is_between else level, at_s)
        if packet % 5 == 4:
            seen.append(active.choose(at_s))
    return seen


def changes(seen: list[str | None]) -> int:
    return sum(before != after for before, after in itertools.pairwise(seen))


def test_nobody_speaks_in_a_quiet_room() -> None:
    assert set(conversation(lambda _: {"anna": ROOM, "ben": SILENCE}, 30)) == {None}


def test_who_begins_is_the_speaker_within_a_second_and_a_half() -> None:
    assert set(conversation(lambda _: {"anna": SPEECH, "ben": ROOM}, 10)[15:]) == {"anna"}


def test_who_speaks_next_takes_over_within_two_seconds() -> None:
    seen = conversation(
        lambda at_s: {"anna": SPEECH if at_s < 10 else ROOM, "ben": ROOM if at_s < 10 else SPEECH}, 20
    )
    assert seen[98] == "anna" and set(seen[120:]) == {"ben"}


def test_who_paused_stays_the_speaker() -> None:
    seen = conversation(lambda at_s: {"anna": SPEECH if at_s < 5 else ROOM, "ben": ROOM}, 60)
    assert set(seen[20:]) == {"anna"}


def test_a_cough_changes_nothing() -> None:
    seen = conversation(lambda at_s: {"anna": SPEECH, "ben": COUGH if 10 <= at_s < 10.3 else ROOM}, 20)
    assert set(seen[20:]) == {"anna"}
    silent = conversation(lambda at_s: {"anna": ROOM, "ben": COUGH if 10 <= at_s < 10.3 else ROOM}, 20)
    assert set(silent) == {None}


def test_two_who_speak_at_once_do_not_make_it_swing() -> None:
    seen = conversation(lambda _: {"anna": SPEECH, "ben": SPEECH}, 120)
    assert changes(seen[20:]) <= 2


def test_it_changes_no_more_often_than_the_hold_lets_it() -> None:
    seen = conversation(
        lambda at_s: {"anna": SHOUT if at_s % 2 < 1 else ROOM, "ben": ROOM if at_s % 2 < 1 else SHOUT}, 60
    )
    assert changes(seen) <= 60 / LEAST_HOLD_S + 1


def test_who_left_is_no_speaker() -> None:
    active = ActiveSpeaker()
    for packet in range(100):
        active.hear("anna", SPEECH, packet / 50)
    assert active.choose(2.0) == "anna"
    active.leave("anna")
    assert active.choose(2.1) is None


def test_speech_that_ends_in_no_packets_fades_like_silence() -> None:
    """With DTX nothing comes in a pause."""
    seen = conversation(
        lambda at_s: ({"anna": SPEECH} if at_s < 10 else {}) | {"ben": ROOM if at_s < 11 else SPEECH}, 20
    )
    assert set(seen[130:]) == {"ben"}
