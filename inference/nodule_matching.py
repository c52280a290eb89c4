"""Which nodule of a chest CT is which of the prior's.

Two chests of one patient differ by where the patient lay and how deep he breathed. Each lung's bounding box
is laid over the same lung's box of the other study: a shift and a scale for each axis. Where several pairs
agree on a further shift, as when a study shows only a part of the lung, all are shifted by it. Pairs are
then chosen one to one, so that the sum of their costs is least (the Hungarian method).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from imaging.lung_nodule import Box, Laterality
from inference.assignment import assigned

# Boxes laid over each other leave nodules this far apart at most: breath bends lungs, boxes do not.
REACH_MM: Final = 15.0
# An axis on which one lung is this much longer shows a part of it in one study: no scale, heads together.
MOST_STRETCH: Final = 1.3
MOST_SHIFT_MM: Final = 150.0
# So many pairs more must agree on a further shift: two nodules alone can be shifted onto any two.
AGREEING: Final = 2
# Doubling the diameter costs as much as lying so far apart.
SIZE_COST_MM: Final = 5.0


@dataclass(frozen=True, slots=True)
class PlacedNodule:
    """A nodule for matching.

    Attributes:
        centre_lps_mm: (x, y, z), mm.
        lung_box_lps_mm: of the lung that it is in.
    """

    centre_lps_mm: tuple[float, float, float]
    diameter_mm: float
    laterality: Laterality
    lung_box_lps_mm: Box


def matched(now: Sequence[PlacedNodule], before: Sequence[PlacedNodule]) -> dict[int, int]:
    """Return places in `before` by places in `now`; a nodule that is not there has no counterpart."""
    if not now or not before:
        return {}
    # (now, before, 3): from where a prior nodule should lie now to where this one does.
    gaps = np.array([[np.subtract(n.centre_lps_mm, carried(b, n)) for b in before] for n in now])
    same_side = np.array([[n.laterality is b.laterality for b in before] for n in now])
    ratio = np.array([[n.diameter_mm / b.diameter_mm for b in before] for n in now])
    size_cost = SIZE_COST_MM * np.abs(np.log2(ratio))
    unshifted, _ = _pairs(gaps, same_side, size_cost)
    best, best_spread = unshifted, float("inf")
    for shift in gaps[same_side]:
        if np.linalg.norm(shift) > MOST_SHIFT_MM:
            continue
        pairs, spread = _pairs(gaps - shift, same_side, size_cost)
        enough = max(len(best), len(unshifted) + AGREEING)
        if len(pairs) > enough or (len(pairs) == enough and spread < best_spread):
            best, best_spread = pairs, spread
    return best


def carried(nodule: PlacedNodule, onto: PlacedNodule) -> NDArray[np.float64]:
    """Return where a nodule lies when its lung's box is laid over the box of `onto`'s lung, (3,) mm LPS."""
    source, target = np.array(nodule.lung_box_lps_mm), np.array(onto.lung_box_lps_mm)
    size, onto_size = source[3:] - source[:3], target[3:] - target[:3]
    scale = onto_size / np.maximum(size, 1e-6)
    is_whole = (scale < MOST_STRETCH) & (scale > 1 / MOST_STRETCH)
    centre = np.array(nodule.centre_lps_mm)
    stretched = target[:3] + (centre - source[:3]) * scale
    by_heads = centre - source[3:] + target[3:]
    return np.asarray(np.where(is_whole, stretched, by_heads), np.float64)


def _pairs(
    gaps: NDArray[np.float64], same_side: NDArray[np.bool_], size_cost: NDArray[np.float64]
) -> tuple[dict[int, int], float]:
    """Return the pairs within REACH_MM and the mean of their distances."""
    distance = np.linalg.norm(gaps, axis=2)
    allowed = same_side & (distance <= REACH_MM)
    # An unmatched nodule costs more than any pair, so as many as can be are matched.
    never = 1e6
    cost = np.where(allowed, distance + size_cost, never)
    pairs = {i: j for i, j in assigned(cost) if allowed[i, j]}
    spread = float(np.mean([distance[i, j] for i, j in pairs.items()])) if pairs else float("inf")
    return pairs, spread
