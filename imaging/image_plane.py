"""Where one slice lies in the patient, and which slices make one stack."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from imaging.errors import GeometryError, IrregularSpacing
from imaging.reasons import reason

# A gap may differ from a whole multiple of the spacing by this share of it: tables are not perfect.
SPACING_TOLERANCE = 0.1
# Two slices nearer than this share of the spacing, or this many mm, show the same place.
SAME_PLACE_MM = 0.01
UNIT_TOLERANCE = 1e-2


@dataclass(frozen=True, slots=True)
class ImagePlane:
    """The plane of one slice in the patient's coordinates.

    Attributes:
        sop_instance_uid: whose plane.
        position: centre of the first pixel, (x, y, z) in mm, LPS.
        along_row: unit vector in which the column index grows, LPS.
        down_column: unit vector in which the row index grows, LPS.
        row_gap_mm, column_gap_mm: between the centres of neighbouring rows, of neighbouring columns.
        rows, columns: the size in pixels.
        frame_number: which frame of its instance, counted from 1.

    Source: DICOM PS3.3 C.7.6.2.1.1.
    """

    sop_instance_uid: str
    position: tuple[float, float, float]
    along_row: tuple[float, float, float]
    down_column: tuple[float, float, float]
    row_gap_mm: float
    column_gap_mm: float
    rows: int
    columns: int
    frame_number: int = 1

    @classmethod
    def from_header(cls, header: Dataset) -> "ImagePlane":
        """Return the plane of a single-frame image.

        Raises:
            GeometryError: an attribute is missing, or the two directions are no right angle.
        """
        return cls.from_values(
            str(header.get("SOPInstanceUID", "")),
            header.get("ImagePositionPatient"),
            header.get("ImageOrientationPatient"),
            header.get("PixelSpacing"),
            (header.get("Rows"), header.get("Columns")),
        )

    @classmethod
    def from_values(
        cls,
        uid: str,
        image_position_patient: Any,
        image_orientation_patient: Any,
        pixel_spacing: Any,
        size: tuple[Any, Any],
        frame_number: int = 1,
    ) -> "ImagePlane":
        """Return the plane that the values of a header, or of a frame's functional groups, describe.

        Args:
            size: rows and columns.

        Raises:
            GeometryError: one is missing, or the two directions are no right angle.
        """
        try:
            x, y, z = (float(v) for v in image_position_patient)
            orientation = tuple(float(v) for v in image_orientation_patient)
            along_row, down_column = orientation[:3], orientation[3:]
            # PixelSpacing gives the gap *between rows* first (PS3.3 10.7.1.3).
            row_gap, column_gap = (float(v) for v in pixel_spacing)
            rows, columns = int(size[0]), int(size[1])
            row_length, column_length = math.hypot(*along_row), math.hypot(*down_column)
            sound = (
                len(orientation) == 6
                and all(math.isfinite(v) for v in (x, y, z, *orientation, row_gap, column_gap))
                and min(row_gap, column_gap) > 0
                and min(rows, columns) > 0
                and max(abs(row_length - 1), abs(column_length - 1)) < UNIT_TOLERANCE
                and abs(sum(a * b for a, b in zip(along_row, down_column, strict=True))) < UNIT_TOLERANCE
            )
        except (TypeError, ValueError, OverflowError) as error:
            raise GeometryError(reason("geometry-missing"), f"{uid}: {error}") from error
        if not sound:
            raise GeometryError(reason("geometry-missing"), f"{uid}: directions or spacing make no plane")
        return cls(
            sop_instance_uid=uid,
            position=(x, y, z),
            along_row=_scaled(along_row, row_length),
            down_column=_scaled(down_column, column_length),
            row_gap_mm=row_gap,
            column_gap_mm=column_gap,
            rows=rows,
            columns=columns,
            frame_number=frame_number,
        )

    @property
    def image(self) -> tuple[str, int]:
        """SOP Instance UID and frame number: what no two images have in common."""
        return self.sop_instance_uid, self.frame_number

    @property
    def normal(self) -> NDArray[np.float64]:
        """(3,) unit vector, along_row x down_column."""
        return np.array(self._normal)

    @property
    def offset_mm(self) -> float:
        """How far along the normal the plane lies from the coordinates' origin."""
        return sum(n * p for n, p in zip(self._normal, self.position, strict=True))

    @property
    def _normal(self) -> tuple[float, float, float]:
        # Written out: a series asks for it thousands of times, and numpy is slow on three numbers.
        (a, b, c), (d, e, f) = self.along_row, self.down_column
        return b * f - c * e, c * d - a * f, a * e - b * d

    @property
    def shape_key(self) -> tuple[object, ...]:
        """What slices of one stack have in common: size, spacing and directions, rounded."""
        return (
            self.rows,
            self.columns,
            round(self.row_gap_mm, 3),
            round(self.column_gap_mm, 3),
            *(round(v, 2) + 0.0 for v in (*self.along_row, *self.down_column)),
        )


