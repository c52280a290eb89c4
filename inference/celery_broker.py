"""Celery carries nudges: 'there is something to read'. What it is stands in the job table."""

from celery import Celery

RUN_JOBS = "inference.run_jobs"
VISIBILITY_TIMEOUT_S = 6 * 3600  # longer than any task: a shorter one makes healthy tasks run again
PUBLISH_TIMEOUT_S = 3


def make_celery(broker_url: str) -> Celery:
    """The Celery application of both sides: the web process sends, the workers receive."""
    app = Celery("teleconsult", broker=broker_url)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_proc_alive_timeout=120,  # a pool child loads torch before it says that it lives
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": VISIBILITY_TIMEOUT_S,
            "socket_timeout": PUBLISH_TIMEOUT_S,
            "socket_connect_timeout": PUBLISH_TIMEOUT_S,
        },
        task_publish_retry=False,
    )
    return app


def queue_of(model: str) -> str:
    """Return the queue of a job's model, which may name a version: `name@version`."""
    return model.partition("@")[0]


class CeleryBroker:
    """Sends nudges. One queue for each model, so that one process holds one model in memory."""

    def __init__(self, broker_url: str) -> None:
        self._app = make_celery(broker_url)

    def nudge(self, model: str) -> None:
        """Ask any worker of this model to look at the job table.

        Raises:
            kombu.exceptions.OperationalError: the broker is away; the sweeper nudges again later.
        """
        self._app.send_task(RUN_JOBS, args=[model], queue=model)
