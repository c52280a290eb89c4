"""Measure a 400-slice CT on its way out: through our proxy, and straight from the same Orthanc.

Each pair of downloads runs one after the other, the order changing from pair to pair; a figure is the median
of its pairs. The reader is the same for both sides and throws away what it reads.
"""

import hashlib
import http.client
import json
import os
import signal
import statistics
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.ct_study import ct_files
from benchmarks.result import write_result
from tests.installation_server import Client, Installation, free_ports_of_an_installation

SLICES = 400
PAIRS = 31  # they differ by little, on a machine that others use
ZIP_PAIRS = 2  # Orthanc compresses its archive, which takes it long
SLICE_PAIRS = 5
SLICE_READERS = 6  # what a browser opens to one host
TICKS = os.sysconf("SC_CLK_TCK")
ALL_DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'


@dataclass
class Side:
    """One way to the bytes.

    Attributes:
        processes: whose CPU time counts.
    """

    name: str
    url: str
    headers: dict[str, str]
    processes: tuple[int, ...]
    rates: list[float] = field(default_factory=list)  # MB/s
    cpu_s: list[float] = field(default_factory=list)
    size_bytes: int = 0

    def download(self, path: str = "") -> int:
        """Read one answer to its end; how many bytes it had."""
        parts = urlsplit(self.url + path)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=600)
        connection.request("GET", parts.path, headers=self.headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"{self.url}{path}: {answer.status} {answer.read(500)!r}")
        buffer, size = bytearray(1 << 20), 0
        while count := answer.readinto(buffer):
            size += count
        connection.close()
        return size

    def measure(self, work: Any, payload_bytes: int) -> None:
        """Time what `work` does; the rate counts the DICOM bytes, whatever they are packed in."""
        before, began = cpu_s(self.processes), time.perf_counter()
        self.size_bytes = work()
        seconds = time.perf_counter() - began
        self.rates.append(payload_bytes / 1e6 / seconds)
        self.cpu_s.append(cpu_s(self.processes) - before)


