"""Fetch what was asked for, one study at a time for each archive; killed anywhere, it is taken up again.

What arrives goes through the same door as an upload. What an archive sends by C-MOVE arrives at the gateway
instead, which knows the archive as a caller; here only its progress is followed.
"""

import logging
import threading

from sqlalchemy.exc import OperationalError

from imaging.archive_address import ForbiddenAddress
from imaging.errors import PacsUnavailable
from imaging.intake import read_instance
from imaging.reasons import Reason, reason
from imaging.remote_archive import (
    RemoteArchiveError,
    RemoteArchiveRefused,
    StudyNotThere,
    StudyQuery,
)
from storage import audit_log
from storage.database import utc_now
from teleconsult.archives.archive import Archive
from teleconsult.archives.repository import ArchiveRepository
from teleconsult.archives.retrieval import LEASE, Retrieval, RetrievalEvent
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import IllegalTransition, NotFound, PasswordFileMissing
from teleconsult.studies.arrival import assess_and_queue
from teleconsult.studies.registration import Arrival
from teleconsult.uploads.receive import receive_one
from teleconsult.uploads.repository import Upload

AT_ONCE = 4  # archives
archives = ArchiveRepository()
log = logging.getLogger(__name__)


class _CalledOff(Exception):
    """Somebody cancelled it, or another process has it."""


class _Incomplete(Exception):
    """Less came than the archive said that it has."""


