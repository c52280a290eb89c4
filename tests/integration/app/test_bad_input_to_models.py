"""Whatever comes, from a series to findings: a plain reason on the study, nothing half-published, the worker
alive.

The archive, the database, the gate, the job table, the worker's task and the network are the real ones; the
network is one of the shipped model's three, which reads in a third of the time.
"""

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import BreastTomosynthesisImageStorage, SecondaryCaptureImageStorage, generate_uid
from sqlalchemy import func, insert, select

from imaging.gate_rules import RULES
from imaging.orthanc import OrthancPacs
from imaging.reasons import REASONS
from inference.bundle import file_sha256
from inference.celery_broker import RUN_JOBS, make_celery
from inference.inference_job import MAX_ATTEMPTS, MAY_PASS, TRY_AGAIN_AFTER_S, TRY_AGAIN_WHEN_FULL_S
from inference.job_runner import JobRunner
from inference.model_registry import ModelRegistry
from inference.phantoms.chest import NoduleKind, Phase, chest_ct
from inference.phantoms.mammogram import SMALL_PIXEL_MM, mammogram
from inference.pipeline import reader_of
from inference.repository import GAVE_UP, JobRepository
from inference.series_cache import SeriesCache
from inference.tasks import register as register_tasks
from storage.database import Database
from storage.local_files import LocalFiles
from storage.tables import findings, institutions
from teleconsult.findings.repository import FindingRepository
from teleconsult.studies.arrival import assess_and_queue
from teleconsult.studies.registration import Arrival, register
from teleconsult.studies.repository import StudyRepository
from teleconsult.studies.schemas import Sentence, StudyDetailOut, study_detail_out
from teleconsult.users.repository import UserRepository
from tests.bad_chests import (
    Made,
    Plane,
    Series,
    contrast_in_the_arm,
    copied,
    head,
    metal_rods,
    placed,
    plate_of_inserts,
    repainted,
    with_float_pixels,
    without_right_lung,
)
from tests.databases import new_sqlite
from tests.dicom_builders import a_mammogram, as_bytes
from tests.orthanc_server import OrthancServer, orthanc_pacs, orthanc_server

__all__ = ["orthanc_pacs", "orthanc_server"]

SHIPPED = Path(__file__).resolve().parents[3] / "models"
MODEL, BREAST_MODEL = "lung_nodule_ct", "mammography"
Grey = NDArray[np.uint16]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHINESE = range(0x4E00, 0x9FFF)
JARGON = ("traceback", "exception", "errno", "tensor", "torch", "nan", "null", "none", "sha", "{", "json")


def tell_nobody(event: Mapping[str, str]) -> None:
    """No page is open."""


@dataclass
class Department:
    """An archive, a database and one worker that lives as long as this does."""

    database: Database
    pacs: Any
    models_folder: Path
    objects: LocalFiles
    at: datetime = NOON
    tell: Callable[[Mapping[str, str]], None] = tell_nobody
    images: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        registry = ModelRegistry(self.database, self.models_folder, self.models_folder.parent / "added")
        self.parts: Any = SimpleNamespace(
            database=self.database,
            pacs=self.pacs,
            studies=StudyRepository(),
            jobs=JobRepository(self.database),
            findings=FindingRepository(),
            users=UserRepository(self.database),
            models=registry,
            publish=tell_nobody,
            settings=SimpleNamespace(gate_rules=RULES),
        )
        runner = JobRunner(
            jobs=self.parts.jobs,
            pacs=self.pacs,
            reader=lambda model: reader_of(model, registry.resolve(model)),
            series=SeriesCache(self.pacs),
            objects=self.objects,
            publish=lambda event: self.tell(event),
            now=lambda: self.at,
        )
        self.worker = make_celery("memory://")
        register_tasks(self.worker, lambda: runner)
        with self.database.transaction() as connection:
            connection.execute(insert(institutions).values(id="i", name_en="I", name_zh="I", position=0))

    def arrive(self, series: Series) -> str:
        """Store a series as a scanner does, and let the gate judge it."""
        study = str(series[0].StudyInstanceUID)
        self.images[study] = {str(ds.SOPInstanceUID) for ds in series}
        stored = [self.pacs.store(as_bytes(ds)).orthanc_id for ds in series]
        with self.database.transaction() as connection:
            for ds, orthanc_id in zip(series, stored, strict=True):
                register(self.parts.studies, connection, ds, orthanc_id, Arrival("i", None, self.at))
        assess_and_queue(self.parts, study, self.at)
        return study

    def work(self) -> None:
        """What one nudge makes the worker do: everything that is free now."""
        for model in (MODEL, BREAST_MODEL):
            self.worker.tasks[RUN_JOBS].apply(args=(model,)).get()

    def work_to_the_end(self) -> None:
        """Nudge as often as the sweeper does for a job that keeps failing."""
        for _ in range(MAX_ATTEMPTS + 1):
            self.work()
            self.at += timedelta(seconds=TRY_AGAIN_AFTER_S * 2**MAX_ATTEMPTS)

    def shown(self, study: str) -> StudyDetailOut:
        """The study as a clinician's page gets it."""
        with self.database.reading() as connection:
            record = self.parts.studies.find(connection, study)
            assert record is not None
            return study_detail_out(self.parts, connection, record)

    def left_behind(self, study: str) -> list[str]:
        """What there is of a study beyond its images: rows, objects in the archive, files."""
        with self.database.reading() as connection:
            rows = connection.execute(
                select(func.count()).where(findings.c.study_instance_uid == study)
            ).scalar_one()
        made = [
            ref for ref in self.pacs.find_instances(study) if ref.sop_instance_uid not in self.images[study]
        ]
        return [*["finding"] * rows, *[ref.sop_class_uid for ref in made]]


