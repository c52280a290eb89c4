"""Celery carries nudges: 'there is something to read'. What it is stands in the job table."""

from amqp import AMQPError
from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from inference.broker_url import is_rabbitmq

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
        broker_transport_options=_transport_options(broker_url),
        task_publish_retry=False,
    )
    return app


def _transport_options(broker_url: str) -> dict[str, object]:
    if is_rabbitmq(broker_url):
        return {"confirm_publish": True}  # without it a nudge may be sent that no queue ever had
    return {
        "visibility_timeout": VISIBILITY_TIMEOUT_S,
        "socket_timeout": PUBLISH_TIMEOUT_S,
        "socket_connect_timeout": PUBLISH_TIMEOUT_S,
    }


def broker_answers(broker_url: str) -> bool:
    """Whether a nudge could be sent now."""
    with Connection(broker_url, connect_timeout=PUBLISH_TIMEOUT_S) as connection:  # type: ignore[no-untyped-call]
        try:
            connection.ensure_connection(max_retries=0)
        except (OperationalError, *connection.connection_errors, *connection.channel_errors):
            return False
        return True


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
            kombu.exceptions.OperationalError: the broker is away or refuses; the sweeper nudges again later.
        """
        try:
            self._app.send_task(RUN_JOBS, args=[model], queue=model, confirm_timeout=PUBLISH_TIMEOUT_S)
        except AMQPError as refused:
            raise OperationalError(str(refused)) from refused
