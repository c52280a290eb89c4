"""The breast's region: skin, chest wall side and muscle, on phantoms of many vendors and on real images."""

import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image

from inference.breast_region import breast_region, resample_mean
from inference.phantoms.mammogram import SMALL_PIXEL_MM, PhantomMammogram, draw_mammogram

DATA = Path(os.environ.get("TELECONSULT_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
SPACING = (SMALL_PIXEL_MM, SMALL_PIXEL_MM)


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def on_grid(mask: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    return resample_mean(mask.astype(np.float32), shape) > 0.5


@pytest.fixture(scope="module")
def phantoms() -> list[PhantomMammogram]:
    return [draw_mammogram(seed, appearance=None, pixel_mm=SMALL_PIXEL_MM) for seed in range(40, 52)]


def test_the_breast_and_its_side_are_found_whatever_the_vendor(phantoms: list[PhantomMammogram]) -> None:
    for phantom in phantoms:
        region = breast_region(phantom.pixels.astype(np.float32), SPACING)
        assert region.chest_wall == ("left" if phantom.laterality == "L" else "right")
        assert overlap(region.breast, on_grid(phantom.breast, region.breast.shape)) > 0.9


def test_the_muscle_is_found_on_most_oblique_views(phantoms: list[PhantomMammogram]) -> None:
    oblique = [phantom for phantom in phantoms if phantom.view == "MLO"]
    overlaps = []
    for phantom in oblique:
        region = breast_region(phantom.pixels.astype(np.float32), SPACING)
        overlaps.append(overlap(region.pectoral, on_grid(phantom.pectoral, region.pectoral.shape)))
    assert np.median(overlaps) > 0.8


def test_turned_images_give_turned_masks(phantoms: list[PhantomMammogram]) -> None:
    pixels = phantoms[0].pixels.astype(np.float32)
    one, other = breast_region(pixels, SPACING), breast_region(pixels[:, ::-1], SPACING)
    assert one.chest_wall != other.chest_wall
    assert np.array_equal(one.breast, other.breast[:, ::-1])


@pytest.mark.parametrize("scale", [0.05, 1.0, 16.0])
@pytest.mark.parametrize("offset", [0.0, 700.0])
def test_the_scale_of_brightness_does_not_matter(
    phantoms: list[PhantomMammogram], scale: float, offset: float
) -> None:
    pixels = phantoms[1].pixels.astype(np.float32)
    changed = breast_region(pixels * np.float32(scale) + np.float32(offset), SPACING)
    assert overlap(changed.breast, breast_region(pixels, SPACING).breast) > 0.98


def test_a_label_that_touches_the_skin_is_not_breast(phantoms: list[PhantomMammogram]) -> None:
    phantom = next(p for p in phantoms if p.laterality == "L" and p.view == "CC")
    pixels = phantom.pixels.astype(np.float32)
    row = int(phantom.breast.sum(axis=1).argmax())
    edge = int(phantom.breast[row].nonzero()[0].max())
    pixels[row : row + 8, edge - 4 : edge + 220] = 4095.0
    region = breast_region(pixels, SPACING)
    assert overlap(region.breast, on_grid(phantom.breast, region.breast.shape)) > 0.9


@pytest.mark.parametrize("value", [0.0, 1000.0])
def test_an_image_of_one_value_has_no_breast(value: float) -> None:
    region = breast_region(np.full((400, 300), value, np.float32), (0.5, 0.5))
    assert not region.breast.any()


def test_the_breast_of_a_real_oblique_view_hangs_on_the_right_with_its_muscle_above() -> None:
    path = DATA / "mg-senographe" / "GH133.dcm"
    if not path.exists():
        pytest.skip(f"no real mammogram at {path.name}: set TELECONSULT_TEST_DATA")
    pixels = pydicom.dcmread(path).pixel_array.astype(np.float32)
    region = breast_region(pixels, (0.094, 0.094))
    assert region.chest_wall == "right"
    assert 0.2 < region.breast.mean() < 0.5
    rows, columns = np.nonzero(region.pectoral)
    assert (
        rows.size
        and rows.max() < 0.5 * region.breast.shape[0]
        and columns.min() > 0.7 * region.breast.shape[1]
    )


@pytest.mark.parametrize("name", ["L-CC", "R-CC", "L-MLO", "R-MLO"])
def test_the_breast_of_a_real_exam_fills_the_left_part_of_each_view(name: str) -> None:
    path = DATA / "mg-exam-nyu" / f"{name}.png"
    if not path.exists():
        pytest.skip(f"no real exam at {path.name}: set TELECONSULT_TEST_DATA")
    with Image.open(path) as image:
        pixels = np.asarray(image, np.float32)
    region = breast_region(pixels, (0.1, 0.1), may_show_pectoral="MLO" in name)
    assert region.chest_wall == "left"
    assert 0.3 < region.breast.mean() < 0.75
    assert region.pectoral.any() == ("MLO" in name)
