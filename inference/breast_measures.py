"""Measure the breast on a mammogram: density, and where the nipple is."""

import numpy as np

from imaging.breast_measures import BreastMeasures
from inference.breast_density import dense_tissue, density_of
from inference.breast_landmarks import find_nipple
from inference.breast_view import BreastView


def measures_of(view: BreastView) -> BreastMeasures:
    """Return the measures of a view that shows a breast."""
    mammogram, region = view.mammogram, view.region
    tissue = dense_tissue(mammogram.pixels, region)
    nipple = find_nipple(region, mammogram.pixels, is_oblique=view.is_oblique)
    down, across = (
        pixels / cells for pixels, cells in zip(mammogram.pixels.shape, region.breast.shape, strict=True)
    )
    row, column = np.argwhere(region.breast).mean(axis=0)
    dense_cm2 = None
    if tissue is not None and mammogram.spacing_mm is not None:
        dense_cm2 = round(float(tissue.dense.sum()) * region.spacing_mm**2 / 100.0, 1)
    return BreastMeasures(
        sop_instance_uid=mammogram.sop_instance_uid,
        series_instance_uid=mammogram.series_instance_uid,
        image_laterality=mammogram.image_laterality,
        view_position=mammogram.view_position,
        centre_px=(round(float(column + 0.5) * across, 1), round(float(row + 0.5) * down, 1)),
        density=None if tissue is None else density_of(tissue),
        dense_cm2=dense_cm2,
        nipple_px=None if nipple is None else (round(nipple.x_px, 1), round(nipple.y_px, 1)),
        is_nipple_marked=nipple is not None and nipple.is_marked,
    )
