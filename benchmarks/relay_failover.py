"""Measure how long a call is away when its relay is killed, and when it hangs (SIGSTOP).

Two relays, Redis, two real Chromium in a room. Away is from then until sound and picture of the other are
decoded again. Each round ends the relay that has the room, and starts it again.
Usage: python -m benchmarks.relay_failover
"""

import os
import statistics
import time
from pathlib import Path
from signal import SIGKILL, SIGSTOP, Signals

from benchmarks.result import figure, write_result
from tests.relays_in_browsers import SharedRooms, back_at_s, connections_of, shared_rooms
from tests.room_in_browsers import Relay, Visitor, chromium, wait_until

ROUNDS = 5  # of each
MOST_S = 5.0


def resident_mb(relay: Relay) -> float:
    assert relay.process is not None
    pages = int(Path(f"/proc/{relay.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def away_s(rooms: SharedRooms, people: list[Visitor], how: Signals) -> list[float]:
    """How long each of them is away when this happens to their relay."""
    for here, there in zip(people, reversed(people), strict=True):
        here.sees(there)
    relay = rooms.relay_of("room")
    first = {one.name: connections_of(one) for one in people}
    assert relay.process is not None
    relay.process.send_signal(how)
    began_at = time.time()
    away = [back_at_s(one, first[one.name]) - began_at for one in people]
    print(f"{how.name}: away for {' and '.join(f'{one:.1f} s' for one in away)}", flush=True)
    wait_until(lambda: rooms.relay_of("room") is not relay, "the room has moved")
    relay.process.kill()
    relay.process.wait()
    relay.start()
    return away


def main() -> None:
    with chromium() as browser, shared_rooms(browser) as rooms:
        people = rooms.enter("room", "anna", "ben")
        memory_mb = resident_mb(rooms.relay_of("room"))
        killed, hung = (
            [one for _ in range(ROUNDS) for one in away_s(rooms, people, how)] for how in (SIGKILL, SIGSTOP)
        )
    figures = [
        figure("call away when its relay is killed, median", statistics.median(killed), "s", digits=2),
        figure("call away when its relay is killed, worst", max(killed), "s", MOST_S, at_most=True, digits=2),
        figure("call away when its relay hangs, median", statistics.median(hung), "s", digits=2),
        figure("call away when its relay hangs, worst", max(hung), "s", digits=2),
        figure("memory of one relay in a call of two", memory_mb, "MB", digits=0),
    ]
    write_result("relay_failover", figures, circumstance=f"{ROUNDS} rounds of each, loopback")
    for row in figures:
        print(f"{row['what']}: {row['value']} {row['unit']}")


if __name__ == "__main__":
    main()
