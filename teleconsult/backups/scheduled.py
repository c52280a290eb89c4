"""Backups at their time, in a process of their own: reading everything should not hold up pages."""

import asyncio
import logging
import sys
from datetime import datetime

from starlette.concurrency import run_in_threadpool

from storage.database import utc_now
from teleconsult.backups import history
from teleconsult.backups.plan import BackupPlan
from teleconsult.dependencies import PartsOfApp

LOOK_INTERVAL_S = 60.0
log = logging.getLogger(__name__)


async def back_up_in_time(parts: PartsOfApp) -> None:
    """Make each backup that is due, until cancelled; one that was missed is made at the next start."""
    plan = parts.settings.backups
    while plan is not None:
        try:
            options = await run_in_threadpool(due_now, parts, plan, utc_now())
            if options is not None:
                await _run(parts, options)
        except Exception:  # the edge: one bad round must not end the backups
            log.exception("backup-round-failed")
        await asyncio.sleep(LOOK_INTERVAL_S)


def due_now(parts: PartsOfApp, plan: BackupPlan, now: datetime) -> list[str] | None:
    """What the command is told to do; None: nothing is due."""
    with parts.database.transaction() as connection:
        backup_id = history.claim(connection, plan, plan.last_due(now, parts.settings.time_zone), now)
        known = history.look(connection)
    if backup_id is None:
        return None
    proved = known.last_verified
    is_verified = proved is not None and now - proved < plan.verify_every
    return ["--claimed", backup_id, *([] if is_verified else ["--verify"])]


async def _run(parts: PartsOfApp, options: list[str]) -> None:
    command = [sys.executable, "-m", "teleconsult.cli", "backup", "--data", str(parts.settings.data_folder)]
    process = await asyncio.create_subprocess_exec("nice", "-n", "10", *command, *options)
    try:
        if await process.wait():
            log.error("backup-failed")
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
