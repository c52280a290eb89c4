"""Measure how soon the volume stands after the last slice is in Orthanc. `make bench` runs it.

A CT of 400 slices is sent to a real Orthanc, at the pace of a scanner and as fast as it takes them. One
process follows the series while it comes in; then, with the same Orthanc, another does what was done before:
fetch the whole series, parse it, build the volume. Each has a process of its own, so that memory and CPU time
are its own.
"""

import http.client
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

from benchmarks.ct_study import ct_files
from benchmarks.result import write_result
from imaging.orthanc import OrthancPacs
from imaging.series_stream import SeriesStream
from imaging.volume_builder import build_volume
from teleconsult.services import REPOSITORY
from tests.orthanc_server import USERNAME, OrthancServer

SLICES = 400
SCANNER_PACE = 40.0  # slices a second: 170 Mbit/s uncompressed
COMPRESSED_PACE = 20.0
SENDERS = 4
RUNS = 2
GOAL_SHARE = 0.10
GIVE_UP_S = 300.0


def send(url: str, password: str, files: Sequence[Path], pace: float) -> float:
    """Store the files, at so many a second or, at 0, as fast as they are taken; when the last one was in."""
    address = url.removeprefix("http://")
    login = b64encode(f"{USERNAME}:{password}".encode()).decode()
    began = time.monotonic()

    def store(numbered: tuple[int, Path]) -> float:
        number, path = numbered
        content = path.read_bytes()
        if pace:
            time.sleep(max(0.0, began + number / pace - time.monotonic()))
        connection = http.client.HTTPConnection(address, timeout=60)
        connection.request("POST", "/instances", content, {"Authorization": f"Basic {login}"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"Orthanc answered {answer.status}")
        return time.monotonic()

    with ThreadPoolExecutor(SENDERS) as pool:
        return max(pool.map(store, enumerate(files)))


def follow(pacs: OrthancPacs, study: str, series: str) -> float:
    """Follow the series until its volume stands; when that was."""
    give_up_at = time.monotonic() + GIVE_UP_S
    with SeriesStream(pacs, expected=SLICES) as stream:
        stream.follow(
            lambda: pacs.series_instances(study, series),
            lambda: stream.placed >= SLICES or time.monotonic() > give_up_at,
        )
        volume = stream.volume()
        stood_at = time.monotonic()
    if volume.voxels_hu.shape[0] != SLICES:
        raise SystemExit(f"the volume has {volume.voxels_hu.shape[0]} slices")
    return stood_at


def fetch_then_decode(pacs: OrthancPacs, study: str, series: str) -> float:
    """Fetch the whole series, then parse, then build; how many seconds that took."""
    began = time.monotonic()
    datasets = [pydicom.dcmread(BytesIO(content)) for content in pacs.fetch_series(study, series)]
    build_volume(datasets)
    return time.monotonic() - began


def child(task: str, url: str, password: str, *rest: str) -> dict[str, float]:
    """Do one part in a process of its own, and say what it took."""
    pacs = OrthancPacs(url, USERNAME, password)
    if task == "send":
        folder, pace = rest
        value = send(url, password, sorted(Path(folder).iterdir()), float(pace))
    else:
        value = (follow if task == "follow" else fetch_then_decode)(pacs, *rest)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"value": value, "cpu_s": used.ru_utime + used.ru_stime, "peak_mib": used.ru_maxrss / 1024}


def start_child(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "ignore", __file__, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)


def answer(process: subprocess.Popen[str]) -> dict[str, float]:
    output, _ = process.communicate(timeout=GIVE_UP_S)
    if process.returncode:
        raise SystemExit(f"a part of the measurement ended with {process.returncode}")
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    return result


def one_run(server: OrthancServer, folder: Path, pace: float) -> dict[str, float]:
    """Send one new series and measure both ways on it."""
    renamed = renumbered(folder)
    first = pydicom.dcmread(next(renamed.iterdir()), stop_before_pixels=True)
    study, series = str(first.StudyInstanceUID), str(first.SeriesInstanceUID)
    follower = start_child("follow", server.url, server.password, study, series)
    time.sleep(1.5)  # it has imported what it needs, as a worker has
    sender = start_child("send", server.url, server.password, str(renamed), str(pace))
    last_in_at = answer(sender)["value"]
    followed = answer(follower)
    whole = answer(start_child("whole", server.url, server.password, study, series))
    for path in renamed.iterdir():
        path.unlink()
    return {
        "ready_s": followed["value"] - last_in_at,
        "whole_s": whole["value"],
        "follow_cpu_s": followed["cpu_s"],
        "whole_cpu_s": whole["cpu_s"],
        "follow_peak_mib": followed["peak_mib"],
        "whole_peak_mib": whole["peak_mib"],
    }


