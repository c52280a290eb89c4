"""A running installation is backed up while it is written to, and comes back on an empty machine."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from storage import audit_log
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import (
    REPOSITORY,
    Client,
    Installation,
    free_ports_of_an_installation,
    wait_until,
)
from tests.scaled_stores import on_one_machine

pytestmark = on_one_machine
PASSPHRASE = "correct horse battery staple"


def command(*arguments: object, passphrase_file: Path) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("TELECONSULT_")}
    return subprocess.run(
        [sys.executable, "-m", "teleconsult.cli", *map(str, arguments)],
        cwd=REPOSITORY,
        env={**given, "TELECONSULT_BACKUP_PASSPHRASE_FILE": str(passphrase_file)},
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass
class Uploads:
    """Sends studies one after another; what was acknowledged, by study."""

    client: Client
    acknowledged: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.is_set():
            ds = a_series_of_its_own(1)[0]
            content = as_bytes(ds)
            upload = self.client.post("/api/uploads", {"consult_id": None})["upload_id"]
            path = f"/api/uploads/{upload}/files"
            answer = self.client.http.post(path, content=content, headers={"X-File-Path": "a.dcm"})
            if answer.is_success and self.client.http.post(f"/api/uploads/{upload}/complete").is_success:
                self.acknowledged[ds.StudyInstanceUID] = (ds.SOPInstanceUID, content)


@dataclass(frozen=True)
class BackedUp:
    archive: Path
    passphrase_file: Path
    before: dict[str, tuple[str, bytes]]  # acknowledged before the backup began
    audit_sha256: str
    said: str


@pytest.fixture(scope="module")
def backed_up(
    installation_without_models: Installation, tmp_path_factory: pytest.TempPathFactory
) -> BackedUp:
    folder = tmp_path_factory.mktemp("backup")
    passphrase_file = folder / "passphrase"
    passphrase_file.write_text(PASSPHRASE + "\n")
    uploads = Uploads(installation_without_models.sign_in("clinician"))
    thread = threading.Thread(target=uploads.run)
    thread.start()
    try:
        while len(uploads.acknowledged) < 3:
            assert thread.is_alive()
            thread.join(0.05)
        before = dict(uploads.acknowledged)
        database = installation_without_models.database()
        with database.reading() as connection:
            last = list(audit_log.entries(connection))[-1]
        database.close()
        done = command(
            *("backup", "--verify", "--to", folder / "kept", "--data", installation_without_models.data),
            passphrase_file=passphrase_file,
        )
    finally:
        uploads.stop.set()
        thread.join()
    assert done.returncode == 0, done.stderr
    assert len(uploads.acknowledged) > len(before), "nothing was written while the backup ran"
    (archive,) = (folder / "kept").iterdir()
    return BackedUp(archive, passphrase_file, before, last.sha256, done.stdout)


@pytest.fixture(scope="module")
def restored(backed_up: BackedUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    data = tmp_path_factory.mktemp("other-machine") / "data"
    done = command(
        "restore", backed_up.archive, "--data", data, passphrase_file=backed_up.passphrase_file
    )
    assert done.returncode == 0, done.stderr
    (data.parent / "models").mkdir()
    settings = {
        "TELECONSULT_MODELS": str(data.parent / "models"),
        "TELECONSULT_BACKUP_TO": str(data.parent / "nightly"),
        "TELECONSULT_BACKUP_PASSPHRASE_FILE": str(backed_up.passphrase_file),
    }
    running = Installation(data, free_ports_of_an_installation(), settings=settings)
    try:
        yield running.start()
    finally:
        running.stop()


def test_a_verification_says_what_would_be_lost_and_how_long_a_restore_takes(backed_up: BackedUp) -> None:
    assert "RPO" in backed_up.said
    assert "RTO" in backed_up.said


def test_all_that_was_acknowledged_before_the_backup_is_there_after_the_restore(
    backed_up: BackedUp, restored: Installation
) -> None:
    client = restored.sign_in("clinician")  # by the password that was chosen before
    for study, (instance, content) in backed_up.before.items():
        answer = client.http.get(f"/api/studies/{study}/instances/{instance}/file")
        assert sha256(answer.content).digest() == sha256(content).digest()
    database = restored.database()
    with database.reading() as connection:
        audit_log.verify(connection)
        entries = list(audit_log.entries(connection))
    database.close()
    assert backed_up.audit_sha256 in {entry.sha256 for entry in entries}
    assert "restored-from-backup" in {entry.action for entry in entries}


def test_a_backup_that_is_due_is_made_and_proved_by_itself(restored: Installation) -> None:
    def is_proved() -> bool:
        page = httpx.get(f"{restored.url}/status", timeout=30).text
        return "restored for a trial: less than an hour ago" in page

    wait_until(is_proved, "the status page says that a backup was restored for a trial")
    assert len(list((restored.data.parent / "nightly").glob("*.tar.age"))) == 1


def test_a_restore_overwrites_nothing(backed_up: BackedUp, restored: Installation) -> None:
    restored.stop()
    before = {path: path.stat().st_mtime_ns for path in restored.data.rglob("*") if path.is_file()}
    done = command(
        "restore", backed_up.archive, "--data", restored.data, passphrase_file=backed_up.passphrase_file
    )
    assert done.returncode == 1
    assert "is not empty" in done.stderr and "不是空的" in done.stderr
    after = {path: path.stat().st_mtime_ns for path in restored.data.rglob("*") if path.is_file()}
    assert {path.name for path in before.keys() ^ after.keys()} == set()
    assert {path.name for path in before if before[path] != after[path]} <= {"supervisor.lock"}


def test_the_archive_shows_nobody_what_is_in_it(backed_up: BackedUp) -> None:
    content = backed_up.archive.read_bytes()
    assert b"DICM" not in content
    assert b"SQLite format" not in content
    assert backed_up.archive.stat().st_mode & 0o077 == 0


def test_the_running_installation_answers_after_the_backup(
    backed_up: BackedUp, installation_without_models: Installation
) -> None:
    answer = httpx.get(f"{installation_without_models.url}/api/health", timeout=30)
    assert answer.json()["status"] == "ok"
    assert not list(installation_without_models.data.glob(".backup-*"))
