"""The key ring on both real databases: whatever is done with it, nothing is lost or opened by others."""

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from storage import audit_log, key_ring
from storage.database import Database
from storage.errors import StreamDamaged
from storage.key_ring import INSTALLATION, KeyRing, Renewal, forget, versions
from storage.sealed_stream import master_key, new_key, wrap_key
from storage.tables import data_keys, encryption_keys, institutions
from teleconsult.backups.databases import copy_sqlite
from teleconsult.key_commands import keys as key_commands
from tests.databases import new_sqlite

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWNERS = ("a", "b", INSTALLATION)
SECRET = "the secret of an installation under test"
NEXT = "another secret of an installation under test"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    return file


@pytest.fixture
def ring(secret_file: Path) -> KeyRing:
    return KeyRing(secret_file)


def keep(database: Database, ring: KeyRing, stream: str, owner: str = "a") -> bytes:
    key = new_key()
    with database.transaction() as connection:
        ring.add(connection, stream, owner, key, NOON)
    return key


def read(database: Database, ring: KeyRing, stream: str) -> bytes:
    with database.reading() as connection:
        return ring.open(connection, stream)


def rotate(database: Database, ring: KeyRing, owner: str = "a") -> int:
    with database.transaction() as connection:
        return ring.rotate(connection, owner, NOON, "tester")


def renew(database: Database, ring: KeyRing) -> None:
    renewal = Renewal(ring)
    while renewal.step(database, NOON):
        pass


def change_secret(
    database: Database, ring: KeyRing, file: Path, secret: str, *, is_killed: bool = False
) -> None:
    """As `rotate-master` does: first the file, then the keys."""
    with database.reading() as connection:
        is_used = ring.is_under_newest_secret(connection)
    if is_used:
        file.write_text(f"{secret}\n{file.read_text().splitlines()[0]}\n")
    if not is_killed:
        with database.transaction() as connection:
            ring.wrap_under_newest_secret(connection, NOON, "tester")


def numbers(database: Database) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    with database.reading() as connection:
        for row in versions(connection):
            found.setdefault(row.owner, []).append(row.version)
    return found


def audited(database: Database) -> Counter[str]:
    with database.reading() as connection:
        return Counter(entry.action for entry in audit_log.entries(connection))


def as_before_owners(database: Database, streams: dict[str, str]) -> dict[str, bytes]:
    """What a migration finds: keys under the secret itself, bound to their record."""
    kept = {}
    with database.transaction() as connection:
        first = insert(encryption_keys).values(owner=INSTALLATION, version=0, made_at=NOON)
        connection.execute(first)
        for stream, owner in streams.items():
            kept[stream] = new_key()
            wrapped = wrap_key(master_key(SECRET), kept[stream], stream.split("/")[1])
            connection.execute(
                insert(data_keys).values(
                    id=stream, belongs_to=owner, key_owner=INSTALLATION, key_version=0, wrapped_key=wrapped
                )
            )
    return kept


Act = tuple[str, str]
ACTS = st.tuples(
    st.sampled_from(
        ("keep", "keep", "forget", "rotate", "one step", "renew", "new secret", "killed at new secret")
    ),
    st.sampled_from(OWNERS),
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTS, max_size=20))
def test_no_order_of_writing_rotating_and_crashing_loses_a_key(
    database: Database, ring: KeyRing, secret_file: Path, monkeypatch: pytest.MonkeyPatch, acts: list[Act]
) -> None:
    monkeypatch.setattr(key_ring, "AT_ONCE", 2)
    secret_file.write_text(SECRET + "\n")
    with database.transaction() as connection:
        connection.execute(delete(data_keys))
        connection.execute(delete(encryption_keys))
    kept = as_before_owners(database, {"recordings/r": "a", "stills/s/1": "b", "consents/c/2": "a"})
    for number, (act, owner) in enumerate(acts):
        match act:
            case "keep":
                kept[f"stills/{number}/0"] = keep(database, ring, f"stills/{number}/0", owner)
            case "forget" if kept:
                stream, _ = kept.popitem()
                with database.transaction() as connection:
                    forget(connection, stream)
            case "rotate":
                rotate(database, ring, owner)
            case "one step":  # and no other: whoever goes on knows nothing of it
                Renewal(ring).step(database, NOON)
            case "renew":
                renew(database, ring)
            case "new secret" | "killed at new secret":
                is_killed = act.startswith("killed")
                change_secret(database, ring, secret_file, f"{NEXT} {number}", is_killed=is_killed)
        assert {stream: read(database, ring, stream) for stream in kept} == kept
    renew(database, ring)
    assert {stream: read(database, ring, stream) for stream in kept} == kept
    assert all(len(found) == 1 and found != [0] for found in numbers(database).values())


