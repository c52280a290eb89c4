"""Composition root of the worker: `celery -A inference.worker worker -Q MODEL -c 1`."""

import gc
import os
import threading
from functools import cache
from pathlib import Path

from celery.signals import setup_logging, worker_process_init

from imaging.orthanc import OrthancPacs
from inference.broker_url import broker_url_of
from inference.bundle import Bundle
from inference.celery_broker import make_celery, queue_of
from inference.job_runner import JobRunner
from inference.metrics import WORKER
from inference.model_folders import added_models_folder
from inference.model_registry import ModelRegistry
from inference.pipeline import Reader, reader_of
from inference.repository import JobRepository
from inference.series_cache import SeriesCache
from inference.tasks import register
from storage.database import Database, utc_now
from storage.events import redis_publisher
from storage.opening import open_object_store
from telemetry.exposition import Exposition
from telemetry.logs import set_up_logs
from telemetry.tracing import set_up_tracing

NICENESS = 5  # of reading: pages and calls come first. Not of loading, for which a study that was begun waits


@cache
def job_runner() -> JobRunner:
    """Everything a job needs, made once in each worker process."""
    database = Database(os.environ["TELECONSULT_DATABASE_URL"])
    models = ModelRegistry(database, Path(os.environ["TELECONSULT_MODELS"]), added_models_folder(os.environ))
    pacs = OrthancPacs(
        os.environ["TELECONSULT_ORTHANC_URL"],
        os.environ["TELECONSULT_ORTHANC_USERNAME"],
        Path(os.environ["TELECONSULT_ORTHANC_PASSWORD_FILE"]).read_text().strip(),
    )
    return JobRunner(
        jobs=JobRepository(database, os.environ.get("TELECONSULT_WORKER")),
        pacs=pacs,
        reader=lambda model: _reader(queue_of(model), models.resolve(model)),
        series=SeriesCache(pacs),
        objects=open_object_store(os.environ["TELECONSULT_OBJECT_STORE"]),
        publish=redis_publisher(os.environ["TELECONSULT_REDIS_URL"]),
        now=utc_now,
        secondary_capture=os.environ.get("TELECONSULT_AI_SECONDARY_CAPTURE") == "1",
    )


@cache
def _loading() -> threading.Thread:
    """Begin to load torch, which takes seconds, while a study is taken from the table.

    Who takes it imports nothing until `_loaded`: threads that import must not wait for each other.
    """
    gc.disable()  # what is imported stays: to look through it again and again takes a fifth of the time
    thread = threading.Thread(target=_load, name="loading", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    import inference.monai_predictor  # noqa: F401


@cache
def _loaded() -> None:
    """Wait for it; from then on this process has a low priority."""
    _loading().join()
    gc.freeze()
    gc.enable()
    os.nice(NICENESS)


def _reader(queue: str, bundle: Bundle) -> Reader:
    _loaded()
    return reader_of(queue, bundle)


@setup_logging.connect
def _log_plainly(**_: object) -> None:
    set_up_logs(os.environ)


@worker_process_init.connect
def _trace(**_: object) -> None:
    set_up_tracing(os.environ, "worker")


@worker_process_init.connect
def _take_back(**_: object) -> None:
    """This process is the only one of its worker: whoever had jobs by its name is gone.

    A step of its own: without a database the rest goes on, and what was in hand waits for its lease to end.
    """
    job_runner().jobs.take_back_own()


@worker_process_init.connect
def _warm_up(**_: object) -> None:
    if (exposition := Exposition.from_environment(os.environ)) is not None:
        exposition.serve(WORKER)
    _loading()


app = make_celery(broker_url_of(os.environ))
register(app, job_runner)
