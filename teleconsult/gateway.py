"""The DICOM gateway as a process: `python -m teleconsult.gateway`. Its composition root.

What a peer sends goes through the same door as an upload (`uploads.receive`) and is registered for the
institution that the peer belongs to.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
from datetime import datetime
from math import inf

from pydicom import Dataset
from pynetdicom.association import Association
from sqlalchemy.exc import OperationalError

from imaging.dicom_gateway import (
    CANNOT_UNDERSTAND,
    KEPT_APART,
    OUT_OF_RESOURCES,
    SUCCESS,
    Caller,
    DicomGateway,
    StoreAnswer,
)
from imaging.errors import PacsUnavailable
from imaging.intake import IntakeFile
from imaging.modality_worklist import find
from imaging.storage_commitment import CommitmentRequest
from storage import audit_log
from storage.database import utc_now
from teleconsult.app import create_parts
from teleconsult.archives.archive import Archive
from teleconsult.archives.repository import ArchiveRepository
from teleconsult.dependencies import PartsOfApp
from teleconsult.dicom_peers.dicom_peer import DicomPeer, most_specific
from teleconsult.dicom_peers.repository import REJECTED, DicomPeerRepository
from teleconsult.metrics import GATEWAY, REJECTED_CALLERS
from teleconsult.scheduled_procedures.repository import ScheduledProcedureRepository
from teleconsult.scheduled_procedures.scheduled_procedure import ProcedureStatus
from teleconsult.settings import Settings
from teleconsult.settling_studies import SettlingStudies
from teleconsult.storage_commitments.reporting import CommitmentReporter
from teleconsult.storage_commitments.repository import StorageCommitmentRepository
from teleconsult.studies.arrival import assess_and_queue
from teleconsult.studies.registration import Arrival
from teleconsult.uploads.receive import receive_one
from teleconsult.uploads.repository import FileResult, Upload
from telemetry.exposition import Exposition
from telemetry.logs import set_up_logs
from telemetry.metrics import Family

# Who calls in vain calls often: one line a minute for each is enough to know it.
REJECTION_TOLD_EVERY_S = 60.0
REJECTIONS_REMEMBERED = 1_000
STOP_WITHIN_S = 3.0
LOOK_EVERY_S = 0.5
log = logging.getLogger(__name__)

STATUS = {"stored": SUCCESS, "refused": CANNOT_UNDERSTAND, "quarantined": KEPT_APART}


class PeerVisit:
    """One association with a known peer. Its upload begins with the first object."""

    def __init__(
        self,
        parts: PartsOfApp,
        peer: DicomPeer,
        caller: Caller,
        reporter: CommitmentReporter,
        settling: SettlingStudies,
    ) -> None:
        self._parts = parts
        self._peer = peer
        self._calls_itself = f"{caller.ae_title}@{caller.address}"
        self._reporter = reporter
        self._settling = settling
        self._upload: Upload | None = None
        self._studies: dict[str, None] = {}

    def store(self, file: IntakeFile) -> StoreAnswer:
        """Success only for what the archive has on its disk and our database knows.

        Quarantined is a failure too: the sender must not forget an object that no study shows.
        """
        at = utc_now()
        try:
            upload = self._opened_upload(at)
            result = receive_one(
                self._parts, upload, file.path, file, Arrival(self._peer.institution_id, None, at)
            )
        except (PacsUnavailable, OperationalError, OSError):
            log.warning("object-not-taken peer=%s", self._peer.id, exc_info=True)
            return StoreAnswer(OUT_OF_RESOURCES, "The archive is not available; please send it again.")
        if result.verdict == "stored":
            self._note_study(result)
        said = result.reason or {}
        return StoreAnswer(STATUS[result.verdict], said.get("en", ""))

    def find_planned(self, query: Dataset) -> Iterable[Dataset]:
        at = utc_now()
        parts = self._parts
        with parts.database.reading() as connection:
            planned = ScheduledProcedureRepository().recent_of(
                connection, self._peer.institution_id, at, only=ProcedureStatus.SCHEDULED
            )
        answers = list(find(query, (one.worklist_entry(parts.settings.time_zone) for one in planned)))
        self._audit("worklist-viewed", at, answers=len(answers))
        return answers

    def commit(self, request: CommitmentRequest, association: Association) -> None:
        at = utc_now()
        with self._parts.database.transaction() as connection:
            StorageCommitmentRepository().add(connection, self._peer.id, request, at)
            audit_log.record(
                connection,
                at=at,
                actor=f"dicom-peer/{self._peer.id}",
                action="storage-commitment-requested",
                subject=f"dicom-peer/{self._peer.id}",
                details={"transaction_uid": request.transaction_uid, "instances": len(request.references)},
            )
        self._reporter.was_asked(request.transaction_uid, association)

    def left(self, *, released: bool) -> None:
        """An association that was released has said all that it had to say."""
        if self._upload is None:
            return
        at = utc_now()
        for study_instance_uid in self._studies:
            self._settling.ends(study_instance_uid, time.monotonic(), said_all=released)
        if released:
            with self._parts.database.transaction() as connection:
                self._parts.uploads.complete(connection, self._upload.id, at)
        self._audit(
            "dicom-association-ended",
            at,
            upload=self._upload.id,
            studies=len(self._studies),
            released=released,
        )

    def _opened_upload(self, at: datetime) -> Upload:
        if self._upload is None:
            with self._parts.database.transaction() as connection:
                self._upload = self._parts.uploads.add(
                    connection,
                    self._peer.institution_id,
                    at,
                    source="c-store",
                    peer=self._calls_itself,
                )
        return self._upload

    def _note_study(self, result: FileResult) -> None:
        uid = result.study_instance_uid
        if uid is not None and uid not in self._studies:
            self._studies[uid] = None
            self._settling.begins(uid)
            self._parts.publish({"type": "study-changed", "study_instance_uid": uid})

    def _audit(self, action: str, at: datetime, **details: object) -> None:
        with self._parts.database.transaction() as connection:
            audit_log.record(
                connection,
                at=at,
                actor=f"dicom-peer/{self._peer.id}",
                action=action,
                subject=f"dicom-peer/{self._peer.id}",
                details={"peer": self._calls_itself, **details},
            )


class ReceptionDesk:
    """Lets in whom the table of peers names, and writes down whom it does not."""

    def __init__(self, parts: PartsOfApp, reporter: CommitmentReporter, settling: SettlingStudies) -> None:
        self._parts = parts
        self._reporter = reporter
        self._settling = settling
        self._peers = DicomPeerRepository()
        self._archives = ArchiveRepository()
        self._told_at_s: dict[Caller, float] = {}  # monotonic

    def admit(self, caller: Caller) -> PeerVisit | None:
        with self._parts.database.reading() as connection:
            titled = self._peers.titled(connection, caller.ae_title)
            sending = self._archives.calling(connection, caller.ae_title)
        peer = most_specific(titled, caller.ae_title, caller.address) or as_peer(sending, caller.address)
        if peer is None:
            return None
        return PeerVisit(self._parts, peer, caller, self._reporter, self._settling)

    def turned_away(self, caller: Caller) -> None:
        REJECTED_CALLERS.add()
        at, now_s = utc_now(), time.monotonic()
        if now_s - self._told_at_s.get(caller, -inf) < REJECTION_TOLD_EVERY_S:
            return
        if len(self._told_at_s) >= REJECTIONS_REMEMBERED:
            self._told_at_s.clear()
        self._told_at_s[caller] = now_s
        said = {
            "ae_title": printable(caller.ae_title),
            "called_ae_title": printable(caller.called_ae_title),
            "address": caller.address,
        }
        log.warning("caller-rejected %s", said)
        with self._parts.database.transaction() as connection:
            audit_log.record(
                connection, at=at, actor="system", action=REJECTED, subject="dicom-gateway", details=said
            )


def as_peer(archives: Iterable[Archive], address: str) -> DicomPeer | None:
    """Another hospital's archive that calls: it sends what we asked it for by C-MOVE."""
    for one in archives:
        if one.ae_title is not None and one.may_call_from(address):
            return DicomPeer(
                one.id, one.institution_id, one.ae_title, address, one.port, one.name, one.created_at
            )
    return None


def printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def assess_settled(parts: PartsOfApp, settling: SettlingStudies) -> None:
    """Put what has settled through the gate; what fails here the app's own round finds when it is quiet."""
    for study_instance_uid in settling.take_settled(time.monotonic()):
        try:
            assess_and_queue(parts, study_instance_uid, utc_now())
        except Exception:  # the edge
            log.warning("study-not-assessed study_instance_uid=%s", study_instance_uid, exc_info=True)


def open_associations(gateway: DicomGateway) -> Family:
    name, help = "teleconsult_dicom_associations", "DICOM associations that are open."
    return Family.of(name, "gauge", help, [({}, gateway.associations)])


def _note_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    """The library's threads end so where a peer goes in the middle of a step; a line is enough for that."""
    said = f"{ended.exc_type.__name__}: {ended.exc_value}"
    log.warning("thread-ended name=%s %s", ended.thread.name if ended.thread else "?", said)


def main() -> int:
    set_up_logs(os.environ)
    threading.excepthook = _note_end_of_thread
    settings = Settings.from_environment(os.environ)
    exposition = Exposition.from_environment(os.environ)
    parts = create_parts(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    reporter = CommitmentReporter(parts)
    settling = SettlingStudies()
    gateway = DicomGateway(ReceptionDesk(parts, reporter, settling), settings.dicom_ae_title)
    try:
        port = gateway.start(
            settings.host, settings.dicom_port, settings.dicom_tls, settings.data_marks.bulk
        )
    except OSError as error:
        log.error("port-not-opened host=%s port=%d: %s", settings.host, settings.dicom_port, error)
        return 1
    reporter.start()
    GATEWAY.collect(lambda: [open_associations(gateway)])
    if exposition is not None:
        exposition.serve(GATEWAY)
    is_tls = settings.dicom_tls is not None
    log.info("gateway-ready ae_title=%s port=%d tls=%s", settings.dicom_ae_title, port, is_tls)
    while not stop.wait(LOOK_EVERY_S):
        assess_settled(parts, settling)
    reporter.stop()
    stopping = threading.Thread(target=gateway.stop, daemon=True)
    stopping.start()
    stopping.join(STOP_WITHIN_S)
    # Open associations would keep the process: what was not acknowledged, their peers send again.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
