"""The server's clock set back and forth by an hour while people work."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.losses import losses_of
from tests.chaos.set_clock import SetClock
from tests.chaos.writers import Work
from tests.installation_server import Installation, free_ports_of_an_installation

pytestmark = [pytest.mark.timeout(1800), pytest.mark.chaos]
ACTS = 15  # that people get done by each clock
HOUR_S = 3600


@pytest.fixture
def clock(tmp_path: Path) -> SetClock:
    """The server's."""
    return SetClock(tmp_path)


@pytest.fixture
def work(clock: SetClock, tmp_path: Path) -> Iterator[Work]:
    clock.set_wrong_by(-2 * HOUR_S)  # the hospitals' agreement is older than what is set back
    running = Installation(tmp_path / "data", free_ports_of_an_installation(), settings=clock.environment)
    try:
        running.start()
        clock.set_wrong_by(0)
        yield Work(running, running.archive())
    finally:
        running.stop()


def test_a_clock_that_is_set_back_by_an_hour_and_forth_again_holds_up_nobody_and_loses_nothing(
    work: Work, clock: SetClock
) -> None:
    with work.going_on():
        work.gets_done(ACTS)
        for wrong_by_s in (-HOUR_S, 0):
            clock.set_wrong_by(wrong_by_s)
            work.gets_done(ACTS)
            work.has_studies_read(1)
    assert losses_of(work) == []
