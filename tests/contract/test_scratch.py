"""What lies open while a backup is made or tried goes, whatever ends the process."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.database import Database, utc_now
from storage.local_files import LocalFiles
from teleconsult.backups.making import make_archive
from teleconsult.backups.places import Places
from teleconsult.backups.problem import BackupProblem
from teleconsult.backups.scratch import (
    scratch_database,
    scratch_folder,
    sweep_database,
    sweep_folder,
)
from tests.databases import new_sqlite
from tests.installation_server import wait_until
from tests.postgresql_server import PostgresqlServer

PASSPHRASE = "correct horse battery staple"
SECRET = b"a secret of this installation "
BEGINNING = """
import sys
from pathlib import Path
from storage.database import utc_now
from teleconsult.backups.making import make_archive
from teleconsult.backups.places import Places
from teleconsult.backups.target import FolderTarget
from teleconsult.backups.verifying import verify
places = Places.of(Path(sys.argv[1]), {})
"""
MAKE = "make_archive(places, open(sys.argv[2], 'wb'), sys.argv[3], utc_now(), work_factor=2)"
TRY = """
pipe = Path(sys.argv[2])
verify(FolderTarget(pipe.parent), pipe.name, sys.argv[3], places, places.data_folder, utc_now())
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "config.json").write_text('{"inner_ports": {}}')
    database = new_sqlite(folder / "teleconsult.db")
    database.close()
    LocalFiles(folder / "objects").put("recordings/r1", SECRET * 100_000)
    return Places.of(folder, {})


def scratch_files(places: Places) -> list[Path]:
    return [path for path in places.data_folder.glob(".scratch-*/**/*") if path.is_file()]


def kill_while(process: "subprocess.Popen[bytes]", holds: Callable[[], bool]) -> None:
    def is_so() -> bool:
        assert process.poll() is None, "it ended before it was killed"
        return holds()

    wait_until(is_so, "something lies open")
    process.kill()
    process.wait()


def test_a_killed_backup_leaves_no_copy_of_the_database(places: Places, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-c", BEGINNING + MAKE, places.data_folder, pipe, PASSPHRASE]
    )
    with pipe.open("rb") as unread:  # full soon, so the backup stands with its copy there
        kill_while(process, lambda: bool(unread.peek(1)) and bool(scratch_files(places)))
        wait_until(lambda: not list(places.data_folder.glob(".scratch-*")), "nothing is left")


def test_a_killed_verification_leaves_nothing_that_was_unpacked(places: Places, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with archive.open("wb") as sink:
        make_archive(places, sink, PASSPHRASE, utc_now(), work_factor=2)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-c", BEGINNING + TRY, places.data_folder, pipe, PASSPHRASE]
    )
    content = archive.read_bytes()
    with pipe.open("wb") as sink:  # most of it comes, the end does not
        sink.write(content[: len(content) * 3 // 4])
        sink.flush()
        kill_while(process, lambda: any(SECRET in path.read_bytes() for path in scratch_files(places)))
        wait_until(lambda: not list(places.data_folder.glob(".scratch-*")), "nothing is left")


def test_what_a_power_cut_left_is_swept_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    left = tmp_path / ".scratch-left"
    left.mkdir()
    (left / "database.sqlite").write_bytes(SECRET)
    with scratch_folder(tmp_path) as used:
        assert not left.exists()
        assert used.stat().st_mode & 0o077 == 0
        sweep_folder(tmp_path)
        assert used.is_dir()
    assert list(tmp_path.iterdir()) == []


def databases_of(url: str) -> set[str]:
    database = Database(url)
    with database.reading() as connection:
        names = set(connection.execute(text("SELECT datname FROM pg_database")).scalars())
    database.close()
    return names


HOLD = """
import sys
from teleconsult.backups.scratch import scratch_database
with scratch_database(sys.argv[1]) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def test_the_scratch_database_of_a_killed_verification_is_swept(postgresql_server: PostgresqlServer) -> None:
    url = postgresql_server.new_database(migrated=False)
    before = databases_of(url)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        sweep_database(url)
        assert len(databases_of(url) - before) == 1, "one in use was swept"
        with pytest.raises(BackupProblem, match="being made"), scratch_database(url):
            pass
        process.kill()

    def is_gone() -> bool:  # once the server has seen that its client is gone
        sweep_database(url)
        return databases_of(url) == before

    wait_until(is_gone, "the scratch database is gone")
    postgresql_server.drop(url)


def test_a_user_who_may_make_no_database_is_told_what_is_missing(postgresql_server: PostgresqlServer) -> None:
    url = postgresql_server.new_database(migrated=False)
    database = Database(url)
    with database.transaction() as connection:
        connection.execute(text("CREATE ROLE humble LOGIN PASSWORD 'humble'"))
    database.close()
    humble = url.replace(url.partition("//")[2].partition("@")[0], "humble:humble")
    with pytest.raises(BackupProblem, match=r"ALTER ROLE humble CREATEDB.*无权"), scratch_database(humble):
        pass
    postgresql_server.drop(url)
