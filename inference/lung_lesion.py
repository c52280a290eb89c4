"""The outline of one lesion, grown from a candidate, and its measures."""

from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from imaging.lung_nodule import NoduleType
from inference.lung_candidates import Candidate
from inference.lung_region import LungRegion
from inference.nodule_density import Density, density_of
from inference.nodule_volume import REACH_MM as MEASURED_REACH_MM
from inference.nodule_volume import volume_mm3

DENSEST_HU = 300.0
DENSEST_CUT_HU = -250.0
# Ground glass around a solid part: a shell this far outside its outline, clear of blur, is so much denser
# than lung, and evenly so.
HALO_FROM_MM = 1.2
HALO_TO_MM = 2.0
HALO_HU = 140.0
LARGEST_SPREAD = 0.65  # between the quartiles, of that: a rough outline and vessels fill it unevenly
# A shell that reaches beyond a thin halo is diluted: ground glass is at least so much denser than lung.
LEAST_GLASS_HU = 240.0
# The undiluted density of a solid nodule that is too small to show it.
SOLID_HU = 20.0
SMALL_MM = 8.0


@dataclass(frozen=True, slots=True)
class Lesion:
    """A lesion on the native grid.

    Attributes:
        centre: (slice, row, column), the centre of mass.
        first: (slice, row, column) of the first voxel of its box.
        last: of the last voxel of its box, inclusive.
        central_slice: the slice with its largest section.
        section_box: (first row, first column, last row, last column) on that slice, inclusive.
        long_axis_mm: the longest diameter on that slice.
        short_axis_mm: the longest diameter at right angles to it.
        volume_mm3: with the voxels of its edge counted by how much of them it fills. None where slices are
            too thick for it.
        nodule_type: None where slices are too thick to tell.
        solid_diameter_mm: mean diameter of a part-solid one's solid part.
        voxels: (slice, row, column) bool, the grown region within its box.
    """

    centre: tuple[float, float, float]
    first: tuple[int, int, int]
    last: tuple[int, int, int]
    central_slice: int
    section_box: tuple[int, int, int, int]
    long_axis_mm: float
    short_axis_mm: float
    volume_mm3: float | None
    nodule_type: NoduleType | None
    solid_diameter_mm: float | None
    voxels: NDArray[np.bool_] = field(compare=False, repr=False)

    @property
    def diameter_mm(self) -> float:
        """The mean of both axes on the axial slice (Fleischner Society 2017, MacMahon et al.)."""
        return (self.long_axis_mm + self.short_axis_mm) / 2


