"""What a hospital's network sees: the DSCP in the headers of packets, read off the loopback device."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from pynetdicom import AE
from starlette.responses import PlainTextResponse

from imaging.dicom_gateway import Caller, DicomGateway, Visit
from imaging.traffic_mark import DataMarks
from teleconsult.marked_http import MarkedHttp
from tests.installation_server import wait_until

MARKS = DataMarks(images=20, bulk=12)  # neither is the default
ALL_FRAMES, TCP = 0x0003, 6
ASSOCIATE_RJ = b"\x03\x00\x00\x00\x00\x04"  # PS3.8 9.3.4


class Wire:
    """The code points of IPv4 packets with content that were sent from a TCP port of this machine."""

    def __init__(self) -> None:
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES))
        except PermissionError:
            pytest.skip("reading packets off a device needs CAP_NET_RAW")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)  # others use the device too
        self._socket.bind(("lo", 0))
        self._socket.settimeout(30)
        self._seen: set[tuple[int, int, int]] = set()

    def sent_from(self, port: int, *, until: bytes) -> set[int]:
        """Of what was first sent since the last time, up to the packet in which `until` stands.

        A slow machine makes TCP send a packet again, with the mark of its own time: those are left out.
        """
        seen: set[int] = set()
        while True:
            frame, (_, _, kind, *_) = self._socket.recvfrom(65_536)
            packet = frame[14:]
            # On loopback each is seen twice: once as it goes out.
            if kind == socket.PACKET_OUTGOING or len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != TCP:
                continue
            header, total = (packet[0] & 15) * 4, struct.unpack_from("!H", packet, 2)[0]
            source, destination, sequence_number = struct.unpack_from("!HHI", packet, header)
            content = packet[header + (packet[header + 12] >> 4) * 4 : total]
            sent = (source, destination, sequence_number)
            if source == port and content and sent not in self._seen:
                self._seen.add(sent)
                seen.add(packet[1] >> 2)
                if until in content:
                    return seen

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    reading = Wire()
    yield reading
    reading.close()


@contextmanager
def marked_server() -> Iterator[int]:
    class Marked(MarkedHttp):
        marks = MARKS

    app = PlainTextResponse("said")
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, http=Marked, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, "the server listens", 30)
    yield int(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join()


def test_images_and_bulk_are_marked_and_pages_are_not_on_one_connection(wire: Wire) -> None:
    study = "/api/studies/1.2.3"
    paths = {
        "/dicom-web/studies/1.2.3/series/4/instances/5": MARKS.images,
        f"{study}/instances/5/file": MARKS.images,
        f"{study}/archive.zip": MARKS.bulk,
        "/api/uploads/u/files": MARKS.bulk,
        "/api/consults": 0,
        "/": 0,
    }
    with marked_server() as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as page:
        for path, mark in paths.items():
            page.get(path)
            assert wire.sent_from(port, until=b"said") == {mark}, path


class ClosedDesk:
    def admit(self, caller: Caller) -> Visit | None:
        return None

    def turned_away(self, caller: Caller) -> None: ...


def test_what_the_gateway_sends_to_scanners_is_bulk(wire: Wire) -> None:
    gateway = DicomGateway(ClosedDesk(), "TELECONSULT")
    port = gateway.start("127.0.0.1", 0, code_point=MARKS.bulk)
    try:
        scanner = AE("SCANNER")
        scanner.add_requested_context("1.2.840.10008.1.1")
        assert scanner.associate("127.0.0.1", port, ae_title="TELECONSULT").is_rejected
        assert wire.sent_from(port, until=ASSOCIATE_RJ) == {MARKS.bulk}
    finally:
        gateway.stop()


@pytest.mark.parametrize("text", ["18", "18 64", "18 -1", "AF21 AF11", "1 2 3"])
def test_marks_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="0 to 63"):
        DataMarks.from_text(text)


def test_marks_can_be_left_out() -> None:
    assert DataMarks.from_text("0 0") == (0, 0)
    assert DataMarks.from_text("") == DataMarks()
