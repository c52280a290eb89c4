"""The lock of a data folder: one supervisor at a time. Standard library only.

The lock is flock(2), which the kernel drops with the last process that holds it: after a power cut or a
kill nothing is locked. The file says who held it last, for sentences and the doctor; an orderly stop
empties it.
"""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

LOCK_FILE = "supervisor.lock"
# The guard of a killed supervisor holds the lock until the old parts are gone: a moment.
PATIENCE_S = 3.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Holder:
    pid: int
    host: str
    port: int


class AlreadyRunning(Exception):
    """Another supervisor works on this data folder."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__(f"held by {holder}")
        self.holder = holder


class InstanceLock:
    """Held from `take` until `release` or the end of the process and its guard."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def take(cls, data_folder: Path, host: str, port: int) -> Self:
        """Take the lock and write down who did.

        Raises:
            AlreadyRunning: somebody else holds it.
            OSError: the folder cannot be made or written.
        """
        data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(data_folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        give_up_at = time.monotonic() + PATIENCE_S
        while not _try_lock(descriptor):
            holder = _read(descriptor)
            if (holder is not None and _is_alive(holder.pid)) or time.monotonic() > give_up_at:
                os.close(descriptor)
                raise AlreadyRunning(holder)
            time.sleep(POLL_S)
        lock = cls(descriptor)
        lock._write(json.dumps(asdict(Holder(os.getpid(), host, port))))
        return lock

    def release(self) -> None:
        """An orderly end: the file is emptied, so that nobody calls it a leftover."""
        self._write("")
        os.close(self.descriptor)

    def _write(self, text: str) -> None:
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, text.encode(), 0)


def current_holder(data_folder: Path) -> Holder | None:
    """Who runs on the data folder now, or None."""
    return _look(data_folder, locked=True)


def last_holder(data_folder: Path) -> Holder | None:
    """Who ran on the data folder and did not end in an orderly way, or None."""
    return _look(data_folder, locked=False)


def _look(data_folder: Path, *, locked: bool) -> Holder | None:
    try:
        descriptor = os.open(data_folder / LOCK_FILE, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _read(descriptor) if _try_lock(descriptor) is not locked else None
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(descriptor, 1024, 0)))
    except (ValueError, TypeError):
        return None


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
