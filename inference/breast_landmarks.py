"""The nipple on a mammogram: what two views of a breast are compared by."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.breast_region import BreastRegion, resample_mean

# A muscle whose border is shorter than this gives no angle to go by.
LEAST_BORDER_MM: Final = 25.0
# Where no muscle tells the angle of an oblique view, the axis from the chest wall is tilted by this.
USUAL_TILT_DEGREES: Final = 20.0
# The nipple is put at the middle of all skin that is this close to being the farthest.
AS_FAR_MM: Final = 3.0
# A metal ball stuck on the nipple: about the brightest there is, this large, near the skin and the estimate.
MARKER_BRIGHTNESS: Final = 0.85
MARKER_MM2: Final = (3.0, 25.0)
MARKER_FROM_SKIN_MM: Final = 8.0
MARKER_FROM_ESTIMATE_MM: Final = 40.0


@dataclass(frozen=True, slots=True)
class Nipple:
    """Where it is.

    Attributes:
        x_px, y_px: on the stored pixels, in pixel edges, x along columns.
        is_marked: a metal marker shows it; if not, the place is an estimate.
    """

    x_px: float
    y_px: float
    is_marked: bool


def find_nipple(region: BreastRegion, pixels: NDArray[np.float32], *, is_oblique: bool) -> Nipple | None:
    """Return the nipple of a breast; None where there is no breast.

    It is taken to be the skin's point farthest from the chest wall on a craniocaudal view, and from the
    muscle's border on an oblique one; a metal marker near it, where there is one, is believed instead.
    docs/mammography.md says how far the estimate is off.

    Args:
        pixels: (row, column), dense tissue bright, as `breast_region` took them.
    """
    mirrored = region.chest_wall == "right"
    breast, pectoral, coarse = region.breast, region.pectoral, resample_mean(pixels, region.breast.shape)
    if mirrored:
        breast, pectoral, coarse = breast[:, ::-1], pectoral[:, ::-1], coarse[:, ::-1]
    if not breast.any():
        return None
    axis = np.array(_axis(pectoral, region.spacing_mm) if is_oblique else (0.0, 1.0))
    rows = np.nonzero(breast.any(axis=1))[0]
    skin = breast.shape[1] - breast[rows, ::-1].argmax(axis=1)
    places = np.stack([rows + 0.5, skin - 0.5], axis=1)
    along = places @ axis
    farthest = places[along >= along.max() - AS_FAR_MM / region.spacing_mm]
    estimate = (float(farthest[len(farthest) // 2, 0]), float(farthest[len(farthest) // 2, 1]))
    marker = _marker(coarse, breast, estimate, region.spacing_mm)
    row, column = marker or estimate
    if mirrored:
        column = breast.shape[1] - column
    down, across = (stored / cells for stored, cells in zip(pixels.shape, breast.shape, strict=True))
    return Nipple(column * across, row * down, marker is not None)


def _marker(
    coarse: NDArray[np.float32], breast: NDArray[np.bool_], estimate: tuple[float, float], spacing_mm: float
) -> tuple[float, float] | None:
    """Return (row, column) of the nearest marker on the region's grid."""
    inside, outside = (ndimage.distance_transform_edt(mask) * spacing_mm for mask in (breast, ~breast))
    near_skin = np.maximum(inside, outside) <= MARKER_FROM_SKIN_MM
    labels, count = ndimage.label(coarse > MARKER_BRIGHTNESS * coarse.max())
    found: list[tuple[float, tuple[float, float]]] = []
    for number in range(1, count + 1):
        spot = labels == number
        if not MARKER_MM2[0] <= spot.sum() * spacing_mm**2 <= MARKER_MM2[1]:
            continue
        row, column = (float(v) for v in ndimage.center_of_mass(spot))
        place = (row + 0.5, column + 0.5)
        away_mm = float(np.hypot(place[0] - estimate[0], place[1] - estimate[1])) * spacing_mm
        if near_skin[round(row), round(column)] and away_mm <= MARKER_FROM_ESTIMATE_MM:
            found.append((away_mm, place))
    return min(found)[1] if found else None


def _axis(pectoral: NDArray[np.bool_], spacing_mm: float) -> tuple[float, float]:
    """Return the unit vector (row, column) from the muscle's border outwards, the chest wall on the left."""
    tilt = np.radians(USUAL_TILT_DEGREES)
    rows = np.nonzero(pectoral.any(axis=1))[0]
    if len(rows) * spacing_mm >= LEAST_BORDER_MM:
        border = pectoral.shape[1] - pectoral[rows, ::-1].argmax(axis=1)
        lean = -float(np.polyfit(rows, border, 1)[0])
        tilt = float(np.arctan(max(lean, 0.0)))
    return float(np.sin(tilt)), float(np.cos(tilt))