def test_what_was_kept_before_there_were_owners_comes_under_the_key_of_its_own(
    database: Database, ring: KeyRing
) -> None:
    streams = {"recordings/r": "a", "stills/s/1": "b"}
    kept = as_before_owners(database, streams)
    assert {stream: read(database, ring, stream) for stream in streams} == kept
    renew(database, ring)
    assert {stream: read(database, ring, stream) for stream in streams} == kept
    assert numbers(database) == {"a": [1], "b": [1]}, "the installation's is destroyed"
    assert audited(database) == {"key-made": 2, "key-destroyed": 1}


def test_of_a_process_that_is_killed_while_it_renews_another_goes_on(tmp_path: Path, ring: KeyRing) -> None:
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    database = new_sqlite(tmp_path / "killed.db")
    kept = {f"stills/{n}/0": keep(database, ring, f"stills/{n}/0") for n in range(12)}
    rotate(database, ring)
    database.close()
    for _ in range(3):
        told, tell = os.pipe()
        process = multiprocessing.get_context("fork").Process(
            target=_renew_until_killed, args=(url, ring, tell), daemon=True
        )
        process.start()
        os.close(tell)
        with open(told, "rb", buffering=0) as pipe:
            pipe.read(1)
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
        process.join(30)
    database = Database(url)
    assert {stream: read(database, ring, stream) for stream in kept} == kept
    renew(database, ring)
    assert numbers(database) == {"a": [2]}
    assert {stream: read(database, ring, stream) for stream in kept} == kept
    database.close()


def _renew_until_killed(url: str, ring: KeyRing, tell: int) -> None:
    key_ring.AT_ONCE = 1
    database, renewal = Database(url), Renewal(ring)
    while renewal.step(database, NOON):
        os.write(tell, b".")


@dataclass
class Process:
    """An app of its own: its connections, and what it knows of nobody else."""

    database: Database
    ring: KeyRing
    kept: dict[str, bytes] = field(default_factory=dict)


def test_processes_that_write_renew_and_read_at_once_lose_nothing(
    database: Database, secret_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_ring, "AT_ONCE", 3)
    url = database.engine.url.render_as_string(hide_password=False)
    processes = [Process(Database(url), KeyRing(secret_file)) for _ in range(2)]
    is_over = threading.Event()

    def write(one: Process, name: str) -> None:
        for n in range(15):
            stream = f"stills/{name}{n}/0"
            one.kept[stream] = keep(one.database, one.ring, stream, "ab"[n % 2])
            assert read(one.database, one.ring, stream) == one.kept[stream]

    def go_on_renewing(one: Process) -> None:
        while not is_over.is_set():
            Renewal(one.ring).step(one.database, NOON)

    def go_on_rotating(one: Process) -> None:
        for n in range(6):
            with suppress(IntegrityError):
                rotate(one.database, one.ring, "ab"[n % 2])

    with ThreadPoolExecutor(6) as pool:
        renewing = [pool.submit(go_on_renewing, one) for one in processes]
        working = [pool.submit(write, one, name) for one, name in zip(processes, "xy", strict=True)]
        working += [pool.submit(go_on_rotating, one) for one in processes]
        try:
            for future in working:
                future.result()
        finally:
            is_over.set()
        for future in renewing:
            future.result()
    ring = processes[0].ring
    renew(database, ring)
    kept = processes[0].kept | processes[1].kept
    assert len(kept) == 30
    assert {stream: read(database, ring, stream) for stream in kept} == kept
    assert all(len(found) == 1 for found in numbers(database).values())
    for one in processes:
        one.database.close()


