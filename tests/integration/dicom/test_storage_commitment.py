"""Storage commitment with a scanner that asks, and takes the report on the same or on another association."""

import os
import signal
from typing import Any

from pydicom import Dataset
from pydicom.uid import CTImageStorage, MRImageStorage, generate_uid
from pynetdicom import evt
from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]

from tests.dicom_builders import a_series_of_its_own
from tests.dicom_scanner import CommitmentListener, answers_echo, associated, gateway_pid
from tests.installation_server import Client, Installation, wait_until

PUSH_MODEL_INSTANCE = "1.2.840.10008.1.20.1.1"


def ask(association: Any, references: list[tuple[str, str]]) -> str:
    """Ask for commitment; the Transaction UID."""
    information = Dataset()
    information.TransactionUID = generate_uid()
    information.ReferencedSOPSequence = [Dataset() for _ in references]
    for item, (class_uid, instance_uid) in zip(information.ReferencedSOPSequence, references, strict=True):
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = class_uid, instance_uid
    status, _ = association.send_n_action(information, 1, StorageCommitmentPushModel, PUSH_MODEL_INSTANCE)
    assert status.Status == 0x0000
    return str(information.TransactionUID)


def stored(association: Any, count: int) -> list[tuple[str, str]]:
    images = a_series_of_its_own(count, patient_id="T-COMMIT")
    for image in images:
        assert association.send_c_store(image).Status == 0x0000
    return [(str(CTImageStorage), str(image.SOPInstanceUID)) for image in images]


def test_what_is_in_the_archive_is_committed_on_the_association_that_asked(
    gateway: int, listener: CommitmentListener
) -> None:
    with associated(gateway, evt_handlers=[(evt.EVT_N_EVENT_REPORT, listener.handle)]) as association:
        references = stored(association, 3)
        transaction = ask(association, references)
        wait_until(lambda: transaction in listener.reports, "the report came", 20)

    event_type, information = listener.reports[transaction]
    assert event_type == 1
    safe = {str(item.ReferencedSOPInstanceUID) for item in information.ReferencedSOPSequence}
    assert safe == {instance_uid for _, instance_uid in references}
    assert "FailedSOPSequence" not in information


def test_what_is_missing_of_another_class_or_damaged_is_reported_as_failed(
    installation: Installation, gateway: int, listener: CommitmentListener
) -> None:
    listener.start()
    with associated(gateway) as association:
        good, damaged, misnamed = stored(association, 3)
    _damage(installation, damaged[1])
    missing = (str(CTImageStorage), str(generate_uid()))
    with associated(gateway) as association:
        asked = [good, damaged, (str(MRImageStorage), misnamed[1]), missing]
        transaction = ask(association, asked)

    wait_until(lambda: transaction in listener.reports, "the report came", 20)
    event_type, information = listener.reports[transaction]
    assert event_type == 2
    failed = {str(i.ReferencedSOPInstanceUID): i.FailureReason for i in information.FailedSOPSequence}
    assert failed == {damaged[1]: 0x0110, misnamed[1]: 0x0119, missing[1]: 0x0112}
    assert [str(i.ReferencedSOPInstanceUID) for i in information.ReferencedSOPSequence] == [good[1]]


def _damage(installation: Installation, sop_instance_uid: str) -> None:
    """Change one byte of the archive's copy, on its disk."""
    archive = installation.archive()
    content = archive.instance_file(sop_instance_uid)
    for folder, _, names in os.walk(installation.data / "orthanc"):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.getsize(path) == len(content):
                with open(path, "r+b") as file:
                    if file.read() == content:
                        file.seek(-1, os.SEEK_END)
                        file.write(b"\xff")
                        return
    raise AssertionError("the archive has no such file")


def test_a_report_that_nobody_took_is_sent_again_after_a_restart_when_the_scanner_listens(
    installation: Installation, gateway: int, listener: CommitmentListener
) -> None:
    with associated(gateway) as association:
        transaction = ask(association, stored(association, 1))
    os.kill(gateway_pid(installation), signal.SIGKILL)
    assert transaction not in listener.reports

    listener.start()

    wait_until(lambda: transaction in listener.reports, "the report came", 40)
    assert listener.reports[transaction][0] == 1


def test_a_scanner_that_goes_on_sending_after_it_asked_loses_nothing(
    gateway: int, listener: CommitmentListener
) -> None:
    wait_until(lambda: answers_echo(gateway), "the gateway is back", 60)
    listener.start()
    with associated(gateway, evt_handlers=[(evt.EVT_N_EVENT_REPORT, listener.handle)]) as association:
        transaction = ask(association, stored(association, 2))
        stored(association, 40)

    wait_until(lambda: transaction in listener.reports, "the report came", 20)


def test_a_request_without_instances_is_refused(gateway: int) -> None:
    information = Dataset()
    information.TransactionUID = generate_uid()
    with associated(gateway) as association:
        status, _ = association.send_n_action(
            information, 1, StorageCommitmentPushModel, PUSH_MODEL_INSTANCE
        )

    assert status.Status == 0x0115


def test_the_administrator_sees_whether_a_device_answers(
    admin: Client, scanner: dict[str, Any], gateway: int, listener: CommitmentListener
) -> None:
    echo = f"/api/dicom-peers/{scanner['id']}/echo"
    assert admin.post(echo) == {"outcome": "unreachable"}

    listener.start()

    assert admin.post(echo) == {"outcome": "answered"}