def outline_lesion(
    voxels_hu: NDArray[np.generic],
    spacing_mm: tuple[float, float, float],
    region: LungRegion,
    candidate: Candidate,
) -> Lesion | None:
    """Return the lesion grown around a candidate, None where nothing stands out.

    The cut lies half way between the lesion's core and the lung. Where a shell of ground glass lies around
    that, the cut is lowered to half way between the shell and the lung. Vessels are thinner than what they
    run into, so an opening takes them off; what is outside the lung mask is not grown into.
    """
    spacing = np.array(spacing_mm)
    seed = np.array(candidate.position)
    reach_mm = 1.7 * candidate.radius_mm + 3.0
    # A candidate may be the solid part alone.
    reach_of_halo_mm = 2.2 * candidate.radius_mm + 5.0
    margin = np.ceil((reach_of_halo_mm + 2.0) / spacing).astype(int)
    shape = np.array(voxels_hu.shape)
    low = np.maximum(np.rint(seed).astype(int) - margin, 0)
    high = np.minimum(np.rint(seed).astype(int) + margin + 1, shape)
    raw = np.maximum(
        voxels_hu[low[0] : high[0], low[1] : high[1], low[2] : high[2]].astype(np.float32), -1024
    )
    # Noise would fray the outline of thin, sharp slices: smooth by about half a millimetre.
    unclipped = ndimage.gaussian_filter(np.minimum(raw, 1500.0), 0.6 / spacing)
    block = ndimage.gaussian_filter(np.minimum(raw, DENSEST_HU), 0.6 / spacing)
    grids = np.ogrid[tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))]
    distance_mm = np.sqrt(sum(((g - s) * mm) ** 2 for g, s, mm in zip(grids, seed, spacing, strict=True)))
    lung = _mask_on_native(region, grids)
    inside = lung & (distance_mm <= reach_mm)
    core = block[(distance_mm <= max(0.5 * candidate.radius_mm, 0.6 * float(spacing.min()))) & inside]
    if not core.size:
        return None
    level = float(np.percentile(core, 75))
    cut = min((level + region.parenchyma_hu) / 2, DENSEST_CUT_HU)
    dense = (block > cut) & inside
    grown = _without_vessels(dense, distance_mm, spacing, candidate.radius_mm)
    if grown is None:
        return None
    halo_hu = _halo_hu(block, grown, lung, spacing, region.parenchyma_hu)
    if halo_hu is not None:
        cut = (halo_hu + region.parenchyma_hu) / 2
        dense = (block > cut) & lung & (distance_mm <= reach_of_halo_mm)
        whole = _without_vessels(dense, distance_mm, spacing, candidate.radius_mm)
        grown = grown if whole is None else np.asarray(whole | grown)
    # What is measured looks no farther: large lesions have large blocks.
    near = _around(grown, MEASURED_REACH_MM + 2 * spacing.max(), spacing)
    raw, unclipped, block = raw[near], unclipped[near], block[near]
    lung, grown = lung[near], grown[near]
    low = low + [side.start for side in near]
    areas = grown.sum(axis=(1, 2))
    central = int(areas.argmax())
    long_axis, short_axis = _axes_mm(grown[central], (spacing_mm[1], spacing_mm[2]))
    density = density_of(unclipped, grown, spacing_mm, has_halo=halo_hu is not None)
    where = np.argwhere(grown)
    centre = where.mean(axis=0) + low
    first, last = where.min(axis=0) + low, where.max(axis=0) + low
    section = np.argwhere(grown[central]) + low[1:]
    return Lesion(
        centre=(float(centre[0]), float(centre[1]), float(centre[2])),
        first=(int(first[0]), int(first[1]), int(first[2])),
        last=(int(last[0]), int(last[1]), int(last[2])),
        central_slice=int(central + low[0]),
        section_box=(
            int(section[:, 0].min()),
            int(section[:, 1].min()),
            int(section[:, 0].max()),
            int(section[:, 1].max()),
        ),
        long_axis_mm=long_axis,
        short_axis_mm=short_axis,
        volume_mm3=None
        if density.is_thin
        else volume_mm3(
            raw,
            grown,
            (block > cut) & ~grown | ~lung,
            spacing_mm,
            _edge_hu(density, halo_hu, (long_axis + short_axis) / 2),
            region.parenchyma_hu,
        ),
        nodule_type=density.nodule_type,
        solid_diameter_mm=_solid_diameter_mm(density, spacing_mm),
        voxels=grown[tuple(slice(a, b + 1) for a, b in zip(first - low, last - low, strict=True))],
    )


def _around(
    mask: NDArray[np.bool_], margin_mm: float, spacing: NDArray[np.float64]
) -> tuple[slice, slice, slice]:
    """Return the box of a mask that is not empty, with a margin on all sides."""
    where, margin = np.argwhere(mask), np.ceil(margin_mm / spacing).astype(int)
    first = np.maximum(where.min(axis=0) - margin, 0)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(first, where.max(axis=0) + margin + 1, strict=True))
    return k, j, i


def _halo_hu(
    block: NDArray[np.float32],
    grown: NDArray[np.bool_],
    lung: NDArray[np.bool_],
    spacing: NDArray[np.float64],
    parenchyma_hu: float,
) -> float | None:
    """Return the density of the ground glass around an outline, None if there is lung."""
    areas = grown.sum(axis=(1, 2))
    # Towards its poles a thick slice averages a lesion's slope with lung.
    middle = (areas >= 0.8 * areas.max())[:, None, None]
    near = _around(grown, HALO_TO_MM, spacing)
    outward = ndimage.distance_transform_edt(~grown[near], sampling=spacing)
    beside = (lung & middle)[near] & (outward > HALO_FROM_MM) & (outward <= HALO_TO_MM)
    shell = block[near][beside]
    if not shell.size:
        return None
    quarter, level, three_quarters = (float(q) for q in np.percentile(shell, (25, 50, 75)))
    excess_hu = level - parenchyma_hu
    if excess_hu < HALO_HU or three_quarters - quarter > LARGEST_SPREAD * excess_hu:
        return None
    return max(level, parenchyma_hu + LEAST_GLASS_HU)


