"""Where the lungs are in a chest CT: a mask that also takes in what grows on their walls.

All steps work on one isotropic grid (GRID_MM), so a 0.6 mm and a 3 mm study meet the same
numbers. The grid keeps the axes and the first voxel of the volume: working index = native index *
spacing / GRID_MM.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from imaging.reasons import Reason
from inference.errors import NoLungFound
from inference.planar_masks import (
    IN_PLANE,
    close_by_ball,
    close_planes,
    connected_to,
    fill_holes,
    grow,
    open_planes,
)

NO_LUNG = Reason(
    code="no-lung-found",
    en="No lung can be seen in these images, so the lung model did not read them.",
    zh="这些图像中未见肺组织，肺结节模型未进行分析。",
)

GRID_MM = 1.25
COARSE_STEP = 2  # the mask is found at 2.5 mm, then sharpened at GRID_MM; `on_fine_grid` is for 2 alone
AIR_BELOW_HU = -400.0
# Gas in bowel and stomach, and air beside the patient, is emptier than the most emphysematous lung.
EMPTY_BELOW_HU = -972.0
# A ball this size cannot roll into the dent that a mass on the pleura makes in the lung's outline.
CLOSING_RADIUS_MM = 16.0
# Where both lungs meet in front of the heart, the mediastinum is a hole too: not one to fill.
LARGEST_HOLE_CM2 = 30.0
MARGIN_MM = 6.0
WALL_REACH_STEPS = 6  # of 2.5 mm: how far in front of or behind the solid body its thin wall may lie
THIN_WALL_GAIN = 1.4  # a table adds less than this to the body's section, lungs add more
BRIDGED_STEPS = 3  # of 2.5 mm: half of a gap that is closed in the body's outline
LEAST_BODY_SHARE = 0.1  # of its largest part
TOUCHES_FROM = 0.1  # of a side of the field
LUNG_FALLBACK_HU = -850.0


@dataclass(frozen=True, slots=True)
class LeastLung:
    """What air inside the body must have to be taken for lung.

    Attributes:
        part_ml: volume of one part.
        area_cm2: of its largest section.
        share: of the largest part's volume.
    """

    part_ml: float
    area_cm2: float
    share: float


IN_A_CHEST = LeastLung(part_ml=12.0, area_cm2=12.0, share=0.08)
# A slab may hold only a lung's tip. Who merges slabs has the whole chest to tell lung from bowel.
IN_A_SLAB = LeastLung(part_ml=0.5, area_cm2=0.8, share=0.0)


@dataclass(frozen=True, slots=True)
class LungRegion:
    """The lungs on an isotropic grid.

    Attributes:
        voxels_hu: (slice, row, column) float32, GRID_MM apart, cropped to the lungs.
        aerated: bool, likewise: voxels that hold air.
        mask: bool, likewise: the lungs, with vessels, nodules and masses on their walls.
        start: (slice, row, column) of the crop's first voxel on the uncropped grid.
        to_native: native voxel steps for one grid step, (slice, row, column).
        parenchyma_hu: what air-filled lung measures here, the median.
    """

    voxels_hu: NDArray[np.float32]
    aerated: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    start: tuple[int, int, int]
    to_native: tuple[float, float, float]
    parenchyma_hu: float

    def native_index(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, 3) native (slice, row, column) for (n, 3) indices of the crop."""
        moved = np.asarray(index, dtype=np.float64) + np.array(self.start)
        return np.asarray(moved * np.array(self.to_native))

    def holds(self, position: tuple[float, float, float]) -> bool:
        """Return whether a native (slice, row, column), fractions allowed, lies in the mask."""
        index = np.rint(np.array(position) / np.array(self.to_native)).astype(int) - np.array(self.start)
        if (index < 0).any() or (index >= self.mask.shape).any():
            return False
        return bool(self.mask[tuple(index)])


def resampling_matrix(count: int, spacing_mm: float, grid_mm: float) -> sparse.csr_array:
    """Return (m, count) weights from samples `spacing_mm` apart to samples `grid_mm` apart.

    Linear interpolation where the grid is finer, a triangle as wide as the grid step where it is
    coarser, so nothing is skipped. The first samples coincide; rows sum to one.
    """
    step = grid_mm / spacing_mm
    m = max(1, int(np.floor((count - 1) / step + 1e-6)) + 1)
    distance = np.abs(np.arange(m)[:, None] * step - np.arange(count)[None, :])
    weights = np.clip(1.0 - distance / max(step, 1.0), 0.0, None)
    weights /= weights.sum(axis=1, keepdims=True)
    return sparse.csr_array(weights.astype(np.float32))


