"""Archives of an installation on both databases: what comes back, and what is refused untouched."""

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import time, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import audit_log
from storage.age_file import AgeReader, AgeWriter
from storage.database import Database, utc_now
from storage.local_files import LocalFiles
from teleconsult.backups import databases, history
from teleconsult.backups.archive import ABOUT, SUMS, extract
from teleconsult.backups.making import make_archive
from teleconsult.backups.places import Places
from teleconsult.backups.plan import BackupPlan
from teleconsult.backups.problem import BackupProblem
from teleconsult.backups.restoring import restore
from teleconsult.backups.target import FolderTarget, StoreTarget, made_at, name_of
from teleconsult.backups.verifying import verify
from tests.databases import NewDatabase

PASSPHRASE = "correct horse battery staple"


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def places_with(folder: Path, database: Database) -> Places:
    """An installation as `teleconsult up` leaves it, but for an archive of images."""
    (folder / "secrets").mkdir(parents=True)
    (folder / "config.json").write_text('{"inner_ports": {}}')
    (folder / "secrets" / "session_secret").write_text("a secret of this installation")
    (folder / "secrets" / "session_secret").chmod(0o600)
    (folder / "logs").mkdir()
    (folder / "logs" / "app.log").write_text("not worth keeping")
    LocalFiles(folder / "objects").put("reports/r1/report.pdf", b"%PDF " + b"x" * 200_000)
    with database.transaction() as connection:
        for number in range(3):
            audit_log.record(
                connection, at=utc_now(), actor="user/1", action="viewed", subject=f"study/{number}"
            )
    return Places.of(folder, {"TELECONSULT_DATABASE_URL": url_of(database)})


def archive_of(places: Places) -> bytes:
    sink = io.BytesIO()
    make_archive(places, sink, PASSPHRASE, utc_now(), work_factor=2)
    return sink.getvalue()


def bring_back(archive: bytes, places: Places, passphrase: str = PASSPHRASE) -> None:
    restore(io.BytesIO(archive), len(archive), "a.tar.age", passphrase, places, utc_now())


@dataclass(frozen=True)
class Case:
    source: Places
    empty: Places  # where a restore may go


@pytest.fixture
def case(new_database: NewDatabase, tmp_path: Path) -> Case:
    source = places_with(tmp_path / "data", new_database())
    target = tmp_path / "other"
    environment = {}
    if not source.sqlite_file:
        environment["TELECONSULT_DATABASE_URL"] = url_of(new_database(migrated=False))
    return Case(source, Places.of(target, environment))


def test_everything_comes_back_with_its_mode_and_nothing_that_is_made_anew(case: Case) -> None:
    bring_back(archive_of(case.source), case.empty)
    secret = case.empty.data_folder / "secrets" / "session_secret"
    assert secret.read_text() == "a secret of this installation"
    assert secret.stat().st_mode & 0o777 == 0o600
    store = LocalFiles(case.empty.data_folder / "objects")
    assert store.get("reports/r1/report.pdf") == b"%PDF " + b"x" * 200_000
    assert not (case.empty.data_folder / "logs").exists()
    database = Database(case.empty.database_url)
    with database.reading() as connection:
        actions = [entry.action for entry in audit_log.entries(connection)]
        assert audit_log.verify(connection) == 4
    database.close()
    assert actions == ["viewed", "viewed", "viewed", "restored-from-backup"]


def test_after_a_restore_the_next_backup_waits_for_none_that_was_being_made(case: Case) -> None:
    database = Database(case.source.database_url)
    with database.transaction() as connection:
        history.begin(connection, utc_now())
    database.close()
    bring_back(archive_of(case.source), case.empty)
    database = Database(case.empty.database_url)
    plan = BackupPlan(time(2, 30), timedelta(days=7))
    with database.transaction() as connection:
        assert history.claim(connection, plan, utc_now() - timedelta(hours=1), utc_now()) is not None
    database.close()


