"""The DICOM service that scanners speak to: verification, storage, worklist, storage commitment.

This is the protocol's side only: who may call, where objects go and what is planned are the `Desk`'s to say.
Source: DICOM PS3.4 annexes A, B, J and K; PS3.7; PS3.8.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydicom import Dataset
from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityWorklistInformationFind,
    StorageCommitmentPushModel,
    Verification,
)

from imaging.dicom_tls import TlsFiles
from imaging.dicom_transport import CONNECTIONS_AT_MOST, POLLED_EVERY_S, BoundedServer
from imaging.intake import IntakeFile, read_instance
from imaging.parsing import settle_character_set
from imaging.storage_commitment import (
    PUSH_MODEL_INSTANCE_UID,
    REQUEST_ACTION_TYPE,
    CommitmentRequest,
    MalformedRequest,
    read_request,
)
from imaging.traffic_mark import mark

# Any class that is not another service's is stored, also one that the library does not know.
_config.UNRESTRICTED_STORAGE_SERVICE = True
# What goes over the line names patients; our own log lines say what matters.
_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)

ACSE_TIMEOUT_S = 3.0
DIMSE_TIMEOUT_S = 3.0
IDLE_TIMEOUT_S = 5.0
ASSOCIATIONS_AT_MOST = 100
ASSOCIATIONS_OF_ONE_ADDRESS = 50  # whatever one device does, there is room for the others
PDU_BYTES = 128 << 10
# One object, or a row of them that is sent without waiting for answers.
UNANSWERED_BYTES_AT_MOST = 2 << 30
STORES_AT_ONCE = 8

# Result, source and reason of a rejection, PS3.8 9.3.4.
CALLING_AE_UNKNOWN: Final = (1, 1, 3)
CALLED_AE_UNKNOWN: Final = (1, 1, 7)
LIMIT_EXCEEDED: Final = (2, 3, 2)  # transient: try again
SUCCESS: Final = 0x0000
PENDING: Final = 0xFF00
CANCELLED: Final = 0xFE00
OUT_OF_RESOURCES: Final = 0xA700  # the sender keeps the object and tries again later
DOES_NOT_MATCH_CLASS: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000
KEPT_APART: Final = 0xC001  # of the range C0xx that PS3.4 B.2.3 leaves to us: not in the archive
NO_SUCH_ACTION: Final = 0x0123
NO_SUCH_OBJECT_INSTANCE: Final = 0x0112
INVALID_ARGUMENT: Final = 0x0115
PROCESSING_FAILURE: Final = 0x0110
COMMENT_LENGTH = 64  # LO, PS3.5 6.2
QUIET_S, QUIET_WITHIN_S = 0.3, 2.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who opens an association, by their own account and by their address."""

    ae_title: str
    address: str
    called_ae_title: str


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """What the sender of an object is told. The comment is English and ends where a header ends it."""

    status: int
    comment: str = ""

    def to_dataset(self) -> Dataset:
        answer = Dataset()
        answer.Status = self.status
        if self.comment:
            answer.ErrorComment = shortened(self.comment)
        return answer


class Visit(Protocol):
    """One association with a peer whom the desk let in. All but `left` are called in the peer's thread."""

    def store(self, file: IntakeFile) -> StoreAnswer:
        """Take in one object that the intake has judged; SUCCESS only when it is durable and registered."""
        ...

    def find_planned(self, query: Dataset) -> Iterable[Dataset]:
        """Answer a worklist query."""
        ...

    def commit(self, request: CommitmentRequest, association: Association) -> None:
        """Keep a request for storage commitment; the report comes later, on this association or another."""
        ...

    def left(self, *, released: bool) -> None:
        """The association ended, in order or not."""
        ...


class Desk(Protocol):
    """Who decides."""

    def admit(self, caller: Caller) -> Visit | None:
        """Return the visit of a known peer; None: the caller is turned away."""
        ...

    def turned_away(self, caller: Caller) -> None:
        """Somebody was not let in."""
        ...


