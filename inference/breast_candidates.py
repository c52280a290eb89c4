"""Candidates on a mammogram: of each kind of lesion a score and a box. Those of the maps are its peaks."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# What is looked for; the first MAPPED of them have a channel each in the network's output.
KINDS: Final = ("mass", "architectural-distortion", "calcification-cluster")
MAPPED: Final = 2
CLUSTER: Final = KINDS.index("calcification-cluster")
# A peak must be the highest within this many cells (1 mm each) of itself.
APART_CELLS: Final = 5
SMOOTH_CELLS: Final = 1.2
LOWEST_SCORE: Final = 0.02
# The box is where the map is above this share of its peak.
BOX_SHARE: Final = 0.5
LARGEST_CELLS: Final = 60
# A strip along the chest wall or the skin is no mass, nor is a fold.
LONGEST_TO_SHORTEST: Final = 3.0
# Overlap (over the smaller box) from which two candidates of a kind are one lesion.
SAME_LESION: Final = 0.4
# Lesions on the muscle are read as lymph nodes unless they lie within this many cells of its border.
MUSCLE_BORDER_CELLS: Final = 6
# A long box that lies on the muscle to this share is the muscle's own edge or tip.
LONG_CELLS: Final = 35
ON_MUSCLE_SHARE: Final = 0.2
_NETWORK_STRIDE: Final = 16

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Candidate:
    """kind is an index into KINDS; score 0 to 1 is not yet a probability; box_cells is x0, y0, x1, y1."""

    kind: int
    score: float
    box_cells: Box


def calibrated(score: float, calibration: Mapping[str, float]) -> float:
    """Return the probability that a candidate of this score is a lesion (Platt scaling)."""
    bounded = min(max(score, 1e-6), 1.0 - 1e-6)
    logit = calibration["slope"] * math.log(bounded / (1.0 - bounded)) + calibration["offset"]
    return 1.0 / (1.0 + math.exp(-min(max(logit, -30.0), 30.0)))


def pad_for_network(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (channel, row, column) padded at the far ends to what the network's pooling divides."""
    down, across = (-planes.shape[1]) % _NETWORK_STRIDE, (-planes.shape[2]) % _NETWORK_STRIDE
    return np.pad(planes, ((0, 0), (0, down), (0, across)), mode="edge")


def find_candidates(
    logits: NDArray[np.float32], breast: NDArray[np.bool_], pectoral: NDArray[np.bool_]
) -> list[Candidate]:
    """Return the candidates of the mapped kinds, the strongest first.

    Args:
        logits: (MAPPED, rows, columns).
        breast, pectoral: (rows, columns).
    """
    probability = 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float64), -30.0, 30.0)))
    allowed = readable(breast, pectoral)
    found: list[Candidate] = []
    for kind, of_kind in enumerate(probability):
        peaks = _peaks(kind, of_kind, allowed)
        found += distinct(each for each in peaks if not _is_muscle(each.box_cells, pectoral))
    return sorted(found, key=lambda candidate: -candidate.score)


def readable(breast: NDArray[np.bool_], pectoral: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where a lesion may lie: in the breast, and in the muscle only along its border."""
    return breast & ~ndimage.binary_erosion(pectoral, iterations=MUSCLE_BORDER_CELLS, border_value=1)


def distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates of a kind without weaker ones on the same lesion, the strongest first."""
    kept: list[Candidate] = []
    for one in sorted(candidates, key=lambda candidate: -candidate.score):
        if all(_overlap(one.box_cells, other.box_cells) < SAME_LESION for other in kept):
            kept.append(one)
    return kept


def _peaks(kind: int, probability: NDArray[np.float64], allowed: NDArray[np.bool_]) -> list[Candidate]:
    smooth = ndimage.gaussian_filter(probability, SMOOTH_CELLS) * allowed
    size = 2 * APART_CELLS + 1
    peaks = (smooth == ndimage.maximum_filter(smooth, size)) & (smooth > LOWEST_SCORE)
    found: list[Candidate] = []
    for row, column in zip(*np.nonzero(peaks), strict=True):
        box = _box(smooth, int(row), int(column))
        shortest, longest = sorted((box[2] - box[0], box[3] - box[1]))
        if longest <= LONGEST_TO_SHORTEST * shortest:
            found.append(Candidate(kind, float(smooth[row, column]), box))
    return found


def _is_muscle(box: Box, pectoral: NDArray[np.bool_]) -> bool:
    x0, y0, x1, y1 = (round(side) for side in box)
    is_long = max(x1 - x0, y1 - y0) >= LONG_CELLS
    return is_long and float(pectoral[y0:y1, x0:x1].mean()) >= ON_MUSCLE_SHARE


def _box(smooth: NDArray[np.float64], row: int, column: int) -> Box:
    """Return the bounds of the connected region around a peak."""
    top, left = max(row - LARGEST_CELLS // 2, 0), max(column - LARGEST_CELLS // 2, 0)
    window = smooth[top : row + LARGEST_CELLS // 2 + 1, left : column + LARGEST_CELLS // 2 + 1]
    labels, _ = ndimage.label(window >= BOX_SHARE * smooth[row, column])
    ys, xs = np.nonzero(labels == labels[row - top, column - left])
    return (
        float(left + xs.min()),
        float(top + ys.min()),
        float(left + xs.max() + 1),
        float(top + ys.max() + 1),
    )


def _overlap(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / min(areas)
