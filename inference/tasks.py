"""Celery's entry points. A task is an envelope: it opens it and calls the job runner."""

import logging
from collections.abc import Callable
from time import monotonic

from celery import Celery, Task

from imaging.errors import PacsUnavailable
from inference.celery_broker import RUN_JOBS
from inference.job_runner import JobRunner

RETRY_DELAYS_S = (2, 5, 15, 30, 60)
# RabbitMQ takes a worker for dead that has one nudge in hand for half an hour.
LONGEST_TURN_S = 600
log = logging.getLogger(__name__)


def register(app: Celery, runner: Callable[[], JobRunner]) -> None:
    """Add the tasks to the application; `runner` is called in the process that does the work."""

    @app.task(name=RUN_JOBS, bind=True, max_retries=None, shared=False)
    def run_jobs(self: Task, model: str) -> None:
        """Run what there is to do for a model, the most urgent first, until nothing is left.

        The message says that there is something, not what: the job table knows what is most urgent when the
        worker is free, and refuses to start what is finished or in other hands. After an unexpected error
        the sweeper nudges again, until the job's attempts are used up and it fails with a reason. It also
        nudges for what a long turn leaves.
        """
        ends_at = monotonic() + LONGEST_TURN_S
        try:
            while monotonic() < ends_at and runner().run_next(model):
                pass
        except PacsUnavailable as error:
            delay_s = RETRY_DELAYS_S[min(self.request.retries, len(RETRY_DELAYS_S) - 1)]
            raise self.retry(exc=error, countdown=delay_s) from error
        except Exception:  # the edge of the process: the worker must outlive any study
            log.exception("job-crashed model=%s", model)
