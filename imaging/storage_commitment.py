"""Storage commitment: what a scanner asks us to answer for, and the report on it. Pure; PS3.4 annex J."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from pydicom import Dataset

PUSH_MODEL_INSTANCE_UID = "1.2.840.10008.1.20.1.1"  # PS3.4 J.3.5: the well-known SOP Instance
REQUEST_ACTION_TYPE = 1
ALL_SAFE_EVENT_TYPE, FAILURES_EVENT_TYPE = 1, 2
REFERENCES_AT_MOST = 20_000
_UID = re.compile(r"[0-9.]{1,64}")


class FailureReason(IntEnum):
    """PS3.3 C.14.1.1."""

    PROCESSING_FAILURE = 0x0110
    NO_SUCH_OBJECT_INSTANCE = 0x0112
    CLASS_INSTANCE_CONFLICT = 0x0119


@dataclass(frozen=True, slots=True)
class Reference:
    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class CommitmentRequest:
    transaction_uid: str
    references: tuple[Reference, ...]


class MalformedRequest(ValueError):
    """The request lacks its transaction or names no instances: the scanner is told 0x0115."""


def read_request(information: Dataset) -> CommitmentRequest:
    """Return what an N-ACTION's information asks for.

    Raises:
        MalformedRequest: no Transaction UID, no references, too many of them, or one without UIDs.

    Source: DICOM PS3.4 table J.3-1.
    """
    transaction_uid = str(information.get("TransactionUID") or "")
    items = information.get("ReferencedSOPSequence") or []
    if not _UID.fullmatch(transaction_uid) or not 0 < len(items) <= REFERENCES_AT_MOST:
        raise MalformedRequest
    return CommitmentRequest(transaction_uid, tuple(map(_reference, items)))


def _reference(item: Dataset) -> Reference:
    class_uid = str(item.get("ReferencedSOPClassUID") or "")
    instance_uid = str(item.get("ReferencedSOPInstanceUID") or "")
    if not _UID.fullmatch(class_uid) or not _UID.fullmatch(instance_uid):
        raise MalformedRequest
    return Reference(class_uid, instance_uid)


def report(
    transaction_uid: str, outcomes: Sequence[tuple[Reference, FailureReason | None]]
) -> tuple[int, Dataset]:
    """Return the event type and the information of the N-EVENT-REPORT that answers a request.

    Args:
        outcomes: each instance, and why we do not answer for it; None: we do.

    Source: DICOM PS3.4 table J.3-2.
    """
    information = Dataset()
    information.TransactionUID = transaction_uid
    safe = [_item(reference) for reference, failure in outcomes if failure is None]
    failed = [_item(reference, failure) for reference, failure in outcomes if failure is not None]
    if safe:
        information.ReferencedSOPSequence = safe
    if failed:
        information.FailedSOPSequence = failed
    return FAILURES_EVENT_TYPE if failed else ALL_SAFE_EVENT_TYPE, information


def _item(reference: Reference, failure: FailureReason | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    if failure is not None:
        item.FailureReason = int(failure)
    return item
