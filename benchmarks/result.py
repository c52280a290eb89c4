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


def figure(
    what: str,
    value: float | None,
    unit: str,
    goal: float | None = None,
    *,
    at_most: bool = False,
    peer: float | None = None,
    digits: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return a row of the result; without a goal there is none to meet.

    Args:
        at_most: the goal is not to be exceeded; else it is to be reached.
        digits: after the point, of what is told; the goal is met or not by what was measured.
    """
    met = None if goal is None or value is None else (value <= goal if at_most else value >= goal)
    told = value if value is None or digits is None else round(value, digits)
    return {"what": what, "value": told, "unit": unit, "goal": goal, "peer": peer, "met": met, **more}


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
