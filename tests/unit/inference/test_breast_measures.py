"""What a mammogram is measured for: density, dense area, distance of a flag to the nipple."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imaging.breast_measures import BreastMeasures, with_distance_to_nipple
from imaging.mammogram import read_mammogram
from inference.breast_measures import measures_of
from inference.breast_view import view_of
from inference.bundle import load_bundle
from inference.phantoms.mammogram import SMALL_PIXEL_MM, mammogram
from inference.pipeline import ImageReader, analyse_path, reader_of
from tests.dicom_builders import a_mammogram, as_bytes
from tests.result_builders import a_finding

BUNDLE = Path(__file__).parents[3] / "models" / "mammography"


def test_a_phantom_is_measured_and_what_is_kept_comes_back() -> None:
    dataset, phantom = mammogram(12_001, view="CC", laterality="R", density="c", pixel_mm=SMALL_PIXEL_MM)

    measures = measures_of(view_of(read_mammogram(dataset)))

    assert (measures.image_laterality, measures.view_position) == ("R", "CC")
    assert measures.density is not None and measures.density.category in "BCD"
    breast_cm2 = float(phantom.breast.sum()) * SMALL_PIXEL_MM**2 / 100
    assert measures.dense_cm2 is not None
    assert measures.dense_cm2 < breast_cm2 * measures.density.percent / 100
    assert phantom.breast[round(measures.centre_px[1]), round(measures.centre_px[0])]
    assert measures.nipple_px == pytest.approx(phantom.nipple_px, abs=20.0 / SMALL_PIXEL_MM)
    assert BreastMeasures.from_json(json.loads(json.dumps(measures.to_json()))) == measures


def test_without_a_pixel_spacing_there_is_no_area_and_no_distance() -> None:
    dataset, _ = mammogram(12_001, pixel_mm=SMALL_PIXEL_MM)
    measures = measures_of(view_of(replace(read_mammogram(dataset), spacing_mm=None)))
    assert measures.density is not None
    assert measures.dense_cm2 is None
    finding = a_finding(a_mammogram(), box_px=(0.0, 0.0, 20.0, 20.0))
    assert with_distance_to_nipple(finding, (100.0, 50.0), None).distance_to_nipple_mm is None
    assert with_distance_to_nipple(finding, None, (0.1, 0.1)).distance_to_nipple_mm is None


def test_the_distance_is_from_the_middle_of_the_box_along_each_spacing() -> None:
    finding = a_finding(a_mammogram(), box_px=(0.0, 0.0, 20.0, 20.0))
    far = with_distance_to_nipple(finding, (110.0, 210.0), (0.2, 0.3))
    assert far.distance_to_nipple_mm == pytest.approx(float(np.hypot(100 * 0.3, 200 * 0.2)))


def test_a_series_is_decoded_once_and_measured_in_the_pass_that_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exam = [
        mammogram(seed, pixel_mm=SMALL_PIXEL_MM, view=view, masses=1, study_seed=7)[0]
        for seed, view in ((7, "CC"), (10, "MLO"))
    ]
    decoded: list[str] = []

    def read(dataset: object) -> object:
        decoded.append(str(dataset.SOPInstanceUID))  # type: ignore[attr-defined]
        return read_mammogram(dataset)  # type: ignore[arg-type]

    monkeypatch.setattr("inference.mammogram_checks.read_mammogram", read)
    reader = reader_of("mammography", load_bundle(BUNDLE))
    assert isinstance(reader, ImageReader)
    measured: list[BreastMeasures] = []

    findings = reader.read(exam, lambda stage, share: None, measured=measured.extend)

    assert decoded == [one.sop_instance_uid for one in measured] == [ds.SOPInstanceUID for ds in exam]
    assert all(finding.distance_to_nipple_mm is not None for finding in findings)


def test_the_command_line_prints_what_was_measured(tmp_path: Path) -> None:
    dataset, _ = mammogram(7, pixel_mm=SMALL_PIXEL_MM, view="CC", laterality="L")
    (tmp_path / "1.dcm").write_bytes(as_bytes(dataset))

    answer = json.loads(json.dumps(analyse_path(tmp_path, BUNDLE.parent)))

    (breast,) = answer["breasts"]
    assert (breast["image_laterality"], breast["view_position"]) == ("L", "CC")
    assert 0.0 < breast["density"]["percent"] < 100.0
    assert sum(breast["density"]["probabilities"]) == pytest.approx(1.0, abs=0.001)
