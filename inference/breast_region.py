"""Where the breast is on a mammogram: air and labels out, chest wall side, pectoral muscle.

Works on a grid of REGION_SPACING_MM, so that a label, a hair or a detector line weighs little; nothing here
depends on a vendor's brightness scale, only on air being darker than the breast.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import scipy
from numpy.typing import NDArray
from PIL import Image as PillowImage

REGION_SPACING_MM: Final = 1.0
# A text or marker that touches the breast hangs on by less than this.
NECK_MM: Final = 5.0
# Below the breast's fold (above it too, on a craniocaudal view) the abdomen is a strip narrower than this
# share of the breast.
STRIP_SHARE: Final = 0.12
PECTORAL_DEGREES: Final = (48.0, 88.0)
# The step across the muscle's border, in deviations of the breast's brightness, that tells it from chance.
PECTORAL_STEP: Final = 0.6

# Skin is at least this share of the way from air to the typical breast.
AIR_SHARE: Final = 0.1

Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class BreastRegion:
    """Masks on the coarse grid, and on which side of the image the chest wall is.

    breast includes the pectoral muscle; both are (row, column) bool with pixels of spacing_mm.
    """

    breast: NDArray[np.bool_]
    pectoral: NDArray[np.bool_]
    chest_wall: Side
    spacing_mm: float


def breast_region(
    pixels: NDArray[np.float32], spacing_mm: tuple[float, float], *, may_show_pectoral: bool = True
) -> BreastRegion:
    """Return the region of the breast; an image without one gives empty masks.

    Args:
        pixels: (row, column), dense tissue bright, air dark.
        spacing_mm: gap between rows, gap between columns.
        may_show_pectoral: False for a craniocaudal view.
    """
    shape = (
        max(8, round(pixels.shape[0] * spacing_mm[0] / REGION_SPACING_MM)),
        max(8, round(pixels.shape[1] * spacing_mm[1] / REGION_SPACING_MM)),
    )
    coarse = resample_mean(pixels, shape)
    mask = _body(coarse)
    side = _chest_wall(mask)
    if side == "right":
        coarse, mask = coarse[:, ::-1], mask[:, ::-1]
    mask = _without_strips(mask)
    pectoral = _pectoral(coarse, mask) if may_show_pectoral else np.zeros_like(mask)
    if side == "right":
        mask, pectoral = mask[:, ::-1], pectoral[:, ::-1]
    return BreastRegion(np.ascontiguousarray(mask), np.ascontiguousarray(pectoral), side, REGION_SPACING_MM)


def resample_mean(pixels: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return pixels on a grid of another shape over the same field; where it shrinks, as area means."""
    image = PillowImage.fromarray(np.ascontiguousarray(pixels, dtype=np.float32))
    way = PillowImage.Resampling.BOX if shape[0] <= pixels.shape[0] else PillowImage.Resampling.BILINEAR
    return np.array(image.resize((shape[1], shape[0]), way), np.float32)


