"""The server's clock set back and forth by an hour while people work.

libfaketime stands between each part and the time of day; the monotonic clock stays the machine's, as it does
when somebody sets a real clock. Redis is outside: its allocator and libfaketime exclude each other.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.losses import losses_of
from tests.chaos.writers import Work
from tests.installation_server import Installation, free_ports_of_an_installation
from tests.redis_server import REDIS, RedisServer

pytestmark = [pytest.mark.timeout(1800), pytest.mark.chaos]
ACTS = 15  # that people get done by each clock
HOUR_S = 3600


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """The file that says by how many seconds the server's clock is wrong."""
    said = tmp_path / "clock"
    said.write_text(f"{-2 * HOUR_S:+d}")  # the hospitals' agreement is older than what is set back
    return said


@pytest.fixture
def work(clock: Path, tmp_path: Path) -> Iterator[Work]:
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert libraries, "libfaketime is not installed; run 'make setup'"
    if REDIS is None:
        pytest.skip("Redis is not installed; run 'make setup'")
    broker = RedisServer().start()
    settings = {
        "TELECONSULT_REDIS_URL": broker.url,
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    running = Installation(tmp_path / "data", free_ports_of_an_installation(), settings=settings)
    try:
        running.start()
        clock.write_text("+0")
        yield Work(running, running.archive())
    finally:
        running.stop()
        broker.kill()


def test_a_clock_that_is_set_back_by_an_hour_and_forth_again_holds_up_nobody_and_loses_nothing(
    work: Work, clock: Path
) -> None:
    with work.going_on():
        work.gets_done(ACTS)
        for wrong_by_s in (-HOUR_S, 0):
            clock.write_text(f"{wrong_by_s:+d}")
            work.gets_done(ACTS)
            work.has_studies_read(1)
    assert losses_of(work) == []
