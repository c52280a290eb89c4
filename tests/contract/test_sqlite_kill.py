"""SQLite under kill -9, as our settings open it: what was acknowledged is kept, and the file is whole."""

import itertools
import multiprocessing
import os
import random
import signal
import struct
from datetime import UTC, datetime
from pathlib import Path

from storage import audit_log
from storage.database import Database

KILLS = 25
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NUMBER = struct.Struct("<L")


def write_until_killed(url: str, writer: int, acknowledge: int) -> None:
    database = Database(url)
    for number in itertools.count():
        with database.transaction() as connection:
            audit_log.record(
                connection, at=NOON, actor="writer", action="written", subject=f"{writer}/{number}"
            )
        os.write(acknowledge, NUMBER.pack(number))


def test_of_25_writers_that_are_killed_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    database = Database(url)
    database.migrate()
    database.close()
    chance, acknowledged = random.Random(20261128), 0
    for writer in range(KILLS):
        read, write = os.pipe()
        process = multiprocessing.get_context("fork").Process(
            target=write_until_killed, args=(url, writer, write), daemon=True
        )
        process.start()
        os.close(write)
        told = b""
        with open(read, "rb", buffering=0) as pipe:
            for _ in range(chance.randrange(1, 20)):
                told += pipe.read(NUMBER.size)
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            told += pipe.read()
        process.join(30)
        numbers = [number for (number,) in NUMBER.iter_unpack(told)]
        acknowledged += len(numbers)

        database = Database(url)
        with database.reading() as connection:
            kept = [
                int(entry.subject.partition("/")[2])
                for entry in audit_log.entries(connection)
                if entry.subject.startswith(f"{writer}/")
            ]
            assert kept[: len(numbers)] == numbers
            assert len(kept) <= len(numbers) + 1, "the last one was kept and not told any more"
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert audit_log.verify(connection) >= acknowledged
        database.close()
