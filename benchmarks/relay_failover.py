"""Measure how long a call is away when its relay is killed: two relays, Redis, two real Chromium in a room.

Away is from the kill until sound and picture of the other are decoded again. Each round kills the relay that
has the room, and starts it again. Usage: python -m benchmarks.relay_failover
"""

import os
import statistics
import time
from pathlib import Path

from benchmarks.result import figure, write_result
from tests.relays_in_browsers import back_at_s, connections_of, shared_rooms
from tests.room_in_browsers import Relay, chromium, wait_until

ROUNDS = 5
MOST_S = 5.0


def resident_mb(relay: Relay) -> float:
    assert relay.process is not None
    pages = int(Path(f"/proc/{relay.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    away_s: list[float] = []
    with chromium() as browser, shared_rooms(browser) as rooms:
        anna, ben = rooms.enter("room", "anna", "ben")
        anna.sees(ben)
        ben.sees(anna)
        memory_mb = resident_mb(rooms.relay_of("room"))
        for number in range(ROUNDS):
            relay = rooms.relay_of("room")
            first = {one.name: connections_of(one) for one in (anna, ben)}
            assert relay.process is not None
            relay.process.kill()
            killed_at = time.time()
            away_s += [back_at_s(one, first[one.name]) - killed_at for one in (anna, ben)]
            print(f"round {number + 1}: away for {away_s[-2]:.1f} s and {away_s[-1]:.1f} s", flush=True)
            wait_until(lambda dead=relay: rooms.relay_of("room") is not dead, "the room has moved")  # type: ignore[misc]
            relay.start()
    figures = [
        figure("call away when its relay is killed, median", statistics.median(away_s), "s", digits=2),
        figure("call away when its relay is killed, worst", max(away_s), "s", MOST_S, at_most=True, digits=2),
        figure("memory of one relay in a call of two", memory_mb, "MB", digits=0),
    ]
    write_result("relay_failover", figures, circumstance=f"{ROUNDS} rounds, loopback")
    for row in figures:
        print(f"{row['what']}: {row['value']} {row['unit']}")


if __name__ == "__main__":
    main()
