"""Real Chromium sends its picture in two sizes, and each receiver gets what fits its window and line."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.room_in_browsers import MediaServer, Visitor, line_to, wait_until

MakeVisitor = Callable[..., Visitor]
CAMERA = {"width": 640, "height": 360}  # enough for q (320) and h (640)
PATIENCE_S = 90

PICTURES = """async (way) => {
  const found = [];
  for (const connection of connections) {
    if (connection.connectionState === "closed") continue;
    for (const entry of (await connection.getStats()).values()) {
      if (entry.type === way && entry.kind === "video") found.push(entry);
    }
  }
  return found;
}"""


def received(visitor: Visitor) -> dict[str, Any]:
    """The one picture that comes."""
    (entry,) = visitor.page.evaluate(PICTURES, "inbound-rtp")
    return dict(entry)


def gets(visitor: Visitor, width: int, what: str) -> float:
    """Wait until the picture is that wide; how many seconds it took."""
    began_at = time.monotonic()
    wait_until(lambda: received(visitor).get("frameWidth") == width, what, PATIENCE_S)
    return time.monotonic() - began_at


def sent(visitor: Visitor) -> set[str]:
    """The RIDs of what is sent now."""
    return {entry["rid"] for entry in visitor.page.evaluate(PICTURES, "outbound-rtp") if entry["active"]}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("media_settings", ["relay", "janus"], indirect=True)
def test_a_window_gets_the_size_that_fills_it_and_what_nobody_watches_is_not_sent(
    visitor: MakeVisitor,
) -> None:
    anna, ben = visitor("anna").enter(video=CAMERA), visitor("ben").enter(video=False)
    ben.sees(anna)
    gets(ben, 640, "a window of unknown size gets the largest")

    ben.page.evaluate("session.sizePicture('anna', 150)")
    took_s = gets(ben, 320, "a small window gets the small size")
    wait_until(lambda: sent(anna) == {"q"}, "the large one is paused", PATIENCE_S)
    before = received(ben)["freezeCount"]
    ben.page.evaluate("session.sizePicture('anna', 600)")
    grew_s = gets(ben, 640, "a large window gets the large size, though it was paused")
    assert "h" in sent(anna)
    frozen = received(ben)["freezeCount"] - before
    print(f"smaller in {took_s:.1f} s, larger in {grew_s:.1f} s, freezes {frozen}")

    ben.page.evaluate("session.sizePicture('anna', 0)")
    before = wait_until(lambda: stands_still(ben), "what is not on the screen does not come", PATIENCE_S)
    ben.hears()
    ben.page.evaluate("session.sizePicture('anna', 150)")
    wait_until(lambda: received(ben)["framesDecoded"] > before, "it comes when it is on the screen again")


def stands_still(visitor: Visitor) -> int | None:
    before = received(visitor)["framesDecoded"]
    time.sleep(1)
    return before if received(visitor)["framesDecoded"] == before else None


@pytest.mark.timeout(300)
@pytest.mark.parametrize("media_settings", ["relay", "janus"], indirect=True)
def test_a_thin_line_gets_a_small_picture_and_drags_nobody_down(
    visitor: MakeVisitor, media_server: MediaServer
) -> None:
    with line_to(media_server) as (through, becomes):
        becomes(rate_bps=250_000, queue_s=0.5, towards="client")
        anna, ben, carla = visitor("anna"), visitor("ben"), visitor("carla")
        ben.page.add_init_script(through)
        anna.enter(video=CAMERA)
        ben.enter(video=False)
        carla.enter(video=False)
        ben.sees(anna)
        carla.sees(anna)

        gets(ben, 320, "the thin line gets the small size")
        gets(carla, 640, "the good line gets the large one")
        wait_until(lambda: received(ben)["frameWidth"] == 320, "at the same time")
        assert received(carla)["frameWidth"] == 640
        wait_until(lambda: moves_small(ben), "the small picture moves, it is not what is left")
        ben.hears()


def moves_small(visitor: Visitor) -> bool:
    before = received(visitor)
    time.sleep(1)
    after = received(visitor)
    frames = after["framesDecoded"] - before["framesDecoded"]
    return bool(frames >= 5 and before["frameWidth"] == after["frameWidth"] == 320)