class _Fetch(threading.Thread):
    """Works on one retrieval. What it counts is written down by `Fetcher.look`, which keeps the lease."""

    def __init__(self, parts: PartsOfApp, archive: Archive, retrieval: Retrieval) -> None:
        super().__init__(name=f"retrieval-{retrieval.id}", daemon=True)
        self._parts = parts
        self.archive = archive
        self.retrieval = retrieval
        self.received = 0
        self.expected: int | None = None
        self.description: str | None = None
        self._refused: list[str] = []
        self._failure: Exception | None = None
        self._upload: Upload | None = None
        self._stopped = threading.Event()

    def call_off(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        """Every way in which it can end has its row here."""
        try:
            self._fetch()
        except _CalledOff:
            pass
        except StudyNotThere:
            self._end(RetrievalEvent.GAVE_UP, reason("remote-study-not-there"))
        except RemoteArchiveRefused:
            self._end(RetrievalEvent.GAVE_UP, reason("remote-archive-refused"))
        except (ForbiddenAddress, PasswordFileMissing):
            self._end(RetrievalEvent.GAVE_UP, reason("remote-archive-not-allowed"))
        except _Incomplete:
            said = reason("remote-study-incomplete", received=self.received, expected=self.expected)
            self._put_off(said)
        except (PacsUnavailable, OperationalError):
            self._put_off(reason("own-archive-away"))
        except (RemoteArchiveError, OSError):
            self._put_off(reason("remote-archive-away"))
        except Exception:  # the edge of the thread
            log.exception("retrieval-crashed retrieval_id=%s", self.retrieval.id)
            self._put_off(reason("retrieval-crashed"))
        else:
            refused = reason("remote-some-refused", count=len(self._refused)) if self._refused else None
            self._end(RetrievalEvent.ENDED, refused)

    def _fetch(self) -> None:
        uid = self.retrieval.study_instance_uid
        remote = self.archive.connect(self._parts.settings)
        found = [one for one in remote.find_studies(StudyQuery(study_instance_uid=uid))
                 if one.study_instance_uid == uid]
        if not found:
            raise StudyNotThere(uid)
        self.expected, self.description = found[0].instance_count, found[0].study_description
        try:
            done = remote.retrieve_study(uid, self._receive, self._progress)
        except (RemoteArchiveError, OSError):
            if self._failure is not None:  # ours, not the other side's
                raise self._failure from None
            raise
        finally:
            self._complete_upload()
        self._check()
        if done.received == 0:
            self.received = done.reported or 0
        if self.expected is not None and self.received < self.expected:
            raise _Incomplete
        if not self.archive.sends_to_gateway:
            assess_and_queue(self._parts, uid, utc_now())

    def _receive(self, content: bytes) -> None:
        """Called by the adapter for each file. What goes wrong is kept: libraries would swallow it."""
        self._check()
        try:
            number = self.received + 1
            path = f"{number}.dcm"
            upload, arrival = self._opened_upload()
            result = receive_one(self._parts, upload, path, read_instance(path, content), arrival)
        except Exception as error:
            self._failure = error
            raise
        self.received = number
        if result.verdict != "stored":
            self._refused.append(path)

    def _progress(self, received: int, expected: int | None) -> None:
        self._check()
        if self.archive.sends_to_gateway:
            self.received = received
            self.expected = expected if self.expected is None else self.expected

    def _check(self) -> None:
        if self._stopped.is_set():
            raise _CalledOff
        if self._failure is not None:
            raise self._failure

    def _opened_upload(self) -> tuple[Upload, Arrival]:
        at = utc_now()
        who, where = self.retrieval.requested_by_id, self.archive.institution_id
        if self._upload is None:
            with self._parts.database.transaction() as connection:
                self._upload = self._parts.uploads.add(
                    connection, where, at, source="retrieve", user_id=who, peer=self.archive.name
                )
        return self._upload, Arrival(where, who, at)

    def _complete_upload(self) -> None:
        if self._upload is not None:
            with self._parts.database.transaction() as connection:
                self._parts.uploads.complete(connection, self._upload.id, utc_now())

    def _put_off(self, why: Reason) -> None:
        pause = self.retrieval.next_pause
        if pause is None:
            self._end(RetrievalEvent.GAVE_UP, why)
            return
        until = utc_now() + pause
        self._step(RetrievalEvent.RELEASED, lease_expires_at=until, reason=why.to_json())

    def _end(self, event: RetrievalEvent, why: Reason | None) -> None:
        said = why.to_json() if why else None
        self._step(event, finished_at=utc_now(), lease_expires_at=None, reason=said)

    def _step(self, event: RetrievalEvent, **values: object) -> None:
        """Unless it was called off, removed or taken over in this moment."""
        counts = {"received_count": self.received}
        if self.expected is not None:
            counts["expected_count"] = self.expected
        try:
            with self._parts.database.transaction() as connection:
                current = archives.get(connection, self.retrieval.id)
                if current.attempts != self.retrieval.attempts:
                    return
                archives.step(connection, current, event, **counts, **values)
                audit_log.record(
                    connection,
                    at=utc_now(),
                    actor=self.retrieval.requested_by_id or "system",
                    action=f"retrieval-{event}",
                    subject=f"study/{self.retrieval.study_instance_uid}",
                    details={"archive": self.retrieval.archive_id, "received": self.received},
                )
        except (IllegalTransition, NotFound):
            return
        except OperationalError:  # the lease runs out, and it is taken up again
            log.warning("retrieval-not-noted retrieval_id=%s", self.retrieval.id)
        tell(self._parts, self.retrieval.institution_id)


class Fetcher:
    """Begins what is due and keeps the leases of what is going on. `look` is called again and again."""

    def __init__(self, parts: PartsOfApp) -> None:
        self._parts = parts
        self._running: list[_Fetch] = []

    def look(self) -> bool:
        """True: something was begun."""
        self._running = [one for one in self._running if one.is_alive() and self._keeps(one)]
        begun = False
        while len(self._running) < AT_ONCE and (fetch := self._lease()) is not None:
            fetch.start()
            self._running.append(fetch)
            begun = True
        return begun

    def stop(self) -> None:
        for one in self._running:
            one.call_off()

    def _lease(self) -> _Fetch | None:
        with self._parts.database.transaction() as connection:
            retrieval = archives.lease_next(connection, utc_now(), LEASE)
            if retrieval is None:
                return None
            archive = archives.get_of(connection, retrieval.archive_id, retrieval.institution_id)
        tell(self._parts, retrieval.institution_id)
        return _Fetch(self._parts, archive, retrieval)

    def _keeps(self, one: _Fetch) -> bool:
        with self._parts.database.transaction() as connection:
            keeps = archives.renew(
                connection, one.retrieval, utc_now() + LEASE, one.received, one.expected, one.description
            )
        if not keeps and one.is_alive():
            one.call_off()
        tell(self._parts, one.retrieval.institution_id)
        return keeps


def tell(parts: PartsOfApp, institution_id: str) -> None:
    parts.publish({"type": "retrieval-changed", "institution_id": institution_id})
