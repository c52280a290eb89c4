"""Slices of a CT in Hounsfield units on one grid, with its place in the patient."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.errors import IrregularSpacing
from imaging.image_plane import ImagePlane, SliceStack, stack_slices
from imaging.reasons import reason


@dataclass(frozen=True, slots=True)
class Volume:
    """A stack of slices on a regular grid.

    Attributes:
        voxels_hu: (slice, row, column), int16 where every slice's rescale is whole-numbered, else float32.
            Nothing is below AIR_HU (imaging/hounsfield.py).
        affine_lps: (4, 4) float64, from (column, row, slice, 1), zero-based voxel centres, to
            (x, y, z, 1) in mm, LPS: x to the left, y to the back, z to the head.
        spacing_mm: between slices, rows and columns.
        sop_instance_uids: one for each slice, in order along the normal. A place whose slice is
            missing names the nearest slice there is. Frames of one object share theirs.
        interpolated_slices: the places whose slices are missing; they hold the mean of their
            neighbours, weighted by distance.
        frame_numbers: for each slice the frame of its instance, counted from 1.
    """

    voxels_hu: NDArray[Any]
    affine_lps: NDArray[np.float64]
    spacing_mm: tuple[float, float, float]
    sop_instance_uids: tuple[str, ...]
    series_instance_uid: str
    study_instance_uid: str
    interpolated_slices: tuple[int, ...] = field(default=())
    frame_numbers: tuple[int, ...] = field(default=())

    def voxel_to_lps(self, column: float, row: float, slice_: float) -> tuple[float, float, float]:
        """Return the place in mm, LPS, of a (fractional) voxel index."""
        x, y, z, _ = (float(v) for v in self.affine_lps @ (column, row, slice_, 1.0))
        return x, y, z

    def voxels_to_lps(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, 3) places in mm LPS of (n, 3) (slice, row, column) indices, fractions allowed."""
        return np.asarray(index[:, ::-1] @ self.affine_lps[:3, :3].T + self.affine_lps[:3, 3])

    def lps_to_voxel(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """Return the fractional (column, row, slice) of a place in mm, LPS; it may lie outside the volume."""
        column, row, slice_, _ = (float(v) for v in np.linalg.solve(self.affine_lps, (x, y, z, 1.0)))
        return column, row, slice_


def affine_lps(planes: Sequence[ImagePlane]) -> NDArray[np.float64]:
    """Return the matrix from voxel indices to patient coordinates.

    Args:
        planes: two or more slices, in order along their normal.

    Returns:
        (4, 4) float64. It takes (column, row, slice, 1), zero-based voxel
        centres, to (x, y, z, 1) in mm, LPS: x to the left, y to the back, z to the head.

    Raises:
        IrregularSpacing: two gaps differ by more than SPACING_TOLERANCE of the spacing, as
            when a slice is missing. Resampling is the caller's decision.
        GeometryError: fewer than two slices at different places.

    Source: DICOM PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1.
    """
    stack = stack_slices(planes)
    if stack.missing or len(stack.planes) != len(planes):
        raise IrregularSpacing(reason("missing-slices", missing=stack.missing))
    return stack_affine(stack)


def stack_affine(stack: SliceStack) -> NDArray[np.float64]:
    """Return the matrix of `affine_lps` for slices that may have gaps of whole steps."""
    first, last = stack.planes[0], stack.planes[-1]
    affine = np.eye(4)
    # PixelSpacing gives the gap *between rows* first, so a step to the next
    # column is its second value. Swapped, an anisotropic study comes out stretched.
    affine[:3, 0] = np.array(first.along_row) * first.column_gap_mm
    affine[:3, 1] = np.array(first.down_column) * first.row_gap_mm
    # From position to position, not along the normal: with a tilted gantry these differ.
    affine[:3, 2] = (np.array(last.position) - np.array(first.position)) / stack.grid[-1]
    affine[:3, 3] = first.position
    return affine


def fill_gaps(voxels: NDArray[Any], grid: Sequence[int]) -> tuple[int, ...]:
    """Write the mean of its neighbours, weighted by distance, into every place that has no slice.

    Args:
        voxels: (place, row, column), changed in place.
        grid: the places that have a slice, ascending.

    Returns:
        The places that were filled.
    """
    filled: list[int] = []
    for below, above in pairwise(grid):
        for place in range(below + 1, above):
            share = (place - below) / (above - below)
            mixed = (1 - share) * voxels[below].astype(np.float32) + share * voxels[above].astype(np.float32)
            voxels[place] = np.rint(mixed) if voxels.dtype == np.int16 else mixed
            filled.append(place)
    return tuple(filled)
