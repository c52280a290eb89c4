"""What the mammography network sees: planes on a coarse grid, cut out of a mammogram of any vendor and size.

The chest wall is turned to the left. Each 1 mm cell of the grid holds 13 channels: three planes of 0.5 mm
pixels, four to a cell (relative brightness, local contrast, specks), and the breast mask. A speck of 0.2 mm
is lost in a mean over 0.5 mm, so specks are filtered at 0.1 mm first and their maximum is kept.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.breast_region import BreastRegion, breast_region, resample_mean

FINE_MM: Final = 0.5
CELL_MM: Final = 1.0
SPECK_MM: Final = 0.1
CHANNELS: Final = 13
_POOL: Final = round(FINE_MM / SPECK_MM)

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BreastFeatures:
    """Planes for the network, and the way back to the image.

    planes: (3, 2 * rows, 2 * columns) on the 0.5 mm grid: brightness, contrast, specks.
    native: (10 * rows, 10 * columns) on the 0.1 mm grid, brightness as stored.
    breast, pectoral: (rows, columns) on the 1 mm grid. mirrored: columns run against the image's.
    cells_per_px: cells per stored pixel, (row, column).
    """

    planes: Plane
    native: Plane
    breast: NDArray[np.bool_]
    pectoral: NDArray[np.bool_]
    mirrored: bool
    cells_per_px: tuple[float, float]
    image_shape: tuple[int, int]

    def network_input(self, *, upside_down: bool = False) -> Plane:
        """Return (CHANNELS, rows, columns)."""
        breast = self.breast.astype(np.float32)
        if upside_down:
            return stack_cells(self.planes[:, ::-1], breast[::-1])
        return stack_cells(self.planes, breast)

    def box_px(self, box_cells: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """Return (x0, y0, x1, y1) on the stored pixels for a box on the grid; x is the column."""
        x0, y0, x1, y1 = box_cells
        x0, x1 = x0 / self.cells_per_px[1], x1 / self.cells_per_px[1]
        y0, y1 = y0 / self.cells_per_px[0], y1 / self.cells_per_px[0]
        height, width = self.image_shape
        if self.mirrored:
            x0, x1 = width - x1, width - x0
        return max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))


def stack_cells(planes: Plane, breast: Plane) -> Plane:
    """Return (CHANNELS, rows, columns) from planes of twice the size: four neighbours make four channels."""
    count, height, width = planes.shape
    cells = planes.reshape(count, height // 2, 2, width // 2, 2).transpose(0, 2, 4, 1, 3)
    return np.concatenate([cells.reshape(4 * count, height // 2, width // 2), breast[None]]).astype(
        np.float32
    )


def breast_features(
    pixels: Plane,
    spacing_mm: tuple[float, float],
    *,
    may_show_pectoral: bool = True,
    region: BreastRegion | None = None,
) -> BreastFeatures | None:
    """Return what the network sees, or None where no breast can be found.

    Args:
        pixels: (row, column), dense tissue bright.
        spacing_mm: gap between rows, gap between columns.
        may_show_pectoral: False for a craniocaudal view.
        region: where the breast is, if that is known already.
    """
    region = region or breast_region(pixels, spacing_mm, may_show_pectoral=may_show_pectoral)
    if int(region.breast.sum()) < 300:
        return None
    mirrored = region.chest_wall == "right"
    if mirrored:
        pixels = pixels[:, ::-1]
    rows = max(8, round(pixels.shape[0] * spacing_mm[0] / CELL_MM))
    columns = max(8, round(pixels.shape[1] * spacing_mm[1] / CELL_MM))
    breast, pectoral = _on_cells(region, (rows, columns), mirrored)

    fine = resample_mean(pixels, (2 * rows, 2 * columns))
    body_fine = np.repeat(np.repeat(breast & ~pectoral, 2, 0), 2, 1)
    breast_fine = np.repeat(np.repeat(breast, 2, 0), 2, 1)
    brightness = _relative_brightness(fine, body_fine if body_fine.any() else breast_fine)
    contrast = _local_contrast(brightness, breast_fine)
    per_cell = round(CELL_MM / SPECK_MM)
    native = resample_mean(pixels, (per_cell * rows, per_cell * columns))
    specks = _specks(native, breast_fine)
    outside = ~breast_fine
    brightness[outside], contrast[outside], specks[outside] = -2.0, 0.0, 0.0
    return BreastFeatures(
        np.stack([brightness, contrast, specks]),
        native,
        breast,
        pectoral,
        mirrored,
        (rows / pixels.shape[0], columns / pixels.shape[1]),
        (pixels.shape[0], pixels.shape[1]),
    )


def _on_cells(
    region: BreastRegion, shape: tuple[int, int], mirrored: bool
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    masks = []
    for mask in (region.breast, region.pectoral):
        turned = mask[:, ::-1] if mirrored else mask
        masks.append(resample_mean(turned.astype(np.float32), shape) > 0.5)
    return masks[0], masks[1]


def _relative_brightness(fine: Plane, body: NDArray[np.bool_]) -> Plane:
    """Return brightness with the breast's median at 0 and its spread at 1, whatever the vendor's scale."""
    low, middle, high = np.percentile(fine[body], (10.0, 50.0, 95.0))
    spread = max(float(high - low) / 2.0, 1e-3 * abs(float(middle)) + 1e-6)
    return np.asarray(np.clip((fine - np.float32(middle)) / np.float32(spread), -2.0, 4.0), np.float32)


def _local_contrast(brightness: Plane, breast: NDArray[np.bool_]) -> Plane:
    """Return brightness against its surroundings of about 12 mm, in local deviations."""
    sigma = 12.0 / FINE_MM / 2.0
    weight = ndimage.gaussian_filter(breast.astype(np.float32), sigma) + np.float32(1e-3)
    inside = np.where(breast, brightness, 0.0).astype(np.float32)
    mean = ndimage.gaussian_filter(inside, sigma) / weight
    square = ndimage.gaussian_filter(inside * inside, sigma) / weight
    deviation = np.sqrt(np.maximum(square - mean * mean, 0.0)) + np.float32(0.12)
    return np.asarray(np.clip((brightness - mean) / deviation, -3.0, 5.0), np.float32)


def _specks(native: Plane, breast: NDArray[np.bool_]) -> Plane:
    """Return the strongest small bright spot of each 0.5 mm pixel, in deviations of the local grain."""
    out = np.zeros(breast.shape, np.float32)
    # Beyond the reach of the widest filter there is nothing to see.
    width = min(int(np.flatnonzero(breast.any(axis=0))[-1]) + 60, breast.shape[1])
    native, breast = native[:, : _POOL * width], breast[:, :width]
    # Difference of Gaussians: passes spots of 0.2 to 0.8 mm.
    spot = ndimage.gaussian_filter(native, 1.3, truncate=3.0) - ndimage.uniform_filter(
        ndimage.uniform_filter(native, 9), 7
    )
    blocks = spot.reshape(breast.shape[0], _POOL, breast.shape[1], _POOL)
    strongest = blocks.max(axis=(1, 3))
    # Skin and label edges would raise the grain along the rim: what is not breast does not count.
    inner = ndimage.binary_erosion(breast, iterations=3, border_value=1)
    size = np.where(inner, np.abs(blocks).mean(axis=(1, 3)), 0.0).astype(np.float32)
    weight = ndimage.gaussian_filter(inner.astype(np.float32), 14.0) + np.float32(1e-3)
    limit = 3.0 * (float(np.median(size[inner])) if inner.any() else 1.0)
    grain = ndimage.gaussian_filter(np.minimum(size, limit), 14.0) / weight
    floor = 0.3 * limit / 3.0 + 1e-6
    scaled = strongest / (1.25 * np.maximum(grain, floor))
    out[:, :width] = np.clip(np.where(inner, scaled, 0.0) / 4.0, -1.0, 6.0)
    return out
