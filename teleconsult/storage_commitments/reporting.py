"""Reports on storage commitment: what the archive reads back from its disk now, and to whom that is told.

A report goes over the association that asked while it is open, else over a new one to the peer's port. What
could not be told is tried again with growing pauses, also after a restart.
"""

import logging
import threading
from datetime import datetime

from pydicom import Dataset
from pynetdicom.association import Association

from imaging.dicom_gateway import is_waiting
from imaging.dicom_requests import Target, report_on, send_report
from imaging.errors import InstanceNotFound, PacsUnavailable
from imaging.storage_commitment import FailureReason, Reference, report
from storage import audit_log
from storage.database import utc_now
from teleconsult.dependencies import PartsOfApp
from teleconsult.dicom_peers.dicom_peer import DicomPeer
from teleconsult.dicom_peers.repository import DicomPeerRepository
from teleconsult.storage_commitments.repository import (
    Commitment,
    HeldInstance,
    StorageCommitmentRepository,
)

LONGEST_WAIT_S = 30.0
log = logging.getLogger(__name__)


class CommitmentReporter:
    """A thread that reports what is due. `stop` may be called twice."""

    def __init__(self, parts: PartsOfApp) -> None:
        self._parts = parts
        self._commitments = StorageCommitmentRepository()
        self._peers = DicomPeerRepository()
        self._open: dict[str, Association] = {}  # transaction -> the association that asked
        self._something_is_due = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="commitment-reporter", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped = True
        self._something_is_due.set()

    def was_asked(self, transaction_uid: str, association: Association) -> None:
        """A request has been kept and is due at once."""
        self._open[transaction_uid] = association
        self._something_is_due.set()

    def _run(self) -> None:
        while not self._stopped:
            try:
                wait_s = self._report_what_is_due(utc_now())
            except Exception:  # the edge: one bad round must not end the reporting
                log.exception("commitment-reporting-failed")
                wait_s = LONGEST_WAIT_S
            self._something_is_due.wait(wait_s)
            self._something_is_due.clear()

    def _report_what_is_due(self, at: datetime) -> float:
        """Returns the seconds until there is something to do again."""
        with self._parts.database.reading() as connection:
            due = self._commitments.due(connection, at)
        for kept in due:
            if not self._stopped:
                self._try(kept, at)
        with self._parts.database.reading() as connection:
            next_at = self._commitments.next_due_at(connection)
        if next_at is None:
            return LONGEST_WAIT_S
        return min(max((next_at - utc_now()).total_seconds(), 0.1), LONGEST_WAIT_S)

    def _try(self, kept: Commitment, at: datetime) -> None:
        association = self._open.pop(kept.transaction_uid, None)
        with self._parts.database.reading() as connection:
            peer = self._peers.find(connection, kept.peer_id)
            held = (
                self._commitments.held(
                    connection, peer.institution_id, [one.sop_instance_uid for one in kept.references]
                )
                if peer
                else {}
            )
        if peer is None:  # taken off the list meanwhile, and its requests with it
            return
        try:
            outcomes = [(one, self._failure(one, held)) for one in kept.references]
        except PacsUnavailable:
            self._note(kept, peer, None, at)
            return
        event_type, information = report(kept.transaction_uid, outcomes)
        told = self._tell(peer, association, event_type, information)
        failed_count = sum(failure is not None for _, failure in outcomes)
        self._note(kept, peer, failed_count if told else None, at)

    def _failure(self, one: Reference, held: dict[str, HeldInstance]) -> FailureReason | None:
        """Why we do not answer for this instance; None: the archive has read it back from its disk."""
        instance = held.get(one.sop_instance_uid)
        if instance is None:
            return FailureReason.NO_SUCH_OBJECT_INSTANCE
        if instance.sop_class_uid != one.sop_class_uid:
            return FailureReason.CLASS_INSTANCE_CONFLICT
        try:
            sound = self._parts.pacs.md5_on_disk(instance.orthanc_id) is not None
        except InstanceNotFound:
            return FailureReason.NO_SUCH_OBJECT_INSTANCE
        return None if sound else FailureReason.PROCESSING_FAILURE

    def _tell(
        self, peer: DicomPeer, association: Association | None, event_type: int, information: Dataset
    ) -> bool:
        is_open = association is not None and is_waiting(association)
        if is_open and association and report_on(association, event_type, information):
            return True
        if peer.port is None:
            return False
        settings = self._parts.settings
        target = Target(peer.ae_title, peer.address, peer.port, settings.dicom_tls)
        return send_report(settings.dicom_ae_title, target, event_type, information)

    def _note(self, kept: Commitment, peer: DicomPeer, failed_count: int | None, at: datetime) -> None:
        """What became of an attempt; `failed_count` is None where nobody was told."""
        with self._parts.database.transaction() as connection:
            if failed_count is None:
                next_at = self._commitments.not_reported(connection, kept, at)
                if next_at is not None:
                    return
                action = "storage-commitment-given-up"
            else:
                self._commitments.reported(connection, kept, failed_count, at)
                action = "storage-commitment-reported"
            audit_log.record(
                connection,
                at=at,
                actor="system",
                action=action,
                subject=f"dicom-peer/{peer.id}",
                details={
                    "transaction_uid": kept.transaction_uid,
                    "instances": len(kept.references),
                    "failed": failed_count,
                },
            )
