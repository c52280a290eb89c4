"""Saliency of the networks that ship with the program, each on the picture that it was given."""

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.finding import Finding
from imaging.mammogram import Mammogram
from imaging.volume import Volume
from inference.breast_calcifications import PATCH_PX as SPOTS_PX
from inference.breast_calcifications import cut_patch as cut_spots
from inference.breast_candidates import CLUSTER, KINDS, Box
from inference.breast_features import FINE_MM, SPECK_MM, BreastFeatures, breast_features
from inference.breast_scoring import CALCIFICATIONS, MAPS
from inference.breast_scoring import patch_logits as spot_logits
from inference.evidence import Picture
from inference.evidence_pictures import saliency_picture
from inference.lung_patches import cut_patch, patch_logits, sampling_step_px
from inference.mammography import assumed_spacing_mm, may_show_pectoral
from inference.saliency import Saliency, occlusion_map

if TYPE_CHECKING:
    from inference.monai_predictor import Predictor

# Lung: squares of about 8 mm, so that a 6 mm nodule goes with one of them, covered with aerated lung.
LUNG_COVER_PX: Final = 12
LUNG_STEP_PX: Final = 6
AERATED_GREY: Final = 27.0  # -850 HU in the patch's window
WIDE_FROM_MM: Final = 12.0  # as the second look of inference/lung_scoring.py
ENLARGED: Final = 4
# Breast: a field of 64 mm around the lesion, squares of 8 mm, covered with the field's own median.
FIELD_CELLS: Final = 64
BREAST_COVER_CELLS: Final = 8
BREAST_STEP_CELLS: Final = 8
MASK_CHANNELS: Final = 1  # the last ones: where breast is, not what it looks like
# Calcifications: a field of 16 mm at 0.1 mm, squares of 4.8 mm, covered with the tissue half a field away: a
# flat square would look like nothing that the network knows. Where many spots stand, those left are enough
# for it, and no square alone makes the answer fall.
SPOTS_COVER_PX: Final = 48
SPOTS_STEP_PX: Final = 16


def nodule_saliency(volume: Volume, finding: Finding, predictor: "Predictor") -> Picture:
    """Return what the false-positive reducer's answer on a finding's central patch rests on.

    Raises:
        ValueError: the finding has no place in the patient.
    """
    if finding.centre_lps_mm is None:
        raise ValueError("a finding in a volume has a place in the patient")
    column, row, slice_ = volume.lps_to_voxel(*finding.centre_lps_mm)
    pixel_mm = (volume.spacing_mm[1] + volume.spacing_mm[2]) / 2
    wide = (finding.diameter_mm or 0.0) >= WIDE_FROM_MM
    step_px = sampling_step_px(pixel_mm) * (2.0 if wide else 1.0)
    place = int(np.clip(round(slice_), 0, len(volume.voxels_hu) - 1))
    patch = cut_patch(volume.voxels_hu[place], row, column, step_px)
    return saliency_picture(patch, patch_saliency(patch, predictor), step_px * pixel_mm, enlarged=ENLARGED)


def patch_saliency(patch: NDArray[np.uint8], predictor: "Predictor") -> Saliency:
    """Return the saliency of one (PATCH_PX, PATCH_PX) patch."""
    return occlusion_map(
        patch.astype(np.float32),
        lambda covered: patch_logits(np.rint(covered).astype(np.uint8), predictor, mirrored=False),
        cover_px=LUNG_COVER_PX,
        step_px=LUNG_STEP_PX,
        fill=AERATED_GREY,
    )


def mammogram_saliency(mammogram: Mammogram, finding: Finding, predictor: "Predictor") -> Picture | None:
    """Return what the network's map says of a finding rests on; None where it has nothing to say of it."""
    features = breast_features(
        mammogram.pixels,
        mammogram.spacing_mm or assumed_spacing_mm(mammogram.pixels.shape),
        may_show_pectoral=may_show_pectoral(mammogram.view_position),
    )
    return None if features is None else breast_saliency(features, finding, predictor)


def breast_saliency(features: BreastFeatures, finding: Finding, predictor: "Predictor") -> Picture | None:
    """Return what the network's answer on a lesion rests on; None: these networks do not look for its kind.

    Raises:
        ValueError: the finding has no box.
    """
    if str(finding.kind) not in KINDS:
        return None
    kind, box = KINDS.index(str(finding.kind)), _box_cells(features, finding)
    if kind == CLUSTER:
        grey, found, pixel_mm = _on_spots(features, box, predictor.part(CALCIFICATIONS))
    else:
        grey, found, pixel_mm = _on_map(features, kind, box, predictor.part(MAPS))
    fall = found.fall
    if features.mirrored:
        grey, fall = grey[:, ::-1], fall[:, ::-1]
    saliency = Saliency(np.ascontiguousarray(fall), found.score)
    return saliency_picture(np.ascontiguousarray(grey), saliency, pixel_mm, enlarged=2)


