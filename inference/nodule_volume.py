"""The volume of a nodule, with each voxel of its edge counted by how much of it the nodule fills.

A voxel of the edge has a value between those of lung and nodule, in proportion to what fills it. Summed over
an edge as wide as the scanner's blur the shares give back the volume, where counting whole voxels loses up to
a quarter of a small nodule.

Source: Kuhnigk et al., "Morphological segmentation and partial volume analysis for volumetry of solid
pulmonary lesions in thoracic CT scans", IEEE Trans Med Imaging 2006;25:417.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BLUR_REACH_MM: Final = 1.4  # how far from an edge its blur is felt
RING_MM: Final = 4.0  # how far out the lung around it is measured
LEAST_RING_VOXELS: Final = 12
REACH_MM: Final = 2 * BLUR_REACH_MM + RING_MM  # what is farther from the lesion changes nothing


def volume_mm3(
    voxels_hu: NDArray[np.float32],
    lesion: NDArray[np.bool_],
    elsewhere: NDArray[np.bool_],
    spacing_mm: tuple[float, float, float],
    edge_hu: float,
    lung_hu: float,
) -> float:
    """Return the volume.

    Args:
        voxels_hu: (slice, row, column), not smoothed, with lung around the lesion.
        lesion: its voxels, as an outline at half its density cuts them out.
        elsewhere: what is dense but not of the lesion, and what is no lung: vessels, the wall.
        edge_hu: of the lesion's outer part, undiluted.
        lung_hu: of lung, where too little of it is around to measure.
    """
    reach = np.maximum(BLUR_REACH_MM, np.array([1.05, 1.0, 1.0]) * spacing_mm)
    outward, inward = _depth(~lesion, spacing_mm), _depth(lesion, spacing_mm)
    ring = ~lesion & ~elsewhere & (outward > reach[1]) & (outward <= reach[1] + RING_MM)
    if elsewhere.any():
        # Blur of a neighbour is not the lesion's: each voxel belongs to what is nearer.
        beside = _depth(~elsewhere, spacing_mm)
        ring &= beside > reach[1]
        free = beside > outward
    else:
        free = np.ones_like(lesion)
    around_hu = float(np.median(voxels_hu[ring])) if ring.sum() >= LEAST_RING_VOXELS else lung_hu
    # Along slices blur reaches to the next one, however thick they are.
    along = ndimage.binary_dilation(lesion, np.ones((3, 1, 1), dtype=bool))
    edge_outside = ~lesion & ~elsewhere & free & ((outward <= reach[1]) | along)
    near_outside = ndimage.binary_dilation(edge_outside, np.ones((3, 1, 1), dtype=bool))
    edge_inside = lesion & ((inward <= reach[1]) | near_outside)
    share = (voxels_hu - around_hu) / max(edge_hu - around_hu, 1.0)
    filled = np.where(lesion, 1.0, 0.0)
    # Not clipped to 0..1, since the noise of many voxels then averages out; only what is no noise is.
    filled[edge_inside] = np.clip(share[edge_inside], 0.0, 1.4)
    filled[edge_outside] = np.clip(share[edge_outside], -0.4, 1.0)
    return float(filled.sum() * np.prod(spacing_mm))


def _depth(mask: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return how far each voxel of the mask is from what is not in it, mm."""
    return np.asarray(ndimage.distance_transform_edt(mask, sampling=spacing_mm))
