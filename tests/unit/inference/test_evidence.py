"""The pictures of a finding: the right place, in the patient's planes, with nothing drawn over the lesion."""

import io
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from imaging.finding import Finding, FindingKind
from imaging.lesion_mask import mask_of
from imaging.mammogram import Mammogram
from imaging.volume import Volume
from inference import evidence
from inference.evidence import Evidence, Picture
from inference.evidence_pictures import OUTLINE_RGB, PICTURE_PX, evidence_in_volume, evidence_on_mammogram

CENTRE_LPS_MM = (20.0, -10.0, 30.0)
RADIUS_MM = 8.0


def a_finding(**values: object) -> Finding:
    usual = Finding(
        kind=FindingKind.NODULE,
        probability=0.9,
        threshold=0.5,
        study_instance_uid="1.2",
        series_instance_uid="1.2.3",
        sop_instance_uid="1.2.3.10",
        centre_lps_mm=CENTRE_LPS_MM,
        box_lps_mm=(12.0, -18.0, 22.0, 28.0, -2.0, 38.0),
        box_px=None,
        diameter_mm=2 * RADIUS_MM,
        model="m",
        model_version="1",
        weights_sha256="0" * 64,
    )
    return replace(usual, **values)  # type: ignore[arg-type]


def a_volume(
    spacing_mm: tuple[float, float, float], directions: NDArray[np.float64]
) -> tuple[Volume, NDArray[np.bool_]]:
    """A ball of 0 HU in lung of -850 HU, on a grid of any direction; and which voxels are the ball.

    Args:
        directions: (3, 3), the columns are the unit steps along column, row and slice index.
    """
    shape = tuple(round(120 / s) for s in spacing_mm)
    affine = np.eye(4)
    affine[:3, :3] = directions * np.array(spacing_mm[::-1])
    middle = np.array([(shape[2] - 1) / 2, (shape[1] - 1) / 2, (shape[0] - 1) / 2])
    affine[:3, 3] = np.array(CENTRE_LPS_MM) + 3.0 - affine[:3, :3] @ middle
    k, j, i = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    x, y, z = np.tensordot(affine[:3, :3], np.stack([i, j, k]), axes=1) + affine[:3, 3][:, None, None, None]
    a, b, c = CENTRE_LPS_MM
    ball = (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 <= RADIUS_MM**2
    # A bright stick from the ball to the patient's left, one to the back, one to the head.
    stick = np.zeros(shape, bool)
    for along, across in ((x - a, (y - b, z - c)), (y - b, (x - a, z - c)), (z - c, (x - a, y - b))):
        stick |= (along > 0) & (along < 18.0) & (np.abs(across[0]) < 2.5) & (np.abs(across[1]) < 2.5)
    voxels = np.where(ball | stick, 0, -850).astype(np.int16)
    volume = Volume(voxels, affine, spacing_mm, tuple(f"1.2.3.{n}" for n in range(shape[0])), "1.2.3", "1.2")
    return volume, ball


def rgb(picture: Picture) -> NDArray[np.int_]:
    return np.array(PillowImage.open(io.BytesIO(picture.png)).convert("RGB"), int)


AXIAL = np.eye(3)
TURN = np.deg2rad(20.0)
GRIDS = {
    "axial": ((2.5, 0.7, 0.7), AXIAL),
    "head first to feet": ((2.5, 0.7, 0.7), np.diag([1.0, 1.0, -1.0])),
    "coronal": ((1.5, 1.0, 1.0), np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])),
    "tilted": (
        (1.5, 1.0, 1.0),
        np.array([[1, 0, 0], [0, np.cos(TURN), -np.sin(TURN)], [0, np.sin(TURN), np.cos(TURN)]]),
    ),
}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_each_plane_is_the_patients_own_however_the_slices_lie(
    grid: tuple[tuple[float, float, float], NDArray[np.float64]],
) -> None:
    volume, _ = a_volume(*grid)
    pictures = evidence_in_volume(volume, a_finding(box_lps_mm=None)).pictures
    middle = PICTURE_PX // 2
    off = round(13.0 / (pictures["axial"].mm_per_px or 1.0))
    # Where left, back and head are in each picture a stick shows; the other way there is lung.
    for name, down, right in (("axial", 1, 1), ("coronal", -1, 1), ("sagittal", -1, 1)):
        shown = rgb(pictures[name])[..., 0]
        assert shown[middle, middle] > 200, name
        assert shown[middle + down * off, middle] > 150 > shown[middle - down * off, middle], name
        assert shown[middle, middle + right * off] > 150 > shown[middle, middle - right * off], name


