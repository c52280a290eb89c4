"""Measure the installation in a folder of its own: first start, second start, stop. `make bench` runs it."""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.result import write_result
from teleconsult.services import REPOSITORY
from tests.installation_server import free_ports_of_an_installation

READY = "Ctrl-C"  # stands in the last lines of what `teleconsult up` prints once everything answers
GIVE_UP_S = 300.0


def start(data: Path, port: int) -> tuple[subprocess.Popen[str], float]:
    """The running installation, and the seconds until it was announced."""
    began = time.perf_counter()
    command = [
        str(Path(sys.executable).with_name("teleconsult")),
        "up",
        "--data",
        str(data),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert process.stdout is not None
    for line in process.stdout:
        if READY in line:
            return process, time.perf_counter() - began
    raise SystemExit(f"it did not start: exit code {process.wait(GIVE_UP_S)}")


def stop(process: subprocess.Popen[str]) -> float:
    began = time.perf_counter()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=GIVE_UP_S)
    return time.perf_counter() - began


def main() -> None:
    port = free_ports_of_an_installation()
    with tempfile.TemporaryDirectory(prefix="teleconsult-bench-") as folder:
        data = Path(folder) / "data"
        first, first_s = start(data, port)
        first_stop_s = stop(first)
        second, second_s = start(data, port)
        second_stop_s = stop(second)
    figures = [
        figure("first start of an installation, empty data folder", first_s, goal=15.0),
        figure("second start", second_s, goal=15.0),
        figure("stop, the slower of two", max(first_stop_s, second_stop_s), goal=10.0),
    ]
    for each in figures:
        print(f"{each['what']:<52} {each['value']:6.1f} {each['unit']}  goal {each['goal']}")
    write_result("start_and_stop", figures)


def figure(what: str, seconds: float, *, goal: float) -> dict[str, object]:
    """One row of the result; nothing else is measured beside it, so it has no peer."""
    value = round(seconds, 2)
    return {"what": what, "value": value, "unit": "s", "goal": goal, "peer": None, "met": value <= goal}


if __name__ == "__main__":
    main()