@dataclass(frozen=True, slots=True)
class SliceStack:
    """Slices of one volume in order along their normal.

    Attributes:
        planes: one for each place that has a slice.
        grid: for each plane its zero-based place on the regular grid; a jump of more than one is a gap.
        spacing_mm: between neighbouring places of the grid, along the line of the positions.
        repeated: slices left out because another shows the same place.
        unfitting: slices left out because size or direction differ from the rest.
    """

    planes: tuple[ImagePlane, ...]
    grid: tuple[int, ...]
    spacing_mm: float
    repeated: tuple[str, ...]
    unfitting: tuple[str, ...]

    @property
    def places(self) -> int:
        """How many slices there would be without a gap."""
        return self.grid[-1] + 1

    @property
    def missing(self) -> int:
        """How many slices are missing between the first and the last."""
        return self.places - len(self.planes)

    @property
    def coverage_mm(self) -> float:
        """From the first slice's outer face to the last one's, slices taken as thick as the spacing."""
        return self.places * self.spacing_mm


def stack_slices(planes: Sequence[ImagePlane]) -> SliceStack:
    """Return the largest set of slices that belong together, in order, and what was left out.

    Raises:
        GeometryError: fewer than two slices at different places.
        IrregularSpacing: the gaps are no whole multiples of the usual one, or the slices lie on no line.
    """
    if not planes:
        raise GeometryError(reason("too-few-slices", count=0))
    commonest, _ = Counter(plane.shape_key for plane in planes).most_common(1)[0]
    fitting = [plane for plane in planes if plane.shape_key == commonest]
    unfitting = tuple(plane.sop_instance_uid for plane in planes if plane.shape_key != commonest)

    kept: list[ImagePlane] = []
    repeated: list[str] = []
    # Sorting is stable, so of several slices at one place the first given stays.
    by_offset = sorted(((plane.offset_mm, plane) for plane in fitting), key=lambda pair: round(pair[0], 3))
    last = -math.inf
    for offset, plane in by_offset:
        if offset - last < SAME_PLACE_MM:
            if plane.image != kept[-1].image:
                repeated.append(plane.sop_instance_uid)
        else:
            kept.append(plane)
            last = offset
    if len(kept) < 2:
        raise GeometryError(reason("too-few-slices", count=len(kept)))

    positions = np.array([plane.position for plane in kept])
    gaps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    usual = float(np.median(gaps))
    steps = np.maximum(np.rint(gaps / usual), 1).astype(int)
    if np.abs(gaps / usual - steps).max() > SPACING_TOLERANCE * steps.max():
        raise IrregularSpacing(reason("irregular-spacing"), f"gaps {gaps.min():.3f} to {gaps.max():.3f} mm")
    grid = np.concatenate([[0], np.cumsum(steps)])
    step = (positions[-1] - positions[0]) / grid[-1]
    spacing = float(np.linalg.norm(step))
    off_line = np.linalg.norm(positions - (positions[0] + grid[:, None] * step), axis=1)
    if off_line.max() > max(0.5 * spacing, 0.5):
        raise IrregularSpacing(reason("irregular-spacing"), f"{off_line.max():.3f} mm off the line")
    return SliceStack(tuple(kept), tuple(int(g) for g in grid), spacing, tuple(repeated), unfitting)


def _scaled(vector: tuple[float, ...], length: float) -> tuple[float, float, float]:
    x, y, z = (v / length for v in vector)
    return x, y, z
