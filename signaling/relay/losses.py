"""What lines have cost, over all rooms of a relay: sums since its start, of one direction."""

from dataclasses import dataclass


@dataclass(slots=True)
class Losses:
    lost: int = 0  # packets that did not come, before any was sent again
    nacked: int = 0  # packets that were asked for again (RFC 4585 section 6.2.1)
    key_frames_asked: int = 0  # by PLI or FIR (RFC 4585 section 6.3.1, RFC 5104 section 4.3.1)


def newly_lost(reported: int, before: int, packets: int) -> int:
    """Of a count of lost packets that its side may take back, or make up: what it says of `packets`."""
    return max(0, min(reported - before, packets))
