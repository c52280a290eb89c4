"""Where the lungs are in a chest CT: a mask that also takes in what grows on their walls.

All steps work on one isotropic grid (GRID_MM), so a 0.6 mm and a 3 mm study meet the same
numbers. The grid keeps the axes and the first voxel of the volume: working index = native index *
spacing / GRID_MM.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from imaging.reasons import Reason
from inference.errors import NoLungFound

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
    slices, rows, columns = voxels_hu.shape
    along_rows = resampling_matrix(rows, spacing_mm[1], grid_mm)
    along_columns = resampling_matrix(columns, spacing_mm[2], grid_mm)
    planes = np.empty((slices, along_rows.shape[0], along_columns.shape[0]), dtype=np.float32)
    for k in range(slices):
        plane = np.clip(voxels_hu[k].astype(np.float32), -1024.0, 1000.0)
        planes[k] = (along_columns @ (along_rows @ plane).T).T
    along_slices = resampling_matrix(slices, spacing_mm[0], grid_mm)
    isotropic = along_slices @ planes.reshape(slices, -1)
    return np.asarray(isotropic, dtype=np.float32).reshape(-1, *planes.shape[1:])


def within(mask: NDArray[np.bool_], distance_voxels: float) -> NDArray[np.bool_]:
    """Return the voxels at most this far from the mask."""
    if not mask.any():
        return np.array(mask, dtype=bool)
    return np.asarray(ndimage.distance_transform_edt(~mask) <= distance_voxels)


def close_by_ball(mask: NDArray[np.bool_], radius_voxels: float) -> NDArray[np.bool_]:
    """Return the mask closed with a ball. Beyond the ends of the array it goes on as at the ends."""
    rows, columns = (np.flatnonzero(mask.any(axis=(0, other))) for other in (2, 1))
    if not rows.size:
        return np.array(mask, dtype=bool)
    # A closing reaches nowhere that the box around the mask does not.
    box = (slice(None), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    reach = int(np.ceil(radius_voxels)) + 1
    sides = np.pad(
        np.pad(mask[box], ((reach, reach), (0, 0), (0, 0)), mode="edge"),
        ((0, 0), (reach, reach), (reach, reach)),
    )
    grown = within(sides, radius_voxels)
    # A lung cut by the first or last slice must not shrink there: the outside counts as grown.
    distance = ndimage.distance_transform_edt(grown)
    closed = np.array(mask, dtype=bool)
    closed[box] |= distance[reach:-reach, reach:-reach, reach:-reach] > radius_voxels
    return closed


def body_mask(coarse_hu: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the patient without the table: what tissue there is thicker than its shell, each slice filled.

    In few slices the front of the chest and the spine may be two parts.
    """
    dense = coarse_hu > -350.0
    tissue = ndimage.binary_opening(dense, structure=np.ones((1, 3, 3), dtype=bool), iterations=2)
    labels, count = ndimage.label(tissue)
    if count == 0:
        return np.zeros(coarse_hu.shape, dtype=bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    body = np.asarray((sizes >= LEAST_BODY_SHARE * sizes.max())[labels], dtype=bool)
    for k in range(len(body)):
        body[k] = _filled_body(body[k], dense[k])
    return body


def _filled_body(solid: NDArray[np.bool_], dense: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a slice of the body with its lungs, from its tissue that is thicker than a table's shell.

    The chest wall of a thin patient is no thicker than that shell, and then encloses nothing. So it is looked
    for again in all tissue that goes on from the solid part, but not beyond it to the table's far side.
    """
    filled = _filled(solid)
    rows = np.flatnonzero(solid.any(axis=1))
    if not rows.size:
        return filled
    reach = dense.copy()
    reach[: max(rows[0] - WALL_REACH_STEPS, 0)] = False
    reach[rows[-1] + WALL_REACH_STEPS + 1 :] = False
    whole = _filled(ndimage.binary_propagation(solid, mask=reach | solid))
    columns = np.flatnonzero(solid.any(axis=0))
    middle = int(columns[0] + columns[-1]) // 2  # by halves: one lung may be gone
    gains = [
        whole[:, half].sum() > THIN_WALL_GAIN * filled[:, half].sum()
        for half in (slice(None, middle), slice(middle, None))
    ]
    return whole if any(gains) else filled


def _filled(plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the plane without holes, nor the lungs that the side of the field cuts.

    The gaps that a bronchus, or a wall lost at 2.5 mm, leaves are bridged. A side that the body touches
    closes what is open to it.
    """
    walled = np.pad(plane, 6)
    for side in (0, -1):
        if plane[side].mean() > TOUCHES_FROM:
            walled[5 if side == 0 else -6, 5:-5] = True
        if plane[:, side].mean() > TOUCHES_FROM:
            walled[5:-5, 5 if side == 0 else -6] = True
    return fill_holes(bridged(walled, BRIDGED_STEPS))[6:-6, 6:-6]


def bridged(plane: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """Return the plane closed with a diamond, as scipy's binary_closing does it, but in two passes."""
    if not plane.any():
        return plane
    grown = ndimage.distance_transform_cdt(~plane, "taxicab") <= steps
    return np.asarray(ndimage.distance_transform_cdt(np.pad(grown, 1), "taxicab")[1:-1, 1:-1] > steps)


def fill_holes(plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a (row, column) plane with what it encloses, as scipy's binary_fill_holes, ten times as fast."""
    labels, count = ndimage.label(~plane)
    is_outside = np.zeros(count + 1, dtype=bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        is_outside[side] = True
    is_outside[0] = False
    return np.asarray(~is_outside[labels])


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
    fine = resample(voxels_hu, spacing_mm, GRID_MM)
    coarse = _halved(fine)
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
    for k in range(len(closed)):
        closed[k] = _fill_small_holes(closed[k], LARGEST_HOLE_CM2 * 100.0 / coarse_mm**2)

    occupied = [np.flatnonzero(closed.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    margin = int(np.ceil(MARGIN_MM / GRID_MM))
    box = tuple(
        slice(
            max(int(where[0]) * COARSE_STEP - margin, 0),
            min((int(where[-1]) + 1) * COARSE_STEP + margin, fine.shape[axis]),
        )
        for axis, where in enumerate(occupied)
    )
    cropped = fine[box].copy()
    start = (box[0].start, box[1].start, box[2].start)
    mask = on_fine_grid(closed, box)
    beside = ndimage.binary_dilation(aerated_coarse, ndimage.generate_binary_structure(3, 2))
    near = on_fine_grid(beside, box)
    aerated = (cropped < AIR_BELOW_HU) & near
    mask |= aerated
    airy = cropped[aerated & (cropped < -600.0)]
    parenchyma = float(np.median(airy)) if airy.size else LUNG_FALLBACK_HU
    step = (GRID_MM / spacing_mm[0], GRID_MM / spacing_mm[1], GRID_MM / spacing_mm[2])
    return LungRegion(cropped, aerated, mask, start, step, parenchyma)


def _halved(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return every COARSE_STEP-th voxel along each axis, as the mean of itself and the one before it."""
    halved = fine
    for axis in range(3):
        kept = np.arange(0, halved.shape[axis], COARSE_STEP)
        halved = (halved.take(kept, axis) + halved.take(np.maximum(kept - 1, 0), axis)) * np.float32(0.5)
    return halved


def _fill_small_holes(plane: NDArray[np.bool_], most_pixels: float) -> NDArray[np.bool_]:
    """Return the plane with its holes filled, but for those as large as the mediastinum."""
    holes, count = ndimage.label(fill_holes(plane) & ~plane)
    small = np.bincount(holes.ravel(), minlength=count + 1) <= most_pixels
    small[0] = False
    return np.asarray(plane | small[holes])


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
