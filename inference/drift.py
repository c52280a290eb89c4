"""How far what a model is given, and what it says, has moved from what it was.

The population stability index compares a window with a reference, bin by bin: the sum of (w - r) ln(w / r)
over the shares. Bins are the reference's own tenths, so that each feature is judged on its own scale. Below
0.1 nothing moved, from 0.25 on much did: the usual marks. A small window moves by chance alone; its index
then is about (1/n + 1/m) times a chi-squared value, and only what exceeds that is called drift.

Sources: N. Siddiqi, "Credit risk scorecards", 2006 (the index and its marks); B. Yurdakul and J. Naranjo,
"Statistical properties of the population stability index", Journal of Risk Model Validation 14, 2020
(chance).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

BINS: Final = 10
SOME_FROM: Final = 0.1
MUCH_FROM: Final = 0.25
SURENESS: Final = 0.99
# A bin without a value is given half of one, so that its logarithm stays finite.
SMOOTHING: Final = 0.5


class Level(StrEnum):
    """What an index says."""

    STEADY = "steady"
    SOME = "some"
    MUCH = "much"
    TOO_FEW = "too-few"  # to tell it from chance


@dataclass(frozen=True, slots=True)
class Drift:
    """How a window differs from a reference.

    Attributes:
        index: population stability index.
        by_chance: what it stays below with SURENESS where nothing moved.
        reference_count, window_count: how many values on either side.
    """

    index: float
    by_chance: float
    reference_count: int
    window_count: int

    @property
    def level(self) -> Level:
        """Return what it says; an index that chance explains says nothing unless it is small."""
        if self.index < SOME_FROM:
            return Level.STEADY
        if self.index <= self.by_chance:
            return Level.TOO_FEW
        return Level.MUCH if self.index >= MUCH_FROM else Level.SOME


def stability_index(reference: Sequence[float], window: Sequence[float]) -> float:
    """Return the index of two distributions over the same bins.

    Args:
        reference, window: counts, or shares above zero; each is scaled to a sum of 1.
    """
    r = np.asarray(reference, dtype=np.float64) / np.sum(reference)
    w = np.asarray(window, dtype=np.float64) / np.sum(window)
    return float(np.sum((w - r) * np.log(w / r)))


def drift_of_values(reference: Sequence[float], window: Sequence[float]) -> Drift | None:
    """Return how numbers have moved; None: there are none on one of the sides.

    What takes few values, as a slice thickness does, is compared value by value.
    """
    a, b = _finite(reference), _finite(window)
    if not len(a) or not len(b):
        return None
    if len(np.unique(a)) <= BINS:
        return drift_of_categories([f"{v:.4g}" for v in a], [f"{v:.4g}" for v in b])
    edges = np.unique(np.quantile(a, np.arange(1, BINS) / BINS))
    counts = [
        np.bincount(np.searchsorted(edges, side, side="left"), minlength=len(edges) + 1) for side in (a, b)
    ]
    return _drift(counts[0], counts[1])


def drift_of_categories(reference: Sequence[str], window: Sequence[str]) -> Drift | None:
    """Return how names, as of kernels, have moved; None: there are none on one of the sides."""
    if not reference or not window:
        return None
    before, now = Counter(reference), Counter(window)
    names = sorted(before.keys() | now.keys())
    return _drift(np.array([before[n] for n in names]), np.array([now[n] for n in names]))


def _drift(reference: NDArray[np.integer], window: NDArray[np.integer]) -> Drift:
    n, m = int(reference.sum()), int(window.sum())
    used = (reference + window) > 0
    degrees = max(int(used.sum()) - 1, 1)
    index = stability_index((reference[used] + SMOOTHING).tolist(), (window[used] + SMOOTHING).tolist())
    chance = (1.0 / n + 1.0 / m) * float(scipy.special.chdtri(degrees, 1.0 - SURENESS))
    return Drift(index, chance, n, m)


def _finite(values: Sequence[float]) -> NDArray[np.float64]:
    return np.asarray([v for v in values if math.isfinite(v)], dtype=np.float64)