@pytest.fixture(scope="module")
def light_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models as they are shipped, the lung model with one network instead of three."""
    folder = tmp_path_factory.mktemp("light") / "models"
    bundle = folder / MODEL
    shutil.copytree(SHIPPED / MODEL, bundle)
    shutil.copytree(SHIPPED / BREAST_MODEL, folder / BREAST_MODEL)
    config_path = bundle / "configs" / "inference.json"
    config = json.loads(config_path.read_text())
    del config["network_def"]["modules"][1:]
    config_path.write_text(json.dumps(config))
    weights = bundle / "models" / "model.pt"
    state = torch.load(weights, weights_only=True)
    write_weights(bundle, {name: value for name, value in state.items() if name.startswith("0.")})
    return folder


def write_weights(bundle: Path, state: Mapping[str, torch.Tensor]) -> None:
    """Give a bundle other weights, and their digest."""
    weights, metadata_path = bundle / "models" / "model.pt", bundle / "configs" / "metadata.json"
    torch.save(dict(state), weights)
    metadata = json.loads(metadata_path.read_text())
    metadata["weights_sha256"] = file_sha256(weights)
    metadata_path.write_text(json.dumps(metadata))


def a_department(folder: Path, models: Path, pacs: Any) -> Department:
    database = new_sqlite(folder / "rows.db")
    return Department(database, pacs, models, LocalFiles(folder / "objects"))


@pytest.fixture(scope="module")
def department(
    tmp_path_factory: pytest.TempPathFactory, light_model: Path, orthanc_server: OrthancServer
) -> Iterator[Department]:
    """Shared by the rows: the same worker meets them one after the other."""
    pacs = orthanc_server.pacs
    made = a_department(tmp_path_factory.mktemp("department"), light_model, pacs)
    yield made
    made.database.close()
    pacs.close()


@pytest.fixture(scope="module")
def chest() -> Series:
    """A whole chest with one nodule."""
    series, _ = chest_ct(
        77,
        slices=46,
        rows=256,
        slice_thickness_mm=5.0,
        nodule_diameters_mm=(18.0,),
        kinds=(NoduleKind.SOLID,),
        noise_hu=8.0,
        phase=Phase.PLAIN,
    )
    return series


@pytest.fixture(scope="module")
def breast() -> Dataset:
    """A mammogram with coarse pixels."""
    return mammogram(7, pixel_mm=SMALL_PIXEL_MM)[0]


@pytest.fixture(scope="module")
def part(chest: Series) -> Series:
    """Six slices with the nodule: a model reads them in two seconds."""
    return chest[31:37]


def assert_is_plain(sentence: Sentence | None, code: str) -> None:
    """Both languages, whole sentences, no word that only a programmer knows."""
    assert sentence is not None
    assert sentence.code == code
    assert len(sentence.en) > 30 and sentence.en.endswith(".")
    assert any(ord(letter) in CHINESE for letter in sentence.zh)
    said = f"{sentence.en} {sentence.zh}".lower()
    assert not [word for word in JARGON if word in said.split() or (word == "{" and word in said)]


def assert_reads_the_next(department: Department, part: Series) -> None:
    study = department.arrive(copied(part))
    department.work()
    shown = department.shown(study)
    assert shown.ai.status == "completed", shown.ai.reason
    assert shown.findings


def uids() -> dict[str, Any]:
    """A study, series and instance of its own."""
    return {name: generate_uid() for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")}


# What the gate keeps from the models, by headers alone.
KEPT_AWAY: Mapping[str, tuple[Made, str]] = {
    "a localiser": (lambda s: copied(s[:2], ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), "localiser"),
    "64 x 64": (
        lambda s: repainted(s, lambda h, _: h.reshape(64, 4, 64, 4).mean((1, 3)), PixelSpacing=[6.0, 6.0]),
        "implausible-pixel-spacing",
    ),
    "negative pixel spacing": (lambda s: copied(s, PixelSpacing=[-1.5, -1.5]), "geometry-missing"),
    "a head, said to be one": (lambda s: copied(s, BodyPartExamined="HEAD"), "other-body-part"),
    "half of the slices lost": (lambda s: copied([*s[:10], *s[-10:]]), "too-many-missing"),
    "12 mm apart": (
        lambda s: placed(s[:20], lambda n, p: (p[0], p[1], p[2] + 7.0 * n)),
        "slices-far-apart",
    ),
    "a digitised film": (
        lambda _: [a_mammogram(SOPClassUID=SecondaryCaptureImageStorage, **uids())],
        "secondary-capture",
    ),
    "a tomosynthesis": (
        lambda _: [
            a_mammogram(
                np.zeros((40, 30), np.uint16),
                SOPClassUID=BreastTomosynthesisImageStorage,
                **uids(),
            )
        ],
        "tomosynthesis-not-read",
    ),
    "a breast with an implant": (lambda _: [a_mammogram(BreastImplantPresent="YES", **uids())], "implant"),
    "a magnified view": (
        lambda _: [a_mammogram(EstimatedRadiographicMagnificationFactor=1.8, **uids())],
        "special-view",
    ),
}

# What only its pixels betray: a worker takes it and gives it back with a reason.
NOT_READ: Mapping[str, tuple[Made, str]] = {
    "a head named CHEST": (lambda s: repainted(s, head), "input-far-from-training"),
    "a phantom plate": (lambda s: repainted(s, plate_of_inserts), "input-far-from-training"),
    "64 x 64, said to be 1.5 mm": (
        lambda s: repainted(s, lambda h, _: h.reshape(64, 4, 64, 4).mean((1, 3))),
        "too-few-pixels",
    ),
    "all black": (lambda s: repainted(s, lambda h, _: 0 * h - 1024.0), "blank-images"),
    "inverted": (lambda s: repainted(s, lambda h, _: -h), "not-hounsfield"),
    "no numbers": (lambda s: with_float_pixels(s, no_number=True), "pixels-not-numbers"),
}


@pytest.mark.parametrize(("make", "code"), KEPT_AWAY.values(), ids=KEPT_AWAY)
def test_what_its_headers_give_away_never_reaches_a_worker(
    make: Made, code: str, department: Department, chest: Series
) -> None:
    study = department.arrive(make(chest))
    department.work()
    shown = department.shown(study)
    assert shown.ai.status == "not-usable"
    assert shown.jobs == []
    assert_is_plain(shown.ai.reason, code)
    assert department.left_behind(study) == []


@pytest.mark.parametrize(("make", "code"), NOT_READ.values(), ids=NOT_READ)
def test_what_its_pixels_give_away_ends_with_a_reason(
    make: Made, code: str, department: Department, chest: Series
) -> None:
    study = department.arrive(make(chest[22:34]))
    department.work()
    shown = department.shown(study)
    assert shown.ai.status == "not-usable"
    assert [(job.status, job.is_refused) for job in shown.jobs] == [("failed", True)]
    assert_is_plain(shown.ai.reason, code)
    assert department.left_behind(study) == []


MAMMOGRAMS_NOT_READ: Mapping[str, tuple[Callable[[Grey], Grey], str]] = {
    "all black": (lambda stored: 0 * stored, "blank-images"),
    "no breast in it": (
        lambda stored: stored * 0 + np.eye(1, stored.shape[1], dtype=np.uint16) * 4000,
        "no-breast-found",
    ),
}


@pytest.mark.parametrize(("paint", "code"), MAMMOGRAMS_NOT_READ.values(), ids=MAMMOGRAMS_NOT_READ)
def test_a_mammogram_that_shows_no_breast_ends_with_a_reason(
    paint: Callable[[Grey], Grey], code: str, department: Department, breast: Dataset
) -> None:
    (image,) = copied([breast])
    image.PixelData = paint(breast.pixel_array).astype("<u2").tobytes()
    study = department.arrive([image])
    department.work()
    shown = department.shown(study)
    assert shown.ai.status == "not-usable"
    assert_is_plain(shown.ai.reason, code)
    assert department.left_behind(study) == []


def test_a_mammogram_in_monochrome1_with_a_window_on_nothing_is_read_as_if_it_had_none(
    department: Department, breast: Dataset
) -> None:
    (good,), (odd,) = copied([breast]), copied([breast])
    white = (1 << int(odd.BitsStored)) - 1
    odd.PixelData = (white - breast.pixel_array).astype("<u2").tobytes()
    odd.PhotometricInterpretation, odd.PresentationLUTShape = "MONOCHROME1", "INVERSE"
    odd.WindowCenter, odd.WindowWidth = 60000, 1
    found = []
    for image in (good, odd):
        study = department.arrive([image])
        department.work()
        shown = department.shown(study)
        assert shown.ai.status == "completed", shown.ai.reason
        found.append([(each.kind, each.box_px) for each in shown.findings])
    assert found[0] == found[1] != []


def test_a_good_series_behind_bad_ones_is_read_by_the_same_worker(
    department: Department, chest: Series, part: Series
) -> None:
    for make, _ in NOT_READ.values():
        department.arrive(make(chest[22:28]))
    assert_reads_the_next(department, part)


# What a model reads all the same, and what the clinician is told to be careful about.
READ_WITH_CARE: Mapping[str, tuple[Made, str]] = {
    "1 mm every 5 mm": (lambda s: copied(s, SliceThickness=1.0), "gaps-between-slices"),
    "slices missing": (lambda s: copied([*s[:2], *s[3:]]), "missing-slices"),
    "contrast in the arm": (lambda s: repainted(s, contrast_in_the_arm), "metal-in-field"),
    "metal": (lambda s: repainted(s, metal_rods), "metal-in-field"),
    "one lung missing": (lambda s: repainted(s, without_left_lung), "one-lung"),
    "half a chest": (lambda s: repainted(s, lambda h, _: h[:, :144]), "lung-outside-field"),
    "a few slices, a negative distance apart": (
        lambda s: copied(s, SpacingBetweenSlices=-5.0),
        "sub-volume",
    ),
    "MONOCHROME1 and a window on nothing": (
        lambda s: copied(s, PhotometricInterpretation="MONOCHROME1", WindowCenter=9000, WindowWidth=1),
        "sub-volume",
    ),
}


def without_left_lung(plane: Plane, number: int) -> Plane:
    """The one lung that holds no nodule here, filled."""
    return without_right_lung(plane[:, ::-1], number)[:, ::-1]


@pytest.mark.parametrize(("make", "code"), READ_WITH_CARE.values(), ids=READ_WITH_CARE)
def test_what_can_be_read_is_read_and_says_what_to_be_careful_about(
    make: Made, code: str, department: Department, part: Series
) -> None:
    study = department.arrive(make(part))
    department.work()
    shown = department.shown(study)
    assert shown.ai.status == "completed", shown.ai.reason
    assert shown.findings
    (job,), (series,) = shown.jobs, [each for each in shown.series if each.modality == "CT"]
    said = {each.code: each for each in [*series.reasons, *([job.caution] if job.caution else [])]}
    assert_is_plain(said.get(code), code)


def with_not_a_number(bundle: Path) -> None:
    state = torch.load(bundle / "models" / "model.pt", weights_only=True)
    next(value for value in state.values() if value.ndim == 1)[0] = float("nan")
    write_weights(bundle, state)


def with_other_weights(bundle: Path) -> None:
    weights = bundle / "models" / "model.pt"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 0xFF
    weights.write_bytes(content)


def with_code(bundle: Path) -> None:
    path = bundle / "configs" / "inference.json"
    config = json.loads(path.read_text())
    config["network_def"] = {"_target_": "subprocess.getoutput", "cmd": f"touch {bundle / 'it-ran'}"}
    path.write_text(json.dumps(config))


def with_code_in_the_weights(bundle: Path) -> None:
    class Runs:
        def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
            return os.system, (f"touch {bundle / 'it-ran'}",)

    write_weights(bundle, {"0.conv1.weight": Runs()})  # type: ignore[dict-item]


def without_weights(bundle: Path) -> None:
    (bundle / "models" / "model.pt").unlink()


DAMAGED = (with_not_a_number, with_other_weights, with_code, with_code_in_the_weights, without_weights)


def test_a_damaged_model_reads_nothing_and_once_it_is_repaired_the_same_worker_does(
    tmp_path: Path, light_model: Path, orthanc_pacs: OrthancPacs, part: Series
) -> None:
    models = tmp_path / "models"
    department = a_department(tmp_path, models, orthanc_pacs)
    for damage in DAMAGED:
        shutil.copytree(light_model, models)
        damage(models / MODEL)
        study = department.arrive(copied(part))
        department.work_to_the_end()

        shown = department.shown(study)
        assert shown.ai.status == "failed", damage.__name__
        assert_is_plain(shown.ai.reason, "model-not-usable")
        assert department.left_behind(study) == []
        assert not (models / MODEL / "it-ran").exists()
        shutil.rmtree(models)

    shutil.copytree(light_model, models)
    assert_reads_the_next(department, part)
    department.database.close()


def test_what_may_pass_is_something_that_a_study_can_say() -> None:
    assert {*REASONS, GAVE_UP["code"]} >= MAY_PASS


def test_a_reading_stopped_while_its_result_is_stored_leaves_none_of_it(
    tmp_path: Path, light_model: Path, orthanc_pacs: OrthancPacs, part: Series
) -> None:
    department = a_department(tmp_path, light_model, orthanc_pacs)
    study = department.arrive(copied(part))

    def stop_at_the_last_stage(event: Mapping[str, str]) -> None:
        if department.shown(study).ai.stage == "report":
            with department.database.transaction() as connection:
                reason = REASONS["analysis-stopped"].to_json()
                department.parts.jobs.stop(connection, study, reason, department.at)

    department.tell = stop_at_the_last_stage
    department.work()
    shown = department.shown(study)
    assert shown.ai.status == "failed"
    assert_is_plain(shown.ai.reason, "analysis-stopped")
    assert department.left_behind(study) == []
    department.database.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own, of 24 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte on a disk; the file to remove when there is to be room again."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError as error:
            assert error.errno == errno.ENOSPC
    with filler.open("ab", buffering=0) as file:  # what is less than a block of that
        try:
            while True:
                file.write(bytes(512))
        except OSError as error:
            assert error.errno == errno.ENOSPC
    return filler


def test_when_the_archives_disk_is_full_the_study_says_so_and_is_read_once_there_is_room(
    tmp_path: Path, small_disk: Path, light_model: Path, part: Series
) -> None:
    server = OrthancServer(small_disk / "orthanc").start()
    try:
        department = a_department(tmp_path, light_model, server.pacs)
        study = department.arrive(copied(part))
        filler = fill(small_disk)
        department.work()
        waiting = department.shown(study)
        assert waiting.ai.status == "queued"
        assert_is_plain(waiting.ai.reason, "server-disk-full")
        assert department.left_behind(study) == []

        filler.unlink()
        department.at += timedelta(seconds=TRY_AGAIN_WHEN_FULL_S)
        department.work()
        shown = department.shown(study)
        assert shown.ai.status == "completed"
        assert shown.ai.reason is None
        assert shown.findings
        department.database.close()
    finally:
        server.stop()


def test_when_the_databases_disk_is_full_the_worker_outlives_it_and_reads_once_there_is_room(
    small_disk: Path, light_model: Path, orthanc_pacs: OrthancPacs, part: Series
) -> None:
    department = a_department(small_disk, light_model, orthanc_pacs)
    study = department.arrive(copied(part))
    filler = fill(small_disk)
    for _ in range(2 * MAX_ATTEMPTS):
        department.work()
        department.at += timedelta(minutes=5)
    filler.unlink()
    department.work()
    shown = department.shown(study)
    assert shown.ai.status == "completed"
    assert shown.findings
    department.database.close()
