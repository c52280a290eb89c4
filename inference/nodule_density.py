"""What a nodule is made of: solid, ground glass, both, or calcium.

Sources: Bankier et al., "Fleischner Society: glossary of terms for thoracic imaging", Radiology
2024;310:e232558; Jacobs et al., "Automatic detection of subsolid pulmonary nodules in thoracic CT images",
Med Image Anal 2014;18:374 (solid from about -300 HU); Siegelman et al., Radiology 1986;160:307 (calcium from
about 200 HU).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.lung_nodule import NoduleType

SOLID_FROM_HU: Final = -300.0
CALCIUM_FROM_HU: Final = 200.0
# A vessel that runs through ground glass is no solid part; a solid part is thicker than this.
THINNEST_SOLID_MM: Final = 2.0
# What is thinner than this many slices is diluted by lung: ground glass cannot be told from solid.
LEAST_SLICES: Final = 1.5


@dataclass(frozen=True, slots=True)
class Density:
    """What a nodule is made of.

    Attributes:
        nodule_type: None where slices are too thick to tell.
        solid: (slice, row, column) bool, the solid part.
        core_hu: median of the inner half.
        is_thin: it spans too few slices for its density and volume.
    """

    nodule_type: NoduleType | None
    solid: NDArray[np.bool_]
    core_hu: float
    is_thin: bool


def density_of(
    smooth_hu: NDArray[np.float32],
    lesion: NDArray[np.bool_],
    spacing_mm: tuple[float, float, float],
    *,
    has_halo: bool,
) -> Density:
    """Return what a lesion is made of.

    Args:
        smooth_hu: (slice, row, column), noise smoothed, with some lung around the lesion.
        lesion: likewise, its voxels.
        has_halo: whether something fainter lies around its densest part.
    """
    depth = ndimage.distance_transform_edt(np.pad(lesion, 1), sampling=spacing_mm)[1:-1, 1:-1, 1:-1]
    inner = depth >= 0.5 * depth.max()
    core_hu = float(np.median(smooth_hu[inner]))
    solid = _without_vessels((smooth_hu > SOLID_FROM_HU) & lesion, spacing_mm)
    area_mm2 = float(lesion.sum(axis=(1, 2)).max()) * spacing_mm[1] * spacing_mm[2]
    is_thin = 2 * (area_mm2 / np.pi) ** 0.5 < LEAST_SLICES * spacing_mm[0]
    subsolid = NoduleType.PART_SOLID if solid.any() else NoduleType.GROUND_GLASS
    if core_hu >= CALCIUM_FROM_HU:
        return Density(NoduleType.CALCIFIED, lesion, core_hu, is_thin)
    if core_hu > SOLID_FROM_HU and not has_halo:
        return Density(NoduleType.SOLID, lesion, core_hu, is_thin)
    return Density(None if is_thin else subsolid, solid, core_hu, is_thin)


def _without_vessels(solid: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Return the largest solid part that is thicker than a small vessel; all False if there is none."""
    half_mm = THINNEST_SOLID_MM / 2
    depth = ndimage.distance_transform_edt(np.pad(solid, 1), sampling=spacing_mm)[1:-1, 1:-1, 1:-1]
    labels, count = ndimage.label(depth > half_mm)
    if count == 0:
        return np.zeros_like(solid)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    core = labels == int(sizes.argmax())
    reached = ndimage.distance_transform_edt(~core, sampling=spacing_mm) <= half_mm * 1.05
    return np.asarray(reached & solid)
