"""A real Orthanc, a database, and a follower of the change feed in a process that may be killed."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Table, func, insert, select

from inference.inference_job import WHOLE_SERIES
from storage.database import Database
from storage.tables import inference_jobs, institutions, series
from tests.orthanc_server import USERNAME, OrthancServer

QUIET_S = 1.0

FOLLOW = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from imaging.errors import PacsUnavailable
from imaging.gate_rules import RULES
from imaging.orthanc import OrthancPacs
from inference.model_registry import ModelRegistry
from inference.repository import JobRepository
from storage.database import Database, utc_now
from teleconsult.studies import arrival, follower as follower_module
from teleconsult.studies.follower import Follower
from teleconsult.studies.repository import StudyRepository
database_url, orthanc_url, username, password, quiet_s, page = sys.argv[1:]
database = Database(database_url)
parts = SimpleNamespace(
    database=database, pacs=OrthancPacs(orthanc_url, username, password), studies=StudyRepository(),
    jobs=JobRepository(database), publish=lambda event: None, settings=SimpleNamespace(gate_rules=RULES),
    models=ModelRegistry(database, Path("models"), Path("none")),
)
arrival.QUIET_S = float(quiet_s)
follower_module.PAGE = int(page)
follower, complete = Follower(parts), arrival.CompleteSeries(parts)
while True:
    try:
        more = follower.step(utc_now())
        complete.step(utc_now())
    except PacsUnavailable:
        more = False
    if not more:
        time.sleep(0.1)
"""


class FollowedArchive:
    """Start it, then `follow` and `kill` at will; `orthanc` may be stopped and started too."""

    def __init__(self, folder: Path, quiet_s: float = QUIET_S, page: int = 20) -> None:
        self.orthanc = OrthancServer(folder / "orthanc")
        self.database_url = f"sqlite:///{folder / 'teleconsult.db'}"
        self.quiet_s, self.page = quiet_s, page
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "FollowedArchive":
        self.orthanc.start()
        self.database = Database(self.database_url)
        self.database.migrate()
        with self.database.transaction() as connection:
            connection.execute(
                insert(institutions).values(id="institution", name_en="A", name_zh="甲", position=1)
            )
        return self

    def follow(self) -> None:
        """Start the follower's process."""
        arguments = [self.database_url, self.orthanc.url, USERNAME, self.orthanc.password]
        arguments += [str(self.quiet_s), str(self.page)]
        root = Path(__file__).resolve().parents[1]
        self._process = subprocess.Popen(
            [sys.executable, "-c", FOLLOW, *arguments], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
        )

    def kill(self) -> None:
        """End the follower as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        self.kill()
        self.database.close()
        self.orthanc.stop()

    def count(self, table: Table) -> int:
        with self.database.reading() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar() or 0

    def requested_readings(self) -> int:
        """Jobs that read a whole series; those of its slabs come and go with its slices."""
        with self.database.reading() as connection:
            query = (
                select(func.count())
                .select_from(inference_jobs)
                .where(inference_jobs.c.slab_index == WHOLE_SERIES)
            )
            return connection.execute(query).scalar() or 0

    def closed_series(self) -> int:
        """Series that the gate has closed."""
        with self.database.reading() as connection:
            query = select(func.count()).select_from(series).where(series.c.completed_count.is_not(None))
            return connection.execute(query).scalar() or 0
