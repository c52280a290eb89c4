"""Growth between two measurements of a nodule, and what can be said of it with their errors.

Sources: Schwartz, "A biomathematical approach to clinical tumor growth", Cancer 1961;14:1272 (doubling time).
Two scans of one nodule on one day differ in volume by up to 25 % (95 %): Wormanns et al., Eur Radiol
2004;14:86; Gietema et al., Radiology 2006;241:251; Marchiano et al., Radiology 2009;251:919 (27 %). Thick
slices and small nodules widen that: Nietert et al., Chest 2009;135:1580.
"""

from dataclasses import dataclass
from math import hypot, log, log1p
from typing import Final

from imaging.lung_nodule import Change

# Of two volumes' ratio, 95 %, in thin slices; of one of the two it is the share that adds up to it.
PAIR_ERROR: Final = 0.25
SINGLE_ERROR: Final = PAIR_ERROR / 2**0.5
# What slices and blur add, fitted to blocks of known size (phantoms/nodule_block.py): it goes by the square
# of the slice's thickness over the diameter.
GRID_ERROR: Final = 1.5
BLUR_MM: Final = 0.9
# Readers' repeatability of a mean diameter, where there is no volume: Fleischner 2017 takes 2 mm.
DIAMETER_ERROR_MM: Final = 2.0


@dataclass(frozen=True, slots=True)
class Growth:
    """A volume against an earlier one.

    Attributes:
        change: beyond the measurement error, or stable.
        doubling_time_days: negative where the volume shrinks; None where it is the same or no time passed.
        low_days, high_days: the ends of its 95 % interval, the faster one first. None: no end on that side,
            since no change at all lies within the error.
    """

    change: Change
    doubling_time_days: float | None
    low_days: float | None
    high_days: float | None


def volume_error(diameter_mm: float, slice_mm: float) -> float:
    """Return half the width of the 95 % interval of a volume, as a share of it."""
    return hypot(SINGLE_ERROR, GRID_ERROR * (slice_mm**2 + BLUR_MM**2) / diameter_mm**2)


def growth_of(
    before_mm3: float,
    now_mm3: float,
    interval_days: int | None,
    before_error: float | None = None,
    now_error: float | None = None,
) -> Growth:
    """Return how a volume has grown.

    Args:
        before_mm3, now_mm3: above zero.
        interval_days: between them; None or 0: growth without its speed.
        before_error, now_error: half the width of each volume's 95 % interval as a share of it, SINGLE_ERROR
            by default. Errors are taken for log-normal and independent.
    """
    grown = log(now_mm3 / before_mm3)
    error = hypot(log1p(before_error or SINGLE_ERROR), log1p(now_error or SINGLE_ERROR))
    change = Change.GROWING if grown > error else Change.SHRINKING if grown < -error else Change.STABLE
    if not interval_days or grown == 0:
        return Growth(change, None, None, None)

    def days(log_ratio: float) -> float:
        return interval_days * log(2) / log_ratio

    away = error if grown > 0 else -error
    slower = grown - away
    has_slower_end = slower * grown > 0
    return Growth(change, days(grown), days(grown + away), days(slower) if has_slower_end else None)


def change_of_diameter(before_mm: float, now_mm: float) -> Change:
    """Return how a mean diameter has changed, where no volume is known."""
    more = now_mm - before_mm
    if abs(more) < DIAMETER_ERROR_MM:
        return Change.STABLE
    return Change.GROWING if more > 0 else Change.SHRINKING
