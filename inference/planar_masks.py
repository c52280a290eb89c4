"""Masks that are grown, closed and filled, all planes of a stack in one pass.

What scipy's binary morphology gives, in a tenth of its time: steps are shifts of the whole array, and what is
enclosed or connected is read from one labelling.
"""

from itertools import product
from math import isqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]

# Neighbours in a (plane, row, column) stack are those that share an edge within their plane.
IN_PLANE: Final = ndimage.generate_binary_structure(2, 1)[None] & [[[False]], [[True]], [[False]]]


def grow(mask: Mask, axis: int, steps: int) -> Mask:
    """Return the voxels at most so many steps along an axis from the mask."""
    grown = mask.copy()
    for step in range(1, steps + 1):
        _add(grown, mask, axis, step)
        _add(grown, mask, axis, -step)
    return grown


def grow_by_ball(mask: Mask, radius_voxels: float) -> Mask:
    """Return the voxels of a (slice, row, column) mask's array at most this far from the mask."""
    most = int(radius_voxels**2)
    reach = isqrt(most)
    along_rows = {width: grow(mask, 2, width) for width in range(reach + 1)}
    discs = [np.zeros_like(mask) for _ in range(reach + 1)]
    for slices, rows in product(range(reach + 1), range(-reach, reach + 1)):
        if slices**2 + rows**2 <= most:
            _add(discs[slices], along_rows[isqrt(most - slices**2 - rows**2)], 1, rows)
    grown = discs[0]
    for slices in range(1, reach + 1):
        _add(grown, discs[slices], 0, slices)
        _add(grown, discs[slices], 0, -slices)
    return grown


def close_by_ball(mask: Mask, radius_voxels: float) -> Mask:
    """Return the mask closed with a ball. Beyond the ends of the array it goes on as at the ends."""
    rows, columns = (np.flatnonzero(mask.any(axis=(0, other))) for other in (2, 1))
    if not rows.size:
        return mask.copy()
    # A closing reaches nowhere that the box around the mask does not.
    box = (slice(None), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    reach = int(np.ceil(radius_voxels)) + 1
    ends = np.pad(mask[box], ((reach, reach), (0, 0), (0, 0)), mode="edge")
    grown = grow_by_ball(np.pad(ends, ((0, 0), (reach, reach), (reach, reach))), radius_voxels)
    # A lung cut by the first or last slice must not shrink there: the outside counts as grown.
    inside = ~grow_by_ball(~grown, radius_voxels)
    closed = mask.copy()
    closed[box] |= inside[reach:-reach, reach:-reach, reach:-reach]
    return closed


def close_planes(planes: Mask, steps: int) -> Mask:
    """Return each plane closed with a diamond of so many steps, its edges at least as far away."""
    return ~_grow_by_diamond(~_grow_by_diamond(planes, steps), steps)


def open_planes(planes: Mask, steps: int) -> Mask:
    """Return each plane opened with a square that reaches so many steps; beyond its edges is nothing."""
    walled = np.pad(planes, ((0, 0), (steps, steps), (steps, steps)))
    eroded = ~grow(grow(~walled, 1, steps), 2, steps)
    return grow(grow(eroded, 1, steps), 2, steps)[:, steps:-steps, steps:-steps]


def fill_holes(planes: Mask) -> Mask:
    """Return each plane with what it encloses."""
    labels, count = ndimage.label(~planes, IN_PLANE)
    is_outside = np.zeros(count + 1, dtype=bool)
    for side in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        is_outside[side] = True
    is_outside[0] = False
    return np.asarray(~is_outside[labels])


def connected_to(seeds: Mask, planes: Mask) -> Mask:
    """Return the parts of each plane that hold a seed."""
    labels, count = ndimage.label(planes, IN_PLANE)
    is_kept = np.zeros(count + 1, dtype=bool)
    is_kept[labels[seeds]] = True
    is_kept[0] = False
    return np.asarray(is_kept[labels])


def _grow_by_diamond(planes: Mask, steps: int) -> Mask:
    for _ in range(steps):
        grown = grow(planes, 1, 1)
        _add(grown, planes, 2, 1)
        _add(grown, planes, 2, -1)
        planes = grown
    return planes


def _add(grown: Mask, mask: Mask, axis: int, shift: int) -> None:
    """Add to `grown` what is in the mask when it is moved along an axis."""
    into, of = np.moveaxis(grown, axis, 0), np.moveaxis(mask, axis, 0)
    if shift > 0:
        into[shift:] |= of[:-shift]
    elif shift < 0:
        into[:shift] |= of[-shift:]
    else:
        into |= of