def _edge_hu(density: Density, halo_hu: float | None, diameter_mm: float) -> float:
    """Return the undiluted density of a lesion's outer part."""
    if halo_hu is not None:
        return halo_hu
    if density.nodule_type is NoduleType.SOLID and diameter_mm < SMALL_MM:
        return max(density.core_hu, SOLID_HU)
    return density.core_hu


def _solid_diameter_mm(density: Density, spacing_mm: tuple[float, float, float]) -> float | None:
    """Return the mean diameter of a part-solid lesion's solid part, on the slice where it is largest."""
    if density.nodule_type is not NoduleType.PART_SOLID:
        return None
    section = density.solid[int(density.solid.sum(axis=(1, 2)).argmax())]
    return sum(_axes_mm(section, (spacing_mm[1], spacing_mm[2]))) / 2


def _mask_on_native(region: LungRegion, grids: tuple[NDArray[np.intp], ...]) -> NDArray[np.bool_]:
    """Return the lung mask at native voxels, the nearest grid voxel's value; outside the crop False."""
    mask = region.mask
    index = []
    valid = []
    for axis, grid in enumerate(grids):
        where = np.rint(grid.ravel() / region.to_native[axis]).astype(int) - region.start[axis]
        valid.append((where >= 0) & (where < mask.shape[axis]))
        index.append(np.clip(where, 0, mask.shape[axis] - 1))
    return np.asarray(mask[np.ix_(*index)] & valid[0][:, None, None] & valid[1][:, None] & valid[2])


def _without_vessels(
    dense: NDArray[np.bool_], distance_mm: NDArray[np.float64], spacing: NDArray[np.float64], radius_mm: float
) -> NDArray[np.bool_] | None:
    """Return the part of `dense` at the seed, vessels taken off, None if nothing is there."""
    if not dense.any():
        return None
    # No distance that is asked for leads farther than a voxel around it.
    box = _around(dense, float(spacing.max()), spacing)
    whole, dense, distance_mm = np.zeros_like(dense), dense[box], distance_mm[box]
    depth = ndimage.distance_transform_edt(np.pad(dense, 1, mode="edge"), sampling=spacing)[1:-1, 1:-1, 1:-1]
    near = distance_mm <= max(0.6 * radius_mm, 1.5)
    deepest = float(depth[near & dense].max(initial=0.0))
    if deepest <= 0:
        return None
    # A neck half as thick as the lesion is a vessel or the wall.
    peel_mm = 0.45 * deepest if deepest > 1.2 * float(spacing.max()) or deepest > 2.5 else 0.0
    cores, _ = ndimage.label(depth > peel_mm)
    seeds = np.unique(cores[near & (depth >= 0.8 * deepest)])
    seeds = seeds[seeds > 0]
    if not len(seeds):
        return None
    core = np.isin(cores, seeds)
    if peel_mm > 0:
        core = ndimage.distance_transform_edt(~core, sampling=spacing) <= peel_mm * 1.05
    grown = core & dense
    labels, count = ndimage.label(grown)
    if count > 1:
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        grown = labels == int(sizes.argmax())
    whole[box] = grown
    return whole


def _axes_mm(section: NDArray[np.bool_], spacing_mm: tuple[float, float]) -> tuple[float, float]:
    """Return the longest diameter of a section, and the longest at right angles to it."""
    points = np.argwhere(section) * np.array(spacing_mm)
    pixel = float(np.mean(spacing_mm))
    if len(points) > 3:
        with suppress(QhullError):  # all pixels on one line
            points = points[ConvexHull(points).vertices]
    apart = points[:, None] - points[None]
    length = np.linalg.norm(apart, axis=2)
    a, b = np.unravel_index(int(length.argmax()), length.shape)
    long_axis = float(length[a, b])
    if long_axis == 0.0:
        return pixel, pixel
    direction = apart[a, b] / long_axis
    across = points @ np.array([-direction[1], direction[0]])
    return long_axis + pixel, float(np.ptp(across)) + pixel
