"""What is a chest CT passes, however it was made; what is none is refused with the feature that shows it."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from imaging.volume import Volume
from imaging.volume_builder import build_volume
from inference.chest_features import chest_features
from inference.out_of_distribution import (
    FeatureReference,
    InputReference,
    Outlook,
    compare,
    features_json,
    read_input_reference,
)
from inference.phantoms.chest import chest_ct
from tests.installation_server import REPOSITORY

BUNDLE = REPOSITORY / "models" / "lung_nodule_ct"
SIDE = 256
Y, X = np.mgrid[:SIDE, :SIDE]


@cache
def chest_reference() -> InputReference:
    reference = read_input_reference(BUNDLE)
    assert reference is not None
    return reference


def look(volume: Volume) -> Outlook:
    return compare(chest_features(volume), chest_reference())


@cache
def a_phantom() -> Volume:
    return build_volume(chest_ct(31, slices=30, rows=SIDE)[0])


def with_voxels(voxels_hu: NDArray[np.generic]) -> Volume:
    return replace(a_phantom(), voxels_hu=voxels_hu.astype(np.int16))


def noisy(plane_hu: NDArray[np.float64]) -> Volume:
    rng = np.random.default_rng(0)
    return with_voxels(plane_hu[None] + rng.normal(0, 10, (30, SIDE, SIDE)))


def a_head() -> Volume:
    """A skull of 75 mm around a brain, with air in the sinuses of some slices."""
    radius = np.hypot((Y - 128) / 1.25, X - 128)
    head = np.select([radius < 45, radius < 52, radius < 56], [35.0, 1000.0, 20.0], -1000.0)
    voxels = np.repeat(head[None], 30, axis=0)
    voxels[5:12][:, np.hypot(Y - 85, X - 128) < 10] = -1000.0
    return with_voxels(voxels)


IS_NO_CHEST = {
    "noise": lambda: with_voxels(np.random.default_rng(0).integers(-1000, 1000, (30, SIDE, SIDE))),
    "a water cylinder": lambda: noisy(np.where(np.hypot(Y - 128, X - 128) < 80, 0.0, -1000.0)),
    "a plate": lambda: noisy(np.where((np.abs(Y - 180) < 12) & (np.abs(X - 128) < 90), 120.0, -1000.0)),
    "a head": a_head,
    "Hounsfield units upside down": lambda: with_voxels(-a_phantom().voxels_hu.astype(int)),
    "air": lambda: noisy(np.full((SIDE, SIDE), -1000.0)),
}


@pytest.mark.parametrize("make", IS_NO_CHEST.values(), ids=IS_NO_CHEST.keys())
def test_what_is_no_chest_is_refused_with_what_shows_it(make) -> None:  # type: ignore[no-untyped-def]
    found = look(make())
    assert found.refusal is not None, found.distances
    assert found.refusal.code == "input-far-from-training"
    named = [chest_reference().features[name] for name in found.unusual]
    assert any(one.en in found.refusal.en and one.zh in found.refusal.zh for one in named)


CHANGED_CHESTS = {
    "as it is": lambda v: v.voxels_hu,
    "half of it in view": lambda v: v.voxels_hu[:, :, : SIDE // 2],
    "a quarter of its slices": lambda v: v.voxels_hu[:8],
    "zoomed": lambda v: v.voxels_hu[:, 50:-50, 50:-50],
    "padded by the scanner": lambda v: np.where(np.hypot(Y - 128, X - 128) < 127, v.voxels_hu, -2000),
    "low dose": lambda v: v.voxels_hu + np.random.default_rng(0).normal(0, 40, v.voxels_hu.shape),
}


@pytest.mark.parametrize("change", CHANGED_CHESTS.values(), ids=CHANGED_CHESTS.keys())
def test_a_chest_is_read_however_it_was_taken(change) -> None:  # type: ignore[no-untyped-def]
    volume = replace(a_phantom(), voxels_hu=change(a_phantom()).astype(np.int16))
    assert look(volume).refusal is None


@pytest.mark.parametrize("case", ["ct-chest-c3n-00247", "ct-lidc-0001"])
def test_real_chests_are_as_usual(real_data: Path, case: str) -> None:
    slices = [pydicom.dcmread(path) for path in sorted((real_data / case).glob("*.dcm"))]
    found = look(build_volume(slices))
    assert found.caution is None and found.refusal is None, found.distances


def a_reference(*, refuses: bool) -> InputReference:
    return InputReference({"f": FeatureReference(10.0, 2.0, refuses, "the f", "某特征")}, 4.0, 8.0)


def test_the_distance_decides_between_nothing_a_caution_and_a_refusal() -> None:
    for value, caution, refusal in ((17.9, False, False), (18.0, True, False), (26.0, False, True)):
        found = compare({"f": value}, a_reference(refuses=True))
        assert (found.caution is not None, found.refusal is not None) == (caution, refusal)
    assert compare({"f": -100.0}, a_reference(refuses=False)).refusal is None
    said = compare({"f": 1.0}, a_reference(refuses=False)).caution
    assert said is not None and "the f (lower than usual)" in said.en and "某特征（低于常见范围）" in said.zh


def test_what_could_not_be_measured_says_nothing() -> None:
    found = compare({"f": float("nan")}, a_reference(refuses=True))
    assert (found.caution, found.refusal, found.distances) == (None, None, {})
    assert features_json({"f": float("nan"), "g": 1.0}) == {"f": None, "g": 1.0}


def test_a_bundle_without_a_reference_is_not_judged(tmp_path: Path) -> None:
    assert read_input_reference(tmp_path) is None
