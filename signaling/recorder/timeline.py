"""When frames of one participant were made, on the clock of the machine that records. Pure.

A track begins at the moment at which its first packet came. Sender reports (RFC 3550 section 6.4.1) tell how
the clocks of a participant's tracks stand to each other: then its pictures are put where they belong beside
its sound, however different their ways were.
"""

from dataclasses import dataclass, field

MOVE_FROM_S = 0.02  # less is the unevenness of reports
MOVE_TO_S = 5.0  # more is a clock that was set anew, or nonsense
NTP_FRACTION = 1 << 32


@dataclass(slots=True)
class TrackClock:
    """Seconds of one track's timestamps, which wrap after 32 bits."""

    clock_rate_hz: int
    _timestamp: int | None = None
    _unwrapped: int = 0
    _zero_s: float = 0.0  # when the unwrapped timestamp was 0

    @property
    def has_begun(self) -> bool:
        return self._timestamp is not None

    def begin(self, timestamp: int, at_s: float) -> None:
        self._timestamp, self._unwrapped = timestamp, 0
        self._zero_s = at_s

    def at_s(self, timestamp: int) -> float:
        """When this was made; the clock has begun."""
        return self._zero_s + self._unwrap(timestamp) / self.clock_rate_hz

    def move(self, by_s: float) -> None:
        self._zero_s += by_s

    def _unwrap(self, timestamp: int) -> int:
        assert self._timestamp is not None
        step = (timestamp - self._timestamp) & 0xFFFFFFFF
        unwrapped = self._unwrapped + (step if step < 1 << 31 else step - (1 << 32))
        if unwrapped > self._unwrapped:
            self._timestamp, self._unwrapped = timestamp, unwrapped
        return unwrapped


@dataclass(slots=True)
class ParticipantClock:
    """The participant's own clock (NTP), and what it says of each of its tracks."""

    _offset_s: float | None = None  # our clock minus the participant's
    _aligned: set[int] = field(default_factory=set)

    def is_aligned(self, track: int) -> bool:
        return track in self._aligned

    def forget(self, track: int) -> None:
        self._aligned.discard(track)

    def take_report(self, track: int, clock: TrackClock, timestamp: int, ntp: int) -> None:
        """A sender report of a track: `timestamp` was at `ntp` (64 bits) on the participant's clock."""
        if not clock.has_begun:
            return
        here_s, there_s = clock.at_s(timestamp), ntp / NTP_FRACTION
        if self._offset_s is None:
            self._offset_s = here_s - there_s
        by_s = there_s + self._offset_s - here_s
        if abs(by_s) > MOVE_TO_S:
            return
        if track not in self._aligned or abs(by_s) > MOVE_FROM_S:
            clock.move(by_s)
        self._aligned.add(track)
