"""The real Orthanc with our configuration: what it keeps when it dies, and who may talk to it."""

import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from imaging.errors import PacsUnavailable
from imaging.orthanc import OrthancPacs
from tests.dicom_builders import a_ct_series, as_bytes
from tests.orthanc_server import ORTHANC, OrthancServer, orthanc_server

__all__ = ["orthanc_server"]


@pytest.fixture
def server_of_its_own(tmp_path: Path) -> Iterator[OrthancServer]:
    if ORTHANC is None:
        pytest.skip("Orthanc is not installed here; `apt-get install orthanc orthanc-dicomweb`")
    server = OrthancServer(tmp_path / "orthanc")
    try:
        yield server.start()
    finally:
        server.stop()


def test_what_was_acknowledged_survives_a_kill_and_the_client_finds_its_way_back(
    server_of_its_own: OrthancServer,
) -> None:
    server = server_of_its_own
    pacs = server.pacs
    contents = [as_bytes(ds) for ds in a_ct_series(5)]
    stored = [pacs.store(content) for content in contents]

    server.kill()
    with pytest.raises(PacsUnavailable):
        pacs.instance_file(stored[0].sop_instance_uid)
    server.start()

    assert [pacs.instance_file(s.sop_instance_uid) for s in stored] == contents
    assert pacs.store(contents[0]).already_stored


def test_nobody_gets_in_without_the_password(orthanc_server: OrthancServer) -> None:
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(f"{orthanc_server.url}/studies")

    assert refused.value.code == 401


def test_nobody_reaches_it_from_another_address(orthanc_server: OrthancServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: it only asks which address would be used
        own_address = probe.getsockname()[0]
    if own_address.startswith("127."):
        pytest.skip("this machine has no address but loopback")

    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://{own_address}:{orthanc_server.http_port}/system", timeout=5)
    with pytest.raises(OSError):
        socket.create_connection((own_address, orthanc_server.dicom_port), timeout=5)


def test_it_speaks_no_dicom_and_tells_a_page_nothing(orthanc_server: OrthancServer) -> None:
    """Scanners come to the gateway; a page in a browser on this machine could reach its port."""
    caller = AE(ae_title="SCANNER")
    caller.add_requested_context(Verification)
    for port in (orthanc_server.dicom_port, orthanc_server.http_port):
        assert not caller.associate("127.0.0.1", port, ae_title="TELECONSULT").is_established
    for method in ("GET", "OPTIONS", "POST"):
        request = urllib.request.Request(
            f"{orthanc_server.url}/instances", method=method, headers={"Origin": "https://evil.example"}
        )
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == 401
        assert not [name for name in refused.value.headers if name.lower().startswith("access-control-")]


def test_the_real_chest_goes_in_and_comes_out(orthanc_server: OrthancServer, real_data: Path) -> None:
    files = sorted(path.read_bytes() for path in (real_data / "ct-lidc-0001").glob("*.dcm"))
    pacs: OrthancPacs = orthanc_server.pacs

    stored = [pacs.store(content) for content in files]

    series = stored[0].study_instance_uid, stored[0].series_instance_uid
    assert sorted(pacs.fetch_series(*series)) == files