def _on_map(
    features: BreastFeatures, kind: int, box: Box, maps: "Predictor"
) -> tuple[NDArray[np.uint8], Saliency, float]:
    """Return the field around a lesion as it looks, its saliency, and the size of a pixel in mm."""
    top, left, planes, (x0, y0, x1, y1) = _field_around(features, box)
    looks = planes[:-MASK_CHANNELS]

    def scores(covered: NDArray[np.float32]) -> NDArray[np.float32]:
        mask = np.broadcast_to(planes[-MASK_CHANNELS:], (len(covered), MASK_CHANNELS, *planes.shape[1:]))
        logits = maps.logits(np.concatenate([covered, mask], axis=1))
        return np.array([one[kind, y0:y1, x0:x1].max() for one in logits], np.float32)

    found = occlusion_map(
        looks,
        scores,
        cover_px=BREAST_COVER_CELLS,
        step_px=BREAST_STEP_CELLS,
        fill=np.median(looks, axis=(1, 2)),
    )
    shown = features.planes[0][2 * top : 2 * (top + FIELD_CELLS), 2 * left : 2 * (left + FIELD_CELLS)]
    grey = _grey(shown)
    fall = ndimage.zoom(found.fall, 2, order=1)[: grey.shape[0], : grey.shape[1]]
    return grey, Saliency(fall, found.score), FINE_MM


def _on_spots(
    features: BreastFeatures, box: Box, calcifications: "Predictor"
) -> tuple[NDArray[np.uint8], Saliency, float]:
    """Return the patch around a cluster as it looks, its saliency, and the size of a pixel in mm."""
    middle = (box[1] + box[3]) / 2, (box[0] + box[2]) / 2
    patch = cut_spots(features.native, middle)
    found = occlusion_map(
        patch,
        lambda covered: spot_logits(covered, calcifications),
        cover_px=SPOTS_COVER_PX,
        step_px=SPOTS_STEP_PX,
        fill=np.roll(patch, (SPOTS_PX // 2, SPOTS_PX // 2), (0, 1)),
    )
    return _grey(patch), found, SPECK_MM


def _grey(plane: NDArray[np.float32]) -> NDArray[np.uint8]:
    low, high = (float(v) for v in np.percentile(plane, (1.0, 99.8)))
    return np.asarray(np.clip((plane - low) * (255.0 / max(high - low, 1e-3)), 0, 255), dtype=np.uint8)


def _box_cells(features: BreastFeatures, finding: Finding) -> Box:
    if finding.box_px is None:
        raise ValueError("a finding on an image has a box")
    x0, y0, x1, y1 = finding.box_px
    if features.mirrored:
        width = features.image_shape[1]
        x0, x1 = width - x1, width - x0
    down, across = features.cells_per_px
    return x0 * across, y0 * down, x1 * across, y1 * down


def _field_around(
    features: BreastFeatures, cells: Box
) -> tuple[int, int, NDArray[np.float32], tuple[int, int, int, int]]:
    """Return the field's first row and column, its planes, and the lesion's box in it (x0, y0, x1, y1)."""
    planes = features.network_input()
    planes = np.pad(planes, ((0, 0), *((0, max(0, FIELD_CELLS - n)) for n in planes.shape[1:])), mode="edge")
    top = int(np.clip(round((cells[1] + cells[3] - FIELD_CELLS) / 2), 0, planes.shape[1] - FIELD_CELLS))
    left = int(np.clip(round((cells[0] + cells[2] - FIELD_CELLS) / 2), 0, planes.shape[2] - FIELD_CELLS))
    box = (
        int(np.clip(int(cells[0]) - left, 0, FIELD_CELLS - 1)),
        int(np.clip(int(cells[1]) - top, 0, FIELD_CELLS - 1)),
        int(np.clip(int(np.ceil(cells[2])) - left, 1, FIELD_CELLS)),
        int(np.clip(int(np.ceil(cells[3])) - top, 1, FIELD_CELLS)),
    )
    return top, left, planes[:, top : top + FIELD_CELLS, left : left + FIELD_CELLS], box
