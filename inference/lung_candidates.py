"""Round bright things in the lungs: where the classifier should look, and how big they are.

Blobs are maxima of the scale-normalised Laplacian of a Gaussian over the lung, with all that is
not lung replaced by lung, so that a nodule on the wall stands alone. The second derivatives at a
maximum say whether it is a ball (a nodule) or a tube (a vessel).

Sources: T. Lindeberg, "Feature detection with automatic scale selection", 1998. Q. Li et al.,
"Selective enhancement filters for nodules, vessels, and airway walls", 2003 (the dot filter).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.lung_region import GRID_MM, LungRegion

SCALES_MM = (1.3, 1.8, 2.5, 3.5, 5.0, 7.0, 9.8)
CLIP_HIGH_HU = 100.0
# The Laplacian of a Gaussian of a ball is largest where sigma is the radius / sqrt(3), and there 0.925
# of the ball's contrast (a closed form; test_lung_candidates has it as a property).
RADIUS_PER_SIGMA = 3.0**0.5
PEAK_PER_CONTRAST = 0.925
LEAST_CONTRAST_HU = 85.0
LEAST_ROUNDNESS = 0.2
OTHER_SIZE = 2.2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A round bright thing in the lung.

    Attributes:
        position: (slice, row, column) on the native grid, fractions kept.
        radius_mm: from the scale at which it answers most.
        contrast_hu: how much denser than its surroundings a ball with this answer would be.
        roundness: weakest over strongest curvature, 1 for a ball, near 0 for a tube or a sheet.
        onward: how bright it goes on, two radii away along its weakest curvature, on the darker of
            both ends: near 1 for a vessel that runs through, near 0 for a ball, even one on a vessel's end.
    """

    position: tuple[float, float, float]
    radius_mm: float
    contrast_hu: float
    roundness: float
    onward: float

    @property
    def rank(self) -> float:
        """Order in which candidates are looked at, as there are thousands in a chest."""
        return float(self.contrast_hu**0.5 * self.roundness * np.exp(-self.onward))


@dataclass(frozen=True, slots=True)
class _Peak:
    """A local maximum at one scale; `index` on the region's grid."""

    contrast_hu: float
    roundness: float
    onward: float
    sigma_mm: float
    index: NDArray[np.float64]


def lung_only(region: LungRegion) -> NDArray[np.float32]:
    """Return the grid's voxels with everything outside the lung mask at the level of lung."""
    inside = np.clip(region.voxels_hu, region.parenchyma_hu - 60.0, CLIP_HIGH_HU)
    return np.where(region.mask, inside, np.float32(region.parenchyma_hu)).astype(np.float32)


