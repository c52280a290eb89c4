"""The DICOM gateway of a whole installation against real peers: dcmtk, pynetdicom, and what is neither."""

import json
import os
import select
import signal
import socket
import sqlite3
import struct
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydicom.uid import CTImageStorage, generate_uid
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import a_series_of_its_own
from tests.dicom_scanner import SCANNER, answers_echo, associated, dcmtk, gateway_pid, write_files
from tests.installation_server import Client, Installation, wait_until

CLAIMS_FOUR_GIGABYTES = b"\x01\x00" + struct.pack(">L", 0xFFFFFFF0)


def slices_of(viewer: Client, study_instance_uid: str) -> set[str]:
    """SOP Instance UIDs that the study has on the page; none while there is no such study."""
    answer = viewer.http.get(f"/api/studies/{study_instance_uid}")
    if answer.status_code == 404:
        return set()
    return {i["sop_instance_uid"] for series in answer.json()["series"] for i in series["instances"]}


def test_a_stored_series_is_on_the_page_and_goes_to_the_ai(
    gateway: int, specialist: Client, tmp_path: Path
) -> None:
    slices, _ = chest_ct(31, slices=40, rows=128, patient_name="DEMO^GATEWAY", patient_id="D-GATEWAY")
    uid = str(slices[0].StudyInstanceUID)

    sent = dcmtk("storescu", gateway, *write_files(tmp_path, slices))

    assert sent.returncode == 0, sent.stderr[-2000:]
    assert slices_of(specialist, uid) == {str(one.SOPInstanceUID) for one in slices}
    wait_until(lambda: specialist.ai_of(uid)["status"] != "none", "the AI has a job", 60)


@pytest.mark.parametrize(("calling", "address"), [("STRANGER", "127.0.0.1"), (SCANNER, "127.0.0.9")])
def test_an_unknown_title_or_address_is_turned_away_and_shown_to_the_administrator(
    gateway: int, admin: Client, calling: str, address: str
) -> None:
    with associated(gateway, calling=calling, address=address) as association:
        assert association.is_rejected

    shown = admin.get("/api/dicom-peers")["rejections"]
    assert (calling, address) in {(one["ae_title"], one["address"]) for one in shown}


