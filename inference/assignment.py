"""Pairs one to one so that the sum of their costs is least (the Hungarian method)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def assigned(cost: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Yield row and column of each pair; of the longer side some are left over."""
    # Here, as it is a tenth of what a process needs to start, and most never match anything.
    from scipy.optimize import linear_sum_assignment

    for row, column in zip(*linear_sum_assignment(cost), strict=True):
        yield int(row), int(column)
