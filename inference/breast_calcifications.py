"""Clusters of calcifications in two stages: spots that stand together, then each looked at closely.

Stage 1 takes the spots of the specks plane and counts them over about a centimetre; its peaks are the
candidates. Stage 2 cuts the mammogram out around each at 0.1 mm, flattened and in units of the local grain,
for a small network that sees shapes, number and spread.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.breast_features import CELL_MM, FINE_MM, SPECK_MM, BreastFeatures

# A spot is a local maximum of the specks plane from here up; above the cap it weighs no more.
LEAST_SPECK: Final = 1.1
CAP_SPECK: Final = 2.5
SPREAD_MM: Final = 2.5
APART_MM: Final = 5.0
MOST_CANDIDATES: Final = 20
PATCH_PX: Final = 160
FLATTENED_OVER_MM: Final = 1.5
PATCH_RANGE: Final = (-4.0, 12.0)
SKIN_CELLS: Final = 3
# Spots of one cluster lie no further apart, and none further from its peak.
LINK_MM: Final = 3.5
REACH_MM: Final = 14.0

Plane = NDArray[np.float32]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class SpotGroup:
    """A candidate on the 1 mm grid: its peak (row, column), how much stands there, its box x0, y0, x1, y1."""

    peak_cells: tuple[float, float]
    weight: float
    box_cells: Box


def spot_groups(features: BreastFeatures, allowed: NDArray[np.bool_]) -> list[SpotGroup]:
    """Return at most MOST_CANDIDATES places where spots stand together, the densest first.

    Args:
        allowed: (row, column) on the 1 mm grid, where a candidate may lie.
    """
    specks = features.planes[2]
    # The skin's own edge is a row of spots.
    inner = ndimage.binary_erosion(features.breast, iterations=SKIN_CELLS, border_value=1)
    spots = (specks == ndimage.maximum_filter(specks, 3)) & (specks > LEAST_SPECK)
    spots &= np.repeat(np.repeat(inner, 2, 0), 2, 1)
    weight = np.where(spots, np.clip(specks - LEAST_SPECK, 0.1, CAP_SPECK - LEAST_SPECK), 0.0)
    density = ndimage.gaussian_filter(weight.astype(np.float32), SPREAD_MM / FINE_MM, truncate=3.0)
    density *= np.repeat(np.repeat(allowed, 2, 0), 2, 1)
    size = 2 * round(APART_MM / FINE_MM) + 1
    peaks = (density == ndimage.maximum_filter(density, size)) & (density > 0.0)
    places = np.argwhere(peaks)
    order = np.argsort(-density[peaks], kind="stable")[:MOST_CANDIDATES]
    where = np.argwhere(spots).astype(np.float64)
    share = FINE_MM / CELL_MM
    groups = []
    for row, column in places[order].tolist():
        y0, x0, y1, x1 = _bounds(where, (float(row), float(column)))
        groups.append(
            SpotGroup(
                ((row + 0.5) * share, (column + 0.5) * share),
                float(density[row, column]),
                (x0 * share, y0 * share, x1 * share, y1 * share),
            )
        )
    return groups


def _bounds(spots: NDArray[np.float64], peak: tuple[float, float]) -> Box:
    """Return (y0, x0, y1, x1) of the spots that hang together around a peak, on the 0.5 mm grid."""
    near = spots[np.hypot(spots[:, 0] - peak[0], spots[:, 1] - peak[1]) < REACH_MM / FINE_MM]
    member = np.hypot(near[:, 0] - peak[0], near[:, 1] - peak[1]) < LINK_MM / FINE_MM
    gaps = np.hypot(near[:, None, 0] - near[None, :, 0], near[:, None, 1] - near[None, :, 1])
    linked = gaps < LINK_MM / FINE_MM
    while True:
        grown = member | linked[member].any(axis=0)
        if grown.sum() == member.sum():
            break
        member = grown
    chosen = near[member] if member.any() else np.array([peak])
    return (
        float(chosen[:, 0].min()),
        float(chosen[:, 1].min()),
        float(chosen[:, 0].max() + 1.0),
        float(chosen[:, 1].max() + 1.0),
    )


def cut_patch(native: Plane, peak_cells: tuple[float, float], size_px: int = PATCH_PX) -> Plane:
    """Return (size_px, size_px): a place at 0.1 mm, its surroundings taken off, in deviations of its grain.

    Args:
        native: (row, column), the mammogram on the 0.1 mm grid, the chest wall on the left.
    """
    sigma = FLATTENED_OVER_MM / SPECK_MM
    margin = round(2.0 * sigma)
    half = size_px // 2 + margin
    row, column = (round(value * CELL_MM / SPECK_MM) for value in peak_cells)
    y0, x0 = max(row - half, 0), max(column - half, 0)
    piece = native[y0 : max(row + half, 0), x0 : max(column + half, 0)]
    before = (max(half - row, 0), max(half - column, 0))
    after = tuple(2 * half - b - n for b, n in zip(before, piece.shape, strict=True))
    piece = np.pad(piece, tuple(zip(before, after, strict=True)), mode="edge")
    flat = piece - ndimage.gaussian_filter(piece, sigma, truncate=2.0)
    flat = flat[margin:-margin, margin:-margin]
    # The median of absolute values does not mind the calcifications themselves.
    grain = 1.4826 * float(np.median(np.abs(flat)))
    return np.asarray(np.clip(flat / np.float32(max(grain, 1e-6)), *PATCH_RANGE), np.float32)
