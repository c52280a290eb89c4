"""Candidates have the place, size and shape of what they stand for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.errors import NoLungFound
from inference.lung_candidates import Candidate, find_candidates
from inference.lung_lesion import outline_lesion
from inference.lung_patches import PATCH_PX, cut_patch, network_channels, window_to_uint8
from inference.lung_region import GRID_MM, LungRegion, find_lungs, resampling_matrix

PARENCHYMA_HU = -860.0


def a_region(voxels_hu: np.ndarray) -> LungRegion:
    everywhere = np.ones(voxels_hu.shape, dtype=bool)
    return LungRegion(
        voxels_hu.astype(np.float32), voxels_hu < -400, everywhere, (0, 0, 0), (1.0, 1.0, 1.0), PARENCHYMA_HU
    )


def distances(shape: tuple[int, int, int], centre: tuple[float, float, float]) -> np.ndarray:
    k, j, i = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij", sparse=True)
    return np.sqrt((k - centre[0]) ** 2 + (j - centre[1]) ** 2 + (i - centre[2]) ** 2) * GRID_MM


def soft(distance_mm: np.ndarray, radius_mm: float, inside_hu: float) -> np.ndarray:
    share = np.clip((radius_mm - distance_mm) / GRID_MM + 0.5, 0, 1)
    return PARENCHYMA_HU + share * (inside_hu - PARENCHYMA_HU)


@settings(max_examples=12, deadline=None)
@given(diameter_mm=st.floats(4.0, 26.0), shift=st.floats(-0.5, 0.5))
def test_a_ball_is_found_at_its_centre_with_its_size_and_contrast(diameter_mm: float, shift: float) -> None:
    centre = (28 + shift, 28 - shift, 28 + shift)
    candidates = find_candidates(a_region(soft(distances((56, 56, 56), centre), diameter_mm / 2, 40.0)))
    best = max(candidates, key=lambda candidate: candidate.contrast_hu)
    assert np.linalg.norm(np.subtract(best.position, centre)) * GRID_MM < max(2.2, diameter_mm * 0.15)
    assert 2 * best.radius_mm == pytest.approx(diameter_mm, rel=0.35, abs=1.5)
    # A ball of three grid steps across does not reach its full contrast on any of them.
    assert best.contrast_hu == pytest.approx(900, rel=0.35 if diameter_mm >= 5 else 0.5)
    assert best.roundness > 0.5
    assert best.onward < 0.4


def test_a_vessel_is_no_ball() -> None:
    shape = (56, 56, 56)
    _, j, i = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    tube = soft(np.hypot(j - 28, i - 28) * GRID_MM, 3.0, 40.0)
    rng = np.random.default_rng(0)
    candidates = find_candidates(a_region(tube + rng.normal(0, 15, shape)))
    on_tube = [
        c for c in candidates if np.hypot(c.position[1] - 28, c.position[2] - 28) < 3 and c.contrast_hu > 300
    ]
    assert all(c.roundness < 0.45 and c.onward > 0.6 for c in on_tube)


@given(count=st.integers(1, 80), spacing_mm=st.floats(0.3, 5.0))
def test_resampling_keeps_a_constant_and_a_slope(count: int, spacing_mm: float) -> None:
    matrix = resampling_matrix(count, spacing_mm, GRID_MM).toarray()
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, rtol=1e-5)
    ramp = matrix @ (np.arange(count) * spacing_mm)
    inner = slice(int(spacing_mm <= GRID_MM), len(ramp) - int(spacing_mm <= GRID_MM) - 1)
    np.testing.assert_allclose(ramp[inner], (np.arange(len(ramp)) * GRID_MM)[inner], atol=0.12 * GRID_MM)


def test_a_volume_without_lung_is_refused_with_a_sentence() -> None:
    with pytest.raises(NoLungFound) as caught:
        find_lungs(np.full((20, 64, 64), 40, dtype=np.int16), (2.5, 1.5, 1.5))
    assert caught.value.reason.code == "no-lung-found"
    assert caught.value.reason.zh


def test_the_outline_of_a_ball_has_its_diameter() -> None:
    volume = soft(distances((48, 48, 48), (24, 24, 24)), 8.0, 40.0)
    region = a_region(volume)
    lesion = outline_lesion(
        volume, (GRID_MM, GRID_MM, GRID_MM), region, Candidate((24.0, 24.5, 23.6), 7.0, 800.0, 0.8, 0.1)
    )
    assert lesion is not None
    assert lesion.diameter_mm == pytest.approx(16.0, abs=1.5)
    assert lesion.central_slice in (23, 24, 25)
    np.testing.assert_allclose(lesion.centre, (24, 24, 24), atol=0.6)


def test_a_patch_is_the_native_window_around_its_centre() -> None:
    plane = np.random.default_rng(1).integers(-1100, 600, (200, 220)).astype(np.int16)
    patch = cut_patch(plane, 90.2, 110.4)
    np.testing.assert_array_equal(patch, window_to_uint8(plane[58:122, 78:142]))
    assert patch.shape == (PATCH_PX, PATCH_PX)


@pytest.mark.parametrize("step", [1.0, 2.0, 0.7])
def test_a_patch_at_the_corner_is_filled_with_air(step: float) -> None:
    patch = cut_patch(np.full((100, 100), 40, dtype=np.int16), 0.0, 0.0, step)
    assert patch.shape == (PATCH_PX, PATCH_PX)
    assert patch[0, 0] == 0
    assert patch[-4, -4] > 150


def test_both_channels_show_the_same_centre() -> None:
    patch = np.zeros((1, PATCH_PX, PATCH_PX), dtype=np.uint8)
    patch[0, 30:34, 30:34] = 255
    fovea, whole = network_channels(patch)[0]
    assert fovea[14:18, 14:18].min() == 1.0
    assert whole[15:17, 15:17].min() == 1.0
    assert fovea.sum() == 16.0
    assert whole.sum() == 4.0
