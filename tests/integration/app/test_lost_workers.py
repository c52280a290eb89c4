"""Nothing acknowledged is lost: workers, broker and archive are killed while a real study is read."""

import httpx
import pytest

from tests.installation_server import Client, Installation, wait_until
from tests.processes import kill, kill_children, processes
from tests.readings import a_phantom, begun, is_read_once

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def client(fresh_installation: Installation) -> Client:
    return fresh_installation.sign_in("clinician")


@pytest.mark.parametrize("victim", ["inference.worker", "redis-server", "Orthanc", "uvicorn"])
def test_a_study_is_read_once_although_a_part_is_killed_while_it_is_read(
    fresh_installation: Installation, client: Client, victim: str
) -> None:
    uid = begun(client, seed=100 + sum(map(ord, victim)))
    kill(fresh_installation, victim)
    wait_until(lambda: answers(client), "the installation answers again", 60)
    is_read_once(fresh_installation, client, uid)


def test_a_study_is_read_once_although_what_reads_it_is_killed_and_its_worker_lives_on(
    fresh_installation: Installation, client: Client
) -> None:
    """As the guard of the machine's memory does: Celery's parent stays, and starts another child."""
    uid = begun(client, seed=92)
    parents = kill_children(fresh_installation, "inference.worker")
    is_read_once(fresh_installation, client, uid)
    is_read_once(fresh_installation, client, begun(client, seed=93))
    assert set(parents) <= set(processes(fresh_installation, "inference.worker"))


def test_an_image_that_was_acknowledged_is_in_the_archive_after_everything_was_killed(
    fresh_installation: Installation, client: Client
) -> None:
    files = a_phantom(7)
    upload_id = client.post("/api/uploads", {})["upload_id"]
    acknowledged = []
    for path, content in list(files.items())[:15]:
        answer = client.http.post(
            f"/api/uploads/{upload_id}/files", content=content, headers={"X-File-Path": path}
        )
        acknowledged += [file["sop_instance_uid"] for file in answer.json()["files"]]
    for part in ("Orthanc", "uvicorn", "redis-server"):
        kill(fresh_installation, part)
    wait_until(lambda: answers(client), "the installation answers again", 60)
    pacs = fresh_installation.archive()
    for uid in acknowledged:
        assert pacs.instance_file(uid)


def answers(client: Client) -> bool:
    try:
        return bool(client.http.get("/api/health").json()["status"] == "ok")
    except (httpx.HTTPError, ValueError):
        return False
