"""Saliency lies on what the answer rests on, and changes with the weights (Adebayo et al. 2018)."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage, stats

from inference.bundle import load_bundle
from inference.bundle_network import Ensemble
from inference.lung_patches import PATCH_PX
from inference.monai_predictor import Predictor, build_network, load_predictor
from inference.network_saliency import patch_saliency
from inference.saliency import occlusion_map
from tests.installation_server import REPOSITORY

BUNDLE = REPOSITORY / "models" / "lung_nodule_ct"


def a_patch_with_a_nodule(row: int, column: int, seed: int) -> NDArray[np.uint8]:
    """A solid ball of 9 pixels in noisy lung, with a vessel that crosses the far corner."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:PATCH_PX, :PATCH_PX]
    hu = rng.normal(-860.0, 40.0, (PATCH_PX, PATCH_PX))
    hu[np.abs(x - 54 + 0.2 * y) < 1.5] = -50.0
    ball = ndimage.gaussian_filter((np.hypot(y - row, x - column) < 4.5).astype(float), 0.8)
    hu = hu * (1 - ball) + 20.0 * ball
    return np.asarray(np.clip(np.rint((hu + 1000.0) * 255.0 / 1400.0), 0, 255), np.uint8)


def test_the_fall_lies_where_the_score_comes_from() -> None:
    rng = np.random.default_rng(0)
    picture = rng.random((3, 30, 40)).astype(np.float32)
    found = occlusion_map(
        picture,
        lambda covered: covered[:, 1, 5:9, 20:25].mean(axis=(1, 2)),
        cover_px=6,
        step_px=3,
        fill=np.zeros(3, np.float32),
    )
    assert found.fall.shape == (30, 40)
    row, column = np.unravel_index(found.fall.argmax(), found.fall.shape)
    assert 5 <= row < 9
    assert 20 <= column < 25
    assert found.fall[20:, :10].max() == 0.0


def test_every_pixel_is_covered_at_least_once_up_to_the_far_edges() -> None:
    found = occlusion_map(
        np.ones((31, 17), np.float32), lambda c: c.mean(axis=(1, 2)), cover_px=5, step_px=4, fill=0.0
    )
    assert (found.fall > 0).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_shipped_networks_saliency_lies_on_the_nodule(seed: int) -> None:
    predictor = load_predictor(load_bundle(BUNDLE))
    half = PATCH_PX // 2
    found = patch_saliency(a_patch_with_a_nodule(half, half, seed), predictor)
    peak = np.unravel_index(found.fall.argmax(), found.fall.shape)
    assert np.hypot(peak[0] - half, peak[1] - half) < 8
    distance = np.hypot(*(np.mgrid[:PATCH_PX, :PATCH_PX] - half))
    assert found.fall[distance < 6].mean() > 3 * max(found.fall[distance > 20].mean(), 0.0)


def test_with_random_weights_the_saliency_is_another() -> None:
    half = PATCH_PX // 2
    patch = a_patch_with_a_nodule(half, half, 1)
    trained = patch_saliency(patch, load_predictor(load_bundle(BUNDLE))).fall
    correlations = [
        stats.spearmanr(trained.ravel(), _randomised(seed, patch).ravel())[0] for seed in range(3)
    ]
    assert max(abs(float(c)) for c in correlations) < 0.5


def _randomised(seed: int, patch: NDArray[np.uint8]) -> NDArray[np.float32]:
    torch.manual_seed(seed)
    network = build_network("lung_nodule_ct", BUNDLE / "configs" / "inference.json")
    assert isinstance(network, torch.nn.ModuleList)
    return patch_saliency(patch, Predictor(Ensemble(network))).fall
