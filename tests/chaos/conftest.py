"""What takes minutes runs in `make chaos` alone; some of it on PostgreSQL."""

import os
from collections.abc import Iterator

import pytest

from storage.database import Database
from tests.databases import postgresql_server
from tests.postgresql_server import PostgresqlServer

__all__ = ["postgresql_server"]


@pytest.fixture
def database(postgresql_server: PostgresqlServer) -> Iterator[Database]:
    """An empty one on PostgreSQL."""
    opened = Database(postgresql_server.new_database())
    yield opened
    opened.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "CHAOS_KILLS" in os.environ:
        return
    for item in items:
        if item.get_closest_marker("chaos"):
            item.add_marker(pytest.mark.skip(reason="takes minutes; `make chaos` runs it"))
