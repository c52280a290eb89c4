"""The picture of a nodule candidate that the network sees, the same in training and in use.

A patch is an axial cut around a candidate, PATCH_PX square, in the lung window as 8 bits.
The network is given two channels made from it: the centre at full resolution, and the
whole at half resolution, so that a 4 mm nodule keeps its pixels and a 30 mm mass its outline.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

if TYPE_CHECKING:
    from inference.monai_predictor import Predictor

PATCH_PX = 64
FOVEA_PX = PATCH_PX // 2
WINDOW_LOW_HU = -1000.0
WINDOW_HIGH_HU = 400.0
# The network was trained on native pixel grids, most of them 0.55 to 0.85 mm. Outside
# FINEST..COARSEST the cut is resampled to TYPICAL, so a nodule has the size it was learned at.
FINEST_PIXEL_MM = 0.5
COARSEST_PIXEL_MM = 0.9
TYPICAL_PIXEL_MM = 0.7
AT_ONCE = 1024


def window_to_uint8(voxels_hu: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Map WINDOW_LOW_HU..WINDOW_HIGH_HU to 0..255, anything beyond to the ends."""
    scaled = (np.asarray(voxels_hu, dtype=np.float32) - WINDOW_LOW_HU) * (
        255.0 / (WINDOW_HIGH_HU - WINDOW_LOW_HU)
    )
    return np.asarray(np.rint(np.clip(scaled, 0.0, 255.0)), dtype=np.uint8)


def sampling_step_px(pixel_mm: float) -> float:
    """Return how many native pixels one patch pixel spans: 1 on the usual grids."""
    if FINEST_PIXEL_MM <= pixel_mm <= COARSEST_PIXEL_MM:
        return 1.0
    return TYPICAL_PIXEL_MM / pixel_mm


def cut_patch(
    slice_hu: NDArray[np.generic], row: float, column: float, step_px: float = 1.0
) -> NDArray[np.uint8]:
    """Return the (PATCH_PX, PATCH_PX) patch whose pixel PATCH_PX // 2 lies on (row, column).

    Args:
        slice_hu: one axial slice in HU.
        row: centre, zero-based pixel centres.
        column: likewise.
        step_px: native pixels from one patch pixel to the next. Beyond the slice is air.
    """
    half = PATCH_PX // 2
    height, width = slice_hu.shape
    if step_px == 1.0:
        top, left = round(row) - half, round(column) - half
        patch = np.full((PATCH_PX, PATCH_PX), WINDOW_LOW_HU, dtype=np.float32)
        r0, r1 = max(top, 0), min(top + PATCH_PX, height)
        c0, c1 = max(left, 0), min(left + PATCH_PX, width)
        if r0 < r1 and c0 < c1:
            patch[r0 - top : r1 - top, c0 - left : c1 - left] = slice_hu[r0:r1, c0:c1]
        return window_to_uint8(patch)
    reach = int(np.ceil(half * step_px + 3 * step_px)) + 1
    top, left = round(row) - reach, round(column) - reach
    r0, r1 = max(top, 0), min(top + 2 * reach + 1, height)
    c0, c1 = max(left, 0), min(left + 2 * reach + 1, width)
    block = np.clip(np.asarray(slice_hu[r0:r1, c0:c1], dtype=np.float32), WINDOW_LOW_HU, WINDOW_HIGH_HU)
    if block.size == 0:
        return np.zeros((PATCH_PX, PATCH_PX), dtype=np.uint8)
    if step_px > 1.0:  # smooth before leaving pixels out, or noise comes back as nodules
        block = ndimage.gaussian_filter(block, 0.42 * np.sqrt(step_px**2 - 1.0))
    offsets = (np.arange(PATCH_PX) - half) * step_px
    rows, columns = np.meshgrid(row + offsets - r0, column + offsets - c0, indexing="ij")
    patch = ndimage.map_coordinates(block, [rows, columns], order=1, mode="constant", cval=WINDOW_LOW_HU)
    return window_to_uint8(patch)


def cut_upright_patch(
    voxels_hu: NDArray[np.generic],
    spacing_mm: tuple[float, float, float],
    position: tuple[float, float, float],
    across: int,
    step_mm: float,
) -> NDArray[np.uint8]:
    """Return a (PATCH_PX, PATCH_PX) coronal or sagittal patch, head down, whose middle lies on `position`.

    Args:
        voxels_hu: (slice, row, column) in HU.
        position: (slice, row, column), fractions allowed.
        across: the axis that the patch does not show: 1 gives a coronal cut, 2 a sagittal one.
        step_mm: from one patch pixel to the next, both ways. Between slices it is interpolated linearly;
            beyond the first and the last the picture goes on as there.
    """
    along = 3 - across
    offsets_mm = (np.arange(PATCH_PX) - PATCH_PX // 2) * step_mm
    slices = np.clip(position[0] + offsets_mm / spacing_mm[0], 0, len(voxels_hu) - 1)
    steps = position[along] + offsets_mm / spacing_mm[along]
    k0, k1 = int(slices[0]), min(int(slices[-1]) + 2, len(voxels_hu))
    j0 = int(np.clip(np.floor(steps[0]), 0, voxels_hu.shape[along] - 1))
    j1 = int(np.clip(np.ceil(steps[-1]) + 1, j0 + 1, voxels_hu.shape[along]))
    at = float(np.clip(position[across], 0, voxels_hu.shape[across] - 1))
    below = min(int(at), max(voxels_hu.shape[across] - 2, 0))
    if across == 2:
        pair = voxels_hu[k0:k1, j0:j1, below : below + 2]
    else:
        pair = voxels_hu[k0:k1, below : below + 2, j0:j1].swapaxes(1, 2)
    block = np.clip(pair.astype(np.float32), WINDOW_LOW_HU, WINDOW_HIGH_HU)
    plane = block[..., 0] + (at - below) * (block[..., -1] - block[..., 0])
    rows, columns = np.meshgrid(slices - k0, steps - j0, indexing="ij")
    return window_to_uint8(ndimage.map_coordinates(plane, [rows, columns], order=1, mode="nearest"))


def network_channels(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (n, 2, FOVEA_PX, FOVEA_PX) in 0..1 from (n, PATCH_PX, PATCH_PX) patches.

    Channel 0 is the centre at full resolution, channel 1 the whole patch at half.
    """
    scaled = patches.astype(np.float32) / 255.0
    edge = FOVEA_PX // 2
    fovea = scaled[:, edge : edge + FOVEA_PX, edge : edge + FOVEA_PX]
    whole = scaled.reshape(-1, FOVEA_PX, 2, FOVEA_PX, 2).mean(axis=(2, 4))
    return np.stack([fovea, whole], axis=1)


def patch_logits(
    patches: NDArray[np.uint8], predictor: "Predictor", *, mirrored: bool = True
) -> NDArray[np.float32]:
    """Return the network's answer for each patch: the mean over four mirror images, or of it alone."""
    answers = [
        _answers(network_channels(patches[start : start + AT_ONCE]), predictor, mirrored)
        for start in range(0, len(patches), AT_ONCE)
    ]
    return np.concatenate(answers) if answers else np.empty(0, dtype=np.float32)


def _answers(channels: NDArray[np.float32], predictor: "Predictor", mirrored: bool) -> NDArray[np.float32]:
    views = [channels[:, :, ::-1], channels[..., ::-1], channels[:, :, ::-1, ::-1]] if mirrored else []
    logits = predictor.logits(np.concatenate([channels, *views]))[:, 0]
    return np.asarray(logits.reshape(len(views) + 1, -1).mean(axis=0))
