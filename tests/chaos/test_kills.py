"""Nothing acknowledged is lost, and nothing is done twice, whatever is killed while people work.

`make test` kills each part once; `make chaos` a hundred times and keeps what it measured.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.result import write_result
from storage.database import Database
from tests.chaos.call import Side
from tests.chaos.kills import VICTIMS, kill_parts
from tests.chaos.losses import count_losses
from tests.chaos.writers import Work
from tests.installation_server import Installation, free_ports_of_an_installation

KILLS = int(os.environ.get("CHAOS_KILLS", len(VICTIMS)))
MINUTES = float(os.environ.get("CHAOS_MINUTES", "20"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    running = Installation(tmp_path / "data", free_ports_of_an_installation())
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.mark.timeout(3600)
def test_nothing_acknowledged_is_lost_or_done_twice_when_parts_are_killed(
    installation: Installation,
) -> None:
    work = Work(installation, installation.archive())
    database = Database(f"sqlite:///{installation.data / 'teleconsult.db'}")
    consult_id = work.accepted_consult()
    call = [Side(writer, consult_id) for writer in (work.clinician, work.specialist)]
    for side in call:
        side.enter()
    try:
        with work.going_on():
            kills = kill_parts(installation, database, KILLS, SEED, MINUTES * 60)
    finally:
        for side in call:
            side.leave()
    rejoined_s = kills.rejoined_s([one for side in call for one in side.breaks])
    losses = count_losses(work, database)
    database.close()

    print(kills.table())
    print(f"a call was back after its relay answered again: {[round(s, 1) for s in rejoined_s]} s")
    print(f"acknowledged: {dict(losses.counted)}")
    print(f"answers: {dict(work.ledger.answers)}")
    failures = work.failures + [line for side in call for line in side.failures]
    print("\n".join(failures + work.ledger.faults))
    print("lost: " + ("\n".join(losses.lines()) or "nothing"))
    if len(VICTIMS) < KILLS:
        write_result("chaos", kills.figures(losses, rejoined_s), circumstance=f"seed {SEED}, SQLite")
    assert not failures
    assert not work.ledger.faults
    assert not list(losses.lines())
