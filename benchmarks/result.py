"""What every benchmark keeps: its figures, with the day, the machine and the commit they were measured on."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from teleconsult.services import REPOSITORY

RESULTS = REPOSITORY / "benchmarks" / "results"


def write_result(name: str, figures: Sequence[dict[str, Any]], *, circumstance: str = "") -> None:
    """Write `results/NAME.json`.

    Args:
        figures: rows of what, value, unit, goal, peer, met.
        circumstance: of the machine in this run, beside its cores and load.
    """
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    result = {
        "name": name,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{machine}, {circumstance}" if circumstance else machine,
        "commit": subprocess.check_output(["git", "rev-parse", "HEAD"], text=True, cwd=REPOSITORY).strip(),
        "figures": list(figures),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
