"""What a chest CT looks like, in a dozen numbers: for the out-of-distribution gate and for drift.

Measured on at most SLICES of the volume, so that it costs a tenth of a second. Noise, sharpness and the
lung's density are taken where there is aerated lung: there the same can be measured in the training
patches.
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.volume import Volume
from inference.lung_region import body_mask
from inference.planar_masks import fill_holes

SLICES: Final = 16
COARSE_MM: Final = 2.5
SHARE_FLOOR: Final = 1e-3  # under a logarithm: less than this is none
LUNG_HU: Final = (-980.0, -600.0)
AIRY_HU: Final = (-980.0, -500.0)
SOFT_HU: Final = (-150.0, 120.0)
BONE_FROM_HU: Final = 250.0
METAL_FROM_HU: Final = 2000.0
LEAST_PIXELS: Final = 200
TOUCHES_FROM: Final = 0.1  # of a side of the field
LEAST_OUTSIDE: Final = 0.03  # of the field; a zoomed field shows no air beside the patient
# Passes noise and stops edges of first and second order.
# Source: J. Immerkaer, "Fast noise variance estimation", Computer Vision and Image Understanding 64, 1996.
_NOISE_KERNEL: Final = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_NOISE_NORM: Final = 6.0
_MAD_TO_SD: Final = 1.4826


def chest_features(volume: Volume) -> dict[str, float]:
    """Return the features of a chest CT by name; NaN where one cannot be measured.

    body_share: of the field. lung_share, soft_share, bone_share, metal_share: of the body, as log10 but for
    soft_share. soft_level_hu, lung_level_hu, air_level_hu: medians. noise_hu, sharpness: in aerated lung,
    the latter log2 of fine to coarse noise. slice_likeness: correlation of neighbouring slices. slice_mm,
    pixel_mm.
    """
    chosen = _chosen(volume)
    planes = _planes(volume, chosen)
    coarse, body = coarse_planes(volume)
    inside = coarse[body]
    outside = coarse[~ndimage.binary_dilation(body, np.ones((1, 5, 5), bool))]
    noise_hu, sharpness, lung_level = _lung_look(planes)
    return {
        "body_share": float(body.mean()),
        "lung_share": _log_share(inside, *AIRY_HU),
        "soft_share": _share(inside, *SOFT_HU),
        "bone_share": _log_share(inside, BONE_FROM_HU, math.inf),
        "metal_share": _log_share(inside, METAL_FROM_HU, math.inf),
        "soft_level_hu": _median(inside[inside > -300.0]),
        "air_level_hu": _median(outside) if outside.size >= LEAST_OUTSIDE * body.size else math.nan,
        "lung_level_hu": lung_level,
        "noise_hu": noise_hu,
        "sharpness": sharpness,
        "slice_likeness": _likeness(volume.voxels_hu, chosen, volume.spacing_mm[1]),
        "slice_mm": float(volume.spacing_mm[0]),
        "pixel_mm": float((volume.spacing_mm[1] + volume.spacing_mm[2]) / 2),
    }


def coarse_planes(volume: Volume) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return at most SLICES slices of a chest, HU, with pixels of about COARSE_MM, and where the body is."""
    coarse = _blocks(_planes(volume, _chosen(volume)), max(1, round(COARSE_MM / volume.spacing_mm[1])))
    return coarse, _to_the_edges(body_mask(coarse))


def _chosen(volume: Volume) -> NDArray[np.int_]:
    count = len(volume.voxels_hu)
    return np.unique(np.linspace(0, count - 1, min(SLICES, count)).round().astype(int))


def _planes(volume: Volume, chosen: NDArray[np.int_]) -> NDArray[np.float32]:
    return np.clip(volume.voxels_hu[chosen].astype(np.float32), -1024.0, 3071.0)


def _to_the_edges(body: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the body with the lungs that a zoomed field cuts, which no tissue closes there."""
    walled = np.pad(body, ((0, 0), (1, 1), (1, 1)))
    for side in (0, -1):
        walled[:, side, 1:-1] = (body[:, side].mean(axis=1) > TOUCHES_FROM)[:, None]
        walled[:, 1:-1, side] = (body[:, :, side].mean(axis=1) > TOUCHES_FROM)[:, None]
    return fill_holes(walled)[:, 1:-1, 1:-1]


def _lung_look(planes: NDArray[np.float32]) -> tuple[float, float, float]:
    """Return noise (HU), sharpness and density (HU) of the aerated lung in (n, row, column) pixels."""
    fine, coarse, levels = [], [], []
    for plane in planes:
        smooth = ndimage.uniform_filter(plane, 5)
        lung = ndimage.binary_erosion((smooth > LUNG_HU[0]) & (smooth < LUNG_HU[1]), iterations=2)
        if not lung.any():
            continue
        fine.append(np.abs(ndimage.convolve(plane, _NOISE_KERNEL))[lung])
        halved = _blocks(plane[None], 2)[0]
        lung_halved = _blocks(lung[None].astype(np.float32), 2)[0] > 0.99
        coarse.append(np.abs(ndimage.convolve(halved, _NOISE_KERNEL))[lung_halved])
        levels.append(smooth[lung])
    if sum(map(len, fine)) < LEAST_PIXELS or sum(map(len, coarse)) < LEAST_PIXELS // 4:
        return math.nan, math.nan, math.nan
    noise = _noise_of(fine)
    # White noise falls to half when four pixels are one; what a smooth kernel leaves hardly falls.
    sharpness = math.log2(max(noise, 0.1) / max(2.0 * _noise_of(coarse), 0.1))
    return noise, sharpness, float(np.median(np.concatenate(levels)))


def lung_look_of_patches(patches_hu: NDArray[np.float32]) -> tuple[float, float, float]:
    """Return what `chest_features` calls noise_hu, sharpness and lung_level_hu, of one scan's patches."""
    return _lung_look(patches_hu)


def _noise_of(responses: list[NDArray[np.float32]]) -> float:
    return _MAD_TO_SD * float(np.median(np.concatenate(responses))) / _NOISE_NORM


def _likeness(voxels_hu: NDArray[Any], chosen: NDArray[np.int_], pixel_mm: float) -> float:
    """Return the median correlation of each chosen slice with the next one."""
    values = []
    by = max(1, round(COARSE_MM / pixel_mm))
    for place in chosen:
        other = place + 1 if place + 1 < len(voxels_hu) else place - 1
        if other < 0:
            continue
        one, two = (
            _blocks(np.clip(voxels_hu[k][None].astype(np.float32), -1024, 500), by) for k in (place, other)
        )
        if one.std() > 1.0 and two.std() > 1.0:
            values.append(float(np.corrcoef(one.ravel(), two.ravel())[0, 1]))
    return float(np.median(values)) if values else math.nan


def _blocks(planes: NDArray[np.float32], by: int) -> NDArray[np.float32]:
    """Return means over blocks of by x by pixels; what does not fill one is left out."""
    if by == 1:
        return planes
    count, rows, columns = planes.shape
    rows, columns = rows // by, columns // by
    cut = planes[:, : rows * by, : columns * by]
    return np.asarray(cut.reshape(count, rows, by, columns, by).mean(axis=(2, 4)), np.float32)


def _share(values: NDArray[np.float32], low: float, high: float) -> float:
    return float(((values > low) & (values < high)).mean()) if values.size else 0.0


def _log_share(values: NDArray[np.float32], low: float, high: float) -> float:
    return math.log10(_share(values, low, high) + SHARE_FLOOR)


def _median(values: NDArray[np.float32]) -> float:
    return float(np.median(values)) if values.size >= LEAST_PIXELS else math.nan