def _curvatures(
    smooth: NDArray[np.float32], index: NDArray[np.intp], spacing_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (n, 3) eigenvalues of the Hessian at (n, 3) voxels, HU/mm^2, and (n, 3) weakest directions.

    Eigenvalues ascend, so the first is the strongest curvature of a bright thing. Central differences.
    """
    k, j, i = index.T

    def at(dk: int, dj: int, di: int) -> NDArray[np.float64]:
        return np.asarray(smooth[k + dk, j + dj, i + di], dtype=np.float64)

    centre = at(0, 0, 0)
    hessian = np.empty((len(index), 3, 3))
    units = np.eye(3, dtype=int)
    for a in range(3):
        hessian[:, a, a] = at(*units[a]) + at(*-units[a]) - 2 * centre
        for b in range(a):
            both, across = units[a] + units[b], units[a] - units[b]
            mixed = (at(*both) + at(*-both) - at(*across) - at(*-across)) / 4
            hessian[:, a, b] = hessian[:, b, a] = mixed
    values, vectors = np.linalg.eigh(hessian)
    return values / spacing_mm**2, vectors[:, :, 2]


def _onward(
    smooth: NDArray[np.float32],
    index: NDArray[np.intp],
    direction: NDArray[np.float64],
    reach_voxels: float,
    background_hu: float,
) -> NDArray[np.float64]:
    """Return the brightness at the darker end of a stick through each voxel, as a share of its middle's."""
    widest = ndimage.maximum_filter(smooth, 3)  # vessels bend
    ends = []
    for side in (-1.0, 1.0):
        along = [
            ndimage.map_coordinates(widest, (index + side * reach * direction).T, order=1, mode="nearest")
            for reach in (0.85 * reach_voxels, 1.15 * reach_voxels)
        ]
        ends.append(np.minimum(*along))
    middle = smooth[tuple(index.T)] - background_hu
    return np.asarray(np.clip((np.minimum(*ends) - background_hu) / np.maximum(middle, 1.0), 0.0, 1.0))


def find_candidates(region: LungRegion) -> list[Candidate]:
    """Return the round bright things in the lungs, the most promising first."""
    image = lung_only(region)
    levels: dict[int, NDArray[np.float32]] = {1: image}
    found: list[_Peak] = []
    for sigma_mm in SCALES_MM:
        step = 1 if sigma_mm < 2.4 else 2 if sigma_mm < 6 else 4
        if step not in levels:
            smaller = levels[step // 2]
            levels[step] = ndimage.gaussian_filter(smaller, 0.6, truncate=3.0)[::2, ::2, ::2]
        spacing = GRID_MM * step
        # The pyramid's own smoothing counts towards the wanted one (variances add up).
        already = sum((0.6 * GRID_MM * s) ** 2 for s in (1, 2) if s < step)
        sigma_voxels = np.sqrt(sigma_mm**2 - already) / spacing
        smooth = ndimage.gaussian_filter(levels[step], sigma_voxels, truncate=3.5, mode="nearest")
        answer = -(sigma_mm**2) * ndimage.laplace(smooth, mode="nearest") / spacing**2 / PEAK_PER_CONTRAST
        peaks = (answer >= LEAST_CONTRAST_HU) & (answer == ndimage.maximum_filter(answer, 3))
        peaks[[0, -1]] = False
        peaks[:, [0, -1]] = False
        peaks[:, :, [0, -1]] = False
        index = np.argwhere(peaks)
        index = index[region.mask[::step, ::step, ::step][tuple(index.T)]]
        if not len(index):
            continue
        eigenvalues, direction = _curvatures(smooth, index, spacing)
        strongest, weakest = eigenvalues[:, 0], eigenvalues[:, 2]
        roundness = np.where(weakest < 0, weakest / np.minimum(strongest, -1e-9), 0.0)
        reach = 2.0 * RADIUS_PER_SIGMA * sigma_mm / spacing
        onward = _onward(smooth, index, direction, reach, region.parenchyma_hu)
        for row, ball, goes_on in zip(index, roundness, onward, strict=True):
            if ball >= LEAST_ROUNDNESS:
                found.append(
                    _Peak(
                        float(answer[tuple(row)]),
                        float(ball),
                        float(goes_on),
                        sigma_mm,
                        np.asarray(row * step, dtype=np.float64),
                    )
                )
    return _without_repeats(region, found)


def _without_repeats(region: LungRegion, found: list[_Peak]) -> list[Candidate]:
    """Return one candidate a place: of answers within a radius, the strongest."""
    found = sorted(found, key=lambda peak: -peak.contrast_hu)
    kept: list[Candidate] = []
    centres = np.empty((0, 3))
    radii = np.empty(0)
    for peak in found:
        radius = peak.sigma_mm * RADIUS_PER_SIGMA
        if len(centres):
            gap = np.linalg.norm(centres - peak.index, axis=1) * GRID_MM
            # A ground-glass nodule has a vessel in it: things of another size are other things.
            alike = np.maximum(radii, radius) < OTHER_SIZE * np.minimum(radii, radius)
            if (alike & (gap < np.maximum(0.7 * np.minimum(radii, radius) + 1.0, 2.5))).any():
                continue
        centres = np.vstack([centres, peak.index])
        radii = np.append(radii, radius)
        k, j, i = region.native_index(peak.index[None])[0]
        kept.append(
            Candidate((float(k), float(j), float(i)), radius, peak.contrast_hu, peak.roundness, peak.onward)
        )
    return sorted(kept, key=lambda candidate: -candidate.rank)
