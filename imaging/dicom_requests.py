"""What we ask of scanners: whether they answer, and that they take our report on storage commitment."""

from dataclasses import dataclass
from enum import StrEnum

from pydicom import Dataset
from pynetdicom import AE, build_role
from pynetdicom.association import Association
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    Verification,
)

from imaging.dicom_tls import TlsFiles
from imaging.storage_commitment import PUSH_MODEL_INSTANCE_UID

TIMEOUT_S = 5.0
SUCCESS = 0x0000


class EchoOutcome(StrEnum):
    ANSWERED = "answered"
    UNREACHABLE = "unreachable"  # nobody listens there, or the network is in the way
    REJECTED = "rejected"  # it listens, and does not know our AE title or its own
    NO_ANSWER = "no-answer"  # it let us in and then did not answer


@dataclass(frozen=True, slots=True)
class Target:
    ae_title: str
    address: str
    port: int
    tls: TlsFiles | None = None


def echo(our_ae_title: str, target: Target) -> EchoOutcome:
    """Return what became of a C-ECHO; takes no longer than a few seconds."""
    ae = _requester(our_ae_title)
    ae.add_requested_context(Verification)
    association = _associate(ae, target)
    if not association.is_established:
        return EchoOutcome.REJECTED if association.is_rejected else EchoOutcome.UNREACHABLE
    try:
        status = association.send_c_echo()
        return EchoOutcome.ANSWERED if status.get("Status") == SUCCESS else EchoOutcome.NO_ANSWER
    finally:
        association.release()


def send_report(our_ae_title: str, target: Target, event_type: int, information: Dataset) -> bool:
    """Open an association as the side that commits, and report. False: it is to be tried again.

    Source: DICOM PS3.4 J.3.3: the role is negotiated, as it is the other way round than usual.
    """
    ae = _requester(our_ae_title)
    ae.add_requested_context(StorageCommitmentPushModel)
    association = _associate(ae, target, roles=[build_role(StorageCommitmentPushModel, scp_role=True)])
    if not association.is_established:
        return False
    try:
        return report_on(association, event_type, information)
    finally:
        association.release()


def report_on(association: Association, event_type: int, information: Dataset) -> bool:
    """Report on an open association. False: the peer did not take it, or is gone."""
    try:
        status, _ = association.send_n_event_report(
            information, event_type, StorageCommitmentPushModel, PUSH_MODEL_INSTANCE_UID
        )
    except (RuntimeError, ValueError):  # it ended in this moment, or without a context for this
        return False
    return bool(status.get("Status") == SUCCESS)


def _requester(our_ae_title: str) -> AE:
    ae = AE(our_ae_title)
    ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = TIMEOUT_S
    return ae


def _associate(ae: AE, target: Target, roles: list[object] | None = None) -> Association:
    return ae.associate(
        target.address,
        target.port,
        ae_title=target.ae_title,
        ext_neg=roles,  # type: ignore[arg-type]
        tls_args=(target.tls.client_context(), "") if target.tls else None,
    )
