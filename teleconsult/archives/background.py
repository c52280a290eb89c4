"""What runs in the app's process for other archives, until it is cancelled."""

import asyncio
import logging

from starlette.concurrency import run_in_threadpool

from teleconsult.archives.fetching import Fetcher
from teleconsult.archives.prior_search import search_priors
from teleconsult.dependencies import PartsOfApp

LOOK_EVERY_S = 0.5
log = logging.getLogger(__name__)


async def fetch_studies(parts: PartsOfApp) -> None:
    """Work on retrievals."""
    fetcher = Fetcher(parts)
    try:
        while True:
            try:
                await run_in_threadpool(fetcher.look)
            except Exception:  # the edge: one bad round must not end the fetching
                log.exception("retrievals-not-looked-at")
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        fetcher.stop()


async def follow_prior_rules(parts: PartsOfApp) -> None:
    """Ask for the priors of what has arrived; a search may take as long as another hospital lets it."""
    while True:
        try:
            await run_in_threadpool(search_priors, parts)
        except Exception:  # the edge, as above
            log.exception("priors-not-searched")
        await asyncio.sleep(LOOK_EVERY_S)
