"""What the application does by itself: nudge AI jobs, and follow what arrives in the archive."""

import asyncio
import logging
import sys
from collections.abc import Callable
from functools import partial

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from imaging.errors import PacsUnavailable
from inference.celery_broker import CeleryBroker
from storage.audit_checkpoints import Checkpoints
from storage.database import utc_now
from storage.key_ring import KeyRing, Renewal
from storage.tables import studies
from teleconsult.audit.alarm import tell_administrators
from teleconsult.audit.forwarding import forward_some, raise_alarm
from teleconsult.audit.syslog_receiver import SyslogReceiver
from teleconsult.dependencies import PartsOfApp
from teleconsult.escalation.climbing import climb_due
from teleconsult.lifecycle.archive_removal import remove_some
from teleconsult.lifecycle.retention import apply_if_due
from teleconsult.lifecycle.tiering import warm_some
from teleconsult.measurements.keeping import keep_measured
from teleconsult.metrics import BACKGROUND_FAILURES
from teleconsult.models.watch import ModelWatch
from teleconsult.notifications.notification import Channel, Kind
from teleconsult.notifications.posting import post_one
from teleconsult.notifications.retention import delete_old
from teleconsult.recordings.retention import RecordingsKeeper
from teleconsult.reports.archiving import archive_some
from teleconsult.scheduling.timekeeping import keep_time
from teleconsult.stills.keeping import archive_waiting
from teleconsult.studies.arrival import CompleteSeries, nudge_due_jobs
from teleconsult.studies.arriving_slabs import SlabPlanner
from teleconsult.studies.follower import Follower
from teleconsult.uploads.chunks import discard_old_chunks
from teleconsult.uploads.verification import verify_some

SWEEP_INTERVAL_S = 0.5
FEED_INTERVAL_S = 1.0
WATCH_INTERVAL_S = 10.0
RECORDINGS_INTERVAL_S = 20.0
STILLS_INTERVAL_S = 5.0
MEASUREMENTS_INTERVAL_S = 2.0
REPORTS_INTERVAL_S = 30.0
KEYS_INTERVAL_S = 20.0
AUDIT_STORE_INTERVAL_S = 5.0
CHECKPOINTS_INTERVAL_S = 10.0
APPOINTMENTS_INTERVAL_S = 10.0
OLD_NOTIFICATIONS_INTERVAL_S = 60.0
log = logging.getLogger(__name__)


async def sweep_jobs(parts: PartsOfApp, broker: CeleryBroker) -> None:
    """Nudge jobs that nobody works on, until cancelled: new ones at once, others when a lease ran out."""
    while True:
        try:
            await run_in_threadpool(nudge_due_jobs, parts, broker, utc_now())
        except Exception:  # the edge: one bad round must not end the sweeping
            BACKGROUND_FAILURES.add()
            log.exception("sweep-failed")
        await asyncio.sleep(SWEEP_INTERVAL_S)


async def follow_changes(parts: PartsOfApp) -> None:
    """Register what came into the archive by other ways than our upload, until cancelled."""
    follower = Follower(parts)
    while True:
        more = await _unless_away(lambda _: follower.step(utc_now()), parts)
        if not more:
            await asyncio.sleep(FEED_INTERVAL_S)


async def plan_slabs_of_arriving(parts: PartsOfApp) -> None:
    """Ask for the slabs of series that are still arriving."""
    planner = SlabPlanner(parts)
    await _every(FEED_INTERVAL_S, lambda _: bool(planner.step(utc_now())), parts)


async def assess_complete_series(parts: PartsOfApp) -> None:
    """Gate and queue each series once it is complete: counted, or gone quiet."""
    complete = CompleteSeries(parts)
    await _every(FEED_INTERVAL_S, lambda _: complete.step(utc_now()), parts)


async def verify_arrivals(parts: PartsOfApp) -> None:
    """Ask the archive to read back what came, and forget parts of uploads that nobody went on with."""
    while True:
        more = await _unless_away(verify_once, parts)
        await _unless_away(discard_once, parts)
        if not more:
            await asyncio.sleep(FEED_INTERVAL_S)


async def keep_up(parts: PartsOfApp) -> None:
    """Finish removals, bring back studies that were asked for, and once a day apply the retention rules."""
    while True:
        more = await _unless_away(remove_some, parts)
        more |= await _unless_away(lambda parts: warm_some(parts, utc_now()), parts)
        more |= await _unless_away(lambda parts: apply_if_due(parts, utc_now()), parts)
        if not more:
            await asyncio.sleep(FEED_INTERVAL_S)


async def watch_models(parts: PartsOfApp) -> None:
    """Watch over the models that read."""
    watch = ModelWatch(parts)
    await _every(WATCH_INTERVAL_S, lambda _: watch.step(utc_now()), parts)