def _body(coarse: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the largest thing brighter than air, holes filled, without labels, frames and white borders."""
    smooth = scipy.ndimage.median_filter(coarse, 3)
    mask = smooth > _air_limit(smooth)
    # Scanned film can have a white frame: what fills a whole border line is no skin outline.
    mask = _clear_frame(mask)
    neck = max(1, round(NECK_MM / 2 / REGION_SPACING_MM))
    # The breast goes on beyond the image; without the padding, opening would round its corners off.
    padded = np.pad(mask, 4 * neck, mode="edge")
    disc = np.hypot(*np.mgrid[-neck : neck + 1, -neck : neck + 1]) <= neck + 0.3
    core = scipy.ndimage.binary_opening(padded, disc)
    labels, count = scipy.ndimage.label(core)
    if count == 0:
        return np.zeros_like(mask)
    inner = labels[4 * neck : -4 * neck, 4 * neck : -4 * neck]
    sizes = np.bincount(inner.ravel(), minlength=count + 1)
    sizes[0] = 0
    if sizes.max() == 0:
        return np.zeros_like(mask)
    largest = inner == int(sizes.argmax())
    # Give back what opening took from the rim, nipple included.
    largest = scipy.ndimage.binary_dilation(largest, iterations=neck) & mask
    # Pad the image's border with breast, so that holes at the chest wall are filled as well.
    return scipy.ndimage.binary_fill_holes(largest)


def _air_limit(smooth: NDArray[np.float32]) -> float:
    """Return the brightness that divides air from skin.

    Air is the commonest level among the darker values, and nothing is darker but its own noise. Otsu's
    threshold will not do: with a bright muscle it falls between muscle and fat.
    """
    low, high = (float(v) for v in np.percentile(smooth, (0.5, 99.0)))
    if high <= low:
        return high
    limit = low + 0.35 * (high - low)
    counts, edges = np.histogram(smooth, bins=200, range=(low, limit))
    air = float(edges[int(counts.argmax())] + edges[int(counts.argmax()) + 1]) / 2.0
    darker = air - smooth[smooth < air]
    noise = 1.4826 * float(np.median(darker)) if darker.size else 0.0
    body = float(np.median(smooth[smooth > air + 0.1 * (high - air)]))
    return air + max(AIR_SHARE * (body - air), min(5.0 * noise, 0.4 * (body - air)))


def _clear_frame(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask without full border lines: at most 4 % of the image from each side."""
    out = mask.copy()
    for axis in (0, 1):
        lines = out.mean(axis=1 - axis)
        depth = max(1, int(0.04 * lines.size))
        for order in (range(depth), range(lines.size - 1, lines.size - 1 - depth, -1)):
            full = [index for index in order if lines[index] > 0.97]
            # A border line, not the first lines of a body that fills the width of the image.
            if 0 < len(full) < depth:
                index = (slice(None),) * axis + (full,)
                out[index] = False
    return out


def _chest_wall(mask: NDArray[np.bool_]) -> Side:
    """Return the side the breast hangs on: where it touches the border most."""
    band = max(2, mask.shape[1] // 40)
    left, right = float(mask[:, :band].mean()), float(mask[:, -band:].mean())
    if abs(left - right) < 0.02:
        columns = mask.sum(axis=0)
        middle = float((columns * np.arange(mask.shape[1])).sum()) / max(float(columns.sum()), 1.0)
        return "left" if middle <= mask.shape[1] / 2 else "right"
    return "left" if left > right else "right"


def _without_strips(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the breast without the narrow strip of abdomen beyond its fold (chest wall on the left)."""
    widths = mask.sum(axis=1)
    if widths.max() == 0:
        return mask
    nipple = int(widths.argmax())
    narrow = widths < STRIP_SHARE * widths.max()
    out = mask.copy()
    below = np.nonzero(narrow[nipple:])[0]
    if below.size:
        out[nipple + int(below[0]) :] = False
    above = np.nonzero(narrow[:nipple])[0]
    if above.size:
        out[: int(above[-1]) + 1] = False
    return out


def _pectoral(coarse: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the muscle as the corner above the line with the largest step, or nothing if there is none.

    Chest wall on the left: the muscle is a bright triangle whose corner is the upper left one.
    """
    nothing = np.zeros_like(mask)
    if not mask.any():
        return nothing
    top, left = int(mask.any(axis=1).argmax()), 0
    width, height = int(mask[: mask.shape[0] // 2].sum(axis=1).max()), mask.shape[0]
    smooth = scipy.ndimage.gaussian_filter(coarse, 2.0)
    inside = smooth[mask]
    deviation = float(np.percentile(inside, 84) - np.percentile(inside, 16)) / 2.0
    if deviation <= 0.0:
        return nothing
    offset = 4.0
    best, best_line = 0.0, (0.0, 0.0)
    for degrees in np.arange(*PECTORAL_DEGREES, 2.0):
        lean = 1.0 / np.tan(np.radians(degrees))
        for start in np.arange(0.15 * width, 0.95 * width, 2.0):
            length = min(start / lean, 0.95 * height - top)
            if length < 0.2 * height:
                continue
            r = top + np.arange(2.0, length, 2.0)
            c = left + start - lean * (r - top)
            keep = (c > offset + 1.0) & (c + offset < mask.shape[1])
            r, c = r[keep].astype(np.intp), c[keep]
            if r.size < 12:
                continue
            c_in, c_out = (c - offset).astype(np.intp), (c + offset).astype(np.intp)
            valid = mask[r, c_in] & mask[r, c_out]
            if valid.mean() < 0.8:
                continue
            step = (smooth[r, c_in] - smooth[r, c_out])[valid] / deviation
            # The lower quarter counts: a border is a step all along, a bright lobe only here and there.
            score = (0.5 * float(step.mean()) + 0.5 * float(np.percentile(step, 25))) * np.sqrt(r.size / 40.0)
            if score > best:
                best, best_line = score, (float(start), lean)
    if best < PECTORAL_STEP:
        return nothing
    start, lean = best_line
    grid_rows, grid_columns = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]]
    return np.asarray((grid_columns < start - lean * (grid_rows - top)) & mask, bool)