def names_of_databases(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(connection.execute(text("SELECT datname FROM pg_database")).scalars())


def test_a_verification_restores_all_and_leaves_nothing(case: Case, tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "kept")
    name = name_of(utc_now())
    with target.writing(name) as sink:
        sink.write(archive_of(case.source))
    source = Database(case.source.database_url)
    before = set() if source.is_sqlite else names_of_databases(source)
    done = verify(target, name, PASSPHRASE, case.source, tmp_path / "scratch", utc_now())
    assert done.about.audit_entries == 3
    assert not list((tmp_path / "scratch").iterdir())
    if not source.is_sqlite:
        assert names_of_databases(source) == before
        assert done.about.tables["audit_log"].startswith("3 ")
    source.close()


def test_a_row_that_is_not_as_it_was_is_found(case: Case) -> None:
    if case.source.sqlite_file:
        pytest.skip("of SQLite the file itself is compared")

    original = AgeReader(io.BytesIO(archive := archive_of(case.source)), PASSPHRASE).read()
    with tarfile.open(fileobj=io.BytesIO(original)) as tar:
        about = tar.extractfile(ABOUT).read()  # type: ignore[union-attr]
    values = json.loads(about)
    rows, *halves = values["tables"]["audit_log"].split()
    values["tables"]["audit_log"] = " ".join([rows, *reversed(halves)])
    other = json.dumps(values).encode()

    def change(name: str, content: bytes) -> bytes:
        if name == SUMS:
            return content.replace(sha256(about).hexdigest().encode(), sha256(other).hexdigest().encode())
        return other if name == ABOUT else content

    with pytest.raises(BackupProblem, match=r"fit together: audit_log.*不一致"):
        bring_back(rewritten(archive, change), case.empty)


def untouched(places: Places) -> bool:
    there = {path.name for path in places.data_folder.iterdir()} if places.data_folder.exists() else set()
    if not there <= {"supervisor.lock"}:
        return False
    return bool(places.sqlite_file) or databases.is_empty(places.database_url)


def test_another_passphrase_is_refused_and_nothing_is_touched(case: Case) -> None:
    with pytest.raises(BackupProblem, match=r"does not open this archive.*口令"):
        bring_back(archive_of(case.source), case.empty, "another passphrase")
    assert untouched(case.empty)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_an_archive_that_ends_too_early_is_refused_and_nothing_is_touched(case: Case, share: float) -> None:
    archive = archive_of(case.source)
    with pytest.raises(BackupProblem):
        bring_back(archive[: int(len(archive) * share)], case.empty)
    assert untouched(case.empty)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9999])
def test_a_changed_byte_is_found_and_nothing_is_touched(case: Case, share: float) -> None:
    archive = bytearray(archive_of(case.source))
    archive[int(len(archive) * share)] ^= 1
    with pytest.raises(BackupProblem):
        bring_back(bytes(archive), case.empty)
    assert untouched(case.empty)


