"""Which sizes of a picture are sent, in simulated calls."""

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from signaling.relay.dynacast import FIRST_PAUSE_AFTER_S, PAUSE_AFTER_S, Dynacast

RIDS = ("q", "h", "f")


class Sender:
    """It begins with all sizes and does as it is told."""

    def __init__(self) -> None:
        self.dynacast, self.sent, self.told = Dynacast(RIDS), RIDS, 0

    def passes(self, wanted: Collection[str], from_s: float, until_s: float) -> None:
        for tenth in range(round(10 * from_s), round(10 * until_s)):
            told = self.dynacast.take(wanted, tenth / 10)
            if told is not None:
                self.sent, self.told = told, self.told + 1


def test_nothing_is_paused_in_the_first_seconds() -> None:
    sender = Sender()
    sender.passes([], 100, 100 + FIRST_PAUSE_AFTER_S)
    assert sender.sent == RIDS


def test_what_nobody_watches_is_paused_but_for_the_smallest() -> None:
    sender = Sender()
    sender.passes(["h"], 0, 20)
    assert sender.sent == ("q", "h")
    sender.passes([], 20, 20 + PAUSE_AFTER_S - 0.1)
    assert sender.sent == ("q", "h")
    sender.passes([], 20 + PAUSE_AFTER_S - 0.1, 30)
    assert sender.sent == ("q",)


def test_what_is_wanted_again_is_sent_at_once() -> None:
    sender = Sender()
    sender.passes(["q"], 0, 20)
    sender.passes(["f"], 20, 20.1)
    assert sender.sent == ("q", "f")


def test_a_size_that_is_wanted_now_and_then_goes_on_without_a_word() -> None:
    sender = Sender()
    for second in range(0, 60, 4):
        sender.passes(["f"], second, second + 0.5)
        sender.passes([], second + 0.5, second + 4)
    assert "f" in sender.sent and sender.told == 1  # that h has stopped


@given(st.lists(st.lists(st.sampled_from(RIDS), unique=True), max_size=40))
def test_whatever_is_wanted_is_sent_and_the_smallest_always(seconds: list[list[str]]) -> None:
    sender = Sender()
    for second, wanted in enumerate(seconds):
        sender.passes(wanted, second, second + 1)
        assert {*wanted, "q"} <= set(sender.sent)
