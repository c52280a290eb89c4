"""Whatever is asked of an archive whose connection breaks, the answer is that it is away."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from imaging.errors import PacsUnavailable
from imaging.orthanc import OrthancPacs
from tests.dicom_builders import a_ct_series, as_bytes

LOOKED_UP = b'[{"Type": "Instance", "ID": "i"}, {"Type": "Series", "ID": "s"}, {"Type": "Study", "ID": "t"}]'
FOUND = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(LOOKED_UP), LOOKED_UP)
ENDS = {
    "nothing": b"",
    "half a header": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[",
    "half of a body in pieces": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n[",
    "no HTTP": b"+PONG\r\n",
    "an error": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
}
FILE = as_bytes(a_ct_series(1)[0])
ASKED: dict[str, Callable[[OrthancPacs], object]] = {
    "ping": lambda pacs: pacs.ping(),
    "store": lambda pacs: pacs.store(FILE),
    "instance_file": lambda pacs: pacs.instance_file("1.2"),
    "delete_instance": lambda pacs: pacs.delete_instance("1.2"),
    "remove": lambda pacs: pacs.remove("i"),
    "has": lambda pacs: pacs.has("i"),
    "contents": lambda pacs: list(pacs.contents()),
    "md5_on_disk": lambda pacs: pacs.md5_on_disk("i"),
    "fetch_series": lambda pacs: list(pacs.fetch_series("1.2", "1.3")),
    "series_instances": lambda pacs: pacs.series_instances("1.2", "1.3"),
    "file_of": lambda pacs: pacs.file_of("i"),
    "series_headers": lambda pacs: pacs.series_headers("1.2", "1.3"),
    "instance_header": lambda pacs: pacs.instance_header("i"),
    "study_series": lambda pacs: pacs.study_series("1.2"),
    "find_instances": lambda pacs: pacs.find_instances("1.2"),
    "changes": lambda pacs: pacs.changes(0),
}


@contextmanager
def an_archive_that_says(answer: bytes, *, finds: bool) -> Iterator[OrthancPacs]:
    """It says that and resets the connection; where it `finds`, it still tells its own ids."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with suppress(OSError), connection:
                    asked = connection.recv(1 << 20)
                    connection.sendall(FOUND if finds and b"tools/lookup" in asked else answer)
                    if not answer:  # RST instead of FIN
                        linger = struct.pack("ii", 1, 0)
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    pacs = OrthancPacs(f"http://127.0.0.1:{listening.getsockname()[1]}", "user", "password")
    try:
        yield pacs
    finally:
        pacs.close()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        serving.join()


def test_everything_that_can_be_asked_is_asked_here() -> None:
    """The client has no other methods."""
    methods = {name for name in vars(OrthancPacs) if not name.startswith("_")} - {"close"}
    assert methods == ASKED.keys()


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("asked", ASKED)
def test_an_archive_that_breaks_off_is_away(asked: str, end: str) -> None:
    with an_archive_that_says(ENDS[end], finds=True) as pacs, pytest.raises(PacsUnavailable):
        ASKED[asked](pacs)


@pytest.mark.parametrize("end", ENDS)
def test_an_archive_that_breaks_off_when_it_is_asked_for_its_own_id_is_away(end: str) -> None:
    with an_archive_that_says(ENDS[end], finds=False) as pacs, pytest.raises(PacsUnavailable):
        pacs.instance_file("1.2")