def resample(
    voxels_hu: NDArray[np.generic], spacing_mm: tuple[float, float, float], grid_mm: float
) -> NDArray[np.float32]:
    """Return the volume on an isotropic grid that shares its first voxel, clipped to -1024..1000 HU."""
    return _on_grid(voxels_hu, _matrices(voxels_hu.shape, spacing_mm, grid_mm))


def _matrices(
    shape: tuple[int, ...], spacing_mm: tuple[float, float, float], grid_mm: float
) -> list[sparse.csr_array]:
    """Return for each axis the weights from its voxels to the grid's."""
    return [resampling_matrix(n, mm, grid_mm) for n, mm in zip(shape, spacing_mm, strict=True)]


def _on_grid(voxels_hu: NDArray[np.generic], matrices: Sequence[sparse.csr_array]) -> NDArray[np.float32]:
    """Return the voxels, clipped to -1024..1000 HU, weighted along each axis; only what counts is read."""
    part: list[slice] = []
    weights: list[sparse.csr_array] = []
    for matrix in matrices:
        part.append(slice(int(matrix.indices.min()), int(matrix.indices.max()) + 1))
        weights.append(matrix[:, part[-1]])
    read = voxels_hu[tuple(part)]
    along_slices, along_rows, along_columns = weights
    planes = np.empty((len(read), along_columns.shape[0], along_rows.shape[0]), dtype=np.float32)
    for k, plane in enumerate(read):
        planes[k] = along_columns @ (along_rows @ np.clip(plane, -1024, 1000).astype(np.float32)).T
    isotropic = np.asarray(along_slices @ planes.reshape(len(planes), -1), dtype=np.float32)
    return np.ascontiguousarray(isotropic.reshape(-1, *planes.shape[1:]).swapaxes(1, 2))


def _halving(count: int) -> sparse.csr_array:
    """Return (m, count) weights of every COARSE_STEP-th sample: the mean of it and the one before."""
    kept = np.arange(0, count, COARSE_STEP)
    row = np.arange(len(kept))
    both = np.concatenate([kept, np.maximum(kept - 1, 0)])
    half = np.full(len(both), 0.5, dtype=np.float32)
    return sparse.csr_array((half, (np.concatenate([row, row]), both)), shape=(len(kept), count))


