"""A consistent copy of Orthanc's index, taken while Orthanc runs.

Orthanc locks its SQLite index for itself, so it cannot be read beside it. It is paused instead for the moment
that copying the index takes: what lies on the disk then is what a kill would leave, and SQLite's write-ahead
log is made for that. Its files are written, and synced, before their rows and never changed, so they are
copied afterwards while it goes on.
"""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from teleconsult.backups import hold_process
from teleconsult.backups.problem import BackupProblem

INDEX = "index"
WRITE_AHEAD_LOG = "index-wal"
TRIES = 5


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that the index knows."""

    uuid: str
    size_bytes: int
    md5: str

    @property
    def path(self) -> str:
        """Below Orthanc's folder."""
        return f"{self.uuid[:2]}/{self.uuid[2:4]}/{self.uuid}"


def copy_index(folder: Path, into: Path) -> Path:
    """Copy the index of the Orthanc that keeps its data in `folder`, whether it runs or not.

    Raises:
        BackupProblem: it was started anew each time.
    """
    copied = into / INDEX
    for _ in range(TRIES):
        process = holder_of(folder / INDEX)
        with _standing(process) as stood:
            for name in (INDEX, WRITE_AHEAD_LOG):
                if (folder / name).exists():
                    shutil.copyfile(folder / name, into / name)
        if stood() and holder_of(folder / INDEX) == process:
            break
    else:
        raise BackupProblem("restless")
    with closing(sqlite3.connect(copied)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # what the log holds goes into the file
    return copied


def files_of(index: Path) -> list[StoredFile]:
    with closing(sqlite3.connect(index)) as connection:
        rows = connection.execute("SELECT uuid, compressedSize, compressedMD5 FROM AttachedFiles")
        return [StoredFile(*row) for row in rows]


def holder_of(path: Path) -> int | None:
    """The process, of those that we may look at, that has the file open."""
    if not path.exists():
        return None
    wanted = path.stat()
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            for descriptor in (process / "fd").iterdir():
                found = descriptor.stat()
                if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                    return int(process.name)
        except OSError:  # it ended, or is another user's
            continue
    return None


@contextmanager
def _standing(process: int | None) -> Iterator[Callable[[], bool]]:
    """The process stands still within the block; whether it stood all the time is known after it."""
    if process is None:
        yield lambda: True
        return
    command = [sys.executable, "-I", "-S", hold_process.__file__, str(process)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as helper:
        assert helper.stdout is not None
        helper.stdout.readline()
        yield lambda: helper.returncode == 0
