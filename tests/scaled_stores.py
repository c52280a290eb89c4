"""Where installations under test keep things when TELECONSULT_TEST_SCALED=1: PostgreSQL, RabbitMQ and S3.

One server of each kind for a run, real ones; each installation has a database, a virtual host and a bucket
of its own. Otherwise they have SQLite, Redis and files, as one machine has. Redis stays in both for what
pages and relays tell each other.
"""

import atexit
import os
import tempfile
from functools import cache
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

import pytest

from tests.postgresql_server import PostgresqlServer
from tests.rabbitmq_server import RabbitmqServer
from tests.s3_server import S3Server

IS_SCALED = os.environ.get("TELECONSULT_TEST_SCALED") == "1"
on_one_machine = pytest.mark.skipif(IS_SCALED, reason="it is about files in the data folder")
CONNECTIONS = 400  # some installations at once, each with half a dozen processes


def settings_of_one_more() -> dict[str, str]:
    """What tells one more installation where to keep things."""
    if not IS_SCALED:
        return {}
    return {
        "TELECONSULT_DATABASE_URL": _postgresql().new_database(),
        "TELECONSULT_BROKER_URL": _rabbitmq().new_url(),
        "TELECONSULT_OBJECT_STORE": f"{_s3().url}/test-{uuid4().hex}",
    }


@cache
def _postgresql() -> PostgresqlServer:
    server = PostgresqlServer(max_connections=CONNECTIONS)
    atexit.register(server.stop)
    return server.start()


@cache
def _rabbitmq() -> RabbitmqServer:
    server = RabbitmqServer()
    atexit.register(server.stop)
    return server.start()


@cache
def _s3() -> S3Server:
    folder = Path(tempfile.mkdtemp(prefix="teleconsult-s3-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    server = S3Server(folder)
    atexit.register(server.stop)
    return server.start()
