"""From the network's two maps to candidates: a peak, its score and its box, per kind of lesion."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.breast_features import BreastFeatures

if TYPE_CHECKING:
    from inference.monai_predictor import Predictor

# The order of the network's output channels.
KINDS: Final = ("mass", "calcification-cluster")
# A peak must be the highest within this many cells (1 mm each) of itself.
APART_CELLS: Final = 5
SMOOTH_CELLS: Final = 1.2
LOWEST_SCORE: Final = 0.02
# The box is where the map is above this share of its peak.
BOX_SHARE: Final = 0.5
LARGEST_CELLS: Final = 60
# A strip along the chest wall or the skin is no mass, nor is a fold.
LONGEST_TO_SHORTEST: Final = (3.0, 5.0)
# Overlap (over the smaller box) from which two candidates of a kind are one lesion.
SAME_LESION: Final = 0.4
# Lesions on the muscle are read as lymph nodes unless they lie within this many cells of its border.
MUSCLE_BORDER_CELLS: Final = 6
_NETWORK_STRIDE: Final = 16

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Candidate:
    """kind is an index into KINDS; score 0 to 1 is not yet a probability; box_cells is x0, y0, x1, y1."""

    kind: int
    score: float
    box_cells: Box


def score_breast(features: BreastFeatures, predictor: "Predictor") -> list[Candidate]:
    """Return every candidate of both kinds, the strongest first."""
    planes = pad_for_network(features.network_input())
    return find_candidates(predictor.logits(planes[None])[0], features.breast, features.pectoral)


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
    """Return the candidates of both kinds, the strongest first.

    Args:
        logits: (2, rows, columns), possibly padded beyond the masks' shape.
        breast, pectoral: (rows, columns).
    """
    rows, columns = breast.shape
    probability = 1.0 / (1.0 + np.exp(-np.clip(logits[:, :rows, :columns].astype(np.float64), -30.0, 30.0)))
    muscle = ndimage.binary_erosion(pectoral, iterations=MUSCLE_BORDER_CELLS, border_value=1)
    allowed = breast & ~muscle
    found: list[Candidate] = []
    for kind in range(len(KINDS)):
        found += _of_kind(kind, probability[kind], allowed)
    return sorted(found, key=lambda candidate: -candidate.score)


def _of_kind(kind: int, probability: NDArray[np.float64], allowed: NDArray[np.bool_]) -> list[Candidate]:
    smooth = ndimage.gaussian_filter(probability, SMOOTH_CELLS) * allowed
    size = 2 * APART_CELLS + 1
    peaks = (smooth == ndimage.maximum_filter(smooth, size)) & (smooth > LOWEST_SCORE)
    kept: list[Candidate] = []
    for row, column in sorted(zip(*np.nonzero(peaks), strict=True), key=lambda place: -smooth[place]):
        box = _box(smooth, int(row), int(column))
        sides = sorted((box[2] - box[0], box[3] - box[1]))
        if sides[1] > LONGEST_TO_SHORTEST[kind] * sides[0]:
            continue
        if all(_overlap(box, other.box_cells) < SAME_LESION for other in kept):
            kept.append(Candidate(kind, float(smooth[row, column]), box))
    return kept


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
