"""Whether the audit log can be written. While it cannot, nobody sees or changes anything about a patient."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from storage import audit_log
from storage.database import Database

log = logging.getLogger(__name__)


class AuditStoreWatch:
    """Shut from the first entry that could not be written until one can be, which says so.

    While it is open a trial entry is written now and then and undone: that finds a lock or a lost table. A
    full disk shows at the first entry that is to be kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_shut = False
        self._owes_alarm_since: datetime | None = None
        self._lock = threading.Lock()

    @property
    def is_shut(self) -> bool:
        return self._is_shut

    def shut(self, at: datetime, why: Exception) -> None:
        """Stop patient access, and raise the alarm."""
        with self._lock:
            if self._is_shut:
                return
            self._is_shut = True
            self._owes_alarm_since = self._owes_alarm_since or at
        log.critical("audit-store-cannot-be-written patient-access=stopped why=%s", type(why).__name__)

    def look(self, at: datetime) -> bool:
        """Try to write, and open or shut accordingly; return whether it can be written."""
        was_shut = self._is_shut
        try:
            with self._database.transaction() as connection:
                trial = connection.begin_nested()
                audit_log.record(
                    connection, at=at, actor="system", action="audit-log-open-again", subject="audit-log"
                )
                if not was_shut:
                    trial.rollback()
        except SQLAlchemyError as error:
            self.shut(at, error)
            return False
        if was_shut:
            self._is_shut = False
            log.warning("audit-store-can-be-written-again patient-access=open")
        return True

    def raise_alarm(self, tell: Callable[[Connection, datetime], None]) -> None:
        """Tell the administrators, now or as soon as a row for them can be written.

        Args:
            tell: writes the notifications; the moment is when access stopped.
        """
        since = self._owes_alarm_since
        if since is None:
            return
        try:
            with self._database.transaction() as connection:
                tell(connection, since)
        except SQLAlchemyError:  # the same disk may be full: the next round tries again
            return
        self._owes_alarm_since = None
