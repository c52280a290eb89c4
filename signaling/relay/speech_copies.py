"""Whether copies of speech (RED) fit a receiver's line. Pure: times are given from outside.

They make good what a line loses, and take twice the place: on a line that is too thin they push out what
they are copies of. A thin line shows in packets that wait, a lossy one does not. Where they wait, copies stop
for a while; each time that they have to, for longer.
"""

from dataclasses import dataclass

WAITS_S = 0.2  # over the shortest round trip: less is jitter
FORGET_S_PER_S = 0.001  # of the shortest round trip: a way over another network is longer for good
FIRST_PAUSE_S = 20.0
LONGEST_PAUSE_S = 160.0
PROVEN_AFTER_S = 60.0  # copies that went that long without a queue: the next pause is short again


@dataclass(slots=True)
class SpeechCopies:
    """Of one receiver."""

    _shortest_s: float | None = None
    _waited_s: float = 0.0  # at the last report
    _reported_at_s: float = 0.0
    _pauses_until_s: float = float("-inf")
    _pause_s: float = FIRST_PAUSE_S

    def fit(self, at_s: float) -> bool:
        return at_s >= self._pauses_until_s

    def take_round_trip(self, round_trip_s: float, at_s: float) -> None:
        """As a receiver's report told it (RFC 3550 section 6.4.1), about once a second."""
        if self._shortest_s is None:
            self._shortest_s = round_trip_s
        else:
            forgotten_s = FORGET_S_PER_S * (at_s - self._reported_at_s)
            self._shortest_s = min(round_trip_s, self._shortest_s + forgotten_s)
        waited_s, self._waited_s = self._waited_s, round_trip_s - self._shortest_s
        self._reported_at_s = at_s
        if not self.fit(at_s):
            return
        if min(waited_s, self._waited_s) > WAITS_S:  # one late report is no queue
            self._pauses_until_s = at_s + self._pause_s
            self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)
        elif at_s - self._pauses_until_s > PROVEN_AFTER_S:
            self._pause_s = FIRST_PAUSE_S
