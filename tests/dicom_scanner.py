"""A scanner for tests: dcmtk's programs, and pynetdicom where a test needs more than they do."""

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    CTImageStorage,
    ModalityWorklistInformationFind,
    StorageCommitmentPushModel,
    Verification,
)

from tests.installation_server import Installation

# Not from PATH: .venv/bin has pynetdicom's programs of the same names.
DCMTK = Path("/usr/bin")
AE_TITLE = "TELECONSULT"
SCANNER = "SCANNER1"
SERVICES = (Verification, CTImageStorage, ModalityWorklistInformationFind, StorageCommitmentPushModel)


def dcmtk(
    program: str, port: int, *given: object, calling: str = SCANNER
) -> subprocess.CompletedProcess[str]:
    if not (DCMTK / program).exists():
        pytest.skip("dcmtk is not installed; run 'make setup-tests'")
    return subprocess.run(
        [DCMTK / program, "-v", "-aet", calling, "-aec", AE_TITLE, "127.0.0.1", str(port), *map(str, given)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def answers_echo(port: int) -> bool:
    return dcmtk("echoscu", port).returncode == 0


@contextmanager
def associated(
    port: int, *, calling: str = SCANNER, address: str = "127.0.0.1", **options: Any
) -> Iterator[Association]:
    """An association for everything that the gateway offers; established or not."""
    ae = AE(calling)
    for service in SERVICES:
        ae.add_requested_context(service)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 30
    association = ae.associate("127.0.0.1", port, ae_title=AE_TITLE, bind_address=(address, 0), **options)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


class CommitmentListener:
    """The scanner's own side of storage commitment: a port on which it takes reports."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reports: dict[str, tuple[int, Dataset]] = {}
        self._came = threading.Event()
        self._server: Any = None

    def handle(self, event: evt.Event) -> tuple[int, None]:
        information = event.event_information
        self.reports[str(information.TransactionUID)] = (event.event_type or 0, information)
        self._came.set()
        return 0x0000, None

    def start(self) -> None:
        ae = AE(SCANNER)
        ae.add_supported_context(Verification)
        ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        self._server = ae.start_server(
            ("127.0.0.1", self.port),
            block=False,
            evt_handlers=[(evt.EVT_N_EVENT_REPORT, self.handle), (evt.EVT_C_ECHO, lambda _: 0)],
        )

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server = None


def write_files(folder: Path, datasets: Sequence[Dataset]) -> list[Path]:
    paths = []
    for number, dataset in enumerate(datasets):
        paths.append(folder / f"{number}.dcm")
        dataset.save_as(paths[-1], enforce_file_format=True)
    return paths


def gateway_pid(installation: Installation) -> int:
    """The process that the supervisor runs; another one of the tests has another port."""
    wanted = f"TELECONSULT_DICOM_PORT={installation.dicom_port}\0".encode()
    (found,) = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal()
        and b"teleconsult.gateway\0" in _read(entry / "cmdline")
        and wanted in _read(entry / "environ")
    ]
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # ended meanwhile, or another user's
        return b""
