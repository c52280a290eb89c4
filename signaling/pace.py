"""How fast one client may send: a token bucket (as in RFC 2697) whose debt is waited for, not dropped.

What is above the rate waits in the sender's own connection, so a page that floods slows itself and nobody
else. Whoever stays above it for FLOOD_S is ended.
"""

from dataclasses import dataclass

RATE_PER_S = 100.0  # a page sends at most some 30 viewer states and 30 pointers
BURST = 300  # what had to wait while a line was away comes at once
FLOOD_S = 10.0


@dataclass(slots=True)
class Pace:
    """Times are seconds of one monotonic clock, the first at `at`."""

    at: float
    tokens: float = BURST
    behind_since: float | None = None

    def wait_s(self, now: float) -> float:
        """How long the message that came at `now` has to wait for its turn."""
        self.tokens = min(BURST, self.tokens + (now - self.at) * RATE_PER_S) - 1
        self.at = now
        if self.tokens >= 0:
            self.behind_since = None
            return 0.0
        self.behind_since = now if self.behind_since is None else self.behind_since
        return -self.tokens / RATE_PER_S

    @property
    def floods(self) -> bool:
        return self.behind_since is not None and self.at - self.behind_since >= FLOOD_S
