"""Measure calls between real Chromium through a real relay process; part of `make bench-media`.

    python -m benchmarks.call_in_chromium

How long it takes from entering a room to the first decoded picture and to the largest size of it, and how
often a picture freezes on a line that loses packets one way or the other. A freeze is what W3C webrtc-stats
calls one (`freezeCount`).
"""

import argparse
import statistics
import time
from collections.abc import Callable

from playwright.sync_api import Browser

from benchmarks.result import figure, write_result
from tests.room_in_browsers import Relay, Visitor, chromium, free_port, line_to, site, visitors, wait_until

LOSS = 0.05
WAYS = ("publisher", "receiver")
THERE_BEFORE_S = 3.0  # who joins finds somebody in the room, not somebody who joins too
SETTLING_S = 10.0  # in which encoders learn what the line gives
CAMERA = {"width": 1280, "height": 720}  # in three sizes
ALONE_S = 10.0  # until the sizes that nobody watches are paused (signaling/relay/dynacast.py)
LINES_BPS = {"a good line": None, "2 Mbit/s": 2e6}
MakeVisitor = Callable[..., Visitor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joins", type=int, default=15)
    parser.add_argument("--climbs", type=int, default=5, help="joins until the largest size, on each line")
    parser.add_argument("--seconds", type=float, default=60.0, help="on a line that loses packets")
    given = parser.parse_args()
    with site() as origin, chromium() as browser:
        joins_ms = sorted(join_ms(browser, origin) for _ in range(given.joins))
        largest_s = {
            line: statistics.median(until_largest_s(browser, origin, bps) for _ in range(given.climbs))
            for line, bps in LINES_BPS.items()
        }
        lossy = {way: freezes_in_10_s(browser, origin, given.seconds, way) for way in WAYS}
    print(f"\njoin to first decoded picture: {', '.join(f'{ms:.0f}' for ms in joins_ms)} ms")
    for line, seconds in largest_s.items():
        print(f"join to the largest size, {line}: {seconds:.1f} s")
    for way, rate in lossy.items():
        print(f"freezes in 10 s, {LOSS:.0%} loss at the {way}: {rate:.2f}")
    write_result(
        "call_in_chromium",
        [
            figure(
                "join to first decoded picture, median",
                statistics.median(joins_ms),
                "ms",
                400.0,
                at_most=True,
                digits=0,
            ),
            figure("the same, slowest", joins_ms[-1], "ms", digits=0),
            *(
                figure(f"join to 1280 pixels, {line}, median", seconds, "s", 4.0, at_most=True, digits=1)
                for line, seconds in largest_s.items()
            ),
            *(
                figure(
                    f"freezes in 10 s at {LOSS:.0%} loss of the {way}'s line",
                    rate,
                    "freezes",
                    1.0,
                    at_most=True,
                    digits=2,
                )
                for way, rate in lossy.items()
            ),
        ],
    )


def join_ms(browser: Browser, origin: str) -> float:
    """From asking for a token to the first picture of who is there already."""
    relay = Relay(origin, free_port()).start()
    try:
        with visitors(browser, relay, origin) as make:
            anna, ben = make("anna"), make("ben")
            anna.enter()
            time.sleep(THERE_BEFORE_S)
            ben.enter()
            return float(wait_until(lambda: ben.page.evaluate("firstFrameMs.anna"), "ben sees anna"))
    finally:
        relay.stop()


def until_largest_s(browser: Browser, origin: str, line_bps: float | None) -> float:
    """From entering to the largest size of who was alone in the room: so it has to be asked for first."""
    relay = Relay(origin, free_port()).start()
    try:
        with visitors(browser, relay, origin) as make, line_to(relay) as (through, becomes):
            anna, ben = make("anna"), make("ben")
            ben.page.add_init_script(through)
            becomes(delay_s=0.02, **({} if line_bps is None else {"rate_bps": line_bps, "queue_s": 0.2}))
            anna.enter(video=CAMERA)
            time.sleep(ALONE_S)
            ben.enter(video=False)
            took_ms = "document.querySelector('video')?.videoWidth === 1280 && performance.now() - enteredAt"
            return float(wait_until(lambda: ben.page.evaluate(took_ms), "ben sees 1280 pixels")) / 1000
    finally:
        relay.stop()


def freezes_in_10_s(browser: Browser, origin: str, seconds: float, way: str) -> float:
    """Of one picture. Packets are lost both ways on the line of its publisher, or of its receiver."""
    relay = Relay(origin, free_port()).start()
    try:
        with visitors(browser, relay, origin) as make, line_to(relay) as (through, becomes):
            anna, ben = make("anna"), make("ben")
            (anna if way == "publisher" else ben).page.add_init_script(through)
            anna.enter()
            ben.enter()
            ben.sees(anna)
            time.sleep(SETTLING_S)
            becomes(loss=LOSS)
            before = ben.received
            time.sleep(seconds)
            after = ben.received
    finally:
        relay.stop()
    frames = after["framesDecoded"] - before["framesDecoded"]
    freezes = after["freezeCount"] - before["freezeCount"]
    print(f"{LOSS:.0%} loss at the {way}: {freezes:.0f} freezes, {frames / seconds:.1f} frames each second")
    return freezes / seconds * 10


if __name__ == "__main__":
    main()
