"""What a mammogram looks like, in a few numbers: for the out-of-distribution gate and for drift.

All but the size are relative to the image itself, as vendors agree on no scale of grey.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.mammogram import Mammogram
from inference.breast_region import BreastRegion, breast_region, resample_mean
from inference.mammography import assumed_spacing_mm

FINE_MM: Final = 0.5
SHARE_FLOOR: Final = 1e-4
LEAST_CELLS: Final = 1000  # of 1 mm, deep enough in the breast to be looked at
DEPTH_CELLS: Final = 8
SPECTRUM_PX: Final = 64  # 32 mm
# Line pairs per mm: between what a lesion is wide and what the half-millimetre grid can hold.
SPECTRUM_PER_MM: Final = (0.1, 0.7)


def mammogram_features(mammogram: Mammogram, region: BreastRegion | None = None) -> dict[str, float]:
    """Return the features of a mammogram by name; NaN where one cannot be measured.

    breast_share: of the image. breast_cm2: its area. contrast: spread of the tissue's grey over its
    distance from air. grain: what pixels differ by from their neighbours, over the spread. white_share: of
    tissue, at the very top of the scale. All these as log10. texture_slope: of the power spectrum over
    frequency, both as logarithms; about -3 in a breast, 0 in noise. pixel_mm.

    Args:
        region: where the breast is, if that is known already.
    """
    spacing_mm = mammogram.spacing_mm or assumed_spacing_mm(mammogram.pixels.shape)
    region = region or breast_region(mammogram.pixels, spacing_mm, may_show_pectoral=False)
    fine = resample_mean(mammogram.pixels, (2 * region.breast.shape[0], 2 * region.breast.shape[1]))
    deep = ndimage.binary_erosion(region.breast, iterations=DEPTH_CELLS, border_value=1)
    tissue = fine[np.repeat(np.repeat(deep, 2, 0), 2, 1)]
    features = {
        "breast_share": _log(float(region.breast.mean())),
        "breast_cm2": _area(region) if mammogram.spacing_mm else math.nan,
        "pixel_mm": spacing_mm[1] if mammogram.spacing_mm else math.nan,
    }
    if deep.sum() < LEAST_CELLS:
        return {**features, **dict.fromkeys(("contrast", "texture_slope", "grain", "white_share"), math.nan)}
    low, middle, high = (float(v) for v in np.percentile(tissue, (5, 50, 95)))
    outside = fine[~np.repeat(np.repeat(ndimage.binary_dilation(region.breast, iterations=4), 2, 0), 2, 1)]
    air = float(np.median(outside)) if outside.size >= LEAST_CELLS else float(fine.min())
    spread = max(high - low, 1e-6)
    top = float(mammogram.pixels.max())
    return {
        **features,
        "contrast": _log(spread / max(middle - air, spread * SHARE_FLOOR)),
        "texture_slope": _texture_slope(fine, deep),
        "grain": _log(_grain(mammogram.pixels, deep) / spread),
        "white_share": _log(float((tissue >= top - 1e-3 * spread).mean())),
    }


def _log(value: float) -> float:
    return math.log10(value + SHARE_FLOOR)


def _area(region: BreastRegion) -> float:
    return math.log10(max(float(region.breast.sum()) * region.spacing_mm**2 / 100.0, 1.0))


def _grain(pixels: NDArray[np.float32], deep: NDArray[np.bool_]) -> float:
    """Return the median difference of a pixel from its neighbours in the row, deep in the breast."""
    rows = np.linspace(0, pixels.shape[0] - 1, 200).astype(int)
    lines = pixels[rows]
    second = np.abs(lines[:, 1:-1] - (lines[:, :-2] + lines[:, 2:]) / 2)
    down = (rows * (deep.shape[0] / pixels.shape[0])).astype(int)
    across = (np.arange(1, pixels.shape[1] - 1) * (deep.shape[1] / pixels.shape[1])).astype(int)
    chosen = second[deep[np.ix_(down, across)]]
    return float(np.median(chosen)) if chosen.size else 0.0


def _texture_slope(fine: NDArray[np.float32], deep: NDArray[np.bool_]) -> float:
    """Return the slope of the mean power spectrum of the fields that lie deep in the breast.

    Source: A. E. Burgess, F. L. Jacobson, P. F. Judy, "Human observer detection experiments with mammograms
    and power-law noise", Medical Physics 28, 2001.
    """
    half = SPECTRUM_PX // 2
    taper = np.hanning(SPECTRUM_PX)[:, None] * np.hanning(SPECTRUM_PX)[None, :]
    powers = []
    for row in range(0, deep.shape[0] - half + 1, half):
        for column in range(0, deep.shape[1] - half + 1, half):
            if deep[row : row + half, column : column + half].mean() > 0.95:
                field = fine[2 * row : 2 * row + SPECTRUM_PX, 2 * column : 2 * column + SPECTRUM_PX]
                powers.append(np.abs(np.fft.fft2((field - field.mean()) * taper)) ** 2)
    if not powers:
        return math.nan
    power = np.mean(powers, axis=0)
    frequency = np.hypot(
        *np.meshgrid(np.fft.fftfreq(SPECTRUM_PX, FINE_MM), np.fft.fftfreq(SPECTRUM_PX, FINE_MM))
    )
    used = (frequency >= SPECTRUM_PER_MM[0]) & (frequency <= SPECTRUM_PER_MM[1]) & (power > 0)
    if used.sum() < 3:
        return math.nan
    return float(np.polyfit(np.log(frequency[used]), np.log(power[used]), 1)[0])
