"""Vessels and airways that fill the lungs the way trees do: every twig reaches a place that wants blood."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
    twig_radius_mm: float = 0.55,
    piece_mm: float = 6.0,
    largest_radius_mm: float = 6.5,
) -> list[Branch]:
    """Return the branches of a tree from `root_mm` to every target.

    Each target in turn, the nearest to the root first, is joined to the closest node that is
    there; a branch's radius follows from the twigs behind it.

    Source: C. D. Murray, "The physiological principle of minimum work", 1926 (exponent 2.7 here).
    """
    order = np.argsort(np.linalg.norm(targets_mm - root_mm, axis=1))
    nodes = np.empty((1 + len(targets_mm) * 40, 3))
    parents = np.zeros(len(nodes), dtype=int)
    depth = np.zeros(len(nodes))
    nodes[0] = root_mm
    count = 1
    for target in targets_mm[order]:
        gap = np.linalg.norm(nodes[:count] - target, axis=1)
        # Going back towards the root first is a detour no vessel takes: count a part of the way there.
        nearest = int(np.argmin(gap + 0.25 * depth[:count]))
        way = target - nodes[nearest]
        length = float(np.linalg.norm(way))
        pieces = max(1, min(39, int(np.ceil(length / piece_mm))))
        if count + pieces > len(nodes):
            break
        bend = rng.normal(0, 0.06 * length, 3)
        base, previous = nodes[nearest].copy(), nearest
        for step in range(1, pieces + 1):
            share = step / pieces
            nodes[count] = (
                base + way * share + bend * np.sin(np.pi * share) + rng.normal(0, 0.25, 3) * (share < 1)
            )
            parents[count] = previous
            depth[count] = depth[previous] + length / pieces
            previous = count
            count += 1
    twigs = np.zeros(count)
    has_child = np.zeros(count, dtype=bool)
    has_child[parents[1:count]] = True
    for node in range(count - 1, 0, -1):
        if not has_child[node]:
            twigs[node] += 1
        twigs[parents[node]] += twigs[node]
    radii = np.minimum(twig_radius_mm * np.maximum(twigs, 1) ** (1 / 2.7), largest_radius_mm)
    return [
        Branch(nodes[parents[n]], nodes[n], float(min(radii[parents[n]], radii[n] * 1.25)), float(radii[n]))
        for n in range(1, count)
    ]


def draw_branch(
    image: NDArray[np.float32],
    x_mm: NDArray[np.float32],
    y_mm: NDArray[np.float32],
    z_mm: NDArray[np.float32],
    branch: Branch,
    hu: float,
    softness_mm: float,
    *,
    wall_mm: float = 0.0,
    wall_hu: float = 0.0,
) -> None:
    """Draw one branch into a (z, y, x) image in place; with `wall_mm`, as an airway with its wall."""
    reach = max(branch.start_radius_mm, branch.end_radius_mm) + wall_mm + 2 * softness_mm
    low = np.minimum(branch.start_mm, branch.end_mm) - reach
    high = np.maximum(branch.start_mm, branch.end_mm) + reach
    box = []
    for axis, grid in ((2, z_mm), (1, y_mm), (0, x_mm)):
        first, last = np.searchsorted(grid, (low[axis], high[axis]))
        if first >= last:
            return
        box.append(slice(int(first), int(last)))
    z = z_mm[box[0]][:, None, None] - branch.start_mm[2]
    y = y_mm[box[1]][:, None] - branch.start_mm[1]
    x = x_mm[box[2]] - branch.start_mm[0]
    way = branch.end_mm - branch.start_mm
    share = np.clip((x * way[0] + y * way[1] + z * way[2]) / max(float(way @ way), 1e-6), 0.0, 1.0)
    apart = np.sqrt((x - share * way[0]) ** 2 + (y - share * way[1]) ** 2 + (z - share * way[2]) ** 2)
    radius = branch.start_radius_mm + (branch.end_radius_mm - branch.start_radius_mm) * share
    block = image[tuple(box)]
    if wall_mm:
        wall = np.clip((radius + wall_mm - apart) / (2 * softness_mm) + 0.5, 0.0, 1.0)
        block += wall * np.maximum(wall_hu - block, 0.0)
        lumen = np.clip((radius - apart) / (2 * softness_mm) + 0.5, 0.0, 1.0)
        block += lumen * (hu - block)
    else:
        inside = np.clip((radius - apart) / (2 * softness_mm) + 0.5, 0.0, 1.0)
        # A twig thinner than the scanner's resolution loses contrast as its area does.
        fill = np.minimum(1.0, (radius / max(softness_mm, 1e-3)) ** 2)
        block += (inside * fill * np.maximum(hu - block, 0.0)).astype(np.float32)
