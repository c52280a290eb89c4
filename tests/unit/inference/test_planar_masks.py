"""The quick ways give what scipy gives."""

import numpy as np
import pytest
from scipy import ndimage

from inference.planar_masks import (
    close_by_ball,
    close_planes,
    connected_to,
    fill_holes,
    grow_by_ball,
    open_planes,
)
from tests.random_masks import blobs

seeds = pytest.mark.parametrize("seed", range(10))
SHAPE = (6, 50, 60)


@seeds
def test_each_plane_is_filled_closed_and_opened_by_itself(seed: int) -> None:
    planes = blobs(seed, SHAPE)
    walled = np.pad(planes, ((0, 0), (6, 6), (6, 6)))
    square = np.ones((3, 3), dtype=bool)
    for k, plane in enumerate(planes):
        assert np.array_equal(fill_holes(planes)[k], ndimage.binary_fill_holes(plane))
        assert np.array_equal(close_planes(walled, 3)[k], ndimage.binary_closing(walled[k], iterations=3))
        opened = ndimage.binary_opening(plane, square, iterations=2)
        assert np.array_equal(open_planes(planes, 2)[k], opened)


@seeds
def test_what_is_connected_to_a_seed_is_what_grows_from_it(seed: int) -> None:
    planes = blobs(seed, SHAPE)
    seeds = planes & (np.random.default_rng(seed).random(SHAPE) < 0.002)
    for k, plane in enumerate(planes):
        grown = ndimage.binary_propagation(seeds[k], mask=plane)
        assert np.array_equal(connected_to(seeds, planes)[k], grown)


@seeds
@pytest.mark.parametrize("radius", [1.0, 2.5, 6.4])
def test_a_ball_reaches_as_far_as_its_radius(seed: int, radius: float) -> None:
    mask = blobs(seed, (14, 20, 24))
    if not mask.any():
        assert not grow_by_ball(mask, radius).any()
        return
    assert np.array_equal(grow_by_ball(mask, radius), ndimage.distance_transform_edt(~mask) <= radius)


@seeds
def test_closing_by_a_ball_fills_what_the_ball_cannot_enter(seed: int) -> None:
    mask = blobs(seed, (14, 20, 24))
    reach = 8
    ends = np.pad(mask, ((reach, reach), (0, 0), (0, 0)), mode="edge")
    sides = np.pad(ends, ((0, 0), (reach, reach), (reach, reach)))
    k, j, i = np.ogrid[-6:7, -6:7, -6:7]
    ball = k**2 + j**2 + i**2 <= 6.4**2
    closed = ndimage.binary_erosion(ndimage.binary_dilation(sides, ball), ball, border_value=1)
    assert np.array_equal(close_by_ball(mask, 6.4), closed[reach:-reach, reach:-reach, reach:-reach] | mask)
