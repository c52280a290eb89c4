"""Density categories: on phantoms whose category is known, on real images, under another gain."""

import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image

from imaging.breast_measures import CATEGORIES, BreastDensity
from imaging.mammogram import read_mammogram
from inference.breast_density import ExamDensity, dense_tissue, density_of, exam_density
from inference.breast_region import breast_region
from inference.mammography import assumed_spacing_mm
from inference.phantoms.mammogram import DENSITIES, SMALL_PIXEL_MM, draw_mammogram

DATA = Path(os.environ.get("TELECONSULT_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
SPACING = (SMALL_PIXEL_MM, SMALL_PIXEL_MM)


def density(
    pixels: NDArray[np.float32], spacing_mm: tuple[float, float], is_oblique: bool
) -> BreastDensity | None:
    tissue = dense_tissue(pixels, breast_region(pixels, spacing_mm, may_show_pectoral=is_oblique))
    return None if tissue is None else density_of(tissue)


def known(found: BreastDensity | None) -> BreastDensity:
    assert found is not None
    return found


def test_held_out_phantoms_get_their_category_or_the_next_one() -> None:
    off = []
    for seed in range(12_000, 12_010):  # training and its check draw from 5,000 and 9,000
        phantom = draw_mammogram(seed, appearance=None, pixel_mm=SMALL_PIXEL_MM)
        found = known(density(phantom.pixels.astype(np.float32), SPACING, phantom.view == "MLO"))
        off.append(abs(CATEGORIES.index(found.category) - DENSITIES.index(phantom.density)))
    assert sum(each <= 1 for each in off) >= 9
    assert sum(each == 0 for each in off) >= 5


def test_gain_and_offset_do_not_matter() -> None:
    pixels = draw_mammogram(12_000, pixel_mm=SMALL_PIXEL_MM).pixels.astype(np.float32)
    one, other = known(density(pixels, SPACING, True)), known(density(pixels * 3 + 500, SPACING, True))
    assert one.category == other.category
    assert one.percent == pytest.approx(other.percent, abs=1.0)


def test_an_image_of_one_brightness_has_no_density() -> None:
    assert density(np.zeros((300, 200), np.float32), (1.0, 1.0), False) is None


def test_the_exam_is_as_dense_as_the_denser_breast_by_the_mean_of_its_views() -> None:
    fatty, dense = BreastDensity(5.0, (0.9, 0.1, 0.0, 0.0)), BreastDensity(50.0, (0.0, 0.2, 0.7, 0.1))
    unsure = BreastDensity(20.0, (0.4, 0.6, 0.0, 0.0))
    assert exam_density([[fatty, fatty], [fatty, dense]]).category == "A"
    assert exam_density([[fatty], [dense]]) == ExamDensity("C", 0.7, 50.0)
    assert exam_density([[fatty, unsure]]) == ExamDensity("A", 0.65, 12.5)


def test_of_two_breasts_of_one_category_the_denser_is_told() -> None:
    less, more = (BreastDensity(percent, (0.1, 0.8, 0.1, 0.0)) for percent in (18.0, 24.0))
    assert exam_density([[more], [less]]).percent == exam_density([[less], [more]]).percent == 24.0


def test_the_real_exams_are_b_or_c() -> None:
    folder = DATA / "mg-exam-nyu"
    if not folder.exists():
        pytest.skip("no real mammograms here")
    breasts = []
    for side in "LR":
        views = {view: np.asarray(Image.open(folder / f"{side}-{view}.png")) for view in ("CC", "MLO")}
        breasts.append(
            [
                known(density(pixels.astype(np.float32), assumed_spacing_mm(pixels.shape), view == "MLO"))
                for view, pixels in views.items()
            ]
        )
    assert exam_density(breasts).category in "BC"
    senographe = read_mammogram(pydicom.dcmread(DATA / "mg-senographe" / "GH133.dcm"))
    assert senographe.spacing_mm is not None
    assert known(density(senographe.pixels, senographe.spacing_mm, True)).category in "BC"
