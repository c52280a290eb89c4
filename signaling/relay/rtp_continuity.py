"""Makes one outgoing RTP stream out of one incoming stream after another. Pure.

A receiver takes a jump of the sequence number for loss and a jump of the timestamp for a pause. So while the
source is the same, gaps are kept as they are (they are losses that may still be repaired); when it changes,
the numbers go on where they stood.
"""

import random
from dataclasses import dataclass, field

MAX_FIRST_SEQUENCE_NUMBER = 0x7FFF  # an early wrap would confuse SRTP's roll-over counter (RFC 3711 3.3.1)


def is_newer(a: int, b: int, bits: int = 16) -> bool:
    """True where `a` follows `b` in numbers that wrap (RFC 1982)."""
    half, size = 1 << (bits - 1), 1 << bits
    return a != b and (a - b) % size < half


@dataclass(slots=True)
class Continuity:
    """Maps sequence numbers (16 bits) and timestamps (32 bits, `clock_rate_hz` steps a second)."""

    clock_rate_hz: int
    first_sequence_number: int = field(default_factory=lambda: random.randrange(MAX_FIRST_SEQUENCE_NUMBER))
    first_timestamp: int = field(default_factory=lambda: random.getrandbits(32))
    sequence_offset: int = 0  # outgoing minus incoming
    timestamp_offset: int = 0
    last_sequence_number: int = 0  # outgoing, the newest one
    _has_begun: bool = False
    _last_timestamp: int = 0
    _last_at_s: float = 0.0

    def begin(self, sequence_number: int, timestamp: int, at_s: float) -> int:
        """Go on with this packet of another source, or of the same one after a pause; its outgoing number.

        Args:
            at_s: when it came, monotonic seconds.
        """
        if not self._has_begun:
            self._has_begun = True
            next_sequence_number, next_timestamp = self.first_sequence_number, self.first_timestamp
        else:
            elapsed = max(1, round((at_s - self._last_at_s) * self.clock_rate_hz))
            next_sequence_number = (self.last_sequence_number + 1) & 0xFFFF
            next_timestamp = (self._last_timestamp + elapsed) & 0xFFFFFFFF
        self.last_sequence_number = (next_sequence_number - 1) & 0xFFFF
        self.sequence_offset = next_sequence_number - sequence_number
        self.timestamp_offset = next_timestamp - timestamp
        return next_sequence_number

    def map(self, sequence_number: int, timestamp: int, at_s: float) -> tuple[int, int]:
        """The outgoing sequence number and timestamp of a packet of the source that was begun with."""
        out_sequence_number = (sequence_number + self.sequence_offset) & 0xFFFF
        out_timestamp = (timestamp + self.timestamp_offset) & 0xFFFFFFFF
        if is_newer(out_sequence_number, self.last_sequence_number):
            self.last_sequence_number = out_sequence_number
            self._last_timestamp = out_timestamp
            self._last_at_s = at_s
        return out_sequence_number, out_timestamp
