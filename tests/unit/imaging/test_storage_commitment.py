"""Requests and reports of storage commitment, by PS3.4 annex J."""

import pytest
from pydicom import Dataset

from imaging.storage_commitment import (
    CommitmentRequest,
    FailureReason,
    MalformedRequest,
    Reference,
    read_request,
    report,
)

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ONE, TWO = Reference(CT_IMAGE, "1.2.3.1"), Reference(CT_IMAGE, "1.2.3.2")


def a_request(*references: Reference, transaction_uid: str = "1.2.9") -> Dataset:
    information = Dataset()
    information.TransactionUID = transaction_uid
    information.ReferencedSOPSequence = [Dataset() for _ in references]
    for item, reference in zip(information.ReferencedSOPSequence, references, strict=True):
        item.ReferencedSOPClassUID = reference.sop_class_uid
        item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    return information


def test_a_request_is_read() -> None:
    assert read_request(a_request(ONE, TWO)) == CommitmentRequest("1.2.9", (ONE, TWO))


@pytest.mark.parametrize(
    "information", [Dataset(), a_request(), a_request(ONE, transaction_uid=""), a_request(Reference("", "1"))]
)
def test_a_request_without_transaction_or_instances_is_malformed(information: Dataset) -> None:
    with pytest.raises(MalformedRequest):
        read_request(information)


def test_a_report_on_instances_that_are_all_safe_is_a_success() -> None:
    event_type, information = report("1.2.9", [(ONE, None), (TWO, None)])

    assert event_type == 1
    assert information.TransactionUID == "1.2.9"
    assert len(information.ReferencedSOPSequence) == 2
    assert "FailedSOPSequence" not in information


def test_a_report_names_each_failure_with_its_reason() -> None:
    event_type, information = report("1.2.9", [(ONE, None), (TWO, FailureReason.NO_SUCH_OBJECT_INSTANCE)])

    assert event_type == 2
    (failed,) = information.FailedSOPSequence
    assert (failed.ReferencedSOPInstanceUID, failed.FailureReason) == ("1.2.3.2", 0x0112)
    assert [item.ReferencedSOPInstanceUID for item in information.ReferencedSOPSequence] == ["1.2.3.1"]
