"""One installation: its data folder, its ports and its secrets. Standard library only.

Everything an installation keeps is in one folder, so that it can be moved, backed up and removed as one:

    config.json        the inner ports, chosen at the first start
    secrets/           made at the first start, readable by their owner alone
    run/               configuration of the child processes, written anew at each start
    logs/              one file for each child process
    redis/ orthanc/    what the broker and the archive keep
    supervisor.lock    held by the supervisor while it runs
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from teleconsult.ports import free_inner_port, is_free

SECRETS = (
    "orthanc_password",
    "redis_password",
    "session_secret",
    "join_secret",
    "turn_secret",
    "recording_secret",
)
INNER_PORT_NAMES = ("redis", "orthanc_http", "orthanc_dicom")
FOLDERS = ("secrets", "run", "logs", "redis", "orthanc")
SECRET_BYTES = 32
OUTER_PORTS = 40  # the page's and those above it: relays, scanners


@dataclass(frozen=True, slots=True)
class Installation:
    """Where one installation keeps its things, and which ports its parts use."""

    data_folder: Path
    host: str
    port: int
    redis_port: int
    orthanc_http_port: int
    orthanc_dicom_port: int

    @property
    def logs_folder(self) -> Path:
        return self.data_folder / "logs"

    @property
    def run_folder(self) -> Path:
        return self.data_folder / "run"

    @property
    def local_host(self) -> str:
        """The address by which this machine reaches what listens on `host`."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    def secret_file(self, name: str) -> Path:
        return self.data_folder / "secrets" / name

    def secret(self, name: str) -> str:
        return self.secret_file(name).read_text().strip()


def open_installation(data_folder: Path, host: str, port: int) -> Installation:
    """Make what a first start needs, and read what an earlier one made.

    An inner port that somebody else has taken since is replaced by another: nothing outside knows it.
    Call it only while holding the lock of the data folder.
    """
    for name in ("", *FOLDERS):
        (data_folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in SECRETS:
        _make_secret(data_folder / "secrets" / name)

    kept = read_inner_ports(data_folder)
    ports: dict[str, int] = {}
    for name in INNER_PORT_NAMES:
        used = {*range(port, port + OUTER_PORTS), *ports.values()}
        before = kept.get(name)
        usable = before is not None and before not in used and is_free(before, "0.0.0.0")
        ports[name] = before if usable and before is not None else free_inner_port(used | set(kept.values()))
    if ports != kept:
        write_privately(data_folder / "config.json", json.dumps({"inner_ports": ports}, indent=2) + "\n")
    return Installation(
        data_folder=data_folder,
        host=host,
        port=port,
        redis_port=ports["redis"],
        orthanc_http_port=ports["orthanc_http"],
        orthanc_dicom_port=ports["orthanc_dicom"],
    )


def existing_installation(data_folder: Path, host: str, port: int) -> Installation | None:
    """The installation as an earlier start left it, or None; changes nothing."""
    ports = read_inner_ports(data_folder)
    if set(ports) != set(INNER_PORT_NAMES):
        return None
    return Installation(
        data_folder=data_folder,
        host=host,
        port=port,
        redis_port=ports["redis"],
        orthanc_http_port=ports["orthanc_http"],
        orthanc_dicom_port=ports["orthanc_dicom"],
    )


def read_inner_ports(data_folder: Path) -> dict[str, int]:
    """The ports in config.json that have a name of ours; none when there is no readable file."""
    try:
        kept = json.loads((data_folder / "config.json").read_text())["inner_ports"]
        return {name: int(kept[name]) for name in INNER_PORT_NAMES if name in kept}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def dicom_port(port: int, given: Mapping[str, str]) -> int:
    """Where scanners reach an installation whose page is at `port`."""
    return int(given.get("TELECONSULT_DICOM_PORT", port + 2))


def write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it is whole or as it was, even after a power cut."""
    scratch = path.with_name(path.name + ".new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def _make_secret(path: Path) -> None:
    if not path.exists() or path.stat().st_size == 0:
        write_privately(path, secrets.token_urlsafe(SECRET_BYTES) + "\n")
    path.chmod(0o600)
