"""PostgreSQL killed at random moments while people work."""

import os
import random
import time
from collections.abc import Iterator

import pytest

from storage.database import Database
from tests.chaos.losses import count_losses
from tests.chaos.writers import Work
from tests.installation_server import Installation, free_ports_of_an_installation
from tests.postgresql_server import PostgresqlServer

pytestmark = [pytest.mark.timeout(1800), pytest.mark.chaos]
KILLS = 5
ACTS = 10  # that people get done between two kills
SEED = int(os.environ.get("CHAOS_SEED", "1"))


@pytest.fixture
def work(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    settings = {"TELECONSULT_DATABASE_URL": database.engine.url.render_as_string(hide_password=False)}
    folder = tmp_path_factory.mktemp("on_postgresql")
    running = Installation(folder / "data", free_ports_of_an_installation(), settings=settings)
    try:
        yield Work(running.start(), running.archive())
    finally:
        running.stop()


def test_a_database_server_that_is_killed_again_and_again_loses_nothing(
    work: Work, database: Database, postgresql_server: PostgresqlServer
) -> None:
    chance = random.Random(SEED)
    back_after_s = []
    with work.going_on():
        for _ in range(KILLS):
            work.gets_done(ACTS)
            time.sleep(chance.uniform(0, 2))  # the random moment
            postgresql_server.kill()
            time.sleep(chance.uniform(0, 3))  # how long it is away
            postgresql_server.restart()
            at = time.monotonic()
            work.gets_done(1)
            back_after_s.append(round(time.monotonic() - at, 1))
    losses = count_losses(work, database)
    print(f"people went on after {back_after_s} s")
    print(f"acknowledged: {dict(losses.counted)}, answers: {dict(work.ledger.answers)}")
    assert [*work.failures, *work.ledger.faults, *losses.lines()] == []
