"""The lungs are found where disease has changed them."""

from collections.abc import Callable

import numpy as np
import pytest
from pydicom import Dataset
from scipy import ndimage

from imaging.volume_builder import build_volume
from inference.lung_region import GRID_MM, find_lungs, on_fine_grid, resample
from inference.phantoms.chest import Phase, chest_ct
from tests.bad_chests import Plane, emphysematous, repainted, with_effusions, without_right_lung
from tests.random_masks import blobs


@pytest.fixture(scope="module")
def chest() -> list[Dataset]:
    """A whole chest with a thin wall."""
    return chest_ct(77, slices=46, rows=256, slice_thickness_mm=5.0, phase=Phase.PLAIN)[0]


@pytest.mark.parametrize("paint", [without_right_lung, with_effusions, emphysematous])
def test_what_is_left_of_the_lungs_is_found(
    paint: Callable[[Plane, int], Plane], chest: list[Dataset]
) -> None:
    """The mask covers the air that is there, and next to nothing outside of what was lung before."""
    whole = build_volume(chest)
    ill = build_volume(repainted(chest, paint))
    before, after = (find_lungs(v.voxels_hu, v.spacing_mm) for v in (whole, ill))
    air = np.argwhere((ill.voxels_hu < -600) & (ill.voxels_hu > -970) & (whole.voxels_hu < -600))
    inside = [tuple(map(float, place)) for place in air[:: len(air) // 500]]
    in_lung_before = [place for place in inside if before.holds(place)]
    assert np.mean([after.holds(place) for place in in_lung_before]) > 0.97
    assert after.mask.sum() <= 1.02 * before.mask.sum()


@pytest.mark.parametrize(
    ("part", "share"),
    [
        ((slice(None), slice(75, 185), slice(40, -40)), 0.85),
        ((slice(20, 26), slice(None), slice(None)), 0.10),
        ((slice(None), slice(None), slice(128, None)), 0.40),
    ],
    ids=["a field within the ribs", "six slices", "the left half"],
)
def test_the_lungs_are_found_in_a_part_of_the_chest(
    part: tuple[slice, slice, slice], share: float, chest: list[Dataset]
) -> None:
    """A field within the ribs cuts their wall; in few slices front and back of the chest are two parts."""
    volume = build_volume(chest)
    whole = find_lungs(volume.voxels_hu, volume.spacing_mm).mask.sum()
    assert find_lungs(volume.voxels_hu[part], volume.spacing_mm).mask.sum() > share * whole


@pytest.mark.parametrize("seed", [78, 80])
def test_six_slices_of_a_chest_with_a_thin_wall_show_both_lungs(seed: int) -> None:
    volume = build_volume(chest_ct(seed, slices=6, rows=256, slice_thickness_mm=5.0)[0])
    region = find_lungs(volume.voxels_hu, volume.spacing_mm)
    middle = round(128 * volume.spacing_mm[2] / 1.25) - region.start[2]
    assert min(half.sum() for half in np.split(region.mask, [middle], axis=2)) * 1.25**3 / 1e6 > 0.2


@pytest.mark.parametrize("seed", range(6))
def test_the_fine_mask_is_the_coarse_one_interpolated(seed: int) -> None:
    coarse = blobs(seed, (12, 14, 10))
    box = (slice(3, 24), slice(0, 28), slice(5, 20))
    places = np.meshgrid(*(np.arange(side.start, side.stop) / 2 for side in box), indexing="ij")
    smooth = ndimage.map_coordinates(coarse.astype(float), places, order=1, mode="nearest")
    assert np.array_equal(on_fine_grid(coarse, box), smooth > 0.5)


def test_the_grid_around_the_lungs_is_that_of_the_whole_volume(chest: list[Dataset]) -> None:
    volume = build_volume(chest)
    region = find_lungs(volume.voxels_hu, volume.spacing_mm)
    box = tuple(slice(first, first + n) for first, n in zip(region.start, region.mask.shape, strict=True))
    whole = resample(volume.voxels_hu, volume.spacing_mm, GRID_MM)
    np.testing.assert_allclose(region.voxels_hu, whole[box], atol=1e-3)
