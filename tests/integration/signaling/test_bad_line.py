"""What a real Chromium sends when its line is bad: speech goes on, the picture yields, and both come back."""

from collections.abc import Callable
from typing import Any

from tests.e2e.chromium import TELL_LOSS
from tests.integration.signaling.conftest import Visitor, wait_until

ENCODINGS = """() => connections
  .filter((one) => one.connectionState !== "closed")
  .flatMap((one) => one.getSenders())
  .filter((sender) => sender.track !== null)
  .map((sender) => ({ kind: sender.track.kind, ...sender.getParameters().encodings[0] }))"""


def sent(visitor: Visitor, kind: str) -> dict[str, Any]:
    encodings: list[dict[str, Any]] = visitor.page.evaluate(ENCODINGS)
    return next(encoding for encoding in encodings if encoding["kind"] == kind)


def line(visitor: Visitor) -> dict[str, Any]:
    view: dict[str, Any] = visitor.page.evaluate("session.line.get()")
    return view


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
