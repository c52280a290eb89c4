"""Two workers of one model read one study together."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from inference.phantoms.chest import chest_ct
from storage.tables import inference_jobs
from tests.dicom_builders import as_bytes
from tests.installation_server import Installation, free_ports_of_an_installation, wait_until

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def with_two_workers(tmp_path: Path) -> Iterator[Installation]:
    settings = {"TELECONSULT_WORKERS": "lung_nodule_ct:2"}
    running = Installation(tmp_path / "data", free_ports_of_an_installation(), settings=settings)
    try:
        yield running.start()
    finally:
        running.stop()


def test_two_workers_share_the_slabs_of_one_study_and_each_is_read_once(
    with_two_workers: Installation,
) -> None:
    client = with_two_workers.sign_in("clinician")
    slices, _ = chest_ct(4711, slices=100, rows=256)
    study = client.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    uid = study["study_instance_uid"]
    done = wait_until(
        lambda: (ai := client.ai_of(uid))["status"] in ("completed", "failed") and ai, "the study is read"
    )
    assert done["status"] == "completed"

    database = with_two_workers.database()
    with database.reading() as connection:
        rows = connection.execute(select(inference_jobs.c.status, inference_jobs.c.attempts)).all()
    database.close()
    assert len(rows) >= 8
    assert set(map(tuple, rows)) == {("completed", 1)}
    logs = [with_two_workers.data / "logs" / f"worker-lung_nodule_ct{n}.log" for n in ("", "-2")]
    started = [log.read_text().count("job-started") for log in logs]
    assert min(started) >= 1
    assert sum(started) == len(rows)
