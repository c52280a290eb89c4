"""A bundle in the manner of the zoo's lung_nodule_ct_detection says here what MONAI's own detector says."""

import runpy
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from imaging.volume import Volume
from imaging.volume_builder import build_volume
from inference.bundle import Bundle, Pinned, bundle_sha256, file_sha256, load_bundle
from inference.bundle_config import read_config
from inference.phantoms.chest import chest_ct
from inference.pipeline import VolumeReader, reader_of
from inference.retinanet import detect_boxes, detect_with_retinanet
from inference.retinanet_volume import LPS_TO_RAS, NetworkImage, network_image, oriented
from teleconsult.services import REPOSITORY

WINDOW = (64, 64, 32)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The official configuration with small windows; its scores lie around one half."""
    folder = tmp_path_factory.mktemp("bundles") / "official"
    official = runpy.run_path(str(REPOSITORY / "benchmarks" / "official_bundle.py"))
    network: Any = official["random_network"]()
    head = network.classification_head.cls_logits
    torch.nn.init.normal_(head.weight, std=0.05)
    torch.nn.init.zeros_(head.bias)
    torch.nn.init.normal_(network.regression_head.bbox_reg.weight, std=0.005)
    official["write_bundle"](folder, network, WINDOW)
    weights = "models/model.pt"
    pinned = Pinned("official", "1", weights, file_sha256(folder / weights), bundle_sha256(folder))
    return load_bundle(folder, pinned)


@pytest.fixture(scope="module")
def volume() -> Volume:
    datasets, _ = chest_ct(5, rows=64, slices=30, slice_thickness_mm=5.0)
    return build_volume(datasets)


@pytest.fixture(scope="module")
def image(bundle: Bundle, volume: Volume) -> NetworkImage:
    return network_image(volume, read_config(bundle.network_config))


def test_boxes_and_scores_are_those_of_monai(bundle: Bundle, image: NetworkImage) -> None:
    from inference.bundle_network import build_parts, read_state

    part = NetworkImage(image.voxels[:, 120:200, 150:214, 40:72].contiguous(), image.to_lps)
    detector = build_parts(bundle.folder, "official", ("detector", "detector_ops"))["detector"].eval()
    detector.network.load_state_dict(read_state(bundle.weights_path, "official"))
    with torch.inference_mode():
        (expected,) = detector([part.voxels], use_inferer=True)
    found = detect_boxes(part, bundle)
    assert len(found.scores) == len(expected["label_scores"]) > 20
    assert_allclose(found.scores, expected["label_scores"].numpy(), atol=1e-4)
    # Boxes of nearly one score may change places.
    gaps = np.abs(found.corners[:, None] - expected["box"].numpy()[None]).max(axis=2)
    assert gaps.min(axis=0).max() < 0.01
    assert len(set(gaps.argmin(axis=0))) == len(found.scores)


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("flips", [(), (0,), (1, 2)])
def test_orienting_moves_no_voxel_in_the_patient(axes: tuple[int, ...], flips: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    voxels = rng.normal(size=(3, 4, 5))
    affine = np.eye(4)
    affine[:3, :3] = np.diag([0.7, 0.8, 1.25])[:, list(axes)] + rng.normal(scale=0.05, size=(3, 3))
    for axis in flips:
        affine[:, axis] *= -1
    affine[:3, 3] = (10, -20, 30)
    turned, turned_affine = oriented(voxels, affine, "RAS")
    assert (np.diag(turned_affine)[:3] > 0).all()
    index = np.array([1, 2, 3, 1.0])
    place = np.linalg.solve(turned_affine, affine @ index)[:3]
    assert_allclose(place, place.round(), atol=1e-9)
    assert turned[tuple(place.round().astype(int))] == voxels[1, 2, 3]


def test_the_network_sees_the_study_at_the_bundles_spacing_and_intensities(
    image: NetworkImage, volume: Volume
) -> None:
    step = np.linalg.norm(image.to_lps[:3, :3], axis=0)
    assert_allclose(step, (0.703125, 0.703125, 1.25), rtol=1e-6)
    assert (np.diag(LPS_TO_RAS @ image.to_lps)[:3] > 0).all()
    assert float(image.voxels.min()) >= 0.0 and float(image.voxels.max()) <= 1.0
    # A voxel in the middle of both grids shows the same tissue.
    x, y, z = (n // 2 for n in image.voxels.shape[1:])
    column, row, slice_ = volume.lps_to_voxel(*(image.to_lps @ (x, y, z, 1))[:3])
    hu = volume.voxels_hu[round(slice_), round(row), round(column)]
    assert abs(float(image.voxels[0, x, y, z]) * 1324.0 - 1024.0 - float(hu)) < 300.0


def test_a_bundle_with_monais_detector_is_read_as_one(bundle: Bundle) -> None:
    reader = reader_of("lung_nodule_ct", bundle)
    assert isinstance(reader, VolumeReader)
    assert not reader.reads_slabs


def test_only_boxes_in_the_lungs_from_the_threshold_up_become_findings(
    bundle: Bundle, volume: Volume, image: NetworkImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inference import retinanet
    from inference.lung_region import find_lungs

    region = find_lungs(volume.voxels_hu, volume.spacing_mm)
    to_image = np.linalg.inv(image.to_lps)
    inside = volume.voxels_to_lps(region.native_index(np.argwhere(region.mask).astype(float)))
    middle = (to_image @ (*inside[len(inside) // 2], 1.0))[:3]
    outside = (to_image @ (*volume.voxel_to_lps(2, 2, 2), 1.0))[:3]
    corners = np.array([[*(p - 4), *(p + 4)] for p in (middle, middle, outside)], dtype=float)
    boxes = retinanet.Boxes(corners, np.array([0.9, 0.3, 0.95]))
    monkeypatch.setattr(retinanet, "detect_boxes", lambda image, bundle: boxes)
    (finding,) = detect_with_retinanet(volume, bundle, lambda stage, share: None)
    assert finding.probability == 0.9
    assert finding.diameter_mm == pytest.approx(8 * 0.703125, abs=0.06)
    assert finding.centre_lps_mm == pytest.approx((image.to_lps @ (*middle, 1))[:3], abs=0.02)


def test_a_device_that_fails_leaves_the_reading_to_the_processor_and_the_log_says_so(
    bundle: Bundle, image: NetworkImage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from inference import retinanet

    part = NetworkImage(image.voxels[:, 120:152, 150:182, 40:56].contiguous(), image.to_lps)
    expected = detect_boxes(part, bundle)
    # The meta device holds no numbers: a network on it answers nothing that can be used.
    monkeypatch.setattr(retinanet, "devices", lambda: (torch.device("meta"), retinanet.PROCESSOR))
    found = detect_boxes(part, bundle)
    assert "graphics-card-failed" in caplog.text
    assert_allclose(found.scores, expected.scores, atol=1e-6)