def renumbered(folder: Path) -> Path:
    """The files under a new study, made by exchanging the last digits of its UIDs."""
    target = folder.parent / f"{folder.name}-sent"
    target.mkdir(exist_ok=True)
    old = pydicom.dcmread(next(folder.iterdir()), stop_before_pixels=True)
    stamp = f"{time.monotonic_ns() % 10**12:012d}".encode()
    for path in folder.iterdir():
        content = path.read_bytes()
        for uid in (old.StudyInstanceUID, old.SeriesInstanceUID):
            before = str(uid).encode()
            content = content.replace(before, before[:-12] + stamp)
        header = pydicom.dcmread(BytesIO(content), stop_before_pixels=True)
        before = str(header.SOPInstanceUID).encode()
        (target / path.name).write_bytes(content.replace(before, before[:-12] + stamp))
    return target


def compressed(source: Path, target: Path, syntax: str) -> Path:
    """The files in another transfer syntax, lossless."""
    target.mkdir()
    for path in sorted(source.iterdir()):
        if syntax == "JPEG Lossless":
            subprocess.run(["dcmcjpeg", "+e1", str(path), str(target / path.name)], check=True)
            continue
        ds = pydicom.dcmread(path)
        uid = ds.SOPInstanceUID
        ds.compress(JPEGLSLossless if syntax == "JPEG-LS" else JPEG2000Lossless, generate_instance_uid=False)
        assert ds.SOPInstanceUID == uid
        ds.save_as(target / path.name)
    return target


def main() -> None:
    plan = [
        ("uncompressed, scanner's pace", "uncompressed", SCANNER_PACE, RUNS),
        ("uncompressed, full speed", "uncompressed", 0.0, RUNS),
        ("JPEG-LS, scanner's pace", "JPEG-LS", COMPRESSED_PACE, 1),
        ("JPEG Lossless, scanner's pace", "JPEG Lossless", COMPRESSED_PACE, 1),
        ("JPEG 2000, scanner's pace", "JPEG 2000", COMPRESSED_PACE, 1),
    ]
    figures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="teleconsult-bench-") as scratch:
        plain = Path(scratch) / "uncompressed"
        plain.mkdir()
        for number, content in enumerate(ct_files(SLICES)):
            (plain / f"{number:04d}.dcm").write_bytes(content)
        server = OrthancServer(Path(scratch) / "orthanc").start()
        try:
            for what, syntax, pace, runs in plan:
                folder = Path(scratch) / syntax
                if not folder.exists():
                    folder = compressed(plain, folder, syntax)
                results = [one_run(server, folder, pace) for _ in range(runs)]
                middle = {key: statistics.median(run[key] for run in results) for key in results[0]}
                figures += rows(what, middle)
                for each in figures[-4:]:
                    met = {True: "met", False: "not met", None: ""}[each["met"]]
                    value = f"{each['value']:8.3f} {each['unit']:<4} peer {each['peer']:<8} {met}"
                    print(f"{each['what']:<66} {value}", flush=True)
                write_result("volume_ready", figures)  # what has been measured so far
        finally:
            server.stop()


def rows(what: str, run: dict[str, float]) -> list[dict[str, Any]]:
    """The figures of one way of sending; the peer is fetch-then-decode of the same series."""
    share = run["ready_s"] / run["whole_s"]
    return [
        {
            "what": f"{what}: volume ready after the last slice",
            "value": round(run["ready_s"], 3),
            "unit": "s",
            "goal": round(GOAL_SHARE * run["whole_s"], 3),
            "peer": round(run["whole_s"], 3),
            "met": share < GOAL_SHARE,
        },
        {
            "what": f"{what}: that as a share of fetch-then-decode",
            "value": round(100 * share, 1),
            "unit": "%",
            "goal": 100 * GOAL_SHARE,
            "peer": 100.0,
            "met": share < GOAL_SHARE,
        },
        *(
            {
                "what": f"{what}: {name}",
                "value": round(run[f"follow_{key}"], 2),
                "unit": unit,
                "goal": None,
                "peer": round(run[f"whole_{key}"], 2),
                "met": None,
            }
            for name, key, unit in (
                ("CPU, without decoder processes", "cpu_s", "s"),
                ("peak memory, without decoder processes", "peak_mib", "MiB"),
            )
        ),
    ]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(child(*sys.argv[1:])))
    else:
        main()
