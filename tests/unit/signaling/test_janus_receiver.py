"""Sizes of pictures on simulated lines, of which Janus tells only what was lost."""

from collections.abc import Callable
from dataclasses import replace

from signaling.janus.receiver import MOST_BPS, PACKET_BITS, SINGLE_BPS, Feed, Picture, Receiver

RIDS = ("q", "h", "f")
ANNA, BEN, SCREEN = (1, "0"), (2, "0"), (1, "2")


def face(
    feed: Feed = ANNA, watched: str | None = "f", sent: tuple[str, ...] = RIDS, comes: int | None = None
) -> Picture:
    return Picture(feed, RIDS, sent, watched, comes)


def bps_of(picture: Picture, size: int | None) -> int:
    if size is None:
        return 0
    return MOST_BPS[picture.rids[size]] if picture.rids else SINGLE_BPS


def call(
    carries_bps: Callable[[int], float], seconds: int, *pictures: Picture, told: bool = True
) -> list[dict[Feed, int | None]]:
    """What is sent in each second; what the line does not carry is lost, and told of a second later."""
    receiver, sent, lost = Receiver(), [], 0
    sizes: dict[Feed, int | None] = {}
    for second in range(seconds):
        if lost and told:
            receiver.lose(lost, float(second))
        for at_s in (float(second), second + 0.5):
            sizes = receiver.choose([replace(one, comes=sizes.get(one.feed)) for one in pictures], at_s)
        sent_bps = sum(bps_of(picture, sizes[picture.feed]) for picture in pictures)
        lost = round(max(0.0, sent_bps - carries_bps(second)) / PACKET_BITS)
        sent.append(sizes)
    return sent


def sizes_of(feed: Feed, sent: list[dict[Feed, int | None]]) -> list[int | None]:
    return [sizes[feed] for sizes in sent]


def test_a_wide_line_gets_the_largest_size_that_its_window_shows() -> None:
    assert set(sizes_of(ANNA, call(lambda _: 5e6, 30, face()))[10:]) == {2}
    assert set(sizes_of(ANNA, call(lambda _: 5e6, 30, face(watched="h")))[10:]) == {1}
    assert set(sizes_of(ANNA, call(lambda _: 5e6, 30, face(watched=None)))) == {None}


def test_a_thin_line_gets_the_smallest_within_seconds_and_mostly_keeps_it() -> None:
    sent = sizes_of(ANNA, call(lambda _: 250_000, 300, face()))
    assert 0 in sent[:6]
    assert sent.count(0) > 0.85 * len(sent)
    assert None not in sent


def test_a_line_that_gets_better_has_its_large_size_back_within_a_minute() -> None:
    sent = sizes_of(ANNA, call(lambda second: 250_000 if second < 30 else 5e6, 90, face()))
    assert sent[29] == 0 and set(sent[-3:]) == {2}


def test_on_a_line_that_carries_no_picture_none_is_sent_but_for_ever_rarer_tries() -> None:
    sent = sizes_of(ANNA, call(lambda _: 40_000, 300, face()))
    assert None in sent[:12]
    assert sent[100:].count(None) > 0.85 * 200


def test_the_second_face_on_a_thin_line_waits_for_no_try_of_the_first() -> None:
    sent = call(lambda _: 400_000, 120, face(), face(BEN))
    assert sizes_of(ANNA, sent).count(0) > 80 and sizes_of(BEN, sent).count(0) > 80


def test_a_screen_in_one_size_is_sent_whole() -> None:
    sent = call(lambda _: 5e6, 10, Picture(SCREEN, (), (), "", None))
    assert set(sizes_of(SCREEN, sent)) == {0}


def test_where_janus_tells_of_no_losses_nothing_is_taken_away() -> None:
    sent = sizes_of(ANNA, call(lambda _: 100_000, 60, face(), told=False))
    assert set(sent[10:]) == {2}


def test_a_size_that_its_publisher_has_paused_is_asked_for_before_it_is_sent() -> None:
    receiver = Receiver()
    picture = face(sent=("q",))
    for half_second in range(8):
        assert receiver.choose([picture], half_second / 2) == {ANNA: 0}
    assert receiver.wanted[ANNA] == {"q", "h"}
    for half_second in range(8, 16):
        sizes = receiver.choose([face(sent=("q", "h"))], half_second / 2)
    assert sizes == {ANNA: 1}


def test_where_the_camera_is_too_small_for_what_is_asked_what_comes_instead_goes_on_being_wanted() -> None:
    receiver = Receiver()
    for half_second in range(40):
        sizes = receiver.choose([face(comes=1)], half_second / 2)
    assert sizes == {ANNA: 2}
    assert receiver.wanted[ANNA] == {"h", "f"}
    receiver.choose([face(comes=0)], 20.0)
    assert receiver.wanted[ANNA] == {"q", "h", "f"}, "h may come yet: a sender begins with little"


def test_somebody_without_a_camera_does_not_count_as_a_picture_that_is_sent() -> None:
    receiver, seen = Receiver(), []
    for second in range(5):
        receiver.lose(25, float(second))
        seen.append(receiver.choose([face(comes=1), face(BEN)], float(second))[ANNA])
    assert 0 in seen, "a third of the only picture is lost"