class DicomGateway:
    """One listening AE. `stop` may be called twice; it closes the associations that are open."""

    def __init__(self, desk: Desk, ae_title: str) -> None:
        self._desk = desk
        self._ae = AE(ae_title)
        self._ae.acse_timeout = ACSE_TIMEOUT_S
        self._ae.dimse_timeout = DIMSE_TIMEOUT_S
        self._ae.network_timeout = IDLE_TIMEOUT_S
        # The library counts whoever is connected; those who are let in are counted below.
        self._ae.maximum_associations = CONNECTIONS_AT_MOST
        self._ae.maximum_pdu_size = PDU_BYTES
        for service in (Verification, ModalityWorklistInformationFind):
            self._ae.add_supported_context(service)
        # The report comes from us: whoever asks for it may take either role (PS3.4 J.2.2).
        self._ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        self._visits: dict[Association, Visit] = {}
        self._unanswered: dict[Association, int] = {}
        self._storing = threading.BoundedSemaphore(STORES_AT_ONCE)
        self._server: BoundedServer | None = None

    def start(self, host: str, port: int, tls: TlsFiles | None = None, code_point: int = 0) -> int:
        """Listen until `stop`; the port. `code_point` marks what goes out. Raises OSError: it is taken."""
        handlers: list[tuple[Any, Callable[..., Any]]] = [
            (evt.EVT_REQUESTED, self._on_requested),
            (evt.EVT_DATA_RECV, self._on_bytes),
            (evt.EVT_DIMSE_SENT, self._on_answered),
            (evt.EVT_RELEASED, self._on_released),
            (evt.EVT_ABORTED, self._on_aborted),
            (evt.EVT_C_ECHO, lambda _: SUCCESS),
            (evt.EVT_C_STORE, self._on_store),
            (evt.EVT_C_FIND, self._on_find),
            (evt.EVT_N_ACTION, self._on_action),
        ]
        server = self._ae.make_server(
            (host, port),
            ssl_context=tls.server_context() if tls else None,
            evt_handlers=handlers,  # type: ignore[arg-type]
            server_class=BoundedServer,
        )
        assert isinstance(server, BoundedServer)
        assert server.socket is not None  # it listens
        mark(server.socket, code_point)
        self._ae._servers.append(server)
        self._server = server
        threading.Thread(target=server.serve_forever, name="dicom-gateway", daemon=True).start()
        return int(server.server_address[1])

    @property
    def associations(self) -> int:
        """Of peers who were let in, how many are open."""
        return len(self._visits)

    def stop(self) -> None:
        if self._server is not None:
            self._server = None
            self._ae.shutdown()

    def _on_requested(self, event: Event) -> None:
        """Let the caller in or turn it away, before anything is negotiated."""
        association = event.assoc
        self._forget_the_dead()
        asked: Any = association.requestor.primitive
        caller = Caller(
            asked.calling_ae_title.strip(),
            str(association.requestor.address or ""),
            asked.called_ae_title.strip(),
        )
        visit, why = self._visit_of(caller)
        if visit is None:
            association.acse.send_reject(*why)
            association.is_rejected = True
            association.kill()
            return
        _prefer_what_we_store(asked)
        association.dul._run_loop_delay = POLLED_EVERY_S
        self._visits[association] = visit

    def _visit_of(self, caller: Caller) -> tuple[Visit | None, tuple[int, int, int]]:
        """The visit, or why there is none."""
        try:
            if caller.called_ae_title != self._ae.ae_title:
                self._desk.turned_away(caller)
                return None, CALLED_AE_UNKNOWN
            visit = self._desk.admit(caller)
            if visit is None:
                self._desk.turned_away(caller)
                return None, CALLING_AE_UNKNOWN
        except Exception:  # the edge: who cannot be looked up is not let in now
            log.exception("caller-not-looked-up")
            return None, LIMIT_EXCEEDED
        addresses = [association.requestor.address for association in list(self._visits)]
        is_full = (
            len(addresses) >= ASSOCIATIONS_AT_MOST
            or addresses.count(caller.address) >= ASSOCIATIONS_OF_ONE_ADDRESS
        )
        return None if is_full else visit, LIMIT_EXCEEDED

    def _on_bytes(self, event: Event) -> None:
        """Bound what one peer may have in our memory."""
        association = event.assoc
        unanswered = self._unanswered.get(association, 0) + len(event.data)
        self._unanswered[association] = unanswered
        if unanswered > UNANSWERED_BYTES_AT_MOST:
            log.warning("association-too-large address=%s", association.requestor.address)
            association.abort()

    def _on_answered(self, event: Event) -> None:
        self._unanswered[event.assoc] = 0
        # The library counts idleness from what came in; while we worked the peer was not idle.
        event.assoc.dul._idle_timer.restart()

    def _on_released(self, event: Event) -> None:
        self._end(event.assoc, released=True)

    def _on_aborted(self, event: Event) -> None:
        self._end(event.assoc, released=False)

    def _end(self, association: Association, *, released: bool) -> None:
        self._unanswered.pop(association, None)
        visit = self._visits.pop(association, None)
        if visit is not None:
            try:
                visit.left(released=released)
            except Exception:  # the edge: what is not finished here is finished by quiet time
                log.exception("visit-not-finished")

    def _forget_the_dead(self) -> None:
        for association in [one for one in list(self._visits) if one.ident and not one.is_alive()]:
            self._end(association, released=False)
        for association in [one for one in list(self._unanswered) if one.ident and not one.is_alive()]:
            self._unanswered.pop(association, None)

    def _on_store(self, event: Event) -> Dataset:
        visit = self._visits[event.assoc]
        try:
            request: Any = event.request
            content = event.encoded_dataset()
        except (ValueError, TypeError, AttributeError):
            return StoreAnswer(CANNOT_UNDERSTAND, "The object has no usable identifiers.").to_dataset()
        try:
            with self._storing:
                file = read_instance(f"{request.AffectedSOPInstanceUID}.dcm", content)
                answer = _mismatch(request, file.header) or visit.store(file)
        except Exception:  # the edge: the library would answer, and say nothing in our log
            log.exception("object-not-stored")
            answer = StoreAnswer(PROCESSING_FAILURE, "Something went wrong here; it has been logged.")
        return answer.to_dataset()

    def _on_find(self, event: Event) -> Iterator[tuple[int, Dataset | None]]:
        try:
            query = event.identifier
            settle_character_set(query)
            answers = list(self._visits[event.assoc].find_planned(query))
        except Exception:  # the edge: whatever a query holds, the scanner gets an answer
            log.exception("query-failed")
            yield CANNOT_UNDERSTAND, None
            return
        for answer in answers:
            if event.is_cancelled:
                yield CANCELLED, None
                return
            yield PENDING, answer

    def _on_action(self, event: Event) -> tuple[int, Dataset | None]:
        asked: Any = event.request
        if asked.RequestedSOPInstanceUID != PUSH_MODEL_INSTANCE_UID:
            return NO_SUCH_OBJECT_INSTANCE, None
        if event.action_type != REQUEST_ACTION_TYPE:
            return NO_SUCH_ACTION, None
        try:
            request = read_request(event.action_information)
        except MalformedRequest:
            return INVALID_ARGUMENT, None
        try:
            self._visits[event.assoc].commit(request, event.assoc)
        except Exception:  # the edge: not kept, so not promised; the scanner asks again
            log.exception("commitment-not-kept")
            return PROCESSING_FAILURE, None
        return SUCCESS, None


