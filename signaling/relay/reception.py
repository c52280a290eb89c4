"""What a receiver reports about one incoming stream. Pure. Source: RFC 3550 sections 6.4.1, A.3 and A.8."""

from dataclasses import dataclass

MAX_LOST = 0x7FFFFF


@dataclass(slots=True)
class Reception:
    """Counts packets of one SSRC with a clock of `clock_rate_hz`."""

    clock_rate_hz: int
    jitter: float = 0.0  # in steps of the clock
    received: int = 0
    _first: int | None = None
    _highest: int = 0  # unwrapped
    _last_transit: float | None = None
    _expected_before: int = 0
    _received_before: int = 0

    def add(self, sequence_number: int, timestamp: int, at_us: int) -> None:
        """A packet that came as itself, not as a retransmission."""
        if self._first is None:
            self._first = self._highest = sequence_number
        step = (sequence_number - self._highest) & 0xFFFF
        if step < 0x8000:
            self._highest += step
        self.received += 1
        transit = at_us * self.clock_rate_hz / 1e6 - timestamp
        if self._last_transit is not None:
            difference = abs(transit - self._last_transit)
            if difference < 10 * self.clock_rate_hz:  # the timestamp wrapped, or the source began anew
                self.jitter += (difference - self.jitter) / 16
        self._last_transit = transit

    @property
    def expected(self) -> int:
        return 0 if self._first is None else self._highest - self._first + 1

    @property
    def packets_lost(self) -> int:
        return max(0, min(MAX_LOST, self.expected - self.received))

    @property
    def highest_sequence(self) -> int:
        return self._highest & 0xFFFFFFFF

    def take_fraction_lost(self) -> int:
        """Of 256, since the last call."""
        expected, received = self.expected - self._expected_before, self.received - self._received_before
        self._expected_before, self._received_before = self.expected, self.received
        if expected <= 0 or expected <= received:
            return 0
        return min(255, (expected - received) * 256 // expected)
