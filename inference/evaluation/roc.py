"""The ROC curve of scores that are right or wrong one by one."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

RESAMPLINGS = 1000
INTERVAL = (0.025, 0.975)


def area_under_curve(scores: NDArray[np.floating], labels: NDArray[np.bool_]) -> float:
    """Return the chance that a positive scores above a negative, ties counting half.

    NaN where there is no positive or no negative.

    Source: J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a ROC curve", 1982.
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = stats.rankdata(scores)
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def sensitivity_at(
    scores: NDArray[np.floating], labels: NDArray[np.bool_], false_positive_rate: float
) -> float:
    """Return the largest share of positives a cut finds that lets at most this share of negatives through."""
    negatives = np.sort(scores[~labels])[::-1]
    allowed = int(false_positive_rate * len(negatives) + 1e-9)
    if allowed >= len(negatives):
        return 1.0
    return float((scores[labels] > negatives[allowed]).mean())


def bootstrap_by_group(
    measure: Callable[[NDArray[np.intp]], float],
    groups: NDArray[np.generic],
    *,
    seed: int = 0,
    resamplings: int = RESAMPLINGS,
) -> tuple[float, float]:
    """Return the 95 % interval of a measure of rows, resampling whole groups: rows of one scan go together.

    Args:
        measure: takes row numbers, with repeats. Resamplings where it is NaN are left out.
        groups: one for each row.

    Source: B. Efron, "Bootstrap methods: another look at the jackknife", 1979 (percentile interval).
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(groups[order], return_index=True)
    members = np.split(order, starts[1:])
    values = np.array(
        [
            measure(np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))]))
            for _ in range(resamplings)
        ]
    )
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, INTERVAL)
    return float(low), float(high)
