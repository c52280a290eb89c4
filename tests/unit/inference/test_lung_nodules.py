"""Nodules are found where they are, however the slices come, and are told in the patient's coordinates."""

import json
import os
import random
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset

from imaging.finding import Finding, FindingKind
from imaging.reasons import Reason
from imaging.volume_builder import build_volume
from inference.bundle import load_bundle
from inference.errors import AnalysisCancelled, NoLungFound, UnknownModel
from inference.lung_nodules import detect_nodules
from inference.phantoms.chest import NoduleKind, NoduleTruth, chest_ct
from inference.pipeline import analyse_path, analyse_series

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "models"
DATA = Path(os.environ.get("TELECONSULT_TEST_DATA", ROOT.parent / "shared" / "data"))

Phantom = tuple[list[Dataset], tuple[NoduleTruth, ...]]


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return chest_ct(
        21,
        slices=40,
        rows=320,
        slice_thickness_mm=2.5,
        nodule_diameters_mm=(18.0, 12.0, 9.0),
        kinds=(NoduleKind.SOLID, NoduleKind.SPICULATED, NoduleKind.SOLID),
        noise_hu=20.0,
    )


@pytest.fixture(scope="module")
def small() -> Phantom:
    """As few slices as are enough to look."""
    return chest_ct(
        5, slices=16, rows=256, slice_thickness_mm=2.5, nodule_diameters_mm=(16.0,), kinds=(NoduleKind.SOLID,)
    )


@pytest.fixture(scope="module")
def small_read(small: Phantom) -> list[Finding]:
    return analyse_series(small[0], "lung_nodule_ct", models_folder=MODELS)


@dataclass(frozen=True)
class Read:
    """What the model said of the phantom, and how far it said to be meanwhile."""

    findings: list[Finding]
    progress: list[tuple[str, float]]


@pytest.fixture(scope="module")
def read(phantom: Phantom) -> Read:
    """The phantom read once: reading it is by far the dearest step here."""
    progress: list[tuple[str, float]] = []
    findings = analyse_series(
        phantom[0],
        "lung_nodule_ct",
        models_folder=MODELS,
        progress=lambda stage, share: progress.append((stage, share)),
    )
    return Read(findings, progress)


def distance_mm(finding: Finding, place: Sequence[float]) -> float:
    assert finding.centre_lps_mm is not None
    return float(np.linalg.norm(np.subtract(finding.centre_lps_mm, place)))


def nearest(findings: Sequence[Finding], place: Sequence[float]) -> Finding:
    assert findings, "nothing was found"
    return min(findings, key=lambda finding: distance_mm(finding, place))


def assert_found(findings: Sequence[Finding], truth: Sequence[NoduleTruth]) -> None:
    for nodule in truth:
        finding = nearest(findings, nodule.centre_lps_mm)
        assert distance_mm(finding, nodule.centre_lps_mm) < max(3.0, nodule.diameter_mm / 4), nodule
        assert finding.diameter_mm == pytest.approx(nodule.diameter_mm, rel=0.3), nodule


def test_every_nodule_of_a_phantom_is_found_and_little_else(phantom: Phantom, read: Read) -> None:
    truth, findings = phantom[1], read.findings
    assert len(truth) == 3
    assert_found(findings, truth)
    assert len(findings) <= len(truth) + 2
    shares = [share for _, share in read.progress]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert {"lungs", "candidates", "classify", "measure"} <= {stage for stage, _ in read.progress}
    assert findings == sorted(findings, key=lambda finding: -finding.probability)


def test_a_finding_names_its_slice_box_and_model(phantom: Phantom, read: Read) -> None:
    datasets, truth = phantom
    finding = nearest(read.findings, truth[0].centre_lps_mm)
    dataset = next(d for d in datasets if finding.sop_instance_uid == d.SOPInstanceUID)
    x0, y0, z0 = (float(v) for v in dataset.ImagePositionPatient)
    x, y, z = truth[0].centre_lps_mm
    assert abs(z - z0) <= 5.0
    assert finding.box_px is not None and finding.box_lps_mm is not None
    column, row = (x - x0) / dataset.PixelSpacing[1], (y - y0) / dataset.PixelSpacing[0]
    assert finding.box_px[0] < column < finding.box_px[2]
    assert finding.box_px[1] < row < finding.box_px[3]
    for axis, value in enumerate((x, y, z)):
        assert finding.box_lps_mm[axis] < value < finding.box_lps_mm[axis + 3]
    assert finding.kind is FindingKind.NODULE
    assert finding.threshold <= finding.probability <= 1
    assert finding.series_instance_uid == dataset.SeriesInstanceUID
    assert finding.study_instance_uid == dataset.StudyInstanceUID
    assert (finding.model, len(finding.weights_sha256)) == ("lung_nodule_ct", 64)
    assert finding.long_axis_mm is not None and finding.short_axis_mm is not None
    assert finding.diameter_mm == pytest.approx((finding.long_axis_mm + finding.short_axis_mm) / 2, abs=0.11)
    assert finding.mask is not None
    voxel_mm3 = 2.5 * dataset.PixelSpacing[0] * dataset.PixelSpacing[1]
    assert finding.volume_mm3 == pytest.approx(finding.mask.voxel_count * voxel_mm3, rel=0.3)
    outline = finding.mask.plane_on(finding.sop_instance_uid, (int(dataset.Rows), int(dataset.Columns)))
    assert outline[round(row), round(column)]
    where = np.argwhere(outline)
    edges = (*where.min(axis=0)[::-1], *(where.max(axis=0)[::-1] + 1))
    assert edges == pytest.approx(finding.box_px)


