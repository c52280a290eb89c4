"""An installation that knows another hospital, whose PACS is an Orthanc of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation_server import Client, Installation, free_ports_of_an_installation, no_models
from tests.orthanc_server import ORTHANC, USERNAME, OrthancServer


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("watched")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, watched: Path) -> Iterator[Installation]:
    """Our installation: without models, it may connect to this machine and watches a folder."""
    folder = tmp_path_factory.mktemp("own")
    running = Installation(folder / "data", free_ports_of_an_installation())
    running.settings = {
        **no_models(folder),
        "TELECONSULT_ALLOW_LOCAL_ARCHIVES": "1",
        "TELECONSULT_WATCH_FOLDER": str(watched),
    }
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, own: Installation) -> Iterator[OrthancServer]:
    """The other hospital's PACS, which knows our gateway as a target of C-MOVE."""
    if ORTHANC is None:
        pytest.skip("Orthanc is not installed here; `apt-get install orthanc orthanc-dicomweb`")
    server = OrthancServer(tmp_path_factory.mktemp("hospital"), as_hospital=True)
    server.movers = {"TELECONSULT": ("127.0.0.1", own.dicom_port)}
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def doctor(own: Installation) -> Client:
    return own.sign_in("specialist")  # of the same institution as the administrator


@pytest.fixture(scope="module")
def archives(own: Installation, hospital: OrthancServer) -> dict[str, str]:
    """The same hospital entered three times: how it is reached, and the archive's id."""
    admin = own.sign_in("admin")
    passwords = own.data / "archive-passwords"
    passwords.mkdir(exist_ok=True)
    (passwords / "hospital").write_text(hospital.password + "\n")
    dimse = {
        "kind": "dimse", "ae_title": "HOSPITAL", "host": "127.0.0.1", "port": hospital.dicom_port,
    }
    web = {
        "kind": "dicomweb", "url": f"{hospital.url}/dicom-web", "username": USERNAME,
        "password_file": "hospital",
    }
    given: dict[str, dict[str, Any]] = {
        "c-get": {**dimse, "retrieve_by": "c-get"},
        "c-move": {**dimse, "retrieve_by": "c-move"},
        "dicomweb": web,
    }
    return {
        name: admin.post("/api/archives", {"name": f"Hospital by {name}", **body})["id"]
        for name, body in given.items()
    }
