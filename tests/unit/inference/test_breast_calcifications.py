"""Spots that stand together become a candidate; what is cut out around it is flat and in units of grain."""

import numpy as np
import pytest

from inference.breast_calcifications import (
    MOST_CANDIDATES,
    PATCH_PX,
    PATCH_RANGE,
    cut_patch,
    spot_groups,
)
from inference.breast_candidates import CLUSTER, Candidate, distinct
from inference.breast_features import BreastFeatures

ROWS, COLUMNS = 80, 60


def features_with(spots: list[tuple[int, int]]) -> BreastFeatures:
    """A breast that fills the image but for its right side, with spots at places of the 0.5 mm grid."""
    planes = np.zeros((3, 2 * ROWS, 2 * COLUMNS), np.float32)
    for row, column in spots:
        planes[2, row, column] = 3.0
    breast = np.zeros((ROWS, COLUMNS), bool)
    breast[:, :50] = True
    native = np.zeros((10 * ROWS, 10 * COLUMNS), np.float32)
    return BreastFeatures(
        planes, native, breast, ~breast & False, False, (0.1, 0.1), (10 * ROWS, 10 * COLUMNS)
    )


def test_spots_together_are_one_group_whose_box_holds_them_and_the_densest_comes_first() -> None:
    together = [(60, 40), (62, 44), (66, 41), (64, 46), (70, 44)]
    alone = [(120, 30)]
    features = features_with(together + alone)
    first, *others = spot_groups(features, features.breast)
    x0, y0, x1, y1 = first.box_cells
    for row, column in together:
        assert x0 <= column / 2 < x1
        assert y0 <= row / 2 < y1
    assert x1 - x0 < 5.0
    assert all(other.weight < first.weight for other in others)
    assert any(abs(other.peak_cells[0] - 60.0) < 1.0 for other in others)


def test_where_no_candidate_may_lie_there_is_none() -> None:
    features = features_with([(60, 40), (62, 44), (66, 41)])
    assert spot_groups(features, np.zeros_like(features.breast)) == []


def test_the_skin_is_no_row_of_spots() -> None:
    features = features_with([(row, 98) for row in range(0, 2 * ROWS, 3)])
    assert spot_groups(features, features.breast) == []


def test_a_breast_full_of_spots_gives_no_more_than_the_most() -> None:
    features = features_with([(row, column) for row in range(8, 150, 14) for column in range(8, 90, 14)])
    assert len(spot_groups(features, features.breast)) == MOST_CANDIDATES


@pytest.mark.parametrize("peak", [(40.0, 30.0), (0.5, 0.5), (79.5, 59.5)])
def test_a_patch_has_its_size_at_the_rim_too_and_no_slope_and_units_of_grain(
    peak: tuple[float, float],
) -> None:
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0 : 10 * ROWS, 0 : 10 * COLUMNS].astype(np.float32)
    grain = rng.normal(0.0, 7.0, y.shape)
    patch = cut_patch((500.0 + 3.0 * x + y + grain).astype(np.float32), peak)
    other_gain = cut_patch((40.0 + 0.02 * (3.0 * x + y + grain)).astype(np.float32), peak)
    assert patch.shape == (PATCH_PX, PATCH_PX)
    assert PATCH_RANGE[0] <= patch.min() and patch.max() <= PATCH_RANGE[1]
    assert float(np.median(np.abs(patch))) == pytest.approx(1 / 1.4826, rel=0.02)
    assert np.allclose(patch, other_gain, atol=0.05)


def test_of_two_candidates_on_one_cluster_the_stronger_is_kept() -> None:
    strong, weak = Candidate(CLUSTER, 0.9, (10, 10, 20, 20)), Candidate(CLUSTER, 0.4, (12, 12, 19, 19))
    elsewhere = Candidate(CLUSTER, 0.2, (40, 10, 50, 20))
    assert distinct([weak, elsewhere, strong]) == [strong, elsewhere]
