"""How often readers agree with what a model flags, and how sure that is."""

import math
from dataclasses import dataclass
from typing import Final

Z_95: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Agreement:
    """Decisions on a model's findings."""

    accepted: int
    rejected: int

    @property
    def decided(self) -> int:
        """How many were decided on."""
        return self.accepted + self.rejected

    @property
    def share(self) -> float | None:
        """The share that was accepted; None where nothing was decided."""
        return self.accepted / self.decided if self.decided else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share; all of 0 to 1 where nothing was decided."""
        return wilson_interval(self.accepted, self.decided)


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Return the score interval of a share. Unlike the simple one it holds for few trials and near 0 and 1.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22,
    1927.
    """
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    middle = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0)
