"""Two apps and two relays share the work; one of each is killed, and nothing is lost."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.chaos.call import Side
from tests.chaos.losses import count_losses
from tests.chaos.writers import Work
from tests.installation_server import free_ports_of_an_installation, wait_until
from tests.processes import processes
from tests.two_apps import TwoApps

pytestmark = [pytest.mark.timeout(1800), pytest.mark.chaos]
ACTS = 12  # that people get done before and after
ROOMS = 4


@pytest.fixture
def installation(database: Database, tmp_path: Path) -> Iterator[TwoApps]:
    settings = {
        "TELECONSULT_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "TELECONSULT_RELAYS": "2",
    }
    running = TwoApps(tmp_path / "data", free_ports_of_an_installation(), settings=settings)
    try:
        yield running.start()
    finally:
        running.stop()


def test_of_two_apps_and_two_relays_one_each_is_killed_and_nothing_is_lost_or_done_twice(
    installation: TwoApps, database: Database
) -> None:
    work = Work(installation, installation.archive())
    sides = [Side(work.clinician, work.accepted_consult()) for _ in range(ROOMS)]
    for side in sides:
        side.enter()
    try:
        with work.going_on():
            work.gets_done(ACTS)
            shares = [
                sum(one.answered[port] for one in installation.transports)
                for port in (installation.port, installation.second_port)
            ]
            assert installation.second is not None
            installation.second.kill()
            installation.second.wait()
            work.gets_done(ACTS)
            os.kill(processes(installation, "signaling.main")[0], signal.SIGKILL)
            wait_until(lambda: any(side.breaks for side in sides), "a room moved")
            work.gets_done(1)
    finally:
        for side in sides:
            side.leave()
    losses = count_losses(work, database)
    print(f"answered by each app before the kill: {shares}")
    print(f"rooms back after {[round(one.back_after_s, 1) for side in sides for one in side.breaks]} s")
    print(f"acknowledged: {dict(losses.counted)}, answers: {dict(work.ledger.answers)}")
    failures = work.failures + [line for side in sides for line in side.failures]
    assert [*failures, *work.ledger.faults, *losses.lines()] == []
    assert min(shares) > 0.4 * sum(shares)
