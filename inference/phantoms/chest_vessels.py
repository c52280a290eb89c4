"""Vessels and airways that fill the lungs the way trees do: every twig reaches a place that wants blood."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.phantoms.chest_anatomy import Point

SUB_PLANE_MM: Final = 1.3  # a thicker slice is the average of planes this far apart
POINTS_A_STEP: Final = 3


@dataclass(frozen=True, slots=True)
class Branch:
    """A straight piece of a vessel, ends in LPS mm, radii in mm."""

    start_mm: NDArray[np.float64]
    end_mm: NDArray[np.float64]
    start_radius_mm: float
    end_radius_mm: float


def grow_tree(
    rng: np.random.Generator,
    root_mm: NDArray[np.float64],
    targets_mm: NDArray[np.float64],
    *,
    twig_radius_mm: float = 0.45,
    piece_mm: float = 9.0,
    largest_radius_mm: float = 5.5,
) -> list[Branch]:
    """Return the branches of a tree from `root_mm` to every target.

    A branch goes a part of the way to the middle of the targets behind it; there a plane along its way
    parts them, and each half gets a branch. Its radius follows from the twigs behind it.

    Source: M. H. Tawhai et al., "Generation of an anatomically based three-dimensional model of the
    conducting airways", 2000; C. D. Murray, "The physiological principle of minimum work", 1926
    (exponent 2.4 here).
    """

    def radius_of(count: int) -> float:
        return float(min(twig_radius_mm * count ** (1 / 2.4), largest_radius_mm))

    branches: list[Branch] = []
    left = [(np.asarray(root_mm, dtype=float), np.arange(len(targets_mm)), radius_of(len(targets_mm)))]
    while left:
        start, behind, radius = left.pop()
        way = targets_mm[behind].mean(axis=0) - start
        end = start + way * (1.0 if len(behind) == 1 else rng.uniform(0.32, 0.48))
        own = radius_of(len(behind))
        branches += _bent_branch(rng, start, end, min(radius, 1.15 * own), own, piece_mm)
        if len(behind) == 1:
            continue
        along = way / max(float(np.linalg.norm(way)), 1e-6)
        off = targets_mm[behind] - end
        off -= (off @ along)[:, None] * along
        # The direction across the way in which the targets lie farthest apart.
        across = np.linalg.eigh(off.T @ off)[1][:, -1]
        order = np.argsort(off @ across)
        cut = int(np.clip(round(len(behind) * rng.uniform(0.3, 0.7)), 1, len(behind) - 1))
        left += [(end, behind[order[:cut]], own), (end, behind[order[cut:]], own)]
    return branches


def _bent_branch(
    rng: np.random.Generator,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    start_radius_mm: float,
    end_radius_mm: float,
    piece_mm: float,
) -> list[Branch]:
    """Return a slightly bent way from one point to another in straight pieces."""
    length = float(np.linalg.norm(end - start))
    if length <= piece_mm:
        return [Branch(start, end, start_radius_mm, end_radius_mm)]
    pieces = max(1, int(np.ceil(length / piece_mm)))
    bend = rng.normal(0, 0.06 * length, 3)
    share = np.linspace(0.0, 1.0, pieces + 1)
    points = start + (end - start) * share[:, None] + bend * np.sin(np.pi * share)[:, None]
    radii = start_radius_mm + (end_radius_mm - start_radius_mm) * share
    return [Branch(points[n], points[n + 1], float(radii[n]), float(radii[n + 1])) for n in range(pieces)]


@dataclass(frozen=True, slots=True)
class Slices:
    """The grid of a (slice, row, column) image whose slices are averages over their thickness.

    Attributes:
        xy_mm: of columns and of rows, the same for both.
        z_mm: middles of the slices, ascending.
        thickness_mm: of a slice; it may be more or less than their distance.
        softness_mm: half the width of an edge in the plane.
    """

    xy_mm: NDArray[np.float32]
    z_mm: NDArray[np.float32]
    thickness_mm: float
    softness_mm: float

    @property
    def pixel_mm(self) -> float:
        """Between the middles of two columns."""
        return float(self.xy_mm[1] - self.xy_mm[0])

    def box(self, low: Point, high: Point) -> tuple[slice, slice, slice] | None:
        """Return the part of the image that shows anything between two corners, None for none."""
        half = self.thickness_mm / 2
        parts = []
        for grid, first, last in (
            (self.z_mm, low[2] - half, high[2] + half),
            (self.xy_mm, low[1], high[1]),
            (self.xy_mm, low[0], high[0]),
        ):
            start, stop = (int(i) for i in np.searchsorted(grid, (first, last)))
            if start >= stop:
                return None
            parts.append(slice(start, stop))
        return parts[0], parts[1], parts[2]

    def around(
        self, box: tuple[slice, slice, slice], centre_mm: Point
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return (z, y, x) from a point to the sub-planes, rows and columns of a box, to be broadcast."""
        count = self.sub_planes
        shifts = (np.arange(count, dtype=np.float32) - (count - 1) / 2) * (self.thickness_mm / count)
        z = (self.z_mm[box[0]][:, None] + shifts).ravel()[:, None, None] - np.float32(centre_mm[2])
        y = self.xy_mm[box[1]][:, None] - np.float32(centre_mm[1])
        x = self.xy_mm[box[2]] - np.float32(centre_mm[0])
        return z.astype(np.float32), y.astype(np.float32), x.astype(np.float32)

    @property
    def sub_planes(self) -> int:
        """How many planes stand for one slice."""
        return max(1, int(np.ceil(self.thickness_mm / SUB_PLANE_MM)))

    def averaged(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the slices that planes from `around` add up to."""
        return np.asarray(planes.reshape(-1, self.sub_planes, *planes.shape[1:]).mean(axis=1))


def draw_branch(
    image: NDArray[np.float32],
    slices: Slices,
    branch: Branch,
    hu: float,
    *,
    wider_mm: float = 0.0,
    is_hollow: bool = False,
) -> None:
    """Draw one branch into an image in place.

    It only ever makes the image denser, unless `is_hollow`: then what is in its way is taken out.
    """
    soft = slices.softness_mm
    reach = max(branch.start_radius_mm, branch.end_radius_mm) + wider_mm + 2 * soft
    low = np.minimum(branch.start_mm, branch.end_mm) - reach
    high = np.maximum(branch.start_mm, branch.end_mm) + reach
    box = slices.box(tuple(low), tuple(high))
    if box is None:
        return
    z, y, x = slices.around(box, tuple(branch.start_mm))
    way = (branch.end_mm - branch.start_mm).astype(np.float32)
    share = np.clip((x * way[0] + y * way[1] + z * way[2]) / max(float(way @ way), 1e-6), 0.0, 1.0)
    apart = np.sqrt((x - share * way[0]) ** 2 + (y - share * way[1]) ** 2 + (z - share * way[2]) ** 2)
    wider = np.float32(branch.end_radius_mm - branch.start_radius_mm) * share
    radius = np.float32(branch.start_radius_mm + wider_mm) + wider
    inside = slices.averaged(np.clip((radius - apart) / (2 * soft) + 0.5, 0.0, 1.0))
    block = image[box]
    change = hu - block
    block += inside * (change if is_hollow else np.maximum(change, 0.0))


def draw_tubes(
    image: NDArray[np.float32],
    slices: Slices,
    branches: Sequence[Branch],
    hu: float,
    wall_hu: float,
    walls_mm: Sequence[float],
) -> None:
    """Draw connected branches with walls: all walls first, so that none closes another's way."""
    for branch, wall_mm in zip(branches, walls_mm, strict=True):
        draw_branch(image, slices, branch, wall_hu, wider_mm=wall_mm)
    for branch in branches:
        draw_branch(image, slices, branch, hu, is_hollow=True)


def draw_twigs(
    rng: np.random.Generator,
    image: NDArray[np.float32],
    slices: Slices,
    branches: Sequence[Branch],
    hu: float,
) -> None:
    """Draw branches too thin to have an inside: each voxel gets the share of it that they fill.

    Points are strewn evenly through their volume and counted; then the scanner's resolution spreads them.
    """
    if not branches:
        return
    start = np.array([b.start_mm for b in branches])
    way = np.array([b.end_mm for b in branches]) - start
    radius = np.array([[b.start_radius_mm, b.end_radius_mm] for b in branches])
    length = np.linalg.norm(way, axis=1)
    pixel = slices.pixel_mm
    count = np.maximum(3, np.ceil(length / (0.4 * pixel)).astype(int) * POINTS_A_STEP)
    which = np.repeat(np.arange(len(branches)), count)
    share = rng.random(len(which), dtype=np.float32)
    r = radius[which, 0] + (radius[which, 1] - radius[which, 0]) * share
    off = rng.normal(size=(len(which), 3)).astype(np.float32)
    off *= (r * np.cbrt(rng.random(len(which), dtype=np.float32)) / np.linalg.norm(off, axis=1))[:, None]
    point = start[which] + way[which] * share[:, None] + off
    volume = np.pi * r**2 * (length / count)[which]
    step = float(slices.z_mm[1] - slices.z_mm[0]) if len(slices.z_mm) > 1 else slices.thickness_mm
    grid_z = (point[:, 2] - slices.z_mm[0]) / step
    column, row = ((point[:, axis] - slices.xy_mm[0]) / pixel for axis in (0, 1))
    filled = np.zeros(image.size, dtype=np.float32)
    planes, rows, columns = image.shape
    reach = slices.thickness_mm / step / 2
    first = np.ceil(grid_z - reach).astype(int)
    j0, i0 = np.floor(row).astype(int), np.floor(column).astype(int)
    fj, fi = row - j0, column - i0
    for ahead in range(int(np.floor(2 * reach)) + 1):
        k = first + ahead
        shows = (k >= 0) & (k < planes) & (np.abs(k - grid_z) <= reach)
        shows &= (j0 >= 0) & (j0 < rows - 1) & (i0 >= 0) & (i0 < columns - 1)
        for dj, wj in ((0, 1 - fj), (1, fj)):
            for di, wi in ((0, 1 - fi), (1, fi)):
                at = ((k * rows + j0 + dj) * columns + i0 + di)[shows]
                np.add.at(filled, at, (volume * wj * wi)[shows].astype(np.float32))
    filled /= pixel**2 * slices.thickness_mm
    share_of_voxel = filled.reshape(image.shape)
    sigma = 0.55 * slices.softness_mm / pixel
    for k in range(planes):
        if share_of_voxel[k].any():
            fill = np.minimum(ndimage.gaussian_filter(share_of_voxel[k], sigma, truncate=3.0), 1.0)
            image[k] += fill * np.maximum(hu - image[k], 0.0)