def test_the_ball_is_as_large_as_it_is_in_every_plane() -> None:
    volume, ball = a_volume((2.5, 0.7, 0.7), AXIAL)
    mask = mask_of(ball, volume.sop_instance_uids)
    for name, picture in evidence_in_volume(volume, a_finding(mask=mask)).pictures.items():
        line = (rgb(picture) == OUTLINE_RGB).all(axis=-1)
        rows, columns = np.nonzero(line)
        assert picture.mm_per_px is not None
        for extent in (np.ptp(rows), np.ptp(columns)):
            assert extent * picture.mm_per_px == pytest.approx(2 * RADIUS_MM, abs=3.0), name


def test_the_line_goes_around_the_lesion_and_nowhere_over_it() -> None:
    volume, ball = a_volume((2.5, 0.7, 0.7), AXIAL)
    picture = evidence_in_volume(volume, a_finding(mask=mask_of(ball, volume.sop_instance_uids))).pictures[
        "axial"
    ]
    line = (rgb(picture) == OUTLINE_RGB).all(axis=-1)
    step = picture.mm_per_px or 1.0
    distance = np.hypot(*(np.mgrid[:PICTURE_PX, :PICTURE_PX] - (PICTURE_PX - 1) / 2)) * step
    assert line.any()
    assert not line[distance < RADIUS_MM - 1.0].any()


def test_a_finding_at_the_edge_of_the_volume_still_has_its_pictures() -> None:
    volume, _ = a_volume((2.5, 0.7, 0.7), AXIAL)
    corner = volume.voxel_to_lps(0, 0, 0)
    for place in (corner, tuple(value - 500.0 for value in corner)):
        found = evidence_in_volume(volume, a_finding(centre_lps_mm=place, box_lps_mm=None))
        assert set(found.pictures) == {"axial", "coronal", "sagittal"}


def test_evidence_comes_back_from_its_bytes_as_it_was() -> None:
    volume, _ = a_volume((2.5, 0.7, 0.7), AXIAL)
    made = evidence_in_volume(volume, a_finding(), lambda: Picture(b"png", None, {"method": "occlusion"}))
    assert Evidence.from_bytes(made.to_bytes()) == made


def test_a_mammograms_crop_keeps_every_pixel_of_the_lesion() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.normal(1000, 30, (900, 700)).astype(np.float32)
    mammogram = Mammogram(pixels, (0.1, 0.1), "R", "MLO", "1.2.3.10", "1.2.3", "1.2")
    finding = a_finding(centre_lps_mm=None, box_lps_mm=None, box_px=(600.0, 20.0, 690.0, 100.0))
    picture = evidence_on_mammogram(mammogram, finding).pictures["crop"]
    shown = rgb(picture)
    assert shown.shape[:2] == (270, 270)
    assert picture.mm_per_px == 0.1
    top, left = 60 - 135, 645 - 135
    lesion = shown[20 - top : 100 - top, 600 - left : 690 - left]
    assert (lesion[..., 0] == lesion[..., 2]).all(), "something was drawn over the lesion"
    correlation = np.corrcoef(lesion[..., 0].ravel(), pixels[20:100, 600:690].ravel())[0, 1]
    assert correlation > 0.99
    # What lies beyond the image is black.
    assert shown[:70].max() == 0


@pytest.mark.parametrize("place", [evidence.evidence_key("0f3a"), evidence.evidence_key("a-b-c")])
def test_evidence_has_a_key_of_its_own(place: str) -> None:
    assert place.startswith("evidence/")
