"""Celery's entry points. A task is an envelope: it opens it and calls the job runner."""

import logging
from collections.abc import Callable

from celery import Celery, Task

from imaging.errors import PacsUnavailable
from inference.celery_broker import RUN_JOB
from inference.job_runner import JobRunner

RETRY_DELAYS_S = (2, 5, 15, 30, 60)
log = logging.getLogger(__name__)


def register(app: Celery, runner: Callable[[], JobRunner]) -> None:
    """Add the tasks to the application; `runner` is called in the process that does the work."""

    @app.task(name=RUN_JOB, bind=True, max_retries=None)
    def run_job(self: Task, job_id: str) -> None:
        """The message is an id and nothing else: no pixels, no patient data.

        Delivery is at least once; the job's own table refuses to start what is finished and
        counts its starts. After an unexpected error the sweeper nudges again, until the attempts
        are used up and the job fails with a reason.
        """
        try:
            runner().run(job_id)
        except PacsUnavailable as error:
            delay_s = RETRY_DELAYS_S[min(self.request.retries, len(RETRY_DELAYS_S) - 1)]
            raise self.retry(exc=error, countdown=delay_s) from error
        except Exception:  # the edge of the process: the worker must outlive any study
            log.exception("job-crashed job_id=%s", job_id)
