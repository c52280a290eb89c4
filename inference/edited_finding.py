"""A finding as a reader corrects it: a box drawn by hand, measured and graded as the model's is.

What rests on the model's outline and not on a box (volume, distance to the pleura) is left out.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from math import isfinite
from typing import Final

import numpy as np
from pydicom import Dataset

from imaging.breast_measures import with_distance_to_nipple
from imaging.finding import Category, Finding, FindingKind, as_place, nodule_or_mass
from imaging.frames import frames_of
from imaging.image_plane import ImagePlane
from imaging.lung_nodule import Comparison, NoduleType
from imaging.mammogram import pixel_spacing_mm
from inference.bi_rads import bi_rads
from inference.errors import BoxNotOnImage
from inference.follow_up import outcome_of
from inference.growth import change_of_diameter

Box = tuple[float, float, float, float]
Reach = tuple[float, float]
LEAST_SIDE_PX: Final = 1.0
FARTHEST_MM: Final = 500.0
_OF_THE_LUNG: Final = frozenset({FindingKind.NODULE, FindingKind.MASS})


def edited(
    finding: Finding,
    box_px: Box,
    header: Dataset,
    *,
    reach_mm: Reach | None = None,
    nipple_px: tuple[float, float] | None = None,
    types: Sequence[NoduleType] = (),
) -> Finding:
    """Return the finding with another box on its image.

    On a slice the diameter is the mean of the box's two sides there, as Lung-RADS and Fleischner take the
    mean of two axes; on a projection the longer side, as the model takes it: None without a pixel spacing.

    Args:
        finding: as the model gave it.
        box_px: (x0, y0, x1, y1) on the image's stored pixels, in pixel edges.
        header: of the finding's image.
        reach_mm: how far the box reaches below and above the slice along its normal, (<= 0, >= 0); None: as
            far as it did. Of no meaning on a projection.
        nipple_px: (x, y) on a mammogram.
        types: of all nodules that the model found with this one, itself among them.

    Raises:
        BoxNotOnImage: the box has no size, or lies outside of the image.
        GeometryError: the header of a slice tells no plane.
    """
    box_px = _on_image(box_px, header)
    if finding.box_lps_mm is None:
        spacing_mm = pixel_spacing_mm(header)
        sized = replace(finding, box_px=box_px, diameter_mm=_longer_side(box_px, spacing_mm))
        sized = with_distance_to_nipple(replace(sized, distance_to_nipple_mm=None), nipple_px, spacing_mm)
    else:
        plane = frames_of(header)[(finding.frame_number or 1) - 1].plane
        sized = _on_slice(finding, box_px, plane, reach_mm)
    return replace(sized, category=_category(sized, types))


def reach_of(finding: Finding, plane: ImagePlane) -> Reach:
    """Return how far the finding's box reaches below and above a slice, in mm along its normal."""
    assert finding.box_lps_mm is not None
    x0, y0, z0, x1, y1, z1 = finding.box_lps_mm
    corners = np.array(list(product((x0, x1), (y0, y1), (z0, z1)))) - np.array(plane.position)
    depths = corners @ plane.normal
    return min(float(depths.min()), 0.0), max(float(depths.max()), 0.0)


def _on_image(box: Box, header: Dataset) -> Box:
    x0, y0, x1, y1 = (round(float(value), 1) if isfinite(value) else -1.0 for value in box)
    inside = x0 >= 0 and y0 >= 0 and x1 <= int(header.Columns) and y1 <= int(header.Rows)
    if not inside or min(x1 - x0, y1 - y0) < LEAST_SIDE_PX:
        raise BoxNotOnImage
    return x0, y0, x1, y1


def _on_slice(finding: Finding, box_px: Box, plane: ImagePlane, reach_mm: Reach | None) -> Finding:
    below, above = reach_of(finding, plane) if reach_mm is None else reach_mm
    if not -FARTHEST_MM <= below <= 0 <= above <= FARTHEST_MM:
        raise BoxNotOnImage
    x0, y0, x1, y1 = box_px
    row, column = np.array(plane.along_row), np.array(plane.down_column)
    # Edges of pixels; a plane's position is the centre of its first one.
    corners = np.array(
        [
            np.array(plane.position)
            + (x - 0.5) * plane.column_gap_mm * row
            + (y - 0.5) * plane.row_gap_mm * column
            + depth * plane.normal
            for x, y, depth in product((x0, x1), (y0, y1), (below, above))
        ]
    )
    sides = sorted(((x1 - x0) * plane.column_gap_mm, (y1 - y0) * plane.row_gap_mm))
    diameter_mm = round(sum(sides) / 2, 1)
    solid = finding.solid_diameter_mm
    return replace(
        finding,
        kind=nodule_or_mass(diameter_mm) if finding.kind in _OF_THE_LUNG else finding.kind,
        box_px=box_px,
        box_lps_mm=(*as_place(corners.min(axis=0)), *as_place(corners.max(axis=0))),
        centre_lps_mm=as_place(corners.mean(axis=0)),
        diameter_mm=diameter_mm,
        long_axis_mm=round(sides[1], 1),
        short_axis_mm=round(sides[0], 1),
        # A part is not larger than the whole.
        solid_diameter_mm=None if solid is None else min(solid, diameter_mm),
        volume_mm3=None,
        volume_error=None,
        distance_to_pleura_mm=None,
        comparison=_compared(finding.comparison, diameter_mm),
        mask=None,
    )


def _longer_side(box: Box, spacing_mm: tuple[float, float] | None) -> float | None:
    if spacing_mm is None:
        return None
    x0, y0, x1, y1 = box
    return round(max((y1 - y0) * spacing_mm[0], (x1 - x0) * spacing_mm[1]), 1)


def _compared(comparison: Comparison | None, diameter_mm: float) -> Comparison | None:
    """Return the comparison by diameters: the box has no volume that could double."""
    if comparison is None or comparison.diameter_mm is None:
        return comparison
    return replace(
        comparison,
        change=change_of_diameter(comparison.diameter_mm, diameter_mm),
        doubling_time_days=None,
        doubling_time_low_days=None,
        doubling_time_high_days=None,
    )


def _category(finding: Finding, types: Sequence[NoduleType]) -> Category | None:
    """Return the category by the table that gave the model's; None where there was none."""
    if finding.category is None:
        return None
    outcome = bi_rads(finding.kind) if finding.box_lps_mm is None else outcome_of(finding, types)
    return None if outcome is None else outcome.category
