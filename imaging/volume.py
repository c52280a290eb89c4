"""Slices of a CT to one volume in Hounsfield units, with its place in the patient."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from imaging.decoding import rescale_of, stored_pixels
from imaging.errors import GeometryError, ImageTooLarge, IrregularSpacing, UndecodablePixels
from imaging.header_values import whole_number
from imaging.image_plane import ImagePlane, SliceStack, stack_slices
from imaging.reasons import reason

MAX_VOLUME_BYTES = 3 << 30
MAX_MISSING_SHARE = 0.25  # of the places between the first and the last slice
AIR_HU = -1024.0  # scanners mark what lies outside the field of view with values below


@dataclass(frozen=True, slots=True)
class Volume:
    """A stack of slices on a regular grid.

    Attributes:
        voxels_hu: (slice, row, column), int16 where every slice's rescale is whole-numbered, else float32.
            Nothing is below AIR_HU.
        affine_lps: (4, 4) float64, from (column, row, slice, 1), zero-based voxel centres, to
            (x, y, z, 1) in mm, LPS: x to the left, y to the back, z to the head.
        spacing_mm: between slices, rows and columns.
        sop_instance_uids: one for each slice, in order along the normal. A place whose slice is
            missing names the nearest slice there is.
        interpolated_slices: the places whose slices are missing; they hold the mean of their
            neighbours, weighted by distance.
    """

    voxels_hu: NDArray[Any]
    affine_lps: NDArray[np.float64]
    spacing_mm: tuple[float, float, float]
    sop_instance_uids: tuple[str, ...]
    series_instance_uid: str
    study_instance_uid: str
    interpolated_slices: tuple[int, ...] = field(default=())

    def voxel_to_lps(self, column: float, row: float, slice_: float) -> tuple[float, float, float]:
        """Return the place in mm, LPS, of a (fractional) voxel index."""
        x, y, z, _ = (float(v) for v in self.affine_lps @ (column, row, slice_, 1.0))
        return x, y, z

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
    return _stack_affine(stack)


def build_volume(datasets: Sequence[Dataset]) -> Volume:
    """Return the volume that the slices of one series make.

    The order given does not matter. Slices that show a place a second time, and slices that do not
    fit the rest in size or direction, are left out; places without a slice are interpolated.

    Args:
        datasets: single-frame images with their pixels.

    Raises:
        GeometryError: no volume can be made; IrregularSpacing where the gaps are the cause.
        ImageTooLarge: it would take more than MAX_VOLUME_BYTES.
        UndecodablePixels, NoPixels: a slice's pixels cannot be read.
    """
    ordered = sorted(datasets, key=_first_acquired)
    by_uid = {str(ds.SOPInstanceUID): ds for ds in reversed(ordered)}
    stack = stack_slices([ImagePlane.from_header(ds) for ds in ordered])
    if stack.missing > MAX_MISSING_SHARE * stack.places:
        raise GeometryError(reason("too-many-missing", missing=stack.missing))
    first = stack.planes[0]
    slices = [by_uid[plane.sop_instance_uid] for plane in stack.planes]
    kind = np.int16 if all(_whole_numbered(ds) for ds in slices) else np.float32
    size = stack.places * first.rows * first.columns * np.dtype(kind).itemsize
    if size > MAX_VOLUME_BYTES:
        raise ImageTooLarge(reason("image-too-large", claimed_mib=size >> 20))

    voxels = np.empty((stack.places, first.rows, first.columns), kind)
    for place, ds in zip(stack.grid, slices, strict=True):
        voxels[place] = _hounsfield(ds, (first.rows, first.columns), kind)
    interpolated = _fill_gaps(voxels, stack.grid)
    nearest = [int(np.abs(np.array(stack.grid) - place).argmin()) for place in range(stack.places)]
    return Volume(
        voxels_hu=voxels,
        affine_lps=_stack_affine(stack),
        spacing_mm=(stack.spacing_mm, first.row_gap_mm, first.column_gap_mm),
        sop_instance_uids=tuple(stack.planes[n].sop_instance_uid for n in nearest),
        series_instance_uid=str(slices[0].SeriesInstanceUID),
        study_instance_uid=str(slices[0].StudyInstanceUID),
        interpolated_slices=interpolated,
    )


def _stack_affine(stack: SliceStack) -> NDArray[np.float64]:
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


def _first_acquired(ds: Dataset) -> tuple[int, int, str]:
    return (
        whole_number(ds.get("AcquisitionNumber")) or 0,
        whole_number(ds.get("InstanceNumber")) or 0,
        str(ds.SOPInstanceUID),
    )


def _whole_numbered(ds: Dataset) -> bool:
    slope, intercept = rescale_of(ds)
    return slope == 1.0 and intercept.is_integer()


def _hounsfield(ds: Dataset, shape: tuple[int, int], kind: type) -> NDArray[Any]:
    stored = stored_pixels(ds)
    if stored.shape != shape:
        raise UndecodablePixels(reason("damaged-dicom"), f"{ds.SOPInstanceUID}: shape {stored.shape}")
    slope, intercept = rescale_of(ds)
    if kind is np.int16:
        values = stored.astype(np.int32)
        values += int(intercept)
        return np.clip(values, int(AIR_HU), np.iinfo(np.int16).max).astype(np.int16)
    scaled = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    floored: NDArray[Any] = np.maximum(scaled, np.float32(AIR_HU))
    return floored


def _fill_gaps(voxels: NDArray[Any], grid: Sequence[int]) -> tuple[int, ...]:
    filled: list[int] = []
    for below, above in pairwise(grid):
        for place in range(below + 1, above):
            share = (place - below) / (above - below)
            mixed = (1 - share) * voxels[below].astype(np.float32) + share * voxels[above].astype(np.float32)
            voxels[place] = np.rint(mixed) if voxels.dtype == np.int16 else mixed
            filled.append(place)
    return tuple(filled)