def test_the_title_that_was_called_must_be_ours(gateway: int) -> None:
    answer = subprocess.run(
        ["/usr/bin/echoscu", "-aet", SCANNER, "-aec", "OTHER", "127.0.0.1", str(gateway)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "Called AE Title Not Recognized" in answer.stderr


def test_what_is_refused_or_kept_apart_is_no_success_and_says_why_in_ascii(gateway: int) -> None:
    """The sender must not forget what no study shows."""
    good, broken, misnamed = a_series_of_its_own(3, patient_id="T-REFUSED")
    other_patient = a_series_of_its_own(1, patient_id="T-OTHER")[0]
    other_patient.StudyInstanceUID = good.StudyInstanceUID
    broken.PixelData = broken.PixelData[:100]

    with associated(gateway) as association:
        first = association.send_c_store(good)
        refused = association.send_c_store(broken)
        kept_apart = association.send_c_store(other_patient)
        misnamed.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        announced = _store_as(association, misnamed, sop_instance_uid=str(generate_uid()))

    assert first.Status == 0x0000
    assert (refused.Status, kept_apart.Status, announced) == (0xC000, 0xC001, 0xA900)
    for answer in (refused, kept_apart):
        assert answer.ErrorComment.isascii()
        assert 0 < len(answer.ErrorComment) <= 64


def _store_as(association: Association, dataset: Any, sop_instance_uid: str) -> int:
    """Announce another SOP Instance UID than the object has."""
    context = next(c for c in association.accepted_contexts if c.abstract_syntax == CTImageStorage)
    syntax = context.transfer_syntax[0]
    request = C_STORE()
    request.MessageID = 7
    request.AffectedSOPClassUID = CTImageStorage
    request.AffectedSOPInstanceUID = sop_instance_uid
    request.Priority = 2
    request.DataSet = BytesIO(encode(dataset, syntax.is_implicit_VR, syntax.is_little_endian) or b"")
    association._reactor_checkpoint.clear()
    association.dimse.send_msg(request, context.context_id or 0)
    answer: Any = association.dimse.get_msg(block=True)[1]
    association._reactor_checkpoint.set()
    return int(answer.Status)


def test_sending_again_is_a_success_and_stores_nothing_twice(
    gateway: int, specialist: Client, tmp_path: Path
) -> None:
    slices = a_series_of_its_own(3, patient_id="T-AGAIN")
    files = write_files(tmp_path, slices)

    assert dcmtk("storescu", gateway, *files).returncode == 0
    assert dcmtk("storescu", gateway, *files).returncode == 0

    assert len(slices_of(specialist, str(slices[0].StudyInstanceUID))) == 3


def test_idle_associations_and_malformed_units_do_not_keep_others_out(gateway: int) -> None:
    hostile = [
        b"\x01\x00\x00\x00\x00\x10" + b"\xff" * 16,
        b"\x00" * 64,
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x04\x00\x00\x00\x00\x06\x00\x00\x00\x02\x01\x03",
        CLAIMS_FOUR_GIGABYTES,
    ]
    connections = []
    for number in range(150):
        connections.append(socket.create_connection(("127.0.0.1", gateway), timeout=5))
        connections[-1].sendall(hostile[number % len(hostile)])
    idle = [associated(gateway) for _ in range(30)]
    for one in idle:
        one.__enter__()
    try:
        assert answers_echo(gateway)
    finally:
        for connection in connections:
            connection.close()
        for one in idle:
            one.__exit__(None, None, None)


def test_damaged_conversations_leave_the_gateway_as_it_was(
    installation: Installation, gateway: int
) -> None:
    pid = gateway_pid(installation)
    whole = _recorded_conversation(gateway)
    random = Random(7)

    def send_damaged(seed: int) -> None:
        damaged, random = bytearray(whole), Random(seed)
        for _ in range(random.choice([1, 2, 5, 20])):
            place = random.randrange(random.choice([80, 600, len(damaged)]))
            damaged[place : place + random.randrange(2)] = random.randbytes(random.randrange(8))
        with suppress(OSError), socket.create_connection(("127.0.0.1", gateway), timeout=5) as connection:
            connection.settimeout(1)
            connection.sendall(damaged)
            while connection.recv(1 << 16):
                pass

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(send_damaged, random.sample(range(10_000), 80)))

    assert answers_echo(gateway)
    assert gateway_pid(installation) == pid


def _recorded_conversation(gateway: int) -> bytes:
    """What a scanner sends that stores an image and releases, byte for byte."""
    sent = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pass_on() -> None:
            here, _ = listener.accept()
            with here, socket.create_connection(("127.0.0.1", gateway)) as there:
                ends = {here: there, there: here}
                while ready := select.select(list(ends), [], [], 20)[0]:
                    for end in ready:
                        piece = end.recv(1 << 16)
                        if not piece:
                            return
                        ends[end].sendall(piece)
                        sent.extend(piece if end is here else b"")

        between = threading.Thread(target=pass_on)
        between.start()
        with associated(listener.getsockname()[1]) as association:
            stored = association.send_c_store(a_series_of_its_own(1, patient_id="T-DAMAGED")[0])
        between.join(30)
    assert stored.Status == 0x0000
    return bytes(sent)


def test_a_unit_that_claims_four_gigabytes_is_cut_off_and_takes_no_memory(
    installation: Installation, gateway: int
) -> None:
    pid = gateway_pid(installation)
    before = _resident_bytes(pid)
    with socket.create_connection(("127.0.0.1", gateway), timeout=20) as connection:
        connection.sendall(CLAIMS_FOUR_GIGABYTES)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += connection.send(bytes(1 << 20))
        except OSError:
            pass

    assert sent < 64 << 20
    assert _resident_bytes(pid) - before < 32 << 20
    assert answers_echo(gateway)


def _resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_killed_while_receiving_it_has_all_that_it_acknowledged_and_comes_back(
    installation: Installation, gateway: int, specialist: Client
) -> None:
    slices = a_series_of_its_own(60, patient_id="T-KILLED")
    uid = str(slices[0].StudyInstanceUID)
    acknowledged: set[str] = set()
    some_are = threading.Event()

    def send() -> None:
        with associated(gateway) as association:
            for one in slices:
                if not association.is_established:
                    return
                if association.send_c_store(one).get("Status") == 0x0000:
                    acknowledged.add(str(one.SOPInstanceUID))
                if len(acknowledged) == 5:
                    some_are.set()

    sender = threading.Thread(target=send)
    sender.start()
    assert some_are.wait(30)
    os.kill(gateway_pid(installation), signal.SIGKILL)
    sender.join(60)

    assert 5 <= len(acknowledged) < 60
    assert acknowledged <= slices_of(specialist, uid)
    archive = installation.archive()
    assert all(archive.instance_file(one) for one in acknowledged)
    wait_until(lambda: answers_echo(gateway), "the gateway is back", 60)
    with associated(gateway) as association:
        assert all(association.send_c_store(one).Status == 0x0000 for one in slices)
    assert len(slices_of(specialist, uid)) == 60


def test_while_the_archive_is_away_the_scanner_is_told_to_send_again(
    another_gateway: Callable[..., int],
) -> None:
    port = another_gateway(TELECONSULT_ORTHANC_URL="http://127.0.0.1:9")
    with associated(port) as association:
        answer = association.send_c_store(a_series_of_its_own(1)[0])

    assert answer.Status == 0xA700
    assert answer.ErrorComment == "The archive is not available; please send it again."


def test_over_tls_only_a_device_with_a_certificate_of_the_authority_gets_in(
    another_gateway: Callable[..., int], tmp_path: Path
) -> None:
    authority, ours, theirs = _certificates(tmp_path)
    port = another_gateway(
        TELECONSULT_DICOM_TLS_CERTIFICATE=f"{ours}.pem",
        TELECONSULT_DICOM_TLS_KEY=f"{ours}.key",
        TELECONSULT_DICOM_TLS_CLIENT_CA=f"{authority}.pem",
    )
    with_certificate = ("+tls", f"{theirs}.key", f"{theirs}.pem", "+cf", f"{authority}.pem")
    # A connection that never shakes hands holds up nobody else.
    with socket.create_connection(("127.0.0.1", port)):
        known = dcmtk("echoscu", port, *with_certificate)
    anonymous = dcmtk("echoscu", port, "+tla", "+cf", f"{authority}.pem")
    plain = dcmtk("echoscu", port)

    assert known.returncode == 0, known.stderr
    assert anonymous.returncode != 0
    assert plain.returncode != 0


def _certificates(folder: Path) -> tuple[Path, Path, Path]:
    """An authority and two certificates of it: stems of their PEM and key files."""

    def openssl(*given: object) -> None:
        subprocess.run(["openssl", *map(str, given)], check=True, capture_output=True, cwd=folder)

    authority = folder / "authority"
    key = ("-newkey", "rsa:2048", "-nodes", "-keyout")
    openssl("req", "-x509", *key, "authority.key", "-out", "authority.pem", "-subj", "/CN=Test authority")
    for name in ("gateway", "scanner"):
        openssl("req", *key, f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signing = ("-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial")
        openssl("x509", "-req", "-in", f"{name}.csr", *signing, "-out", f"{name}.pem", "-days", 1)
    return authority, folder / "gateway", folder / "scanner"


def test_the_start_says_where_scanners_send(installation: Installation) -> None:
    assert f"TELECONSULT localhost:{installation.dicom_port}" in installation.output.read_text()


def test_everything_that_a_peer_did_is_in_the_audit_log(
    installation: Installation, gateway: int, scanner: dict[str, Any], tmp_path: Path
) -> None:
    def ended() -> list[dict[str, Any]]:
        with sqlite3.connect(f"file:{installation.data / 'teleconsult.db'}?mode=ro", uri=True) as database:
            rows = database.execute(
                "SELECT details FROM audit_log WHERE action = 'dicom-association-ended' AND subject = ?",
                (f"dicom-peer/{scanner['id']}",),
            )
            return [json.loads(row[0]) for row in rows]

    before = len(ended())
    files = write_files(tmp_path, a_series_of_its_own(1, patient_id="T-AUDIT"))
    assert dcmtk("storescu", gateway, *files).returncode == 0
    wait_until(lambda: len(ended()) > before, "the association is in the audit log", 20)
    assert ended()[-1]["peer"] == f"{SCANNER}@127.0.0.1"
    assert ended()[-1]["studies"] == 1
