"""Load a bundle once in a process of its own: whatever it does to that ends there.

So the web process can let a bundle be tried, and stays without torch.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from imaging.reasons import Reason
from inference.bundle import Pinned
from inference.bundle_reasons import bundle_reason

TIMEOUT_S = 300.0


def try_bundle(folder: Path, pinned: Pinned) -> Reason | None:
    """Return why a bundle's network cannot be made and filled with its weights; None: it can."""
    command = [sys.executable, "-m", "inference.bundle_trial_process", str(folder)]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(asdict(pinned)),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            cwd=Path(__file__).resolve().parent.parent,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return bundle_reason("trial-failed", model=pinned.name)
    try:
        answer = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
        said = answer["reason"]
    except (ValueError, IndexError, KeyError, TypeError):
        return bundle_reason("trial-failed", model=pinned.name)
    return None if said is None else Reason(said["code"], said["en"], said["zh"])
