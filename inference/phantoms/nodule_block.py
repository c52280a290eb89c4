"""A block of lung with one nodule in its middle, of exactly known size: for measuring the measures."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.lung_nodule import NoduleType
from inference.lung_region import GRID_MM, LungRegion, resample

LUNG_HU: Final = -860.0
WALL_HU: Final = 40.0
NODULE_HU: Final = {
    NoduleType.SOLID: 30.0,
    NoduleType.PART_SOLID: -560.0,
    NoduleType.GROUND_GLASS: -580.0,
    NoduleType.CALCIFIED: 400.0,
}
CORE_HU: Final = 20.0
BLUR_MM: Final = 0.5  # standard deviation of the scanner's point spread in the plane
FINEST_MM: Final = 0.4


@dataclass(frozen=True, slots=True)
class NoduleBlock:
    """A block of lung.

    Attributes:
        voxels_hu: (slice, row, column) float32.
        region: what the lung is in it.
        centre: (slice, row, column) of the nodule's centre, fractions kept.
        volume_mm3: exact.
    """

    voxels_hu: NDArray[np.float32]
    spacing_mm: tuple[float, float, float]
    region: LungRegion
    centre: tuple[float, float, float]
    volume_mm3: float


def nodule_block(
    seed: int,
    nodule_type: NoduleType,
    axes_mm: tuple[float, float, float],
    *,
    spacing_mm: tuple[float, float, float] = (1.0, 0.7, 0.7),
    solid_share: float = 0.5,
    noise_hu: float = 25.0,
    to_wall_mm: float | None = None,
    vessel_mm: float = 0.0,
) -> NoduleBlock:
    """Return a block with an ellipsoid in it.

    Args:
        seed: of the noise and of where on the grid the nodule lies.
        axes_mm: full axes along slices, rows and columns.
        solid_share: of a part-solid one's diameters, its core's.
        noise_hu: standard deviation.
        to_wall_mm: from the nodule's surface to the chest wall, which lies beyond the last columns.
        vessel_mm: diameter of a vessel that runs through it from row to row; 0 for none.
    """
    rng = np.random.default_rng(seed)
    spacing = np.array(spacing_mm)
    margin_mm = 16.0
    counts = np.ceil((np.array(axes_mm) + 2 * margin_mm) / spacing).astype(int)
    centre = (counts - 1) / 2 + rng.uniform(-0.5, 0.5, 3)
    sub = np.maximum(np.ceil(spacing / FINEST_MM).astype(int), 1)
    z, y, x = (
        ((np.arange(n * s) + 0.5) / s - 0.5 - c) * mm
        for n, s, c, mm in zip(counts, sub, centre, spacing, strict=True)
    )
    z, y, x = z[:, None, None], y[:, None], x
    half = np.array(axes_mm) / 2
    inside = (z / half[0]) ** 2 + (y / half[1]) ** 2 + (x / half[2]) ** 2
    fine = np.full(inside.shape, LUNG_HU, dtype=np.float32)
    if vessel_mm:
        fine[np.broadcast_to(z**2 + (x - half[2] / 2) ** 2 <= (vessel_mm / 2) ** 2, fine.shape)] = WALL_HU
    fine[inside <= 1] = NODULE_HU[nodule_type]
    if nodule_type is NoduleType.PART_SOLID:
        fine[inside <= solid_share**2] = CORE_HU
    wall_at_mm = None if to_wall_mm is None else half[2] + to_wall_mm
    if wall_at_mm is not None:
        fine[np.broadcast_to(x > wall_at_mm, fine.shape)] = WALL_HU
    in_plane = (0, BLUR_MM / spacing[1] * sub[1], BLUR_MM / spacing[2] * sub[2])
    fine = ndimage.gaussian_filter(fine, in_plane)
    shape = [part for n, s in zip(counts, sub, strict=True) for part in (n, s)]
    voxels = fine.reshape(shape).mean(axis=(1, 3, 5))
    grain = ndimage.gaussian_filter(rng.standard_normal(voxels.shape), (0, 0.5, 0.5))
    voxels += (noise_hu / grain.std() * grain).astype(np.float32)
    return NoduleBlock(
        voxels_hu=voxels,
        spacing_mm=spacing_mm,
        region=_region(voxels, spacing_mm, float(centre[2]), wall_at_mm),
        centre=(float(centre[0]), float(centre[1]), float(centre[2])),
        volume_mm3=float(4 / 3 * np.pi * half.prod()),
    )


def _region(
    voxels: NDArray[np.float32],
    spacing_mm: tuple[float, float, float],
    centre_column: float,
    wall_at_mm: float | None,
) -> LungRegion:
    """Return the lung of a block: all of it up to the wall."""
    grid = resample(voxels, spacing_mm, GRID_MM)
    mask = np.ones(grid.shape, dtype=bool)
    if wall_at_mm is not None:
        mask &= np.arange(grid.shape[2]) * GRID_MM - centre_column * spacing_mm[2] <= wall_at_mm
    to_native = (GRID_MM / spacing_mm[0], GRID_MM / spacing_mm[1], GRID_MM / spacing_mm[2])
    return LungRegion(grid, mask & (grid < -400), mask, (0, 0, 0), to_native, LUNG_HU)
