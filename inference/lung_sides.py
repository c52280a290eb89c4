"""Which lung a place is in, how high in it, and how far from the pleura: in the patient's coordinates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.lung_nodule import Box, Laterality, LungLocation, LungThird
from imaging.volume import Volume
from inference.lung_region import GRID_MM, LungRegion, resampling_matrix

STEP: Final = 2  # of the region's grid: sides need no more than 2.5 mm
BIN_MM: Final = 2.5
# Between two lungs there are fewer voxels of lung than this share of what the lesser of both has.
VALLEY_SHARE: Final = 0.5
LEAST_LUNG_SHARE: Final = 0.08
# A lung that fills this share of its largest section on the first or last image goes on beyond it.
CUT_SHARE: Final = 0.15
# Stray voxels do not make a lung larger.
STRAY_PERCENT: Final = 0.5
TISSUE_HU: Final = -300.0
NEAR_PLEURA_MM: Final = 10.0  # most lesions have it in sight; a block to the limit takes ten times as long
LOOKED_FOR_PLEURA_MM: Final = 40.0


@dataclass(frozen=True, slots=True)
class Lungs:
    """Both lungs in the patient.

    Attributes:
        midline_mm: x between them, LPS: the left lung is beyond it.
        boxes: of each lung that there is, mm LPS.
        is_whole: whether the images show all of its height.
    """

    midline_mm: float
    boxes: Mapping[Laterality, Box]
    is_whole: Mapping[Laterality, bool]

    def locate(self, x: float, z: float) -> LungLocation:
        """Return where a place is, mm LPS."""
        side = Laterality.LEFT if x > self.midline_mm else Laterality.RIGHT
        box = self.boxes.get(side)
        if box is None:
            return LungLocation(side, None)
        height = (z - box[2]) / max(box[5] - box[2], 1e-6)
        third = LungThird.LOWER if height < 1 / 3 else LungThird.MIDDLE if height < 2 / 3 else LungThird.UPPER
        return LungLocation(side, third if self.is_whole[side] else None, box)


def lungs_of(region: LungRegion, volume: Volume) -> Lungs:
    """Return where both lungs are.

    The side is decided by x in the patient, so neither the order of rows, columns and slices nor how the
    patient lay matters.
    """
    mask = region.mask[::STEP, ::STEP, ::STEP]
    index = np.argwhere(mask)
    points = volume.voxels_to_lps(region.native_index(index.astype(np.float64) * STEP))
    midline = _midline_mm(points[:, 0])
    if midline is None:
        midline = _body_middle_mm(volume)
    is_left = points[:, 0] > midline
    boxes: dict[Laterality, Box] = {}
    is_whole: dict[Laterality, bool] = {}
    for side, chosen in ((Laterality.LEFT, is_left), (Laterality.RIGHT, ~is_left)):
        if chosen.sum() < LEAST_LUNG_SHARE * len(points):
            continue
        ends = np.percentile(points[chosen], (STRAY_PERCENT, 100 - STRAY_PERCENT), axis=0)
        x0, y0, z0, x1, y1, z1 = (round(float(v), 1) for v in ends.ravel())
        boxes[side] = (x0, y0, z0, x1, y1, z1)
        is_whole[side] = not _is_cut(region, volume, index[chosen])
    return Lungs(midline, boxes, is_whole)


def distance_to_pleura_mm(
    region: LungRegion, voxels: NDArray[np.bool_], first: tuple[int, int, int]
) -> float | None:
    """Return how far a lesion is from the edge of the lung; None if farther than LOOKED_FOR_PLEURA_MM.

    Any edge counts: at the ribs, the diaphragm or the mediastinum. Fissures are not looked for.

    Args:
        voxels: (slice, row, column) bool, the lesion in its box.
        first: the box's first voxel, native.
    """
    native = np.argwhere(voxels) + np.array(first)
    index = np.unique(np.rint(native / np.array(region.to_native)).astype(int) - region.start, axis=0)
    index = np.clip(index, 0, np.array(region.mask.shape) - 1)
    for reach_mm in (NEAR_PLEURA_MM, LOOKED_FOR_PLEURA_MM):
        reach = int(np.ceil(reach_mm / GRID_MM))
        low = np.maximum(index.min(axis=0) - reach, 0)
        high = np.minimum(index.max(axis=0) + reach + 1, region.mask.shape)
        block = region.mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
        if block.all():
            continue
        # From voxel centre to voxel centre: the edge itself is half a voxel nearer.
        depth = ndimage.distance_transform_edt(block) * GRID_MM - GRID_MM / 2
        nearest = max(float(depth[tuple((index - low).T)].min()), 0.0)
        if nearest <= reach_mm:
            return nearest
    return None


def _midline_mm(x: NDArray[np.float64]) -> float | None:
    """Return where fewest voxels of lung are between both lungs, None if there is one lung only."""
    edges = np.arange(x.min() - BIN_MM, x.max() + 2 * BIN_MM, BIN_MM)
    counts = ndimage.gaussian_filter1d(np.histogram(x, edges)[0].astype(float), 1.5)
    low, high = np.searchsorted(edges, np.percentile(x, (12, 88)))
    if high - low < 3:
        return None
    valley = int(low + counts[low:high].argmin())
    lesser = min(counts[:valley].max(initial=0.0), counts[valley + 1 :].max(initial=0.0))
    share = float((x < edges[valley]).mean())
    if counts[valley] > VALLEY_SHARE * lesser or min(share, 1 - share) < LEAST_LUNG_SHARE:
        return None
    return float(edges[valley] + BIN_MM / 2)


def _body_middle_mm(volume: Volume) -> float:
    """Return x of the middle of all tissue in the images."""
    step = np.maximum(np.rint(8.0 / np.array(volume.spacing_mm)).astype(int), 1)
    tissue = np.argwhere(volume.voxels_hu[:: step[0], :: step[1], :: step[2]] > TISSUE_HU) * step
    x = tissue[:, ::-1] @ volume.affine_lps[0, :3] + volume.affine_lps[0, 3]
    return float(np.mean(np.percentile(x, (2, 98)))) if len(x) else 0.0


def _is_cut(region: LungRegion, volume: Volume, index: NDArray[np.intp]) -> bool:
    """Return whether a lung, given by its decimated indices, goes on above or below the images."""
    upward = int(np.abs(volume.affine_lps[2, :3])[::-1].argmax())  # the array's axis that runs along z
    areas = np.bincount(index[:, upward])
    count = resampling_matrix(volume.voxels_hu.shape[upward], volume.spacing_mm[upward], GRID_MM).shape[0]
    last = (count - 1 - region.start[upward]) // STEP
    at_first = areas[0] if region.start[upward] == 0 else 0
    at_last = areas[last] if last < len(areas) else 0
    return bool(max(at_first, at_last) > CUT_SHARE * areas.max())
