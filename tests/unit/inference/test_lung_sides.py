"""The patient's side and height, whatever order rows, columns and slices come in."""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.lung_nodule import Laterality, LungThird
from imaging.volume import Volume
from inference.lung_region import find_lungs
from inference.lung_sides import Lungs, lungs_of

SHAPE, SPACING = (70, 120, 160), (4.0, 2.5, 2.5)
CENTRE_LPS = (12.0, -40.0, -300.0)


@cache
def chest(left: bool = True, right: bool = True, bottom: int = 0) -> Volume:
    """A body of tissue with an ellipsoid for each lung, head last; its middle is at CENTRE_LPS."""
    k, j, i = np.ogrid[tuple(slice(0, n) for n in SHAPE)]
    z, y, x = ((g - (n - 1) / 2) * mm for g, n, mm in zip((k, j, i), SHAPE, SPACING, strict=True))
    hu = np.full(SHAPE, -1000, dtype=np.int16)
    hu[np.broadcast_to((x / 180) ** 2 + (y / 130) ** 2 < 1, SHAPE)] = 40
    for side, there in ((1, left), (-1, right)):
        if there:
            hu[((x - side * 75) / 55) ** 2 + (y / 85) ** 2 + (z / 120) ** 2 < 1] = -860
    affine = np.eye(4)
    affine[:3, :3] = np.diag([SPACING[2], SPACING[1], SPACING[0]])
    middle = affine[:3, :3] @ ((np.array(SHAPE)[::-1] - 1) / 2)
    affine[:3, 3] = np.array(CENTRE_LPS) - middle
    affine[:3, 3] += affine[:3, 2] * bottom
    uids = tuple(str(n) for n in range(SHAPE[0] - bottom))
    return Volume(hu[bottom:], affine, SPACING, uids, "1.2", "1.1")


def turned(volume: Volume, flips: tuple[bool, bool, bool]) -> Volume:
    """The same patient stored with slices, rows or columns the other way round."""
    voxels, affine = volume.voxels_hu, volume.affine_lps.copy()
    for axis, flip in enumerate(flips):
        if flip:
            column = 2 - axis
            affine[:3, 3] += affine[:3, column] * (voxels.shape[axis] - 1)
            affine[:3, column] *= -1
            voxels = np.flip(voxels, axis)
    return replace(volume, voxels_hu=np.ascontiguousarray(voxels), affine_lps=affine)


def sides(volume: Volume) -> Lungs:
    return lungs_of(find_lungs(volume.voxels_hu, volume.spacing_mm), volume)


def place(x: float, z: float) -> NDArray[np.float64]:
    return np.array([CENTRE_LPS[0] + x, CENTRE_LPS[2] + z])


@pytest.mark.parametrize("flips", list(product([False, True], repeat=3)))
def test_side_and_third_do_not_depend_on_how_it_was_stored(flips: tuple[bool, bool, bool]) -> None:
    lungs = sides(turned(chest(), flips))
    for x, side in ((75, Laterality.LEFT), (25, Laterality.LEFT), (-75, Laterality.RIGHT)):
        for z, third in ((90, LungThird.UPPER), (0, LungThird.MIDDLE), (-90, LungThird.LOWER)):
            location = lungs.locate(*place(x, z))
            assert (location.laterality, location.third) == (side, third)
    box = lungs.boxes[Laterality.LEFT]
    x, y, z = CENTRE_LPS
    expected = (x + 20, y - 85, z - 120, x + 130, y + 85, z + 120)
    assert box == pytest.approx(expected, abs=12)


def test_coronal_slices_say_the_same() -> None:
    volume = chest()
    affine = volume.affine_lps[:, [0, 2, 1, 3]]
    coronal = replace(
        volume,
        voxels_hu=np.ascontiguousarray(volume.voxels_hu.transpose(1, 0, 2)),
        affine_lps=affine,
        spacing_mm=(SPACING[1], SPACING[0], SPACING[2]),
        sop_instance_uids=tuple(str(n) for n in range(SHAPE[1])),
    )
    location = sides(coronal).locate(*place(-75, 90))
    assert (location.laterality, location.third) == (Laterality.RIGHT, LungThird.UPPER)


@pytest.mark.parametrize(
    ("left", "right", "x", "side"), [(True, False, 75, Laterality.LEFT), (False, True, -75, Laterality.RIGHT)]
)
def test_a_single_lung_is_on_its_side_of_the_body(
    left: bool, right: bool, x: float, side: Laterality
) -> None:
    lungs = sides(chest(left, right))
    assert set(lungs.boxes) == {side}
    assert lungs.locate(*place(x, 0)).laterality is side
    assert lungs.locate(*place(-x, 0)).third is None


def test_of_half_a_lung_no_third_is_said() -> None:
    location = sides(chest(bottom=36)).locate(*place(75, 30))
    assert (location.laterality, location.third) == (Laterality.LEFT, None)
