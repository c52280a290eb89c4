"""What a receiver of RTP tells its sender beyond reports: when packets came, and which are missing. Pure.

Chromium raises its bit rate above a few hundred kbit/s only with transport-wide feedback
(draft-holmer-rmcat-transport-wide-cc-extensions-01), which aiortc does not make.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from struct import pack

from signaling.relay.rtp_continuity import is_newer

RTCP_RTPFB = 205
TRANSPORT_CC_FMT = 15
REFERENCE_US = 64_000  # the unit of a feedback's reference time
DELTA_US = 250  # the unit of a receive delta
MAX_PACKETS_PER_FEEDBACK = 1_000
NOT_RECEIVED, SMALL_DELTA, LARGE_DELTA = 0, 1, 2


@dataclass(slots=True)
class ArrivalLog:
    """Collects arrivals by transport-wide sequence number until they are reported."""

    arrivals_us: dict[int, int] = field(default_factory=dict)  # unwrapped sequence number: time
    _highest: int | None = None
    _next: int | None = None
    _feedback_count: int = 0

    def add(self, sequence_number: int, at_us: int) -> None:
        """A packet with this 16-bit number came at `at_us` (monotonic microseconds)."""
        unwrapped = self._unwrap(sequence_number)
        if len(self.arrivals_us) < MAX_PACKETS_PER_FEEDBACK:
            self.arrivals_us.setdefault(unwrapped, at_us)

    def take_feedback(self, sender_ssrc: int, media_ssrc: int) -> bytes | None:
        """The RTCP packet about everything since the last one; None if nothing came."""
        if not self.arrivals_us:
            return None
        first = min(self.arrivals_us)
        if self._next is not None and first > self._next > first - MAX_PACKETS_PER_FEEDBACK:
            first = self._next  # those between the two feedbacks were lost
        last = min(max(self.arrivals_us), first + MAX_PACKETS_PER_FEEDBACK)
        arrivals = [self.arrivals_us.get(number) for number in range(first, last + 1)]
        packet = transport_feedback(sender_ssrc, media_ssrc, first & 0xFFFF, arrivals, self._feedback_count)
        self._feedback_count = (self._feedback_count + 1) & 0xFF
        self._next = last + 1
        self.arrivals_us.clear()
        return packet

    def _unwrap(self, sequence_number: int) -> int:
        if self._highest is None:
            self._highest = sequence_number + 0x10000
            return self._highest
        step = (sequence_number - self._highest) & 0xFFFF
        unwrapped = self._highest + (step if step < 0x8000 else step - 0x10000)
        self._highest = max(self._highest, unwrapped)
        return unwrapped


def transport_feedback(
    sender_ssrc: int, media_ssrc: int, base: int, arrivals_us: list[int | None], feedback_count: int
) -> bytes:
    """One transport-wide feedback packet, with two-bit status vectors only (section 3.1.4).

    Args:
        base: transport-wide sequence number (16 bits) of the first entry.
        arrivals_us: arrival times in order of sequence number; None for a packet that did not come.
            At least one is given.
    """
    reference = next(at for at in arrivals_us if at is not None) // REFERENCE_US
    clock = reference * REFERENCE_US
    symbols: list[int] = []
    deltas = b""
    for at in arrivals_us:
        if at is None:
            symbols.append(NOT_RECEIVED)
            continue
        delta = max(-0x8000, min(0x7FFF, round((at - clock) / DELTA_US)))
        clock += delta * DELTA_US
        if 0 <= delta <= 0xFF:
            symbols.append(SMALL_DELTA)
            deltas += pack("!B", delta)
        else:
            symbols.append(LARGE_DELTA)
            deltas += pack("!h", delta)
    chunks = b""
    for start in range(0, len(symbols), 7):
        chunk = 0b11
        for symbol in (symbols[start : start + 7] + [NOT_RECEIVED] * 7)[:7]:
            chunk = chunk << 2 | symbol
        chunks += pack("!H", chunk)
    content = pack("!LLHH", sender_ssrc, media_ssrc, base, len(symbols))
    content += pack("!L", (reference & 0xFFFFFF) << 8 | feedback_count) + chunks + deltas
    padding = -len(content) % 4
    header = 2 << 6 | bool(padding) << 5 | TRANSPORT_CC_FMT
    content += bytes(padding - 1) + bytes([padding]) if padding else b""
    return pack("!BBH", header, RTCP_RTPFB, len(content) // 4) + content


NACK_TRIES = 5
NACK_RETRY_S = 0.05
MAX_MISSING = 256  # a larger gap is not repaired packet by packet: a key frame ends it


@dataclass(slots=True)
class MissingPackets:
    """The sequence numbers to ask for again, each a few times, then given up."""

    highest: int | None = None
    _missing: "OrderedDict[int, tuple[int, float]]" = field(default_factory=OrderedDict)  # tries, next at

    def add(self, sequence_number: int, at_s: float) -> bool:
        """Note an arrival; False if so much is gone that only a key frame helps."""
        if self.highest is None:
            self.highest = sequence_number
            return True
        if not is_newer(sequence_number, self.highest):
            self._missing.pop(sequence_number, None)
            return True
        gap = (sequence_number - self.highest) & 0xFFFF
        self.highest, before = sequence_number, self.highest
        if gap - 1 + len(self._missing) > MAX_MISSING:
            self._missing.clear()
            return False
        for step in range(1, gap):
            self._missing[(before + step) & 0xFFFF] = (0, at_s)
        return True

    def take_due(self, at_s: float) -> list[int]:
        """What to ask for now, in order."""
        due = [number for number, (_, next_at_s) in self._missing.items() if next_at_s <= at_s]
        for number in due:
            tries = self._missing[number][0] + 1
            if tries >= NACK_TRIES:
                del self._missing[number]
            else:
                self._missing[number] = (tries, at_s + NACK_RETRY_S)
        return due


@dataclass(slots=True)
class KeyFrameRequests:
    """Lets one request for a key frame through in `spacing_s`; one that came too early is kept, not lost."""

    spacing_s: float = 0.3  # libwebrtc makes none sooner after the last one
    _last_at_s: float = float("-inf")
    _wanted: bool = False

    def want(self) -> None:
        self._wanted = True

    def take(self, at_s: float) -> bool:
        """True if the publisher is to be asked now."""
        if not self._wanted or at_s - self._last_at_s < self.spacing_s:
            return False
        self._wanted, self._last_at_s = False, at_s
        return True
