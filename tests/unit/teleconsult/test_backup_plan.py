"""When a backup is due, and which are kept."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from teleconsult.backups.plan import BackupPlan, Keep, superfluous

SHANGHAI = ZoneInfo("Asia/Shanghai")
PLAN = BackupPlan(time(2, 30), timedelta(days=7))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-01T18:29:00+00:00", "2026-03-01T02:30:00+08:00"),  # 02:29 in Shanghai
        ("2026-03-01T18:30:00+00:00", "2026-03-02T02:30:00+08:00"),
    ],
)
def test_a_backup_is_due_by_the_clock_of_the_hospital(now: str, due: str) -> None:
    assert PLAN.last_due(datetime.fromisoformat(now), SHANGHAI) == datetime.fromisoformat(due)


def test_after_a_year_of_nights_as_many_are_left_as_are_kept() -> None:
    keep = Keep(daily=7, weekly=4, monthly=12)
    left: set[datetime] = set()
    for night in range(400):
        left.add(datetime(2026, 1, 1, 2, 30, tzinfo=UTC) + timedelta(days=night))
        left -= superfluous(left, keep)
    newest = max(left)
    assert {newest - timedelta(days=day) for day in range(7)} <= left
    assert len({(at.year, at.month) for at in left}) == 12
    assert len(left) <= 7 + 4 + 12


def test_the_newest_is_kept_whatever_the_rule() -> None:
    made = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    assert superfluous(made, Keep(1, 0, 0)) == set(made[:2])


@pytest.mark.parametrize("text", ["", "7", "7,4", "0,4,12", "7,4,x", "-1,2,3"])
def test_what_does_not_say_what_to_keep_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="DAILY"):
        Keep.from_text(text)


def test_without_a_place_nothing_is_planned_and_without_a_passphrase_it_is_said(tmp_path: Path) -> None:
    assert BackupPlan.from_environment({}) is None
    with pytest.raises(ValueError, match="PASSPHRASE_FILE"):
        BackupPlan.from_environment({"TELECONSULT_BACKUP_TO": "/mnt/backups"})
    file = tmp_path / "passphrase"
    file.write_text("x" * 20)
    good = {"TELECONSULT_BACKUP_TO": "/mnt/backups", "TELECONSULT_BACKUP_PASSPHRASE_FILE": str(file)}
    assert BackupPlan.from_environment(good) == PLAN
    with pytest.raises(ValueError, match="BACKUP_AT"):
        BackupPlan.from_environment({**good, "TELECONSULT_BACKUP_AT": "at night"})
