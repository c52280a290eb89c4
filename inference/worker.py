"""Composition root of the worker: `celery -A inference.worker worker -Q MODEL -c 1`."""

import logging
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from celery.signals import setup_logging, worker_process_init
from pydicom import Dataset

from imaging.finding import Finding
from imaging.orthanc import OrthancPacs
from imaging.result_header import Maker
from inference.bundle import load_bundle
from inference.celery_broker import make_celery
from inference.job_runner import JobRunner, Progress
from inference.repository import JobRepository
from inference.tasks import register
from storage.database import Database, utc_now
from storage.events import redis_publisher


@cache
def job_runner() -> JobRunner:
    """Everything a job needs, made once in each worker process."""
    from inference.pipeline import analyse_series  # loads torch: in the pool child only

    models_folder = Path(os.environ["TELECONSULT_MODELS"])

    def analyse(datasets: Sequence[Dataset], model: str, report: Progress) -> list[Finding]:
        return analyse_series(datasets, model, progress=report, models_folder=models_folder)

    def maker(model: str) -> Maker:
        bundle = load_bundle(models_folder / model)
        return Maker(bundle.name, bundle.version, bundle.weights_sha256)

    return JobRunner(
        jobs=JobRepository(Database(os.environ["TELECONSULT_DATABASE_URL"])),
        pacs=OrthancPacs(
            os.environ["TELECONSULT_ORTHANC_URL"],
            os.environ["TELECONSULT_ORTHANC_USERNAME"],
            Path(os.environ["TELECONSULT_ORTHANC_PASSWORD_FILE"]).read_text().strip(),
        ),
        analyse=analyse,
        maker=maker,
        publish=redis_publisher(os.environ["TELECONSULT_REDIS_URL"]),
        now=utc_now,
        secondary_capture=os.environ.get("TELECONSULT_AI_SECONDARY_CAPTURE") == "1",
    )


@setup_logging.connect
def _log_plainly(**_: object) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


@worker_process_init.connect
def _warm_up(**_: object) -> None:
    job_runner()


app = make_celery(os.environ["TELECONSULT_REDIS_URL"])
register(app, job_runner)