def cpu_s(processes: tuple[int, ...]) -> float:
    total = 0
    for process_id in processes:
        fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_bytes(process_id: int) -> int:
    return int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processes_of(installation: Installation, word: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            whose = command + (folder / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if word in command and str(installation.data) in whose and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


@contextmanager
def held_still(processes: list[int]) -> Iterator[None]:
    """The AI reads the study as soon as it is there, and would have the processor for itself."""
    for process_id in processes:
        os.kill(process_id, signal.SIGSTOP)
    try:
        yield
    finally:
        for process_id in processes:
            os.kill(process_id, signal.SIGCONT)


def upload(client: Client, files: list[bytes]) -> str:
    upload_id = client.post("/api/uploads", {"consult_id": None})["upload_id"]
    study = ""
    for number, content in enumerate(files):
        answer = client.http.put(
            f"/api/uploads/{upload_id}/instances/{hashlib.sha256(content).hexdigest()}",
            content=content,
            headers={"X-File-Path": f"{number}.dcm"},
        )
        study = answer.json()["study_instance_uid"]
    client.post(f"/api/uploads/{upload_id}/complete")
    return study


class Growth:
    """The most memory that a process takes above what it had, while this is entered."""

    def __init__(self, process_id: int) -> None:
        self._process_id, self._done = process_id, threading.Event()
        self.before = resident_bytes(process_id)
        self.most = 0
        self._watcher = threading.Thread(target=self._watch)

    def __enter__(self) -> "Growth":
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.most = max(self.most, resident_bytes(self._process_id) - self.before)


def pairs(ours: Side, peers: list[Side], count: int, work: Any, payload_bytes: int) -> None:
    for turn in range(count):
        order = [ours, *peers] if turn % 2 == 0 else [*peers, ours]
        for side in order:
            side.measure(lambda side=side: work(side), payload_bytes)


def slices_one_by_one(paths: dict[str, list[str]]) -> Any:
    def work(side: Side) -> int:
        with ThreadPoolExecutor(SLICE_READERS) as readers:
            return sum(readers.map(side.download, paths[side.name]))

    return work


def main() -> None:
    files = list(ct_files(SLICES))
    payload = sum(map(len, files))
    with tempfile.TemporaryDirectory(prefix="teleconsult-bench-") as folder:
        running = Installation(Path(folder) / "data", free_ports_of_an_installation())
        try:
            running.start()
            with held_still(processes_of(running, "inference.worker")):
                figures = measure(running, files, payload)
        finally:
            running.stop()
    for each in figures:
        goal = "" if each["goal"] is None else f"  goal {each['goal']}"
        print(f"{each['what']:<88} {each['value']:9.2f} {each['unit']}{goal}")
    write_result("study_out", figures)


def measure(installation: Installation, files: list[bytes], payload: int) -> list[dict[str, Any]]:
    client = installation.sign_in("clinician")
    study = upload(client, files)
    (app,), (orthanc,) = processes_of(installation, "uvicorn"), processes_of(installation, "Orthanc")
    port = json.loads((installation.data / "config.json").read_text())["inner_ports"]["orthanc_http"]
    password = (installation.data / "secrets" / "orthanc_password").read_text().strip()
    login = {"Authorization": "Basic " + b64encode(f"teleconsult:{password}".encode()).decode()}
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.http.cookies.items())}
    direct = f"http://127.0.0.1:{port}"
    found = _json(direct, "/tools/find", login, {"Level": "Instance", "Query": {"StudyInstanceUID": study}})
    study_id = _json(direct, f"/instances/{found[0]}/study", login)["ID"]

    def through(name: str, path: str, **headers: str) -> Side:
        return Side(name, installation.url + path, {**cookie, **headers}, (app, orthanc))

    def straight(name: str, path: str, **headers: str) -> Side:
        return Side(name, direct + path, {**login, **headers}, (orthanc,))

    identity = {"Accept-Encoding": "identity"}
    zip_ours = through("zip, ours", f"/api/studies/{study}/archive.zip", **identity)
    zip_plain = straight("zip, Orthanc", f"/studies/{study_id}/archive", **identity)
    zip_gzip = straight(
        "zip, Orthanc, gzip accepted", f"/studies/{study_id}/archive", **{"Accept-Encoding": "gzip"}
    )
    web_ours = through("WADO-RS, ours", f"/dicom-web/studies/{study}", Accept=ALL_DICOM, **identity)
    web_direct = straight("WADO-RS, Orthanc", f"/dicom-web/studies/{study}", Accept=ALL_DICOM, **identity)
    one_ours = through("slices, ours", "", **identity)
    one_direct = straight("slices, Orthanc", "", **identity)
    rows = client.get(f"/api/studies/{study}")["series"][0]["instances"]
    slice_paths = {
        one_ours.name: [f"/api/studies/{study}/instances/{row['sop_instance_uid']}/file" for row in rows],
        one_direct.name: [f"/instances/{orthanc_id}/file" for orthanc_id in found],
    }
    zip_ours.download()
    web_ours.download()
    with Growth(app) as growth:
        pairs(web_ours, [web_direct], PAIRS, Side.download, payload)
        pairs(zip_ours, [zip_plain, zip_gzip], ZIP_PAIRS, Side.download, payload)
    pairs(one_ours, [one_direct], SLICE_PAIRS, slices_one_by_one(slice_paths), payload)

    return [
        *_compared(zip_ours, zip_plain),
        *_compared(zip_ours, zip_gzip)[1:],
        *_compared(web_ours, web_direct),
        *_compared(one_ours, one_direct, goal=None),
        _figure("the app's memory above its own before, at most, in all exports", growth.most / 1e6, "MB", 30,
                met=growth.most / 1e6 < 30),
        _figure("one slice for the viewer, CPU time of app and Orthanc",
                statistics.median(one_ours.cpu_s) / SLICES * 1e3, "ms", None),
    ]  # fmt: skip


def _compared(ours: Side, peer: Side, goal: float | None = 0.8) -> list[dict[str, Any]]:
    ratio = statistics.median(a / b for a, b in zip(ours.rates, peer.rates, strict=True))
    return [
        _figure(ours.name, statistics.median(ours.rates), "MB/s", None),
        _figure(peer.name, statistics.median(peer.rates), "MB/s", None),
        _figure(f"{ours.name}: CPU time of app and Orthanc", statistics.median(ours.cpu_s), "s", None),
        _figure(f"{peer.name}: CPU time of Orthanc", statistics.median(peer.cpu_s), "s", None),
        _figure(f"{ours.name}, rate against: {peer.name}", ratio, "x", goal, peer=peer.name),
    ]


def _figure(
    what: str,
    value: float,
    unit: str,
    goal: float | None,
    *,
    peer: str | None = None,
    met: bool | None = None,
) -> dict[str, Any]:
    if met is None and goal is not None:
        met = value >= goal
    return {"what": what, "value": round(value, 2), "unit": unit, "goal": goal, "peer": peer, "met": met}


def _json(url: str, path: str, headers: dict[str, str], body: Any = None) -> Any:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    method = "GET" if body is None else "POST"
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


if __name__ == "__main__":
    main()