def is_waiting(association: Association) -> bool:
    """Whether the peer keeps its association open and says nothing: then it waits for something from us.

    Looks for up to QUIET_WITHIN_S. A request of ours that crosses one of the peer's would end everything.
    """
    deadline = time.monotonic() + QUIET_WITHIN_S
    while association.is_established and time.monotonic() < deadline:
        silent_s = IDLE_TIMEOUT_S - association.dul._idle_timer.remaining
        if silent_s > QUIET_S and association.dimse.msg_queue.empty():
            return True
        time.sleep(0.02)  # between two looks at the condition
    return False


def shortened(comment: str) -> str:
    """The comment in ASCII and in 64 characters, cut between two words where it is longer."""
    plain = comment.encode("ascii", "replace").decode().replace("\\", "/")
    if len(plain) <= COMMENT_LENGTH:
        return plain
    return plain[: COMMENT_LENGTH - 2].rpartition(" ")[0].rstrip(" ,;:.") + ".."


def _prefer_what_we_store(asked: Any) -> None:
    """Where a context offers several transfer syntaxes, put one first whose pixels others can read.

    The library takes the first that is offered. Private ones, and those that only point to pixels
    elsewhere, are taken where nothing else is offered, and then refused object by object with a comment.
    """
    for context in asked.presentation_context_definition_list:
        context.transfer_syntax = sorted(context.transfer_syntax, key=_is_outlandish)


def _is_outlandish(transfer_syntax: UID) -> bool:
    known = UID_dictionary.get(str(transfer_syntax))
    return known is None or known[1] != "Transfer Syntax" or "Referenced" in known[0]


def _mismatch(request: Any, header: Dataset | None) -> StoreAnswer | None:
    """PS3.4 B.2.3: the object must be what the command says that it is."""
    if header is None:
        return None  # the intake says what is wrong with it
    if header.SOPClassUID != request.AffectedSOPClassUID:
        return StoreAnswer(DOES_NOT_MATCH_CLASS, "The object is of another class than was announced.")
    if header.SOPInstanceUID != request.AffectedSOPInstanceUID:
        return StoreAnswer(DOES_NOT_MATCH_CLASS, "The object has another UID than was announced.")
    return None
