"""`teleconsult import`: take in a folder, a zip or a disk from the command line, as the page does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imaging.intake import read_drop
from storage.database import utc_now
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import NotFound
from teleconsult.studies.arrival import assess_and_queue, studies_of
from teleconsult.studies.registration import Arrival
from teleconsult.uploads.receive import receive_one

Row = dict[str, Any]


def try_import(path: Path) -> Iterator[Row]:
    """What would become of each file; nothing is stored and no server is needed."""
    for file in read_drop(path):
        said = f"{file.reason.en} {file.reason.zh}" if file.reason else None
        yield {"path": file.path, "verdict": file.verdict, "reason": said}


def import_files(parts: PartsOfApp, path: Path, username: str) -> Iterator[Row]:
    """Store each file for the user's institution; after the last one the gate and the AI begin.

    Raises:
        NotFound: there is no such user.
    """
    at = utc_now()
    with parts.database.transaction() as connection:
        user = parts.users.find(connection, username)
        if user is None:
            raise NotFound
        upload = parts.uploads.add(
            connection, user.institution.id, at, source="command-line", user_id=user.id
        )
    arrival = Arrival(user.institution.id, user.id, at)
    stored = []
    for file in read_drop(path):
        result = receive_one(parts, upload, file.path, file, arrival)
        stored.append(result.study_instance_uid)
        said = f"{result.reason['en']} {result.reason['zh']}" if result.reason else None
        yield {"path": result.path, "verdict": result.verdict, "reason": said}
    with parts.database.transaction() as connection:
        parts.uploads.complete(connection, upload.id, at)
    for study_instance_uid in studies_of(stored):
        assess_and_queue(parts, study_instance_uid, at)