def test_the_order_of_the_files_changes_nothing(small: Phantom, small_read: list[Finding]) -> None:
    shuffled = list(small[0])
    random.Random(4).shuffle(shuffled)
    assert analyse_series(shuffled, "lung_nodule_ct", models_folder=MODELS) == small_read


def test_a_patient_scanned_face_down_has_the_nodules_in_the_same_place(phantom: Phantom) -> None:
    """The same patient stored turned by 180 degrees: rows and columns run the other way, places do not."""
    datasets, truth = phantom
    turned = []
    for dataset in datasets:
        copy = Dataset(dict(dataset))
        copy.file_meta = dataset.file_meta
        copy.PixelData = np.ascontiguousarray(dataset.pixel_array[::-1, ::-1]).tobytes()
        x, y, z = (float(v) for v in dataset.ImagePositionPatient)
        copy.ImagePositionPatient = [
            x + (dataset.Columns - 1) * float(dataset.PixelSpacing[1]),
            y + (dataset.Rows - 1) * float(dataset.PixelSpacing[0]),
            z,
        ]
        copy.ImageOrientationPatient = [-1, 0, 0, 0, -1, 0]
        copy.PatientPosition = "HFP"
        turned.append(copy)
    assert_found(analyse_series(turned, "lung_nodule_ct", models_folder=MODELS), truth[:2])


def test_sixteen_slices_are_enough_to_look(small: Phantom, small_read: list[Finding]) -> None:
    assert len(small[1]) == 1
    assert_found(small_read, small[1])


def test_a_body_without_lungs_is_said_to_have_none(phantom: Phantom) -> None:
    datasets, _ = phantom
    solid = []
    for dataset in datasets[:16]:
        copy = Dataset(dict(dataset))
        copy.file_meta = dataset.file_meta
        body = np.full((dataset.Rows, dataset.Columns), 24, dtype="<u2")
        body[dataset.Rows // 8 : -dataset.Rows // 8, dataset.Columns // 8 : -dataset.Columns // 8] = 1064
        copy.PixelData = body.tobytes()
        solid.append(copy)
    bundle = load_bundle(MODELS / "lung_nodule_ct")
    with pytest.raises(NoLungFound) as caught:
        detect_nodules(build_volume(solid), bundle, lambda stage, share: None)
    assert caught.value.reason.code == "no-lung-found"


def test_a_cancelled_analysis_stops(phantom: Phantom) -> None:
    with pytest.raises(AnalysisCancelled):
        analyse_series(phantom[0], "lung_nodule_ct", models_folder=MODELS, cancelled=lambda: True)


def test_a_model_nobody_knows_is_refused(phantom: Phantom) -> None:
    with pytest.raises(UnknownModel, match="liver"):
        analyse_series(phantom[0], "liver", models_folder=MODELS)


def test_the_command_lines_answer_has_the_promised_shape(small: Phantom, tmp_path: Path) -> None:
    datasets, truth = small
    archive = tmp_path / "chest.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for n, dataset in enumerate(datasets):
            path = tmp_path / f"{n}.dcm"
            dataset.save_as(path, enforce_file_format=True)
            zipped.write(path, f"study/{n}.dcm")
        zipped.writestr("study/notes.txt", "no image")
    refused: list[tuple[str, Reason | None]] = []
    answer = analyse_path(archive, MODELS, refused=lambda path, reason: refused.append((path, reason)))
    assert json.loads(json.dumps(answer)) == answer
    (series,) = answer["series"]
    assert set(series) == {"series_instance_uid", "verdict", "reason"}
    assert series["verdict"] in {"usable", "usable-with-caution"}
    assert answer["findings"]
    for row in answer["findings"]:
        assert set(row) == {
            "kind",
            "probability",
            "centre_lps_mm",
            "diameter_mm",
            "series_instance_uid",
            "sop_instance_uid",
            "model",
            "model_version",
            "weights_sha256",
        }
    first = min(
        answer["findings"],
        key=lambda r: np.linalg.norm(np.subtract(r["centre_lps_mm"], truth[0].centre_lps_mm)),
    )
    assert np.linalg.norm(np.subtract(first["centre_lps_mm"], truth[0].centre_lps_mm)) < 4.0
    assert len(refused) == 1


def real_series(folder: str) -> list[Dataset]:
    path = DATA / folder
    if not path.is_dir():
        pytest.skip(f"{folder} is not there; set TELECONSULT_TEST_DATA to the folder of real images")
    return [pydicom.dcmread(file) for file in sorted(path.glob("*.dcm"))]


def test_the_mass_of_a_whole_real_chest_is_found_among_few_flags() -> None:
    findings = analyse_series(real_series("ct-chest-c3n-00247"), "lung_nodule_ct", models_folder=MODELS)
    mass = nearest(findings, (-83, -192, -195))
    assert distance_mm(mass, (-83, -192, -195)) < 6.0
    assert mass.diameter_mm is not None and 16 < mass.diameter_mm < 28
    assert len(findings) <= 8


def test_the_nodule_that_four_readers_drew_is_found_first() -> None:
    findings = analyse_series(real_series("ct-lidc-0001"), "lung_nodule_ct", models_folder=MODELS)
    assert distance_mm(findings[0], (56.2, 86.3, -115.9)) < 4.0
    assert findings[0].diameter_mm == pytest.approx(23.4, rel=0.2)
    assert len(findings) <= 4
