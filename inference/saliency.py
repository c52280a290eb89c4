"""Which part of a picture an answer rests on: the answer's fall when that part is covered.

Occlusion asks the network itself, whatever it is made of and whatever runs it, and its unit is the answer's
own: how much the log-odds of a lesion fall. It shows what matters to this network, not to a radiologist.

Source: M. D. Zeiler and R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014. That
the map must change when the weights do is the check of J. Adebayo et al., "Sanity checks for saliency maps",
NeurIPS 2018; tests/unit/inference/test_saliency.py makes it on the shipped weights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

METHOD: Final = "occlusion"

Scores = Callable[[NDArray[np.float32]], NDArray[np.floating]]


@dataclass(frozen=True, slots=True)
class Saliency:
    """How much of the answer goes with each pixel.

    Attributes:
        fall: (row, column) float32, the mean fall of the log-odds over the covers that hid the pixel; below
            zero where covering it made the answer surer.
        score: the log-odds with nothing covered.
    """

    fall: NDArray[np.float32]
    score: float

    @property
    def largest_fall(self) -> float:
        """The fall where it is largest, 0 where no cover lowers the answer."""
        return max(float(self.fall.max()), 0.0)


def occlusion_map(
    picture: NDArray[np.float32],
    scores: Scores,
    *,
    cover_px: int,
    step_px: int,
    fill: NDArray[np.float32] | float,
) -> Saliency:
    """Return the map of one picture: squares of it are covered one by one, and each time the answer is asked.

    Args:
        picture: (row, column) or (channel, row, column).
        scores: from (n, *picture.shape) to (n,) log-odds.
        cover_px: side of the square.
        step_px: from one square to the next; the last ones touch the far edges.
        fill: what the square is covered with: a value, or one for each channel, or a picture like this one.
    """
    height, width = picture.shape[-2:]
    cover = np.asarray(fill, dtype=np.float32)
    if picture.ndim == 3 and cover.ndim < 3:
        cover = cover.reshape(-1, 1, 1)
    cover = np.broadcast_to(cover, picture.shape)
    places = [
        (row, column)
        for row in _starts(height, cover_px, step_px)
        for column in _starts(width, cover_px, step_px)
    ]
    covered = np.repeat(np.asarray(picture, dtype=np.float32)[None], len(places) + 1, axis=0)
    for one, (row, column) in zip(covered[1:], places, strict=True):
        rows, columns = slice(row, row + cover_px), slice(column, column + cover_px)
        one[..., rows, columns] = cover[..., rows, columns]
    answers = np.asarray(scores(covered), dtype=np.float64)
    total, times = np.zeros((height, width)), np.zeros((height, width))
    for answer, (row, column) in zip(answers[1:], places, strict=True):
        hidden = slice(row, row + cover_px), slice(column, column + cover_px)
        total[hidden] += answers[0] - answer
        times[hidden] += 1
    return Saliency((total / np.maximum(times, 1)).astype(np.float32), float(answers[0]))


def _starts(length: int, cover_px: int, step_px: int) -> list[int]:
    last = max(length - cover_px, 0)
    return sorted({*range(0, last + 1, step_px), last})
