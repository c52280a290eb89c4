"""What becomes of one backup, kept in the database that it is of."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from storage import audit_log
from storage.database import Database, utc_now
from teleconsult.backups import databases, history
from teleconsult.backups.places import Places


class BackupRecord:
    """Nothing is kept where the schema is an older one, as before the first start of a new version."""

    def __init__(self, places: Places, backup_id: str | None) -> None:
        """`backup_id`: of a row that is there already."""
        self._id = backup_id
        self._database: Database | None = None
        if places.sqlite_file is None or places.sqlite_file.exists():
            self._database = Database(places.database_url)
            if databases.revision_of(self._database) != databases.newest_revision():
                self.close()

    def begin(self, at: datetime) -> None:
        if self._database and self._id is None:
            with self._database.transaction() as connection:
                self._id = history.begin(connection, at)

    def end(self, name: str, size_bytes: int) -> None:
        self._enter("backup-made", name, {"size_bytes": size_bytes})
        if self._database and self._id:
            with self._database.transaction() as connection:
                history.end(connection, self._id, utc_now(), name, size_bytes)

    def verified(self, name: str) -> None:
        self._enter("backup-verified", name, {})
        if self._database:
            with self._database.transaction() as connection:
                history.verified(connection, name, utc_now())

    def fail(self, problem: str) -> None:
        """The database may be what failed."""
        if self._database and self._id:
            with suppress(SQLAlchemyError), self._database.transaction() as connection:
                history.fail(connection, self._id, utc_now(), problem)

    def close(self) -> None:
        if self._database:
            self._database.close()
            self._database = None

    def _enter(self, action: str, name: str, details: dict[str, object]) -> None:
        if self._database:
            with self._database.transaction() as connection:
                audit_log.record(
                    connection,
                    at=utc_now(),
                    actor="command-line",
                    action=action,
                    subject=f"backup/{name}",
                    details=details,
                )
