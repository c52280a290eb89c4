"""MONAI's RetinaNet bundles for CT, such as the model zoo's `lung_nodule_ct_detection`: boxes, then findings.

What the bundle's configuration says is built by MONAI: network, anchors, windows, selection of boxes. Ours
are the reading of the study, the kernels of the engine, and what is kept: boxes with their middle in the
lungs.

The heads' group normalisation takes its mean over a whole window. So a window cannot be cropped to the lungs,
nor parts of it skipped, without changing every score in it: windows are those of the configuration.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from imaging.finding import Finding, as_place, nodule_or_mass
from imaging.volume import Volume
from inference.bundle import Bundle
from inference.bundle_config import read_config
from inference.bundle_network import build_parts, read_state
from inference.bundle_reasons import bundle_reason
from inference.engine.choice import choose
from inference.errors import BundleError
from inference.graphics_card import PROCESSOR, devices, first_answer
from inference.lung_region import find_lungs
from inference.retinanet_volume import NetworkImage, network_image

Progress = Callable[[str, float], None]
PARTS = ("detector", "detector_ops", "network")


@dataclass(frozen=True, slots=True)
class Boxes:
    """What the detector found, the most probable first.

    Attributes:
        corners: (n, 6) x0, y0, z0, x1, y1, z1 in voxels of the network's image, as MONAI gives them.
        scores: (n,), 0 to 1.
    """

    corners: NDArray[np.float64]
    scores: NDArray[np.float64]


def detect_with_retinanet(
    volume: Volume, bundle: Bundle, progress: Progress, readings: Sequence[Mapping[str, Any]] = ()
) -> list[Finding]:
    """Return what the bundle finds in the lungs from its threshold up, the most probable first.

    Args:
        readings: of slabs; there are none, this model reads whole volumes.

    Raises:
        NoLungFound: the volume shows no lung.
        BundleError: the configuration or the weights are not usable.
    """
    progress("lungs", 0.0)
    region = find_lungs(volume.voxels_hu, volume.spacing_mm)
    progress("detect", 0.1)
    image = network_image(volume, read_config(bundle.network_config))
    boxes = detect_boxes(image, bundle)
    progress("measure", 0.95)
    findings = []
    for corners, score in zip(boxes.corners, boxes.scores, strict=True):
        box_lps = _box_lps(image, corners)
        column, row, slice_ = volume.lps_to_voxel(*box_lps.mean(axis=0))
        if score >= bundle.threshold and region.holds((slice_, row, column)):
            findings.append(_finding(volume, bundle, box_lps, float(score)))
    progress("measure", 1.0)
    return findings


def detect_boxes(image: NetworkImage, bundle: Bundle) -> Boxes:
    """Return all boxes of the image, as the bundle's configuration selects them.

    Raises:
        BundleError: the configuration or the weights are not usable.
    """
    return first_answer(devices(), lambda device: _boxes(_detector(bundle, device), image.voxels.to(device)))


def _boxes(detector: Any, voxels: torch.Tensor) -> Boxes:
    # As the zoo's inferer decides it.
    in_windows = voxels[0].numel() >= int(np.prod(detector.inferer.roi_size))
    on_card = voxels.device.type == "cuda"
    with torch.inference_mode(), torch.autocast("cuda", enabled=on_card):  # `amp` of the zoo's evaluator
        (found,) = detector([voxels], use_inferer=in_windows)
    return Boxes(
        found[detector.target_box_key].double().cpu().numpy(),
        found[detector.pred_score_key].double().cpu().numpy(),
    )


@lru_cache(maxsize=2)
def _detector(bundle: Bundle, device: torch.device) -> Any:
    """Return MONAI's detector with the bundle's weights, its network asked as the engine chose."""
    parts = build_parts(bundle.folder, bundle.name, PARTS, is_trusted=bundle.is_trusted)
    detector = parts["detector"]
    try:
        detector.network.load_state_dict(read_state(bundle.weights_path, bundle.name), strict=True)
    except RuntimeError as error:
        raise BundleError(bundle_reason("weights-do-not-fit", model=bundle.name)) from error
    detector.network.to(device)
    if device != PROCESSOR:
        detector.network.to(memory_format=torch.channels_last_3d)
        return detector.eval()
    data = os.environ.get("TELECONSULT_DATA")
    engine = choose(Path(data) if data else None)
    network = detector.network
    network.feature_extractor, network.classification_head, network.regression_head = (
        engine.prepare(part)
        for part in (network.feature_extractor, network.classification_head, network.regression_head)
    )
    for module in network.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = True  # the same numbers without another copy of them
    return detector.eval()


def _box_lps(image: NetworkImage, corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (2, 3) lower and upper corner in mm, LPS."""
    ends = np.c_[corners.reshape(2, 3), np.ones(2)] @ image.to_lps.T
    return np.sort(ends[:, :3], axis=0)


def _finding(volume: Volume, bundle: Bundle, box_lps: NDArray[np.float64], score: float) -> Finding:
    """Return the finding of a box, in patient coordinates and on the stored pixels of its middle slice."""
    middle = box_lps.mean(axis=0)
    slice_ = int(np.clip(round(volume.lps_to_voxel(*middle)[2]), 0, len(volume.voxels_hu) - 1))
    ends = np.sort([volume.lps_to_voxel(*corner)[:2] for corner in box_lps], axis=0)
    (column0, row0), (column1, row1) = np.clip(ends + 0.5, 0, volume.voxels_hu.shape[:0:-1])
    diameter_mm = float((box_lps[1] - box_lps[0])[:2].mean())
    return Finding(
        kind=nodule_or_mass(diameter_mm),
        probability=round(score, 4),
        threshold=bundle.threshold,
        study_instance_uid=volume.study_instance_uid,
        series_instance_uid=volume.series_instance_uid,
        sop_instance_uid=volume.sop_instance_uids[slice_],
        centre_lps_mm=as_place(middle),
        box_lps_mm=(*as_place(box_lps[0]), *as_place(box_lps[1])),
        box_px=(float(column0), float(row0), float(column1), float(row1)),
        diameter_mm=round(diameter_mm, 1),
        model=bundle.name,
        model_version=bundle.version,
        weights_sha256=bundle.weights_sha256,
    )
