"""A folder that another program writes images into: what has stopped growing is taken in.

It is looked at again and again, which works on network shares too. A file that was taken goes to `done/`, any
other to `refused/` with a text beside it that says why; nothing is ever deleted. A process killed in between
takes the file again, which does no harm.
"""

import asyncio
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from imaging.errors import PacsUnavailable
from imaging.intake import read_drop
from storage.database import utc_now
from storage.tables import institutions
from teleconsult.dependencies import PartsOfApp
from teleconsult.studies.registration import Arrival
from teleconsult.uploads.receive import receive_one
from teleconsult.uploads.repository import FileResult, Upload

DONE, REFUSED = "done", "refused"
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", "~")  # names that copying programs give meanwhile
LOOK_EVERY_S = 3.0  # between two looks a file must not have changed
AT_ONCE = 500
log = logging.getLogger(__name__)
State = tuple[int, int]  # size in bytes, time of the last change in ns


@dataclass
class WatchedFolder:
    """What it remembers between looks only tells what has changed; a restart looks twice again."""

    parts: PartsOfApp
    folder: Path
    institution_id: str
    _seen: dict[Path, State] = field(default_factory=dict)
    _stuck: dict[Path, State] = field(default_factory=dict)  # taken, and not to be moved: told once

    def look(self) -> int:
        """Take in what has settled; how many files were moved.

        Raises:
            PacsUnavailable: the archive is away; what was not taken stays, and is taken later.
        """
        now = dict(self._files())
        settled = sorted(path for path, state in now.items() if self._seen.get(path) == state)[:AT_ONCE]
        self._seen = now
        if not settled:
            return 0
        upload = self._open_upload()
        moved = sum(self._take(upload, path, now[path]) for path in settled)
        with self.parts.database.transaction() as connection:
            self.parts.uploads.complete(connection, upload.id, utc_now())
        return moved

    def _files(self) -> Iterator[tuple[Path, State]]:
        for parent, folders, names in os.walk(self.folder, followlinks=False):
            if Path(parent) == self.folder:
                folders[:] = [name for name in folders if name not in (DONE, REFUSED)]
            for name in names:
                path = Path(parent) / name
                if name.startswith(".") or name.lower().endswith(UNFINISHED) or path.is_symlink():
                    continue
                try:
                    stat = path.stat()
                except OSError:  # it went away between two looks
                    continue
                state = (stat.st_size, stat.st_mtime_ns)
                if path.is_file() and self._stuck.get(path) != state:
                    yield path, state

    def _open_upload(self) -> Upload:
        with self.parts.database.transaction() as connection:
            return self.parts.uploads.add(
                connection, self.institution_id, utc_now(), source="folder", peer=str(self.folder)[:200]
            )

    def _take(self, upload: Upload, path: Path, state: State) -> int:
        arrival = Arrival(self.institution_id, None, utc_now())
        results = [receive_one(self.parts, upload, file.path, file, arrival) for file in read_drop(path)]
        bad = [result for result in results if result.verdict != "stored"]
        try:
            target = self._move(path, REFUSED if bad else DONE)
            if bad:
                target.with_name(f"{target.name}.txt").write_text(_explanation(bad), encoding="utf-8")
        except OSError as error:
            log.warning("file-not-moved upload_id=%s error=%s", upload.id, type(error).__name__)
            self._stuck[path] = state
            return 0
        return 1

    def _move(self, path: Path, where: str) -> Path:
        """Move a file, keeping its place below the folder; where the name is taken it gets a number."""
        below = self.folder / where
        if below.is_symlink():
            raise OSError("a link is no place to keep files")
        wanted = below / path.relative_to(self.folder)
        wanted.parent.mkdir(parents=True, exist_ok=True)
        target, number = wanted, 1
        while target.exists():
            number += 1
            target = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        path.rename(target)
        return target


def _explanation(bad: list[FileResult]) -> str:
    return "".join(f"{one.path}\n{one.reason['zh']}\n{one.reason['en']}\n" for one in bad if one.reason)


async def watch_folder(parts: PartsOfApp, folder: Path) -> None:
    """Look at the folder until cancelled."""
    watched = WatchedFolder(parts, folder, _institution(parts))
    while True:
        try:
            await run_in_threadpool(watched.look)
        except PacsUnavailable:
            log.warning("folder-waits-for-archive")
        except Exception:  # the edge: a share that went away comes back
            log.exception("folder-not-looked-at")
        await asyncio.sleep(LOOK_EVERY_S)


def _institution(parts: PartsOfApp) -> str:
    """The one that the setting names, or the one that runs the archive."""
    wanted = parts.settings.watch_institution
    query = select(institutions.c.id).order_by(institutions.c.position)
    with parts.database.reading() as connection:
        if wanted is not None:
            query = query.where((institutions.c.id == wanted) | (institutions.c.name_en == wanted))
        found: str | None = connection.execute(query).scalars().first()
    if found is None:
        raise LookupError("TELECONSULT_WATCH_INSTITUTION names no institution")
    return found
