"""A real Orthanc for tests: own folder, own ports, own password, gone at the end."""

import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from imaging.errors import PacsUnavailable
from imaging.orthanc import OrthancPacs
from imaging.orthanc_configuration import orthanc_configuration
from tests.free_ports import free_ports

ORTHANC = shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
READY_WITHIN_S = 60.0
USERNAME = "teleconsult-test"


class OrthancServer:
    """One Orthanc process. `start` after `stop` finds the same data on the same ports."""

    def __init__(
        self, folder: Path, *, as_hospital: bool = False, inside: Sequence[str] = ()
    ) -> None:
        """`as_hospital`: another hospital's archive, which answers C-FIND, C-GET and C-MOVE."""
        self.folder = folder
        self.as_hospital = as_hospital
        self.inside = list(inside)  # a command before its own, such as another network namespace
        self.movers: dict[str, tuple[str, int]] = {}  # AE title to address: where a C-MOVE may send
        self.password = secrets.token_urlsafe(16)
        self.http_port, self.dicom_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.http_port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pacs(self) -> OrthancPacs:
        """A new client of this server."""
        return OrthancPacs(self.url, USERNAME, self.password)

    def start(self) -> "OrthancServer":
        """Return when it answers."""
        if ORTHANC is None:
            raise FileNotFoundError("Orthanc is not installed")
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "orthanc.json"
        settings = orthanc_configuration(
            self.folder / "data", self.http_port, self.dicom_port, USERNAME, self.password
        )
        if self.as_hospital:
            settings |= {"DicomAet": "HOSPITAL", "DicomServerEnabled": True, "OverwriteInstances": True}
            settings |= {f"DicomAlwaysAllow{request}": True for request in ("Find", "Get", "Move")}
            settings["DicomModalities"] = {title: [title, *where] for title, where in self.movers.items()}
        if self.inside:
            settings["RemoteAccessAllowed"] = True
        configuration.write_text(json.dumps(settings))
        with (self.folder / "log.txt").open("ab") as log:
            command = [*self.inside, ORTHANC, str(configuration)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        if self.inside:
            self._wait_until_it_says_so(self._process)
        else:
            self._wait_until_it_answers(self._process)
        return self

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it in order; calling it again does no harm."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def _wait_until_it_says_so(self, process: subprocess.Popen[bytes]) -> None:
        """As it cannot be asked from here, its log is."""
        deadline = time.monotonic() + READY_WITHIN_S
        while "Orthanc has started" not in (self.folder / "log.txt").read_text(errors="replace"):
            assert process.poll() is None and time.monotonic() < deadline, "Orthanc did not become ready"
            time.sleep(0.05)  # between two looks at the condition

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        pacs = self.pacs
        while True:
            try:
                pacs.ping()
                return
            except PacsUnavailable:
                ended = process.poll() is not None
                if ended or time.monotonic() > deadline:
                    log = (self.folder / "log.txt").read_text(errors="replace")
                    raise RuntimeError(f"Orthanc did not become ready:\n{log[-4000:]}") from None
                time.sleep(0.05)  # between two looks at the condition


@pytest.fixture(scope="session")
def orthanc_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrthancServer]:
    """A running Orthanc, shared by the tests of a session: they use studies of their own."""
    if ORTHANC is None:
        pytest.skip("Orthanc is not installed here; `apt-get install orthanc orthanc-dicomweb`")
    server = OrthancServer(tmp_path_factory.mktemp("orthanc"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def orthanc_pacs(orthanc_server: OrthancServer) -> Iterator[OrthancPacs]:
    """A client of the running Orthanc."""
    pacs = orthanc_server.pacs
    yield pacs
    pacs.close()
