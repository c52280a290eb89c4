"""A candidate is looked at from three sides, and only as long as it may be a nodule."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.bundle import Bundle, load_bundle
from inference.lung_candidates import Candidate
from inference.lung_patches import PATCH_PX, cut_patch, cut_upright_patch, window_to_uint8
from inference.lung_scoring import evidence, probability, score_candidates, slices_through

MODELS = Path(__file__).resolve().parents[3] / "models"
WEIGHTS = {"offset": -1.0, "axial": 0.5, "upright": 0.25, "lowest": 0.5, "log_roundness": 1.0}
WEIGHTS |= {"onward": -1.0, "log_radius": 0.5, "first_look_logit": 0.0, "second_look_logit": 0.0}


class Asked:
    """A network that answers with the mean of the full-resolution channel, and counts what it was asked."""

    def __init__(self) -> None:
        self.patches = 0

    def logits(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        self.patches += len(inputs)
        return inputs[:, 0].mean(axis=(1, 2))[:, None] * 10 - 5


def a_candidate(**changed: object) -> Candidate:
    return replace(Candidate((20.0, 50.0, 60.0), 4.0, 300.0, 0.8, 0.1), **changed)  # type: ignore[arg-type]


def a_bundle() -> Bundle:
    return replace(load_bundle(MODELS / "lung_nodule_ct"), metadata={"calibration": WEIGHTS})


@pytest.mark.parametrize("across", [1, 2])
def test_an_upright_cut_of_cubic_voxels_is_the_plane_itself(across: int) -> None:
    voxels_hu = np.random.default_rng(0).integers(-1000, 400, (90, 100, 110)).astype(np.int16)
    position = (45.0, 50.0, 55.0)
    plane = voxels_hu[:, 50, :] if across == 1 else voxels_hu[:, :, 55]
    along = position[3 - across]
    upright = cut_upright_patch(voxels_hu, (0.7, 0.7, 0.7), position, across, 0.7)
    expected = cut_patch(plane, 45.0, along)
    assert np.abs(upright.astype(int) - expected).max() <= 1


def test_an_upright_cut_has_the_same_scale_both_ways_and_goes_on_beyond_the_scan() -> None:
    """A ball of 12 mm in 1.5 mm slices is as high as wide: 12 mm / 0.6 mm = 20 pixels."""
    k, j, i = np.meshgrid(np.arange(16), np.arange(100), np.arange(100), indexing="ij")
    inside = ((k - 8) * 1.5) ** 2 + ((j - 50) * 0.6) ** 2 + ((i - 50) * 0.6) ** 2 <= 36.0
    voxels_hu = np.where(inside, 0, -900).astype(np.int16)
    for across in (1, 2):
        patch = cut_upright_patch(voxels_hu, (1.5, 0.6, 0.6), (8.0, 50.0, 50.0), across, 0.6)
        bright = patch > window_to_uint8(np.array(-450.0))
        assert bright.any(axis=1).sum() == pytest.approx(20, abs=3)
        assert bright.any(axis=0).sum() == pytest.approx(20, abs=2)
        assert (patch[0] == patch[1]).all()
    edge = cut_upright_patch(voxels_hu, (1.5, 0.6, 0.6), (0.0, 0.0, 99.0), 2, 0.6)
    assert edge.shape == (PATCH_PX, PATCH_PX)


def test_the_probability_is_the_logistic_of_the_weighted_evidence() -> None:
    found = evidence(a_candidate(radius_mm=4.0 * math.e, roundness=1 / math.e), 2.0, 1.0, 3.0)
    assert found == {
        "axial": 2.0,
        "upright": 2.0,
        "lowest": 1.0,
        "log_roundness": -1.0,
        "onward": 0.1,
        "log_radius": 1.0,
    }
    # -1 + 0.5 * 2 + 0.25 * 2 + 0.5 * 1 - 1 - 0.1 + 0.5
    assert probability(found, WEIGHTS) == pytest.approx(1 / (1 + math.exp(-0.4)))


def in_lung(paint: Callable[[NDArray[np.int16]], None]) -> NDArray[np.int16]:
    voxels_hu = np.full((40, 128, 128), -860, dtype=np.int16)
    paint(voxels_hu)
    return voxels_hu


def test_a_candidate_that_one_look_rules_out_costs_no_further_look() -> None:
    dark = in_lung(lambda voxels: None)
    network = Asked()
    assert score_candidates(dark, (1.0, 0.7, 0.7), [a_candidate()] * 3, network, a_bundle()) == []  # type: ignore[arg-type]
    assert network.patches == 3

    def fill(voxels: NDArray[np.int16]) -> None:
        voxels[:] = 400

    network = Asked()
    shares: list[float] = []
    scored = score_candidates(
        in_lung(fill),
        (1.0, 0.7, 0.7),
        [a_candidate(), a_candidate(radius_mm=8.0)],
        network,  # type: ignore[arg-type]
        a_bundle(),
        shares.append,
    )
    assert [one.candidate.radius_mm for one in scored] == [4.0, 8.0]
    # 1 axial, 2 upright, (3 axial + 2 upright) x 4 mirror images; twice all that for the wide one.
    assert network.patches == 3 * (1 + 2 + 5 * 4)
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1


def test_slices_through_a_candidate_lie_within_half_its_radius_and_in_the_scan() -> None:
    candidate = a_candidate(position=(10.4, 0.0, 0.0), radius_mm=8.0)
    assert slices_through(candidate, 2.0, 40, 3) == [8, 10, 12]
    assert slices_through(candidate, 2.0, 40, 1) == [10]
    assert slices_through(a_candidate(position=(39.0, 0.0, 0.0)), 1.0, 40, 3) == [37, 39]
