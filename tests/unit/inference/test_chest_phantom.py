"""The phantom is what its truth says it is, and is a CT series like any other."""

import numpy as np
import pytest

from inference.phantoms.chest import NoduleKind, chest_ct

SMALL = {"slices": 24, "rows": 256, "slice_thickness_mm": 3.0}


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
    hu = np.stack([d.pixel_array for d in datasets]).astype(float) - 1024
    pixel_mm = float(datasets[0].PixelSpacing[0])
    x0, y0, z0 = (float(v) for v in datasets[0].ImagePositionPatient)
    x, y, z = nodule.centre_lps_mm
    k, j, i = np.meshgrid(*(np.arange(n) for n in hu.shape), indexing="ij", sparse=True)
    near = np.sqrt((k + z0 - z) ** 2 + (j * pixel_mm + y0 - y) ** 2 + (i * pixel_mm + x0 - x) ** 2) < 12.0
    volume_mm3 = float((near & (hu > -400)).sum()) * pixel_mm**2
    assert 2 * (3 * volume_mm3 / 4 / np.pi) ** (1 / 3) == pytest.approx(18.0, abs=1.2)
