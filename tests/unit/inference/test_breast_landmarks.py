"""Where the nipple is: on phantoms that know it, with a marker, and on the real exam that has one."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inference.breast_landmarks import Nipple, find_nipple
from inference.breast_region import breast_region
from inference.mammography import assumed_spacing_mm
from inference.phantoms.mammogram import SMALL_PIXEL_MM, draw_mammogram
from inference.phantoms.mammogram_anatomy import View

DATA = Path(os.environ.get("TELECONSULT_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
SPACING = (SMALL_PIXEL_MM, SMALL_PIXEL_MM)


def nipple(pixels: NDArray[np.generic], spacing_mm: tuple[float, float], view: str) -> Nipple | None:
    values = pixels.astype(np.float32)
    region = breast_region(values, spacing_mm, may_show_pectoral=view == "MLO")
    return find_nipple(region, values, is_oblique=view == "MLO")


def known(found: Nipple | None) -> Nipple:
    assert found is not None
    return found


@pytest.mark.parametrize(("view", "typical_mm"), [("CC", 10.0), ("MLO", 30.0)])
def test_on_phantoms_the_estimate_is_off_by_what_the_documentation_says(
    view: View, typical_mm: float
) -> None:
    off = []
    for seed in range(31_000, 31_006):
        phantom = draw_mammogram(seed, view=view, appearance=None, pixel_mm=SMALL_PIXEL_MM)
        found = known(nipple(phantom.pixels, SPACING, view))
        x, y = phantom.nipple_px
        off.append(float(np.hypot(found.x_px - x, found.y_px - y)) * SMALL_PIXEL_MM)
    assert float(np.median(off)) < typical_mm
    assert max(off) < 45.0


def test_the_mirrored_breast_has_its_nipple_mirrored() -> None:
    pixels = draw_mammogram(31_001, laterality="L", pixel_mm=SMALL_PIXEL_MM).pixels
    left, right = (known(nipple(one, SPACING, "CC")) for one in (pixels, pixels[:, ::-1]))
    assert right.x_px == pytest.approx(pixels.shape[1] - left.x_px, abs=0.1)
    assert right.y_px == pytest.approx(left.y_px, abs=0.1)


def test_a_marker_near_the_skin_is_believed() -> None:
    phantom = draw_mammogram(31_002, view="CC", laterality="L", pixel_mm=SMALL_PIXEL_MM)
    estimate = known(nipple(phantom.pixels, SPACING, "CC"))
    pixels = phantom.pixels.copy()
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    x, y = estimate.x_px - 15, estimate.y_px + 40
    pixels[np.hypot(rows - y, columns - x) < 7] = pixels.max()

    found = known(nipple(pixels, SPACING, "CC"))

    assert found.is_marked
    assert (found.x_px, found.y_px) == (pytest.approx(x, abs=5), pytest.approx(y, abs=5))


def test_an_image_without_a_breast_has_none() -> None:
    assert nipple(np.zeros((300, 200)), (1.0, 1.0), "CC") is None


@pytest.mark.parametrize("name", ["L-CC", "R-CC", "L-MLO", "R-MLO"])
def test_the_markers_of_the_real_exam_are_found(name: str) -> None:
    path = DATA / "mg-exam-nyu" / f"{name}.png"
    if not path.exists():
        pytest.skip("no real exam here")
    pixels = np.asarray(Image.open(path))
    assert known(nipple(pixels, assumed_spacing_mm(pixels.shape), name[2:])).is_marked
