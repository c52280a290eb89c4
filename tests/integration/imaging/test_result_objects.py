"""Result objects of real images: encoded quickly, accepted by others, kept by the archive as they are."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pydicom import Dataset
from sqlalchemy import insert

from imaging.finding import FindingKind
from imaging.orthanc import OrthancPacs
from imaging.parsing import parse_dicom
from imaging.part10 import part10_bytes
from imaging.report_reading import read_findings
from imaging.result_header import tracking_uid
from imaging.result_objects import Run, result_objects
from imaging.segmentation import read_segmentation
from inference.bundle import Bundle
from inference.evidence import Evidence
from inference.inference_job import LEASE_S, JobStatus
from inference.job_runner import JobRunner
from inference.pipeline import VolumePipeline, VolumeReader
from inference.repository import JobRepository
from inference.series_cache import SeriesCache
from storage.database import Database, utc_now
from storage.local_files import LocalFiles
from storage.tables import institutions, patients, studies
from teleconsult.dependencies import PartsOfApp
from teleconsult.reports.signing import _ai_report
from tests.databases import new_sqlite
from tests.dicom_builders import a_ct_slice, a_series_of_its_own
from tests.orthanc_server import OrthancServer, orthanc_pacs, orthanc_server
from tests.result_builders import MAKER, a_ct_run, a_finding, a_mammogram_run, a_mask, check_with_others

__all__ = ["orthanc_pacs", "orthanc_server"]

MASS_LPS_MM = (-83.0, -192.0, -195.0)  # of the real chest, by the note that came with it
ENCODED_WITHIN_CPU_S = 1.0


def the_real_chest(folder: Path) -> list[Dataset]:
    files = (folder / "ct-chest-c3n-00247").glob("*.dcm")
    slices = [parse_dicom(path.read_bytes()) for path in files]
    return sorted(slices, key=lambda ds: float(ds.ImagePositionPatient[2]))


@pytest.fixture(scope="module")
def chest_run(real_data: Path) -> Run:
    """The real chest with a mark on its mass, among eight."""
    slices = the_real_chest(real_data)
    run = a_ct_run(slices, 8)
    mass = slices[31]
    x0, y0, _ = (float(v) for v in mass.ImagePositionPatient)
    gap = float(mass.PixelSpacing[0])
    column, row = (MASS_LPS_MM[0] - x0) / gap, (MASS_LPS_MM[1] - y0) / gap
    marked = a_finding(
        mass,
        kind=FindingKind.MASS,
        centre_lps_mm=MASS_LPS_MM,
        box_px=(column - 20.0, row - 20.0, column + 20.0, row + 20.0),
        mask=a_mask(slices, (slice(29, 34), slice(int(row) - 15, int(row) + 15), slice(90, 120))),
    )
    return replace(run, findings=[marked, *run.findings[1:]])


def test_the_archive_gives_every_object_back_byte_for_byte(
    chest_run: Run, real_data: Path, orthanc_pacs: OrthancPacs, tmp_path: Path
) -> None:
    mammogram = parse_dicom((real_data / "mg-senographe" / "GH133.dcm").read_bytes())
    made = [*result_objects(chest_run), *result_objects(a_mammogram_run(mammogram, 2))]
    assert {ds.Modality for ds in made} == {"SR", "SEG", "PR", "OT"}

    for ds in made:
        check_with_others(ds, tmp_path)
        content = part10_bytes(ds)
        assert not orthanc_pacs.store(content).already_stored
        assert orthanc_pacs.store(content).already_stored
        assert orthanc_pacs.instance_file(ds.SOPInstanceUID) == content


def test_the_segmentation_of_real_slices_comes_back_as_it_was(chest_run: Run) -> None:
    ds = parse_dicom(part10_bytes(next(ds for ds in result_objects(chest_run) if ds.Modality == "SEG")))

    masks = dict(read_segmentation(ds))

    assert masks.keys() == {tracking_uid(finding) for finding in chest_run.findings}
    for finding in chest_run.findings:
        assert finding.mask is not None
        back = masks[tracking_uid(finding)]
        for uid in finding.mask.sop_instance_uids:
            assert (back.plane_on(uid, (512, 512)) == finding.mask.plane_on(uid, (512, 512))).all()
    assert ds.FrameOfReferenceUID == chest_run.sources[0].FrameOfReferenceUID


def test_eight_findings_in_four_hundred_slices_are_encoded_in_a_second_of_cpu_time() -> None:
    slices = [a_ct_slice(n, z_mm=float(n), size=512) for n in range(1, 401)]
    run = a_ct_run(slices, 8, secondary_capture=False)
    spent = []
    for _ in range(3):
        begun = time.process_time()
        for ds in result_objects(run):
            part10_bytes(ds)
        spent.append(time.process_time() - begun)

    assert min(spent) < ENCODED_WITHIN_CPU_S, spent


BUNDLE = Bundle(
    name=MAKER.model,
    version=MAKER.version,
    folder=Path(),
    weights_path=Path(),
    weights_sha256=MAKER.weights_sha256,
    threshold=0.5,
    metadata={},
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_sqlite(tmp_path / "jobs.db")
    yield database
    database.close()


@pytest.mark.parametrize("count", [0, 2])
def test_a_job_stores_all_objects_and_its_second_delivery_adds_none(
    count: int,
    database: Database,
    orthanc_server: OrthancServer,
    orthanc_pacs: OrthancPacs,
    tmp_path: Path,
) -> None:
    slices = a_series_of_its_own(6)
    study, series = str(slices[0].StudyInstanceUID), str(slices[0].SeriesInstanceUID)
    for ds in slices:
        orthanc_pacs.store(part10_bytes(ds))
    found = a_ct_run(slices, count).findings
    jobs = JobRepository(database)
    job_id = _a_job(database, jobs, study, series)
    stored_before_publishing: list[str] = []
    objects = LocalFiles(tmp_path / "objects")

    class DiesBeforePublishing(JobRepository):
        def publish(self, *_: object) -> bool:
            stored_before_publishing.extend(_results(orthanc_pacs, study, series))
            raise ConnectionError("the database is away")

    def runner(repository: JobRepository, late_s: float = 0.0) -> JobRunner:
        return JobRunner(
            jobs=repository,
            pacs=orthanc_pacs,
            reader=lambda _: VolumeReader(BUNDLE, VolumePipeline(lambda *_: list(found))),
            series=SeriesCache(orthanc_pacs),
            objects=objects,
            publish=lambda _: None,
            now=lambda: utc_now() + timedelta(seconds=late_s),
            secondary_capture=True,
        )

    with pytest.raises(ConnectionError):
        runner(DiesBeforePublishing(database)).run(job_id)
    runner(jobs, late_s=LEASE_S + 1).run(job_id)  # the dead worker's lease ran out

    with database.reading() as connection:
        assert [job.status for job in jobs.of_study(connection, study)] == [JobStatus.COMPLETED]
    results = _results(orthanc_pacs, study, series)
    assert sorted(results) == sorted(stored_before_publishing)
    assert len(results) == (1 if count == 0 else 3 + count)  # report, or with it outlines, marks and pictures
    report = next(
        ds for uid in results if (ds := parse_dicom(orthanc_pacs.instance_file(uid))).Modality == "SR"
    )
    # The comparison with a prior is told in words, and not read back from them.
    assert read_findings(report) == [replace(each, comparison=None) for each in found]
    pictures = [Evidence.from_bytes(objects.get(key)).pictures for key in objects.keys("evidence/")]
    assert [set(one) for one in pictures] == [{"axial", "coronal", "sagittal"}] * count


def test_the_report_that_a_reader_continues_is_ours_whatever_others_stored(orthanc_pacs: OrthancPacs) -> None:
    slices = a_series_of_its_own(6)
    study, series = str(slices[0].StudyInstanceUID), str(slices[0].SeriesInstanceUID)
    run = a_ct_run(slices, 1)
    older, ours, foreign = (
        result_objects(replace(run, job_id=str(day), at=run.at + timedelta(days=day)))[0] for day in (1, 2, 3)
    )
    foreign.Manufacturer = "Another"
    del foreign.CurrentRequestedProcedureEvidenceSequence  # as far as we can tell, damaged
    for ds in (older, foreign, ours):
        orthanc_pacs.store(part10_bytes(ds))

    continued = _ai_report(cast(PartsOfApp, SimpleNamespace(pacs=orthanc_pacs)), study, series)

    assert continued is not None
    assert continued.SOPInstanceUID == ours.SOPInstanceUID


def _results(pacs: OrthancPacs, study: str, series: str) -> list[str]:
    return [ref.sop_instance_uid for ref in pacs.find_instances(study) if ref.series_instance_uid != series]


def _a_job(database: Database, jobs: JobRepository, study: str, series: str) -> str:
    with database.transaction() as connection:
        connection.execute(insert(institutions).values(id="i", name_en="I", name_zh="I", position=0))
        connection.execute(insert(patients).values(id="p", institution_id="i", patient_id="1", name="N"))
        connection.execute(
            insert(studies).values(
                study_instance_uid=study, patient_id="p", institution_id="i", received_at=utc_now()
            )
        )
        job_id = jobs.request(
            connection,
            study_instance_uid=study,
            series_instance_uid=series,
            model=MAKER.model,
            sop_instance_uids=["1"],
            at=utc_now(),
        )
    assert job_id is not None
    return job_id
