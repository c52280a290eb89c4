"""Supervises the real redis and Orthanc of an installation, and small children of its own.

`python some_parts.py DATA PORT [NAME...]` where NAME is one of CHILDREN.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from teleconsult import supervisor
from teleconsult.installation import Installation
from teleconsult.readiness import http_answers
from teleconsult.services import SaysReady, Service, services

# Like a Celery worker: a main process and a child of it in the same group.
FAMILY = (
    "import subprocess\n"
    "grandchild = subprocess.Popen(['sleep', 'infinity'])\n"
    "print('has a child', flush=True)\n"
    "grandchild.wait()"
)
DEAF = (
    "import signal, sys\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('hears nothing', flush=True)\n"
    "while True: signal.pause()"
)
BROKEN = "print('the model file is damaged', flush=True); raise SystemExit(3)"


def page(installation: Installation) -> Service:
    return Service(
        name="page",
        command=(sys.executable, "-m", "http.server", str(installation.port), "--bind", "127.0.0.1"),
        needs=("redis", "orthanc"),
        ready=http_answers("127.0.0.1", installation.port, "/"),
        is_ended_when_it_hangs=True,
    )


def child(name: str, program: str, says: str, *, is_essential: bool = True) -> Service:
    return Service(
        name=name,
        command=(sys.executable, "-c", program),
        ready=SaysReady(says),
        needs=("redis",),
        is_essential=is_essential,
        oom_score=500,
    )


CHILDREN = {
    "family": child("family", FAMILY, "has a child"),
    "deaf": child("deaf", DEAF, "hears nothing"),
    "broken": child("broken", BROKEN, "never said"),
    "broken-worker": child("broken-worker", BROKEN, "never said", is_essential=False),
}


def main(data: str, port: str, *names: str) -> int:
    def table(installation: Installation, given: Mapping[str, str]) -> list[Service]:
        servers = [row for row in services(installation, given) if row.name in ("redis", "orthanc")]
        return [*servers, page(installation), *(CHILDREN[name] for name in names)]

    return supervisor.run(Path(data), int(port), announce=lambda: "everything is ready", make_table=table)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
