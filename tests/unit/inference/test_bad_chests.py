"""Whatever spoils a chest CT, it ends with a plain sentence, or is read with one to be careful about."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset

from imaging.errors import DicomError
from imaging.gate import assess_series
from imaging.reasons import REASONS
from imaging.volume_builder import build_volume
from inference.bundle import load_bundle
from inference.chest_checks import check_chest
from inference.chest_features import chest_features
from inference.look import Look, look_at
from inference.phantoms.chest import NoduleKind, NoduleTruth, Phase, chest_ct
from inference.pipeline import PIPELINES, VolumePipeline, analyse_path
from tests.bad_chests import (
    CAUTIONED,
    REFUSED,
    Made,
    contrast_in_the_arm,
    copied,
    head,
    hounsfield,
    repainted,
    saved,
    with_float_pixels,
    without_right_lung,
)

MODELS = Path(__file__).resolve().parents[3] / "models"
CHINESE = range(0x4E00, 0x9FFF)

Phantom = tuple[list[Dataset], tuple[NoduleTruth, ...]]


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    """A whole chest; one nodule in each lung."""
    return chest_ct(
        77,
        slices=46,
        rows=256,
        slice_thickness_mm=5.0,
        nodule_diameters_mm=(18.0, 16.0),
        kinds=(NoduleKind.SOLID, NoduleKind.SOLID),
        noise_hu=15.0,
        phase=Phase.PLAIN,
    )


def look(series: list[Dataset]) -> tuple[list[str], Look]:
    """What the gate and the look at the pixels say, without the model."""
    verdict = assess_series(series)
    assert verdict.model == "lung_nodule_ct", verdict.reasons
    volume = build_volume(series)
    pipeline = PIPELINES["lung_nodule_ct"]
    assert isinstance(pipeline, VolumePipeline)
    seen = look_at(chest_features(volume), load_bundle(MODELS / "lung_nodule_ct"), pipeline.check(volume))
    return [each.code for each in (*verdict.reasons, *seen.cautions)], seen


@pytest.mark.parametrize(("make", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_chest_ct_ends_with_one_sentence_and_no_finding(
    make: Made, code: str, phantom: Phantom, tmp_path: Path
) -> None:
    saved(make(phantom[0]), tmp_path)
    answer = analyse_path(tmp_path, MODELS)

    (series,) = answer["series"]
    assert series["verdict"] == "not-usable"
    assert answer["findings"] == []
    if code in REASONS:
        assert series["reason"].startswith(REASONS[code].en.split("{")[0])
    assert "{" not in series["reason"]
    assert len(series["reason"]) > 30
    assert any(ord(letter) in CHINESE for letter in series["reason"])


@pytest.mark.parametrize(("make", "codes"), CAUTIONED.values(), ids=CAUTIONED)
def test_what_can_be_read_says_what_to_be_careful_about(
    make: Made, codes: tuple[str, ...], phantom: Phantom
) -> None:
    told, seen = look(make(phantom[0]))

    assert set(told) - {"thick-slices"} == set(codes)
    if seen.cautions:
        assert seen.caution is not None
        assert all(each.en in seen.caution.en and each.zh in seen.caution.zh for each in seen.cautions)


@pytest.mark.parametrize(
    "part", [slice(0, 20), slice(50, 99), slice(79, 99)], ids=["bases", "upper", "apices"]
)
def test_a_part_of_a_chest_is_not_said_to_lack_a_lung_or_to_be_cut_at_the_shoulders(
    part: slice, real_data: Path
) -> None:
    slices = [pydicom.dcmread(file) for file in (real_data / "ct-chest-c3n-00247").glob("*.dcm")]
    slices.sort(key=lambda ds: float(ds.ImagePositionPatient[2]))
    assert check_chest(build_volume(slices[part])) == ()


def test_slices_in_the_wrong_order_are_noticed(phantom: Phantom) -> None:
    places = np.random.default_rng(0).permutation(len(phantom[0]))
    shuffled = copied(phantom[0])
    for ds, other in zip(shuffled, places, strict=True):
        ds.ImagePositionPatient = phantom[0][other].ImagePositionPatient
    _, seen = look(shuffled)
    assert seen.caution is not None
    assert "slice_likeness" in seen.outlook.unusual


def test_a_good_series_is_read_after_the_bad_ones_that_came_with_it(phantom: Phantom, tmp_path: Path) -> None:
    """One lung gone, contrast in the arm, and only a part of the chest: the nodule left is still found."""
    series, truth = phantom
    (nodule,) = (each for each in truth if each.centre_lps_mm[0] > 0)
    first = max(0, min(nodule.slice_index - 10, len(series) - 20))
    good = repainted(
        series[first : first + 20], lambda h, n: contrast_in_the_arm(without_right_lung(h, n), n)
    )
    saved(repainted(series, head), tmp_path / "1")
    saved(with_float_pixels(series, no_number=True), tmp_path / "2")
    saved(repainted(series, lambda h, _: -h), tmp_path / "3")
    saved(good, tmp_path / "4")
    answer = analyse_path(tmp_path, MODELS)

    by_uid = {each["series_instance_uid"]: each for each in answer["series"]}
    read = by_uid.pop(good[0].SeriesInstanceUID)
    assert [each["verdict"] for each in by_uid.values()] == ["not-usable"] * 3
    assert read["verdict"] == "usable-with-caution"
    for code in ("one-lung", "metal-in-field"):
        assert REASONS[code].en in read["reason"]
    assert {each["series_instance_uid"] for each in answer["findings"]} == {good[0].SeriesInstanceUID}
    gaps = [np.subtract(each["centre_lps_mm"], nodule.centre_lps_mm) for each in answer["findings"]]
    assert min(float(np.linalg.norm(gap)) for gap in gaps) < 6.0


def test_slices_of_two_patients_are_never_one_volume(phantom: Phantom) -> None:
    mixed = copied(phantom[0])
    for ds in mixed[:20]:
        ds.PatientID = "ANOTHER"
    verdict = assess_series(mixed)
    assert [each.code for each in verdict.reasons] == ["other-patient-in-series"]
    assert verdict.model is None


def test_a_decoder_says_which_image_holds_no_numbers(phantom: Phantom) -> None:
    with pytest.raises(DicomError) as error:
        build_volume(with_float_pixels(phantom[0], no_number=True))
    assert error.value.reason.code == "pixels-not-numbers"
    floats = build_volume(with_float_pixels(phantom[0])).voxels_hu
    assert np.abs(floats[5] - hounsfield(phantom[0][5])).max() < 1.0
