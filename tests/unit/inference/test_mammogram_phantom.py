"""The mammogram phantom: seeded, exact, mirrored where it should be, and valid DICOM."""

import shutil
import subprocess
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from scipy import ndimage

from inference.phantoms.mammogram import (
    LEAST_CONTRAST_TO_NOISE,
    PLAIN,
    SMALL_PIXEL_MM,
    draw_mammogram,
    mammogram,
    mammogram_exam,
)


def test_the_same_seed_draws_the_same_pixels() -> None:
    one, other = (draw_mammogram(11, pixel_mm=SMALL_PIXEL_MM) for _ in range(2))
    assert np.array_equal(one.pixels, other.pixels)
    assert one.lesions == other.lesions


def test_a_right_breast_is_the_mirror_image_of_a_left_one_and_so_is_its_truth() -> None:
    left = draw_mammogram(12, laterality="L", view="MLO", masses=1, clusters=1, pixel_mm=SMALL_PIXEL_MM)
    right = draw_mammogram(12, laterality="R", view="MLO", masses=1, clusters=1, pixel_mm=SMALL_PIXEL_MM)
    width = left.pixels.shape[1]
    assert np.array_equal(left.breast, right.breast[:, ::-1])
    for a, b in zip(left.lesions, right.lesions, strict=True):
        assert (a.box_px[0], a.box_px[2]) == (width - b.box_px[2], width - b.box_px[0])


@pytest.mark.parametrize("seed", range(20, 26))
def test_a_mass_is_brighter_inside_its_box_than_the_same_breast_without_it(seed: int) -> None:
    found = draw_mammogram(seed, masses=1, clusters=0, pixel_mm=SMALL_PIXEL_MM)
    (lesion,) = found.lesions
    x0, y0, x1, y1 = lesion.box_px
    assert found.breast[y0:y1, x0:x1].all()
    values = found.pixels.astype(float)
    margin = max(x1 - x0, y1 - y0) // 2
    around = values[max(0, y0 - margin) : y1 + margin, max(0, x0 - margin) : x1 + margin]
    quarter_x, quarter_y = (x1 - x0) // 4, (y1 - y0) // 4
    core = values[y0 + quarter_y : y1 - quarter_y, x0 + quarter_x : x1 - quarter_x]
    assert core.mean() > around.mean()


@pytest.mark.parametrize(("laterality", "view"), [("L", "CC"), ("R", "MLO")])
def test_the_dicom_object_passes_dciodvfy_without_an_error(
    tmp_path: Path, laterality: str, view: str
) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (Debian package dicom3tools) is not installed")
    dataset, _ = mammogram(13, laterality=laterality, view=view, pixel_mm=SMALL_PIXEL_MM)  # type: ignore[arg-type]
    path = tmp_path / "phantom.dcm"
    dataset.save_as(path, enforce_file_format=True)
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    assert "Error" not in said.stdout + said.stderr, said.stderr


def test_the_object_reads_back_with_its_pixels_and_place() -> None:
    dataset, truth = mammogram(14, laterality="R", view="CC", pixel_mm=SMALL_PIXEL_MM)
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    read = pydicom.dcmread(BytesIO(buffer.getvalue()))
    assert np.array_equal(read.pixel_array, truth.pixels)
    assert (read.ImageLaterality, read.ViewPosition) == ("R", "CC")
    assert [float(value) for value in read.ImagerPixelSpacing] == [SMALL_PIXEL_MM] * 2


def test_an_exam_is_four_views_of_one_study_with_uids_of_their_own() -> None:
    exam = [dataset for dataset, _ in mammogram_exam(15, pixel_mm=SMALL_PIXEL_MM)]
    assert len({ds.StudyInstanceUID for ds in exam}) == 1
    assert len({ds.PatientID for ds in exam}) == 1
    assert len({ds.SOPInstanceUID for ds in exam}) == 4
    assert {(ds.ImageLaterality, ds.ViewPosition) for ds in exam} == {
        ("L", "CC"),
        ("R", "CC"),
        ("L", "MLO"),
        ("R", "MLO"),
    }


def test_a_full_size_phantom_costs_little_cpu() -> None:
    before = time.process_time()
    drawn = draw_mammogram(16)
    assert drawn.pixels.shape == (3000, 2400)
    assert time.process_time() - before < 6.0


@pytest.mark.parametrize("seed", range(60, 64))
def test_a_distortion_has_lines_but_no_mass_in_its_box(seed: int) -> None:
    with_one = draw_mammogram(seed, masses=0, clusters=0, distortions=1, pixel_mm=SMALL_PIXEL_MM)
    (lesion,) = with_one.lesions
    assert lesion.kind == "architectural-distortion"
    assert lesion.contrast_to_noise > 0.0
    x0, y0, x1, y1 = lesion.box_px
    assert with_one.breast[y0:y1, x0:x1].all()
    values = with_one.pixels.astype(float)
    fine = values - ndimage.gaussian_filter(values, 1.5 / SMALL_PIXEL_MM)
    around = fine[max(0, 2 * y0 - y1) : 2 * y1 - y0, max(0, 2 * x0 - x1) : 2 * x1 - x0]
    assert fine[y0:y1, x0:x1].std() > around.std()


def test_more_bits_hold_the_same_picture() -> None:
    plain = mammogram(15, pixel_mm=SMALL_PIXEL_MM)[1]
    dataset, deep = mammogram(15, pixel_mm=SMALL_PIXEL_MM, appearance=replace(PLAIN, bits_stored=16))
    assert (dataset.BitsStored, dataset.HighBit) == (16, 15)
    assert np.array_equal(deep.pixels >> 4, plain.pixels)


def test_no_truth_is_too_faint_to_be_seen() -> None:
    for seed in range(70, 74):
        drawn = draw_mammogram(seed, appearance=None, masses=1, clusters=1, pixel_mm=SMALL_PIXEL_MM)
        for lesion in drawn.lesions:
            if lesion.kind == "calcification-cluster":
                assert lesion.contrast_to_noise >= LEAST_CONTRAST_TO_NOISE[lesion.kind]
            assert lesion.contrast_to_noise > 0.3
