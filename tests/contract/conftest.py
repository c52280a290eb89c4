"""The real servers that the adapters are held against."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from storage.local_files import LocalFiles
from storage.object_store import ObjectStore
from storage.s3 import S3Objects
from tests.databases import database, new_database, postgresql_server
from tests.janus_server import janus_server
from tests.s3_server import PACKAGES, S3Server, missing_programs
from tests.turn_server import turn_server

__all__ = [
    "database",
    "janus_server",
    "new_database",
    "postgresql_server",
    "s3_server",
    "s3_url",
    "turn_server",
]


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A running Ceph with its S3 gateway, shared by the tests of a session: each has a bucket of its own."""
    if missing := missing_programs():
        pytest.skip(f"Ceph is not installed here ({', '.join(missing)}); `apt-get install {PACKAGES}`")
    server = S3Server(tmp_path_factory.mktemp("s3"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def s3_url(request: pytest.FixtureRequest) -> str:
    """An S3 server for `S3Objects.from_url`, less the bucket: what TELECONSULT_TEST_S3 names, or our own."""
    named = os.environ.get("TELECONSULT_TEST_S3")
    if named:
        return named
    server: S3Server = request.getfixturevalue("s3_server")
    return server.url


@pytest.fixture(params=["local folder", "S3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "local folder":
        return LocalFiles(tmp_path / "objects")
    return S3Objects.from_url(f"{request.getfixturevalue('s3_url')}/test-{uuid4().hex}")
