"""The phantom is what its truth says it is, and is a CT series like any other."""

import numpy as np
import pytest
from pydicom import Dataset

from inference.lung_region import find_lungs
from inference.phantoms.chest import Kernel, NoduleKind, Phase, chest_ct, random_chest_ct

SMALL = {"slices": 24, "rows": 256, "slice_thickness_mm": 3.0}


def hounsfield(datasets: list[Dataset]) -> np.ndarray:
    return np.stack([d.pixel_array for d in datasets]).astype(float) - 1024


def test_the_same_seed_gives_the_same_series() -> None:
    first, truth = chest_ct(7, **SMALL)
    second, same_truth = chest_ct(7, **SMALL)
    assert truth == same_truth
    assert [d.SOPInstanceUID for d in first] == [d.SOPInstanceUID for d in second]
    assert all(a.PixelData == b.PixelData for a, b in zip(first, second, strict=True))


def test_another_seed_is_another_patient() -> None:
    first, _ = chest_ct(7, **SMALL)
    other, _ = chest_ct(8, **SMALL)
    assert first[0].PatientID != other[0].PatientID
    assert first[0].StudyInstanceUID != other[0].StudyInstanceUID
    assert first[0].PixelData != other[0].PixelData


@pytest.mark.parametrize("kind", [NoduleKind.SOLID, NoduleKind.JUXTAPLEURAL, NoduleKind.SPICULATED])
def test_a_nodule_lies_where_the_truth_says(kind: NoduleKind) -> None:
    datasets, truth = chest_ct(3, **SMALL, nodule_diameters_mm=(16.0,), kinds=(kind,), noise_hu=5.0)
    (nodule,) = truth
    dataset = datasets[nodule.slice_index]
    assert dataset.SOPInstanceUID == nodule.sop_instance_uid
    x0, y0, z0 = (float(v) for v in dataset.ImagePositionPatient)
    row_mm, column_mm = (float(v) for v in dataset.PixelSpacing)
    x, y, z = nodule.centre_lps_mm
    assert abs(z - z0) <= float(dataset.SliceThickness) / 2
    hu = dataset.pixel_array.astype(float) * dataset.RescaleSlope + dataset.RescaleIntercept
    row, column = round((y - y0) / row_mm), round((x - x0) / column_mm)
    assert hu[row - 1 : row + 2, column - 1 : column + 2].mean() == pytest.approx(40, abs=60)


def test_a_nodule_has_the_volume_of_its_diameter() -> None:
    datasets, (nodule,) = chest_ct(
        11,
        slices=40,
        rows=512,
        slice_thickness_mm=1.0,
        nodule_diameters_mm=(18.0,),
        kinds=(NoduleKind.SOLID,),
        noise_hu=1.0,
        enhanced=False,
    )
    hu = hounsfield(datasets)
    pixel_mm = float(datasets[0].PixelSpacing[0])
    x0, y0, z0 = (float(v) for v in datasets[0].ImagePositionPatient)
    x, y, z = nodule.centre_lps_mm
    k, j, i = np.meshgrid(*(np.arange(n) for n in hu.shape), indexing="ij", sparse=True)
    near = np.sqrt((k + z0 - z) ** 2 + (j * pixel_mm + y0 - y) ** 2 + (i * pixel_mm + x0 - x) ** 2) < 12.0
    volume_mm3 = float((near & (hu > -400)).sum()) * pixel_mm**2
    assert 2 * (3 * volume_mm3 / 4 / np.pi) ** (1 / 3) == pytest.approx(18.0, abs=1.2)
    assert nodule.volume_mm3 == pytest.approx(volume_mm3, rel=0.12)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        (NoduleKind.GROUND_GLASS, -720, -440),
        (NoduleKind.PART_SOLID, -120, 80),
        (NoduleKind.CALCIFIED, 180, 760),
        (NoduleKind.JUXTAVASCULAR, -30, 120),
    ],
)
def test_a_nodule_is_as_dense_as_its_kind(kind: NoduleKind, low: float, high: float) -> None:
    datasets, (nodule,) = chest_ct(
        5, **SMALL, nodule_diameters_mm=(16.0,), kinds=(kind,), noise_hu=1.0, distractors=0
    )
    x0, y0, _ = (float(v) for v in datasets[0].ImagePositionPatient)
    pixel_mm = float(datasets[0].PixelSpacing[0])
    row, column = (
        round((at - first) / pixel_mm)
        for at, first in zip(nodule.centre_lps_mm[1::-1], (y0, x0), strict=True)
    )
    assert low < hounsfield(datasets)[nodule.slice_index, row, column] < high