def _row(database: Database, stream: str) -> dict[str, Any]:
    with database.reading() as connection:
        return dict(connection.execute(select(data_keys).where(data_keys.c.id == stream)).one()._mapping)


def _set(database: Database, stream: str, **values: Any) -> None:
    with database.transaction() as connection:
        connection.execute(update(data_keys).where(data_keys.c.id == stream).values(values))


def _of_another_institution(database: Database) -> None:
    _set(database, "stills/1/0", key_owner="b")


def _of_another_stream(database: Database) -> None:
    _set(database, "stills/1/0", wrapped_key=_row(database, "stills/2/0")["wrapped_key"])


def _flipped(database: Database) -> None:
    wrapped = bytearray(_row(database, "stills/1/0")["wrapped_key"])
    wrapped[20] ^= 1
    _set(database, "stills/1/0", wrapped_key=bytes(wrapped))


def _cut_off(database: Database) -> None:
    _set(database, "stills/1/0", wrapped_key=b"")


def _key_of_another_institution(database: Database) -> None:
    theirs = select(encryption_keys.c.wrapped_key).where(encryption_keys.c.owner == "b").scalar_subquery()
    with database.transaction() as connection:
        ours = update(encryption_keys).where(encryption_keys.c.owner == "a")
        connection.execute(ours.values(wrapped_key=connection.execute(select(theirs)).scalar()))


def _forgotten(database: Database) -> None:
    with database.transaction() as connection:
        forget(connection, "stills/1/0")


@pytest.mark.parametrize(
    "tamper",
    [
        _of_another_institution,
        _of_another_stream,
        _flipped,
        _cut_off,
        _key_of_another_institution,
        _forgotten,
    ],
)
def test_no_other_key_opens_it_and_nothing_that_was_changed_does(
    database: Database, ring: KeyRing, tamper: Callable[[Database], None]
) -> None:
    for stream, owner in (("stills/1/0", "a"), ("stills/2/0", "a"), ("stills/3/0", "b")):
        keep(database, ring, stream, owner)
    tamper(database)
    with pytest.raises(StreamDamaged):
        read(database, ring, "stills/1/0")
    assert read(database, ring, "stills/3/0")


def test_a_damaged_key_keeps_its_old_version_and_holds_up_no_other(
    database: Database, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_ring, "AT_ONCE", 1)
    kept = {f"stills/{n}/0": keep(database, ring, f"stills/{n}/0") for n in range(3)}
    _flipped(database)
    rotate(database, ring)
    renew(database, ring)
    assert numbers(database) == {"a": [1, 2]}
    with database.reading() as connection:
        assert [row.data_keys for row in versions(connection)] == [1, 2]
    assert read(database, ring, "stills/2/0") == kept["stills/2/0"]


def test_a_version_that_still_wraps_something_cannot_be_removed_and_one_that_is_gone_wraps_nothing(
    database: Database, ring: KeyRing
) -> None:
    keep(database, ring, "stills/1/0")
    before = _row(database, "stills/1/0")
    with pytest.raises(IntegrityError), database.transaction() as connection:
        connection.execute(delete(encryption_keys))
    rotate(database, ring)
    renew(database, ring)
    with pytest.raises(IntegrityError):
        _set(database, "stills/1/0", key_version=before["key_version"], wrapped_key=before["wrapped_key"])
    _set(database, "stills/1/0", wrapped_key=before["wrapped_key"])
    with pytest.raises(StreamDamaged):
        read(database, ring, "stills/1/0")


