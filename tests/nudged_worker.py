"""A worker whose job is a file in the folder TELECONSULT_DATA: for tests of what carries the nudges.

`begun` gets a line for each time that a nudge is taken up, with the process that did; it is in hand until
there is a file `go`.
"""

import os
import time
from pathlib import Path
from typing import Any

from inference.broker_url import broker_url_of
from inference.celery_broker import make_celery
from inference.tasks import register


class Waiting:
    """Stands where the job runner stands; there is one job in each nudge."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._has_run = False

    def run_next(self, model: str) -> bool:
        if self._has_run:
            self._has_run = False
            return False
        with (self._folder / "begun").open("a") as begun:
            begun.write(f"{os.getpid()}\n")
        while not (self._folder / "go").exists():
            time.sleep(0.05)
        with (self._folder / "done").open("a") as done:
            done.write(f"{model}\n")
        self._has_run = True
        return True


runner: Any = Waiting(Path(os.environ["TELECONSULT_DATA"]))
app = make_celery(broker_url_of(os.environ))
register(app, lambda: runner)
