"""Which LUNA16 series the classifier learns from, which choose, and which only measure."""

import numpy as np
from numpy.typing import NDArray

HELD_OUT_SHARE = 0.2
HELD_OUT_SEED = 2
VALIDATION_PARTS = 8
# LIDC-IDRI-0001 is a whole case that the project's tests read; no weights may have seen it.
NEVER_USED = ("1.3.6.1.4.1.14519.5.2.1.6279.6001.179049373636438705059720603192",)


def held_out(series_instance_uids: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return a mask of the patches whose series is kept for measuring: a fifth of the series."""
    series = np.unique(series_instance_uids)
    order = np.random.default_rng(HELD_OUT_SEED).permutation(series)
    return np.isin(series_instance_uids, order[: round(len(series) * HELD_OUT_SHARE)])


def validation(series_instance_uids: NDArray[np.str_], member: int) -> NDArray[np.bool_]:
    """Return a mask of the patches that one member leaves out to choose by: an eighth of the other series."""
    series = np.unique(series_instance_uids)
    order = np.random.default_rng(HELD_OUT_SEED).permutation(series)[round(len(series) * HELD_OUT_SHARE) :]
    return np.isin(series_instance_uids, order[member::VALIDATION_PARTS])


def never_used(series_instance_uids: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return a mask of the patches that nothing learns from or is measured on."""
    return np.isin(series_instance_uids, NEVER_USED)
