"""Whether a probability of 0.7 is right seven times in ten."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bar of a reliability diagram: what was said, and how often it was so."""

    low: float
    high: float
    count: int
    mean_probability: float
    observed_share: float


def reliability_diagram(
    probabilities: NDArray[np.floating], labels: NDArray[np.bool_], bins: int = BINS
) -> list[ReliabilityBin]:
    """Return the bins of equal width that hold anything; 1.0 belongs to the last.

    Source: A. Niculescu-Mizil and R. Caruana, "Predicting good probabilities with supervised learning", 2005.
    """
    place = np.minimum((np.asarray(probabilities) * bins).astype(int), bins - 1)
    return [
        ReliabilityBin(
            low=b / bins,
            high=(b + 1) / bins,
            count=int((place == b).sum()),
            mean_probability=float(probabilities[place == b].mean()),
            observed_share=float(labels[place == b].mean()),
        )
        for b in range(bins)
        if (place == b).any()
    ]


def expected_calibration_error(
    probabilities: NDArray[np.floating], labels: NDArray[np.bool_], bins: int = BINS
) -> float:
    """Return the mean gap between what was said and what was so, weighted by how often it was said.

    Source: C. Guo et al., "On calibration of modern neural networks", 2017, equation 3.
    """
    diagram = reliability_diagram(probabilities, labels, bins)
    gaps = [one.count * abs(one.mean_probability - one.observed_share) for one in diagram]
    return float(sum(gaps) / max(len(labels), 1))


def platt_scaling(logits: NDArray[np.floating], labels: NDArray[np.bool_]) -> tuple[float, float]:
    """Return (slope, offset) that make sigmoid(slope * logit + offset) a probability.

    Source: J. Platt, "Probabilistic outputs for support vector machines", 1999, with its smoothed targets.
    """
    positives, negatives = int(labels.sum()), int((~labels).sum())
    target = np.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    z = np.asarray(logits, dtype=np.float64)

    def loss(parameters: NDArray[np.float64]) -> float:
        x = parameters[0] * z + parameters[1]
        return float(np.mean(np.logaddexp(0.0, x) - target * x))

    slope, offset = optimize.minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return float(slope), float(offset)
