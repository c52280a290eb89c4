"""A disk that is full while people work: they are told so, and nothing that was acknowledged is lost."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.call import Side
from tests.chaos.losses import losses_of
from tests.chaos.writers import Work
from tests.installation_server import Installation, free_ports_of_an_installation, wait_until

pytestmark = [pytest.mark.timeout(1800), pytest.mark.chaos]
DISK_MB = 1_600  # a start wants 1 GB
REFUSALS = 30
ACTS = 10
# While the audit log has no room, patients' data is closed to all, and that is what is said.
SAID_OF_A_FULL_DISK = ("server-disk-full", "audit-log-away")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, in a file."""
    image, folder = tmp_path / "image", tmp_path / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(DISK_MB << 20)
    for command in (
        ["mkfs.ext4", "-q", "-m", "0", str(image)],
        ["mount", "-o", "loop", str(image), str(folder)],
    ):
        if shutil.which(command[0]) is None or subprocess.run(command, check=False).returncode != 0:
            pytest.skip("a small disk cannot be mounted here: it takes root, ext4 and a loop device")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def work(small_disk: Path) -> Iterator[Work]:
    running = Installation(small_disk / "data", free_ports_of_an_installation())
    try:
        yield Work(running.start(), running.archive())
    finally:
        running.stop()


def test_a_full_disk_is_told_in_a_sentence_while_calls_go_on_and_loses_nothing(
    work: Work, small_disk: Path
) -> None:
    consult_id = work.accepted_consult()
    call = [Side(writer, consult_id) for writer in (work.clinician, work.specialist)]
    for side in call:
        side.enter()
    balloon = small_disk / "balloon"
    with work.going_on():
        try:
            work.gets_done(ACTS)
            fill(small_disk, balloon)
            refusal = wait_until(lambda: refused_upload(work), "an upload is refused")
            refused = work.ledger.answers["503"]
            wait_until(lambda: work.ledger.answers["503"] >= refused + REFUSALS, "people are refused")
            assert work.clinician.client.http.get("/api/session").is_success
            assert work.clinician.client.http.get("/api/health").is_success
        finally:
            balloon.unlink()
        work.gets_done(ACTS)
    for side in call:
        side.leave()
    assert refusal["code"] in SAID_OF_A_FULL_DISK
    assert refusal["sentence"]["en"] and refusal["sentence"]["zh"]
    assert [side.breaks for side in call] == [[], []]
    assert [side.failures for side in call] == [[], []]
    assert losses_of(work) == []


def refused_upload(work: Work) -> dict[str, Any] | None:
    answer = work.clinician.client.http.post("/api/uploads", json={})
    if answer.status_code != 503:
        return None
    assert answer.headers["retry-after"]
    return dict(answer.json())


def fill(disk: Path, balloon: Path) -> None:
    """Take all the room there is."""
    with balloon.open("wb", buffering=0) as file, suppress(OSError):
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - (1 << 20))
        file.seek(0, os.SEEK_END)
        while True:
            file.write(bytes(4096))
