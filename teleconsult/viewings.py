"""Who looked at what, for the audit log: one line for a visit, however often a page asks."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from storage import audit_log
from storage.database import Database

SAME_VISIT_S = 3600.0
REMEMBERED = 10_000


class RecentViewings:
    """Who looked at what within the last hour, so that 400 slices, or a page that polls, make one line.

    Kept in memory: after a restart the log has one line more.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, ...], float] = OrderedDict()  # monotonic
        self._lock = threading.Lock()

    def is_noted(
        self,
        *,
        actor: str,
        action: str,
        subject: str,
        details: Mapping[str, Any] | None = None,
        asked: str = "",
    ) -> bool:
        """Whether `note` would have nothing to write; then it has not to be called."""
        with self._lock:
            is_noted = self._is_of_now(self._seen.get(_key(actor, action, subject, details, asked)))
        if is_noted:
            audit_log.notice(action)
        return is_noted

    def note(
        self,
        database: Database,
        *,
        at: datetime,
        actor: str,
        action: str,
        subject: str,
        details: Mapping[str, Any] | None = None,
        asked: str = "",
        is_each_written: bool = False,
    ) -> None:
        """Write into the audit log that somebody looks at the subject, unless they did within the hour.

        Args:
            asked: what else tells one look from another; it is not written down.
            is_each_written: for what is not a look.
        """
        key = _key(actor, action, subject, details, asked)
        audit_log.notice(action)
        if not self._is_first(key) and not is_each_written:
            return
        try:
            database.in_group(
                partial(
                    audit_log.record, at=at, actor=actor, action=action, subject=subject, details=details
                )
            )
        except BaseException:
            with self._lock:
                self._seen.pop(key, None)
            raise

    def _is_first(self, key: tuple[str, ...]) -> bool:
        """Whether this is to be written down; it then counts as written."""
        with self._lock:
            if self._is_of_now(self._seen.get(key)):
                return False
            self._seen[key] = time.monotonic()
            self._seen.move_to_end(key)
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            return True

    @staticmethod
    def _is_of_now(seen_s: float | None) -> bool:
        return seen_s is not None and time.monotonic() - seen_s < SAME_VISIT_S


def _key(
    actor: str, action: str, subject: str, details: Mapping[str, Any] | None, asked: str
) -> tuple[str, ...]:
    # Marks, too: from another place, or by another right, it is another look.
    return actor, action, subject, str(audit_log.marked(details)), asked
