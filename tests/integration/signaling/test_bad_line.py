"""What a real Chromium sends when its line is bad: speech goes on, the picture yields, and both come back."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.chromium import TELL_LOSS
from tests.room_in_browsers import Relay, Visitor, line_to, wait_until

ENCODINGS = """() => connections
  .filter((one) => one.connectionState !== "closed")
  .flatMap((one) => one.getSenders())
  .filter((sender) => sender.track !== null)
  .map((sender) => ({ kind: sender.track.kind, ...sender.getParameters().encodings[0] }))"""


def sent(visitor: Visitor, kind: str) -> dict[str, Any]:
    encodings: list[dict[str, Any]] = visitor.page.evaluate(ENCODINGS)
    return next(encoding for encoding in encodings if encoding["kind"] == kind)


def line(visitor: Visitor) -> dict[str, Any]:
    """What the page says of its line, from the first second that was measured on."""
    is_measured = "() => { const of = session?.line.get(); return of?.figures ? of : null; }"
    said = visitor.page.wait_for_function(is_measured)
    view: dict[str, Any] = said.json_value()
    return view


def gives_way(view: dict[str, Any]) -> bool:
    return view["level"] in ("still", "audio-only") and view["uploads"] == "paused"


def test_on_a_line_that_loses_a_third_speech_goes_on_alone_and_the_picture_comes_back_with_the_line(
    visitor: Callable[..., Visitor],
) -> None:
    anna, ben = visitor("anna"), visitor("ben")
    anna.page.add_init_script(TELL_LOSS)
    anna.enter()
    ben.enter()
    ben.sees(anna)
    wait_until(lambda: line(anna)["figures"] is not None, "anna's line is known")
    assert (line(anna)["level"], line(anna)["out"]) == ("full", "good")
    assert sent(anna, "audio")["networkPriority"] == "high"

    anna.page.evaluate("window.lossTold = 0.33")
    wait_until(lambda: line(anna)["level"] == "audio-only", "anna sends speech alone", 20)
    wait_until(lambda: not sent(anna, "video")["active"], "the picture has stopped")
    assert sent(anna, "audio")["maxBitrate"] == 24_000
    assert sent(anna, "audio")["networkPriority"] == "high"
    assert (line(anna)["uploads"], line(anna)["out"]) == ("paused", "poor")
    wait_until(lambda: line(ben)["still"] == ["anna"], "ben is told that anna's picture stands still", 20)
    assert ben.page.evaluate("picture('anna')") is not None, "the last picture is kept"
    ben.hears()

    anna.page.evaluate("window.lossTold = 0")
    wait_until(lambda: line(anna)["level"] == "full", "the picture is back as it was", 90)
    wait_until(lambda: line(ben)["still"] == [], "ben is told that it moves again", 20)
    ben.sees(anna)


@pytest.mark.parametrize(
    ("what", "bad", "good"),
    [
        ("30 % loss and 300 ms", {"loss": 0.3, "delay_s": 0.15}, {"loss": 0.0, "delay_s": 0.02}),
        ("64 kbit/s", {"rate_bps": 64_000, "queue_s": 1.0}, {"rate_bps": 5_000_000, "queue_s": 1.0}),
    ],
)
def test_real_packets_on_a_bad_line_leave_speech_alone_on_it_until_the_line_is_good_again(
    visitor: Callable[..., Visitor], relay: Relay, what: str, bad: dict[str, float], good: dict[str, float]
) -> None:
    with line_to(relay) as (through, becomes):
        becomes(**good)
        anna, ben = visitor("anna"), visitor("ben")
        anna.page.add_init_script(through)
        anna.enter()
        ben.enter()
        ben.sees(anna)
        anna.sees(ben)

        becomes(**bad)
        worse_at = time.monotonic()
        # Both hold at once; which comes first hangs on which report still gets through.
        wait_until(lambda: gives_way(line(anna)), "anna's picture and her uploads have given way", 45)
        took_s = time.monotonic() - worse_at
        ben.hears()
        anna.hears()

        becomes(**good)
        better_at = time.monotonic()
        wait_until(lambda: line(anna)["level"] == "full", "the picture is back as it was", 150)
        print(f"{what}: down in {took_s:.1f} s, back in {time.monotonic() - better_at:.1f} s")
        ben.sees(anna)