def test_a_secret_that_is_not_in_the_file_any_more_opens_nothing_and_nothing_opens_without_it(
    database: Database, ring: KeyRing, secret_file: Path
) -> None:
    key = keep(database, ring, "stills/1/0")
    change_secret(database, ring, secret_file, NEXT)
    assert secret_file.read_text().split("\n") == [NEXT, SECRET, ""]
    for secrets, opens in ((NEXT, True), (SECRET, False)):
        secret_file.write_text(secrets)
        if opens:
            assert read(database, ring, "stills/1/0") == key
            continue
        with pytest.raises(StreamDamaged):
            read(database, ring, "stills/1/0")
        with pytest.raises(StreamDamaged), database.transaction() as connection:
            ring.wrap_under_newest_secret(connection, NOON, "tester")


@dataclass
class CommandLine:
    """A data folder with one institution, and the commands for it."""

    data: Path
    database: Database
    ring: KeyRing

    @property
    def file(self) -> Path:
        return self.data / "secrets" / "recording_secret"

    def __call__(self, *arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(key_commands, [*arguments, "--data", str(self.data)])
        return done.exit_code, done.output


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    for name in ("TELECONSULT_DATABASE_URL", "TELECONSULT_RECORDING_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "secrets" / "recording_secret"
    file.parent.mkdir()
    file.write_text(SECRET + "\n")
    database = new_sqlite(tmp_path / "teleconsult.db")
    with database.transaction() as connection:
        connection.execute(insert(institutions).values(id="a", name_en="County", name_zh="县", position=1))
    return CommandLine(tmp_path, database, KeyRing(file))


def test_the_command_rotates_lists_and_changes_the_secret_and_all_is_read(command: CommandLine) -> None:
    kept = {f"stills/{n}/0": keep(command.database, command.ring, f"stills/{n}/0") for n in range(3)}
    code, said = command("rotate", "--institution", "County")
    assert code == 0 and "version 2" in said
    code, said = command("list")
    assert (code, said.split()[:2], "newest" in said, len(said.splitlines())) == (0, ["County", "2"], True, 1)
    for _ in range(2):
        before = command.file.read_text().splitlines()
        assert command("rotate-master")[0] == 0
        newest, second = command.file.read_text().splitlines()
        assert second == before[0] and newest not in before
        assert command.file.stat().st_mode & 0o777 == 0o600
    assert {stream: read(command.database, command.ring, stream) for stream in kept} == kept
    assert audited(command.database) == {
        "key-made": 2,
        "key-destroyed": 1,
        "keys-wrapped-under-new-secret": 2,
    }


def test_a_copy_of_the_database_from_before_opens_with_the_file_of_after(command: CommandLine) -> None:
    key = keep(command.database, command.ring, "stills/1/0")
    copy_sqlite(command.data / "teleconsult.db", command.data / "copy.db")
    assert command("rotate", "--all")[0] == 0
    assert command("rotate-master")[0] == 0
    assert read(command.database, command.ring, "stills/1/0") == key
    copy = Database(f"sqlite:///{command.data / 'copy.db'}")
    assert read(copy, command.ring, "stills/1/0") == key
    copy.close()


def test_what_is_in_the_way_of_a_command_is_a_sentence_and_changes_nothing(command: CommandLine) -> None:
    keep(command.database, command.ring, "stills/1/0")
    assert "Say whose key" in command("rotate")[1]
    assert "no institution 'Nowhere'" in command("rotate", "--institution", "Nowhere")[1]
    command.file.write_text(NEXT + "\n")
    code, said = command("rotate-master")
    assert code == 1 and "opens key/a/1" in said and "主密钥" in said
    command.file.unlink()
    code, said = command("rotate", "--all")
    assert code == 1 and "There is no secret" in said
    with command.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(encryption_keys)).scalar() == 1
