"""What the pixels of a chest CT rule out, and what they ask a reader to be careful about.

Asked before the model reads. Plain counts with a sentence of their own; whether the images look like what
a model was made for is asked by `out_of_distribution`, what headers tell by imaging/gate.py.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.reasons import Reason, reason
from imaging.volume import Volume
from inference.chest_features import AIRY_HU, coarse_planes
from inference.errors import NotAnalysable

FEWEST_PIXELS: Final = 128  # of a row and of a column: a whole chest at 3 mm a pixel
SAMPLED: Final = 32  # slices, and every fourth pixel of them
AIR_BELOW_HU: Final = -300.0
LEAST_AIR_SHARE: Final = 0.02
BONE_ABOVE_HU: Final = 1000.0
BONE_FROM_HU: Final = 200.0
LEAST_BONE_SHARE: Final = 0.002  # ribs and spine are several hundredths of any part of a chest
MOST_BONE_SHARE: Final = 0.15  # the densest section through both shoulders has a tenth of it
METAL_FROM_HU: Final = 2000.0  # as mean over a coarse pixel: enamel and contrast medium stay below
LEAST_METAL_ML: Final = 3.0  # leads on the skin and wires of the breastbone are less
LEAST_PART: Final = 0.1  # of the largest part that holds air: what is smaller is no lung
ONE_LUNG_BELOW: Final = 0.2  # air of the lesser lung over that of the larger, in each slice
LEAST_CUT_MM: Final = 15.0
CUT_HEIGHT: Final = 0.8  # of the body, from front to back, at one side of the field: cut through its middle
CUT_SLANT: Final = 0.2  # more than at the other side: shoulders are cut at both


def check_chest(volume: Volume) -> tuple[Reason, ...]:
    """Return what to be careful about in a chest CT.

    Raises:
        NotAnalysable: every pixel is the same, there are too few, or the values cannot be Hounsfield units
            of a chest.
    """
    sample = _sample(volume.voxels_hu)
    if sample.min() == sample.max():
        raise NotAnalysable(reason("blank-images"))
    rows, columns = volume.voxels_hu.shape[1:]
    if min(rows, columns) < FEWEST_PIXELS:
        raise NotAnalysable(reason("too-few-pixels", rows=rows, columns=columns))
    if (
        (sample < AIR_BELOW_HU).mean() < LEAST_AIR_SHARE
        or (sample > BONE_FROM_HU).mean() < LEAST_BONE_SHARE
        or (sample > BONE_ABOVE_HU).mean() > MOST_BONE_SHARE
    ):
        raise NotAnalysable(reason("not-hounsfield"))
    cautions: list[Reason] = []
    blank = _blank_slices(volume)
    if blank:
        cautions.append(reason("blank-slices", count=blank))
    coarse, body = coarse_planes(volume)
    # Each of these slices stands for its share of all.
    voxel_ml = float(np.prod(volume.spacing_mm)) * volume.voxels_hu.size / coarse.size / 1000.0
    if float((body & (coarse > METAL_FROM_HU)).sum()) * voxel_ml >= LEAST_METAL_ML:
        cautions.append(reason("metal-in-field"))
    pixel_mm = volume.spacing_mm[2] * volume.voxels_hu.shape[2] / coarse.shape[2]
    return (*cautions, *_about_lungs(coarse, body, pixel_mm))


def _about_lungs(coarse: NDArray[np.float32], body: NDArray[np.bool_], pixel_mm: float) -> list[Reason]:
    """Return whether a lung is missing, or cut by a border of the field."""
    labels, count = ndimage.label(body & (coarse > AIRY_HU[0]) & (coarse < AIRY_HU[1]))
    heights = np.median(body.sum(axis=1), axis=0)
    columns = np.flatnonzero(heights)
    if not columns.size or not count:
        return []
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    airy = (sizes >= LEAST_PART * sizes.max())[labels]
    sides = [airy.take(side, axis).sum(axis=1).max() * pixel_mm for axis in (1, 2) for side in (0, -1)]
    lower, higher = sorted((heights[0] / heights.max(), heights[-1] / heights.max()))
    if max(sides) >= LEAST_CUT_MM or (higher > CUT_HEIGHT and higher - lower > CUT_SLANT):
        return [reason("lung-outside-field")]
    middle = int(columns[0] + columns[-1] + 1) // 2
    areas = np.array([airy[:, :, :middle].sum(axis=(1, 2)), airy[:, :, middle:].sum(axis=(1, 2))])
    lesser, larger = areas[np.argsort(areas.sum(axis=1))]
    # Where the lungs are large: one base may lie lower than the other.
    wide = larger >= 0.5 * larger.max()
    return [reason("one-lung")] if (lesser[wide] < ONE_LUNG_BELOW * larger[wide]).all() else []


def _sample(voxels_hu: NDArray[Any]) -> NDArray[Any]:
    return voxels_hu[:: max(1, len(voxels_hu) // SAMPLED), ::4, ::4]


def _blank_slices(volume: Volume) -> int:
    return sum(
        bool((plane == plane[0, 0]).all())
        for k, plane in enumerate(volume.voxels_hu)
        if k not in volume.interpolated_slices and plane[0, 0] == plane[-1, -1]
    )
