"""How much of a breast is dense tissue on a mammogram, and which of the four ACR categories that is.

Dense tissue is what lies above Otsu's threshold between the two kinds of tissue, in the breast's inside:
without the muscle, and without the rim, where the breast is thinner and the vendors' equalisation differs.
The category comes from the shape of the distribution of brightness (fatty breasts have a long bright tail,
dense ones none: Byng et al., Phys Med Biol 41 (1996) 909), which no change of gain or offset moves.

Source of the categories: ACR BI-RADS Atlas, 5th edition (2013), mammography, breast composition.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

from imaging.breast_measures import CATEGORIES, BreastDensity
from inference.breast_region import BreastRegion, resample_mean

RIM_MM: Final = 6.0
MUSCLE_MARGIN_MM: Final = 3.0
LEAST_AREA_MM2: Final = 500.0
_LEVELS: Final = 256

# Proportional odds: log-odds of more than A, B, C = WEIGHTS * (skewness, mean, share of dense area) - LIMITS.
# Fitted by models/mammography/training/fit_density.py on 60 phantoms of many vendors; of 40 held out 78 % got
# their category and 95 % one at most one off.
WEIGHTS: Final = (-1.42, 5.621, 11.323)
LIMITS: Final = (1.138, 3.623, 7.192)


@dataclass(frozen=True, slots=True)
class ExamDensity:
    """Of the denser breast, by the mean over its views; probability: of the category."""

    category: str
    probability: float
    percent: float


@dataclass(frozen=True, slots=True)
class DenseTissue:
    """On the region's grid, the chest wall where it is on the image.

    inside: what was looked at. dense: what lies above the threshold. measures: skewness, mean, dense share.
    """

    inside: NDArray[np.bool_]
    dense: NDArray[np.bool_]
    measures: tuple[float, float, float]


def dense_tissue(pixels: NDArray[np.float32], region: BreastRegion) -> DenseTissue | None:
    """Return what is dense, or None where the breast's inside is too small or of one brightness.

    Args:
        pixels: (row, column), dense tissue bright, as `breast_region` took them.
    """
    mm = region.spacing_mm
    inside = scipy.ndimage.binary_erosion(region.breast, iterations=round(RIM_MM / mm), border_value=1)
    if region.pectoral.any():
        inside &= ~scipy.ndimage.binary_dilation(region.pectoral, iterations=round(MUSCLE_MARGIN_MM / mm))
    if inside.sum() * mm**2 < LEAST_AREA_MM2:
        return None
    smooth = scipy.ndimage.gaussian_filter(resample_mean(pixels, region.breast.shape), 1.0 / mm)
    low, high = np.percentile(smooth[inside], (1.0, 99.5))
    if high <= low:
        return None
    scaled = np.clip((smooth - low) / (high - low), 0.0, 1.0)
    values = scaled[inside].astype(np.float64)
    dense = (scaled > _otsu(values)) & inside
    skewness = float(((values - values.mean()) ** 3).mean() / values.std() ** 3)
    return DenseTissue(inside, dense, (skewness, float(values.mean()), float(dense.sum() / inside.sum())))


def density_of(tissue: DenseTissue) -> BreastDensity:
    """Return the percent density, and how probable each category is."""
    above = [_share(float(np.dot(WEIGHTS, tissue.measures)) - limit) for limit in LIMITS]
    steps = (1.0, *above, 0.0)
    a, b, c, d = (round(steps[n] - steps[n + 1], 4) for n in range(4))
    return BreastDensity(round(100.0 * tissue.measures[2], 1), (a, b, c, d))


def exam_density(breasts: Iterable[Sequence[BreastDensity]]) -> ExamDensity:
    """Return the density of an examination: that of the denser breast.

    Args:
        breasts: one or more, the views of each, one or more. A breast's category is the most probable one by
            the mean over its views; of two of one category the one with more dense tissue is the denser.
    """
    means = [
        (np.mean([view.probabilities for view in views], axis=0), float(np.mean([v.percent for v in views])))
        for views in breasts
    ]
    probabilities, percent = max(means, key=lambda mean: (int(mean[0].argmax()), mean[1]))
    chosen = int(probabilities.argmax())
    return ExamDensity(CATEGORIES[chosen], round(float(probabilities[chosen]), 4), round(percent, 1))


def _share(log_odds: float) -> float:
    return float(1.0 / (1.0 + np.exp(-np.clip(log_odds, -30.0, 30.0))))


def _otsu(values: NDArray[np.float64]) -> float:
    """Return the threshold that parts values of 0 to 1 best into two classes (Otsu, IEEE SMC 9 (1979) 62)."""
    counts, edges = np.histogram(values, _LEVELS, (0.0, 1.0))
    middles = (edges[1:] + edges[:-1]) / 2.0
    weight = np.cumsum(counts) / counts.sum()
    mean = np.cumsum(counts * middles) / counts.sum()
    below_and_above = weight * (1.0 - weight)
    between = np.where(
        below_and_above > 0.0, (mean[-1] * weight - mean) ** 2 / np.maximum(below_and_above, 1e-9), 0.0
    )
    return float(middles[int(between.argmax())])
