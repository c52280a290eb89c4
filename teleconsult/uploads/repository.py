"""Uploads: one drop on the page, and what became of each file in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from storage.tables import upload_files, uploads
from teleconsult.errors import NotFound


@dataclass(frozen=True, slots=True)
class FileResult:
    path: str
    verdict: Literal["stored", "refused", "quarantined"]
    reason: dict[str, Any] | None = None
    already_present: bool = False
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None
    quarantine_key: str | None = None


Source = Literal["browser", "command-line", "c-store", "stow-rs", "folder", "retrieve"]


@dataclass(frozen=True, slots=True)
class Upload:
    """One coming-in of files, whichever way they come.

    Attributes:
        user_id: who sent them; None where no person did, but a scanner or an archive.
        peer: AE title, folder or archive they came from, where no person sent them.
    """

    id: str
    user_id: str | None
    institution_id: str
    source: Source
    consult_id: str | None
    completed_at: datetime | None
    peer: str | None = None


class UploadRepository:
    def add(
        self,
        connection: Connection,
        institution_id: str,
        at: datetime,
        *,
        source: Source,
        user_id: str | None = None,
        consult_id: str | None = None,
        peer: str | None = None,
    ) -> Upload:
        upload = Upload(str(uuid4()), user_id, institution_id, source, consult_id, None, peer)
        connection.execute(
            insert(uploads).values(
                id=upload.id,
                user_id=user_id,
                institution_id=institution_id,
                source=source,
                peer=peer,
                consult_id=consult_id,
                created_at=at,
            )
        )
        return upload

    def get_for(self, connection: Connection, upload_id: str, user_id: str) -> Upload:
        """Raises NotFound, also for another user's upload."""
        row = connection.execute(
            select(uploads).where(uploads.c.id == upload_id, uploads.c.user_id == user_id)
        ).first()
        if row is None:
            raise NotFound
        return Upload(
            row.id, row.user_id, row.institution_id, row.source, row.consult_id, row.completed_at, row.peer
        )

    def add_file(self, connection: Connection, upload_id: str, result: FileResult) -> None:
        connection.execute(
            insert(upload_files).values(
                upload_id=upload_id,
                path=result.path[:1000],
                verdict=result.verdict,
                reason=result.reason,
                already_present=result.already_present,
                study_instance_uid=result.study_instance_uid,
                series_instance_uid=result.series_instance_uid,
                sop_instance_uid=result.sop_instance_uid,
                quarantine_key=result.quarantine_key,
            )
        )

    def files(self, connection: Connection, upload_id: str) -> list[FileResult]:
        rows = connection.execute(
            select(upload_files).where(upload_files.c.upload_id == upload_id).order_by(upload_files.c.id)
        )
        return [
            FileResult(
                path=row.path,
                verdict=row.verdict,
                reason=row.reason,
                already_present=row.already_present,
                study_instance_uid=row.study_instance_uid,
                series_instance_uid=row.series_instance_uid,
                sop_instance_uid=row.sop_instance_uid,
                quarantine_key=row.quarantine_key,
            )
            for row in rows
        ]

    def complete(self, connection: Connection, upload_id: str, at: datetime) -> None:
        connection.execute(
            update(uploads)
            .where(uploads.c.id == upload_id, uploads.c.completed_at.is_(None))
            .values(completed_at=at)
        )
