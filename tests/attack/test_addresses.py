"""Names that lead into our own network, though they did not when they were checked (SSRF, DNS rebinding)."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from imaging.archive_address import ForbiddenAddress, check_host, check_url
from imaging.checked_connections import CheckedAdapter
from imaging.dicomweb_archive import DicomwebArchive
from imaging.remote_archive import RemoteArchiveRefused
from tests.http_receiver import HttpReceiver, http_receiver

OUTSIDE = "203.0.113.7"  # of the range for documentation (RFC 5737)
INSIDE = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "0", "0.0.0.0", "localhost",
    "169.254.169.254", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1%25lo]", "224.0.0.1", "255.255.255.255",
]  # fmt: skip


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with http_receiver() as running:
        yield running


@pytest.fixture
def rebinding(monkeypatch: pytest.MonkeyPatch) -> None:
    """`rebinding.example` is outside when it is asked for the first time, and this machine from then on."""
    real, asked = socket.getaddrinfo, []

    def answer(host: Any, *arguments: Any, **named: Any) -> Any:
        if host == "rebinding.example":
            asked.append(host)
            host = OUTSIDE if len(asked) == 1 else "127.0.0.1"
        return real(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.parametrize("host", INSIDE)
def test_however_an_inner_address_is_written_it_is_refused(host: str) -> None:
    with pytest.raises(ForbiddenAddress):
        check_url(f"http://{host}/dicom-web")


def test_a_name_that_leads_inside_the_second_time_gets_nothing(
    receiver: HttpReceiver, rebinding: None
) -> None:
    port = receiver.url.rpartition(":")[2]
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", CheckedAdapter(allow_local=False))
    with pytest.raises(ForbiddenAddress):
        session.post(f"http://rebinding.example:{port}/", b"secret", timeout=5)
    assert receiver.received == []
    assert check_host("rebinding.example", allow_local=True) == ["127.0.0.1"]


def test_another_hospitals_archive_whose_name_leads_inside_is_refused(
    receiver: HttpReceiver, rebinding: None
) -> None:
    port = receiver.url.rpartition(":")[2]
    archive = DicomwebArchive(f"http://rebinding.example:{port}/dicom-web", "user", "password")
    with pytest.raises(RemoteArchiveRefused):
        archive.ping()
    assert receiver.received == []