async def look_after_recordings(parts: PartsOfApp) -> None:
    """Close recordings whose recorder is gone, and delete those that are due."""
    retention = parts.settings.retention
    for name in retention.shorter_than_law:
        log.warning("retention-shorter-than-law class=%s days=%s", name, retention.days[name])
    keeper = RecordingsKeeper(parts)
    await _every(RECORDINGS_INTERVAL_S, lambda _: keeper.step(utc_now()), parts)


async def archive_stills(parts: PartsOfApp) -> None:
    """Send stills into the archive that it did not take when they were taken."""
    await _every(STILLS_INTERVAL_S, lambda parts: archive_waiting(parts, utc_now()), parts)


async def renew_keys(parts: PartsOfApp, keys: KeyRing) -> None:
    """Wrap what older keys hold under the newest ones."""
    renewal = Renewal(keys)
    while True:
        more = await _unless_away(lambda parts: renewal.step(parts.database, utc_now()), parts)
        if not more:
            await asyncio.sleep(KEYS_INTERVAL_S)


async def archive_reports(parts: PartsOfApp) -> None:
    """Write signed reports into an archive that was away when they were signed."""
    await _every(REPORTS_INTERVAL_S, archive_some, parts)


async def keep_appointments(parts: PartsOfApp) -> None:
    """Remind of appointments, and end consults to which nobody came."""
    await _every(APPOINTMENTS_INTERVAL_S, lambda parts: keep_time(parts, utc_now()), parts)


async def climb_ladders(parts: PartsOfApp) -> None:
    """Tell more people of what nobody has accepted or acknowledged in time."""
    await _every(FEED_INTERVAL_S, lambda parts: climb_due(parts, utc_now()), parts)


async def post_notifications(parts: PartsOfApp, channel: Channel) -> None:
    """Send what is to go out by one channel; one that does not answer holds up none of the others."""
    while True:
        more = await _unless_away(lambda parts: post_one(parts, channel, utc_now()), parts)
        if not more:
            await asyncio.sleep(FEED_INTERVAL_S)


async def delete_old_notifications(parts: PartsOfApp) -> None:
    """Delete notifications that have been kept long enough."""
    await _every(
        OLD_NOTIFICATIONS_INTERVAL_S,
        lambda parts: delete_old(parts.database, parts.settings.retention, utc_now()),
        parts,
    )


async def add_demo_studies_at_first_start(parts: PartsOfApp) -> None:
    """In a process of its own: drawing phantoms takes seconds of CPU that pages should not wait for."""
    with parts.database.reading() as connection:
        if connection.execute(select(studies.c.study_instance_uid).limit(1)).first():
            return
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "teleconsult.cli", "add-demo-studies"
    )
    try:
        await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise


def verify_once(parts: PartsOfApp) -> bool:
    return verify_some(parts, utc_now())


def discard_once(parts: PartsOfApp) -> bool:
    return discard_old_chunks(parts, utc_now())


async def watch_audit_store(parts: PartsOfApp) -> None:
    """Look whether the audit log can be written, and tell administrators when it could not."""
    await _every(AUDIT_STORE_INTERVAL_S, watch_audit_store_once, parts)


def watch_audit_store_once(parts: PartsOfApp) -> bool:
    parts.audit_store.look(utc_now())
    parts.audit_store.raise_alarm(partial(tell_administrators, parts, Kind.AUDIT_LOG_AWAY))
    return False


async def sign_audit_checkpoints(parts: PartsOfApp, checkpoints: Checkpoints) -> None:
    """Sign the newest audit entry now and then, so that a log that was cut or written anew is found."""
    await _every(
        CHECKPOINTS_INTERVAL_S,
        lambda parts: checkpoints.sign_if_due(parts.database, utc_now()) is not None,
        parts,
    )


async def forward_audit_log(parts: PartsOfApp, receiver: SyslogReceiver) -> None:
    """Send audit entries to the hospital's receiver as they come, and tell administrators when it is away."""
    tell = partial(tell_administrators, parts, Kind.AUDIT_NOT_FORWARDED)
    while True:
        more = await _unless_away(lambda _: forward_some(parts.database, receiver, utc_now()), parts)
        if not more:
            await _unless_away(lambda _: raise_alarm(parts.database, receiver, utc_now(), tell), parts)
            await asyncio.sleep(FEED_INTERVAL_S)


async def keep_measurements(parts: PartsOfApp) -> None:
    """Copy what is measured in rooms into their cases."""
    await _every(MEASUREMENTS_INTERVAL_S, lambda parts: keep_measured(parts, utc_now()), parts)


async def _every(interval_s: float, step: Callable[[PartsOfApp], bool], parts: PartsOfApp) -> None:
    """One step, then a pause, until cancelled; what is left waits for the next."""
    while True:
        await _unless_away(step, parts)
        await asyncio.sleep(interval_s)


async def _unless_away(step: Callable[[PartsOfApp], bool], parts: PartsOfApp) -> bool:
    try:
        return await run_in_threadpool(step, parts)
    except PacsUnavailable:
        return False
    except Exception:  # the edge: one bad round must not end the following
        BACKGROUND_FAILURES.add()
        log.exception("background-step-failed step=%s", step.__name__)
        return False
