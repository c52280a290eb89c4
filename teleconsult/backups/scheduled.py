"""Backups at their time, in a process of their own: reading everything should not hold up pages."""

import asyncio
import logging
import sys
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool

from storage.database import utc_now
from teleconsult.backups import history
from teleconsult.backups.plan import BackupPlan
from teleconsult.backups.scratch import sweep_database, sweep_folder
from teleconsult.dependencies import PartsOfApp

LOOK_INTERVAL_S = 60.0
log = logging.getLogger(__name__)


async def back_up_in_time(parts: PartsOfApp) -> None:
    """Make each backup that is due, until cancelled; one that was missed is made at the next start."""
    plan = parts.settings.backups
    try:
        await run_in_threadpool(sweep, parts)
    except Exception:  # the edge: what was left is no reason to make no backups
        log.exception("scratch-not-swept")
    while plan is not None:
        try:
            due = await run_in_threadpool(due_now, parts, plan, utc_now())
            if due is not None:
                await _run(parts, due)
        except Exception:  # the edge: one bad round must not end the backups
            log.exception("backup-round-failed")
        await asyncio.sleep(LOOK_INTERVAL_S)


@dataclass(frozen=True, slots=True)
class Due:
    backup_id: str
    with_trial: bool


def due_now(parts: PartsOfApp, plan: BackupPlan, now: datetime) -> Due | None:
    """The backup that was begun in the table; None: nothing is due."""
    with parts.database.transaction() as connection:
        backup_id = history.claim(connection, plan, plan.last_due(now, parts.settings.time_zone), now)
        known = history.look(connection)
    if backup_id is None:
        return None
    proved = known.last_verified
    is_verified = proved is not None and now - proved < plan.verify_every
    return Due(backup_id, with_trial=not is_verified)


def sweep(parts: PartsOfApp) -> None:
    """Remove what a killed process left open to read."""
    if parts.settings.data_folder.is_dir():
        sweep_folder(parts.settings.data_folder)
    if not parts.database.is_sqlite:
        sweep_database(parts.settings.database_url)


async def _run(parts: PartsOfApp, due: Due) -> None:
    command = [sys.executable, "-m", "teleconsult.cli", "backup", "--data", str(parts.settings.data_folder)]
    options = ["--claimed", due.backup_id, *(["--verify"] if due.with_trial else [])]
    process = await asyncio.create_subprocess_exec("nice", "-n", "10", *command, *options)
    try:
        if code := await process.wait():
            log.error("backup-failed")
            await run_in_threadpool(_tidy_after, parts, due, f"ended with {code}")
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise


def _tidy_after(parts: PartsOfApp, due: Due, problem: str) -> None:
    with parts.database.transaction() as connection:
        history.fail_unless_said(connection, due.backup_id, utc_now(), problem)
    sweep(parts)