def body_mask(coarse_hu: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the patient without the table: what tissue there is thicker than its shell, each slice filled.

    In few slices the front of the chest and the spine may be two parts.
    """
    dense = coarse_hu > -350.0
    labels, count = ndimage.label(open_planes(dense, 2))
    if count == 0:
        return np.zeros(coarse_hu.shape, dtype=bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return _filled_bodies((sizes >= LEAST_BODY_SHARE * sizes.max())[labels], dense)


def _filled_bodies(solid: NDArray[np.bool_], dense: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return each slice of the body with its lungs, from its tissue that is thicker than a table's shell.

    The chest wall of a thin patient is no thicker than that shell, and then encloses nothing. So it is looked
    for again in all tissue that goes on from the solid part, but not beyond it to the table's far side.
    """
    filled = _filled(solid)
    first, last = _ends(np.any(solid, axis=2))
    row, column = np.arange(solid.shape[1]), np.arange(solid.shape[2])
    reach = (row >= first - WALL_REACH_STEPS) & (row <= last + WALL_REACH_STEPS)
    whole = _filled(connected_to(solid, solid | dense & reach[:, :, None]))
    first, last = _ends(np.any(solid, axis=1))
    is_before = column < (first + last) // 2  # by halves: one lung may be gone
    gains = [
        (whole & half[:, None]).sum(axis=(1, 2)) > THIN_WALL_GAIN * (filled & half[:, None]).sum(axis=(1, 2))
        for half in (is_before, ~is_before)
    ]
    return np.where((gains[0] | gains[1])[:, None, None], whole, filled)


def _ends(lines: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (n, 1) indices of the first and the last True of each line; of one without, the whole line's."""
    return lines.argmax(axis=1)[:, None], lines.shape[1] - 1 - lines[:, ::-1].argmax(axis=1)[:, None]


def _filled(planes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return planes without holes, nor the lungs that the side of the field cuts.

    The gaps that a bronchus, or a wall lost at 2.5 mm, leaves are bridged. A side that the body touches
    closes what is open to it.
    """
    edge = 2 * BRIDGED_STEPS
    walled = np.pad(planes, ((0, 0), (edge, edge), (edge, edge)))
    for side, wall in ((0, edge - 1), (-1, -edge)):
        walled[:, wall, edge - 1 : 1 - edge] |= (planes[:, side].mean(axis=1) > TOUCHES_FROM)[:, None]
        walled[:, edge - 1 : 1 - edge, wall] |= (planes[:, :, side].mean(axis=1) > TOUCHES_FROM)[:, None]
    return fill_holes(close_planes(walled, BRIDGED_STEPS))[:, edge:-edge, edge:-edge]


def find_lungs(
    voxels_hu: NDArray[np.generic], spacing_mm: tuple[float, float, float], least: LeastLung = IN_A_CHEST
) -> LungRegion:
    """Return the lungs of a chest CT.

    Args:
        voxels_hu: (slice, row, column).
        spacing_mm: between slices, rows and columns.
        least: what is lung; it differs between a chest and a slab of one.

    Raises:
        NoLungFound: nothing in the volume is as large and as airy as a lung.
    """
    fine = _matrices(voxels_hu.shape, spacing_mm, GRID_MM)
    coarse = _on_grid(voxels_hu, [_halving(matrix.shape[0]) @ matrix for matrix in fine])
    coarse_mm = GRID_MM * COARSE_STEP
    voxel_ml = coarse_mm**3 / 1000.0
    air = (coarse < AIR_BELOW_HU) & body_mask(coarse)
    labels, count = ndimage.label(air)
    if count == 0:
        raise NoLungFound(NO_LUNG, "no air inside the body")
    sizes_ml = np.bincount(labels.ravel(), minlength=count + 1) * voxel_ml
    sizes_ml[0] = 0.0
    areas_cm2 = np.zeros(count + 1)
    for plane in labels:
        areas_cm2 = np.maximum(
            areas_cm2, np.bincount(plane.ravel(), minlength=count + 1) * coarse_mm**2 / 100.0
        )
    is_lung = (sizes_ml >= least.part_ml) & (areas_cm2 >= least.area_cm2)
    large = np.flatnonzero(is_lung)
    medians = np.array([np.median(coarse[labels == part]) for part in large])
    is_lung[large[medians <= EMPTY_BELOW_HU]] = False
    is_lung &= sizes_ml >= least.share * (sizes_ml * is_lung).max(initial=0.0)
    if not is_lung.any():
        raise NoLungFound(NO_LUNG, "no part of the volume is as large and as airy as a lung")
    aerated_coarse = is_lung[labels]
    closed = close_by_ball(aerated_coarse, CLOSING_RADIUS_MM / coarse_mm)
    closed = _fill_small_holes(closed, LARGEST_HOLE_CM2 * 100.0 / coarse_mm**2)
    occupied = [np.flatnonzero(closed.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    margin = int(np.ceil(MARGIN_MM / GRID_MM))
    box = tuple(
        slice(
            max(int(where[0]) * COARSE_STEP - margin, 0),
            min((int(where[-1]) + 1) * COARSE_STEP + margin, fine[axis].shape[0]),
        )
        for axis, where in enumerate(occupied)
    )
    # The fine grid is made of what lies around the lungs only.
    cropped = _on_grid(voxels_hu, [matrix[side] for matrix, side in zip(fine, box, strict=True)])
    start = (box[0].start, box[1].start, box[2].start)
    mask = on_fine_grid(closed, box)
    near = on_fine_grid(_with_neighbours(aerated_coarse), box)
    aerated = (cropped < AIR_BELOW_HU) & near
    mask |= aerated
    airy = cropped[aerated & (cropped < -600.0)]
    parenchyma = float(np.median(airy)) if airy.size else LUNG_FALLBACK_HU
    step = (GRID_MM / spacing_mm[0], GRID_MM / spacing_mm[1], GRID_MM / spacing_mm[2])
    return LungRegion(cropped, aerated, mask, start, step, parenchyma)


def _with_neighbours(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask with the voxels that share a face or an edge with it."""
    along = [grow(mask, axis, 1) for axis in range(3)]
    return grow(along[0], 1, 1) | grow(along[1], 2, 1) | grow(along[2], 0, 1)


def _fill_small_holes(planes: NDArray[np.bool_], most_pixels: float) -> NDArray[np.bool_]:
    """Return planes with their holes filled, but for those as large as the mediastinum."""
    holes, count = ndimage.label(fill_holes(planes) & ~planes, IN_PLANE)
    small = np.bincount(holes.ravel(), minlength=count + 1) <= most_pixels
    small[0] = False
    return np.asarray(planes | small[holes])


def on_fine_grid(coarse: NDArray[np.bool_], box: tuple[slice, ...]) -> NDArray[np.bool_]:
    """Return a mask of every COARSE_STEP-th voxel as a smooth surface on the fine grid, within a box of it.

    Linear interpolation, cut at a half. With half the step each axis takes a voxel, or the mean of two,
    so small whole numbers hold it: twice the mean, eight times after three axes.
    """
    total = coarse.astype(np.uint8)
    for axis, side in enumerate(box):
        place = np.arange(side.start, side.stop)
        last = coarse.shape[axis] - 1
        low, high = np.minimum(place // COARSE_STEP, last), np.minimum(-(-place // COARSE_STEP), last)
        total = total.take(low, axis) + total.take(high, axis)
    return np.asarray(total > 4)
