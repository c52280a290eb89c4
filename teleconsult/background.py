"""What the application does by itself: nudge AI jobs, and follow what arrives in the archive."""

import asyncio
import logging
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from starlette.concurrency import run_in_threadpool

from imaging.errors import InstanceNotFound, PacsUnavailable
from imaging.pacs import ChangeKind
from inference.celery_broker import CeleryBroker
from storage.database import utc_now
from storage.tables import change_feed, institutions, studies
from teleconsult.dependencies import PartsOfApp
from teleconsult.studies.arrival import assess_and_queue, nudge_due_jobs
from teleconsult.studies.registration import Arrival, conflict, register
from teleconsult.uploads.chunks import discard_old_chunks
from teleconsult.uploads.verification import verify_some

SWEEP_INTERVAL_S = 0.5
FEED_INTERVAL_S = 1.0
QUIET = timedelta(seconds=10)
FEED = "orthanc"
log = logging.getLogger(__name__)


async def sweep_jobs(parts: PartsOfApp, broker: CeleryBroker) -> None:
    """Nudge jobs that nobody works on, until cancelled: new ones at once, others when a lease ran out."""
    while True:
        try:
            await run_in_threadpool(nudge_due_jobs, parts.jobs, broker, utc_now())
        except Exception:  # the edge: one bad round must not end the sweeping
            log.exception("sweep-failed")
        await asyncio.sleep(SWEEP_INTERVAL_S)


async def follow_changes(parts: PartsOfApp) -> None:
    """Register what came into the archive by other ways than our upload, until cancelled."""
    while True:
        more = await _unless_away(follow_once, parts)
        if not more:
            await asyncio.sleep(FEED_INTERVAL_S)


async def assess_quiet_studies(parts: PartsOfApp) -> None:
    """Gate and queue what arrived and went quiet without anybody saying that it is complete."""
    while True:
        await _unless_away(assess_quiet_once, parts)
        await asyncio.sleep(FEED_INTERVAL_S)


async def verify_arrivals(parts: PartsOfApp) -> None:
    """Ask the archive to read back what came, and forget parts of uploads that nobody went on with."""
    while True:
        more = await _unless_away(verify_once, parts)
        await _unless_away(discard_once, parts)
        if not more:
            await asyncio.sleep(FEED_INTERVAL_S)


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


def follow_once(parts: PartsOfApp) -> bool:
    """Take one page of the archive's change feed. True: there is more.

    The position is kept with the rows it led to, in one transaction each, so that a restart
    neither misses nor doubles anything.
    """
    with parts.database.reading() as connection:
        since = connection.execute(
            select(change_feed.c.last_sequence).where(change_feed.c.source == FEED)
        ).scalar()
    changes, last, is_all = parts.pacs.changes(since or 0)
    if since and last < since:  # the archive began anew, and so do its numbers
        changes, last, is_all = parts.pacs.changes(0)
    arrived = set()
    for change in changes:
        if change.kind is ChangeKind.NEW_INSTANCE:
            uid = _register_foreign(parts, change.orthanc_id, utc_now())
            arrived.add(uid)
    if last != since:
        with parts.database.transaction() as connection:
            values = {"last_sequence": last}
            updated = connection.execute(
                update(change_feed).where(change_feed.c.source == FEED).values(**values)
            )
            if updated.rowcount == 0:
                connection.execute(insert(change_feed).values(source=FEED, **values))
    for uid in arrived - {None}:
        parts.publish({"type": "study-changed", "study_instance_uid": str(uid)})
    return not is_all


def verify_once(parts: PartsOfApp) -> bool:
    return verify_some(parts, utc_now())


def discard_once(parts: PartsOfApp) -> bool:
    return discard_old_chunks(parts, utc_now())


def assess_quiet_once(parts: PartsOfApp) -> bool:
    with parts.database.reading() as connection:
        quiet = parts.studies.quiet_and_unassessed(connection, utc_now() - QUIET)
    for study_instance_uid in quiet:
        assess_and_queue(parts, study_instance_uid, utc_now())
    return bool(quiet)


def _register_foreign(parts: PartsOfApp, orthanc_id: str, at: datetime) -> str | None:
    """Register an instance that no upload registered; the study's UID if it was new.

    It belongs to whoever was uploading it when the upload died, else to the institution that
    runs the archive.
    """
    with parts.database.reading() as connection:
        if parts.studies.knows_orthanc_id(connection, orthanc_id):
            return None
    try:
        header = parts.pacs.instance_header(orthanc_id)
    except InstanceNotFound:
        return None  # deleted in the meantime
    if "Rows" not in header:
        return None  # reports and other objects without pixels are ours or nobody's to show
    with parts.database.transaction() as connection:
        owner = connection.execute(select(institutions.c.id).order_by(institutions.c.position)).scalar()
        if owner is None:
            return None
        expected = parts.studies.expected(connection, str(header.SOPInstanceUID))
        institution_id, user_id = expected or (owner, None)
        arrival = Arrival(institution_id, user_id, at)
        if conflict(parts.studies, connection, header, arrival) is not None:
            log.warning("instance-in-conflict orthanc_id=%s", orthanc_id)
            return None
        new = register(parts.studies, connection, header, orthanc_id, arrival)
        return str(header.StudyInstanceUID) if new else None


async def _unless_away(step: Callable[[PartsOfApp], bool], parts: PartsOfApp) -> bool:
    try:
        return await run_in_threadpool(step, parts)
    except PacsUnavailable:
        return False
    except Exception:  # the edge: one bad round must not end the following
        log.exception("background-step-failed step=%s", step.__name__)
        return False