def rewritten(archive: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The archive, by somebody who has the passphrase, with other members."""
    plain = AgeReader(io.BytesIO(archive), PASSPHRASE).read()
    sink = io.BytesIO()
    writer = AgeWriter(sink, PASSPHRASE, work_factor=2)
    with (
        tarfile.open(fileobj=io.BytesIO(plain)) as old,
        tarfile.open(fileobj=writer, mode="w|") as new,  # type: ignore[arg-type]
    ):
        for member in old:
            file = old.extractfile(member)
            content = change(member.name, file.read() if file else b"")
            if content is not None:
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
    writer.finish()
    return sink.getvalue()


def with_revision(revision: str) -> Callable[[str, bytes], bytes]:
    def change(name: str, content: bytes) -> bytes:
        if name != ABOUT:
            return content
        return json.dumps({**json.loads(content), "revision": revision}).encode()

    return change


def test_an_archive_of_a_newer_version_is_refused_with_a_sentence(case: Case) -> None:
    newer = rewritten(archive_of(case.source), with_revision("9999"))
    with pytest.raises(BackupProblem, match=r"newer version.*较新版本"):
        bring_back(newer, case.empty)
    assert untouched(case.empty)


@pytest.mark.parametrize("what", ["a member less", "another content"])
def test_what_is_not_as_it_was_listed_is_refused(case: Case, what: str) -> None:
    def change(name: str, content: bytes) -> bytes | None:
        if not name.endswith("session_secret"):
            return content
        return None if what == "a member less" else b"another secret"

    with pytest.raises(BackupProblem, match="SHA-256"):
        bring_back(rewritten(archive_of(case.source), change), case.empty)
    assert untouched(case.empty)


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "files/../../escaped"])
def test_a_member_cannot_leave_its_folder(tmp_path: Path, case: Case, name: str) -> None:
    plain = io.BytesIO()
    about = AgeReader(io.BytesIO(archive_of(case.source)), PASSPHRASE)
    with tarfile.open(fileobj=about, mode="r|") as old, tarfile.open(fileobj=plain, mode="w") as new:  # type: ignore[arg-type]
        first = next(iter(old))
        new.addfile(first, old.extractfile(first))
        new.addfile(tarfile.TarInfo(name))
    plain.seek(0)
    with pytest.raises(BackupProblem):
        extract(plain, tmp_path / "into", lambda _: None)


def test_an_archive_of_an_older_version_is_migrated(new_database: NewDatabase, tmp_path: Path) -> None:
    old = new_database(migrated=False)
    old.migrate("0020")
    source = places_with(tmp_path / "data", old)
    environment = {}
    if not source.sqlite_file:
        environment["TELECONSULT_DATABASE_URL"] = url_of(new_database(migrated=False))
    places = Places.of(tmp_path / "other", environment)
    bring_back(archive_of(source), places)
    database = Database(places.database_url)
    assert databases.revision_of(database) == databases.newest_revision()
    database.close()


def test_a_place_that_is_not_empty_is_refused(case: Case) -> None:
    archive = archive_of(case.source)
    case.empty.data_folder.mkdir()
    mine = case.empty.data_folder / "thesis.txt"
    mine.write_text("mine")
    with pytest.raises(BackupProblem, match=r"not empty.*不是空的"):
        bring_back(archive, case.empty)
    assert mine.read_text() == "mine"


def test_a_database_that_is_not_empty_is_refused(case: Case) -> None:
    places = replace(case.empty, database_url=case.source.database_url)
    with pytest.raises(BackupProblem, match="not empty"):
        bring_back(archive_of(case.source), places)


def test_the_passphrase_of_the_archive_is_not_in_it(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    settings = {**case.source.settings, "TELECONSULT_BACKUP_PASSPHRASE_FILE": str(file)}
    archive = archive_of(replace(case.source, settings=settings))
    assert PASSPHRASE.encode() not in AgeReader(io.BytesIO(archive), PASSPHRASE).read()


@pytest.fixture(params=["folder", "store"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> FolderTarget | StoreTarget:
    if request.param == "folder":
        return FolderTarget(tmp_path / "kept")
    return StoreTarget(LocalFiles(tmp_path / "kept"), piece_bytes=1_000)


@pytest.mark.parametrize("size", [0, 1, 1_000, 2_500])
def test_a_target_gives_back_what_was_written(target: FolderTarget | StoreTarget, size: int) -> None:
    name = name_of(utc_now())
    with target.writing(name) as sink:
        sink.write(b"a" * (size // 2))
        sink.write(b"b" * (size - size // 2))
    assert target.names() == [name]
    assert target.size_bytes(name) == size
    with target.reading(name) as source:
        assert source.read() == b"a" * (size // 2) + b"b" * (size - size // 2)
    target.delete(name)
    assert target.names() == []


def test_an_archive_that_was_not_finished_is_none(target: FolderTarget | StoreTarget) -> None:
    name = name_of(utc_now())
    with pytest.raises(ZeroDivisionError), target.writing(name) as sink:
        sink.write(b"a" * 2_500)
        raise ZeroDivisionError
    assert target.names() == target.unfinished() == []


def test_what_a_killed_writer_left_is_known_and_can_be_deleted(target: FolderTarget | StoreTarget) -> None:
    name = name_of(utc_now())
    writing = target.writing(name)  # never ended
    sink = writing.__enter__()
    sink.write(b"a" * 2_500)
    sink.flush()
    assert target.unfinished() == [name]
    assert target.names() == []
    target.delete(name)
    assert target.unfinished() == []


def test_the_name_says_when_it_was_made() -> None:
    at = utc_now().replace(microsecond=0)
    assert made_at(name_of(at)) == at
    assert made_at("holiday.tar.age") is None