def test_a_thick_slice_is_the_average_of_thin_ones() -> None:
    """Within what the drawing's shortcuts cost: borders are softened by their slant, not averaged."""
    fixed = {"rows": 128, "nodule_diameters_mm": (), "noise_hu": 0.0, "distractors": 0, "phase": Phase.PLAIN}
    thin = hounsfield(chest_ct(4, slices=40, slice_thickness_mm=1.0, **fixed)[0])
    thick = hounsfield(chest_ct(4, slices=8, slice_thickness_mm=5.0, **fixed)[0])
    averaged = thin.reshape(8, 5, 128, 128).mean(axis=1)
    assert np.abs(thick - averaged).mean() < 15.0
    assert np.abs(thick - averaged).mean() < 0.5 * np.abs(thick - thin[2::5]).mean() + 5.0


def test_contrast_medium_brightens_the_blood() -> None:
    brightest = {
        phase: np.percentile(hounsfield(chest_ct(9, slices=1, rows=128, phase=phase, noise_hu=0.0)[0]), 97)
        for phase in (Phase.PLAIN, Phase.ARTERIAL)
    }
    assert brightest[Phase.ARTERIAL] > brightest[Phase.PLAIN] + 100.0


def test_a_sharp_kernel_leaves_finer_grain_than_a_soft_one() -> None:
    def likeness_of_neighbours(kernel: Kernel) -> float:
        fixed = {
            "slices": 1,
            "rows": 256,
            "field_of_view_mm": 180.0,
            "nodule_diameters_mm": (),
            "kernel": kernel,
        }
        grain = hounsfield(chest_ct(9, **fixed, noise_hu=20.0)[0])[0]
        grain = grain - hounsfield(chest_ct(9, **fixed, noise_hu=0.0)[0])[0]
        middle = grain[64:192, 64:192]
        return float(np.corrcoef(middle[:, :-1].ravel(), middle[:, 1:].ravel())[0, 1])

    assert likeness_of_neighbours(Kernel.SOFT) > likeness_of_neighbours(Kernel.SHARP) + 0.2


def test_a_seed_draws_the_whole_scan() -> None:
    scans = [random_chest_ct(seed, rows=96, coverage_mm=40.0) for seed in range(4)]
    headers = [datasets[0] for datasets, _ in scans]
    assert len({str(h.ConvolutionKernel) for h in headers}) > 1
    assert len({float(h.SliceThickness) for h in headers}) > 1
    assert len({float(h.PixelSpacing[0]) for h in headers}) == len(headers)
    again, truth = random_chest_ct(0, rows=96, coverage_mm=40.0)
    assert truth == scans[0][1]
    assert again[3].PixelData == scans[0][0][3].PixelData
    for (datasets, _), header in zip(scans, headers, strict=True):
        step = float(datasets[1].ImagePositionPatient[2]) - float(header.ImagePositionPatient[2])
        assert step == pytest.approx(float(header.SpacingBetweenSlices), abs=1e-3)


def test_both_lungs_are_where_a_reader_looks_for_them() -> None:
    datasets, _ = chest_ct(12, slices=28, rows=160, slice_thickness_mm=8.0)
    pixel_mm = float(datasets[0].PixelSpacing[0])
    region = find_lungs(hounsfield(datasets), (8.0, pixel_mm, pixel_mm))
    middle = round(80 * pixel_mm / 1.25) - region.start[2]
    right, left = (float(half.sum()) * 1.25**3 / 1e6 for half in np.split(region.mask, [middle], axis=2))
    assert 1.2 < right < 4.5
    assert 1.0 < left < 4.5
    assert -900 < region.parenchyma_hu < -800
