"""The process in which a bundle is tried, with bounds on its memory and time.

`python -m inference.bundle_trial_process FOLDER` takes a bundle's facts from standard input, as JSON, and
answers on standard output with the reason why it cannot be used, or null.
"""

import json
import resource
import sys
from pathlib import Path

from imaging.reasons import Reason
from inference.bundle import Pinned, load_bundle
from inference.bundle_network import network_of
from inference.bundle_reasons import bundle_reason
from inference.errors import BundleError

MEMORY_BYTES = 12 * 1024**3  # of addresses; torch alone reserves about 3 GiB
CPU_S = 240


def load_once(folder: Path, pinned: Pinned) -> Reason | None:
    """Return why the bundle's network cannot be made and filled with its weights; None: it can."""
    try:
        network_of(load_bundle(folder, pinned))
    except BundleError as error:
        return error.reason
    except MemoryError:
        return bundle_reason("trial-failed", model=pinned.name)
    return None


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    said = load_once(Path(sys.argv[1]), Pinned(**json.load(sys.stdin)))
    # Last and on a line of its own: a trusted bundle's code may print.
    print("\n" + json.dumps({"reason": said.to_json() if said else None}))


if __name__ == "__main__":
    main()
