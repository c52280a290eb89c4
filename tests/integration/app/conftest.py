"""Fixtures of the tests that need a database and nothing else of the installation."""

from tests.databases import database, new_database, postgresql_server

__all__ = ["database", "new_database", "postgresql_server"]
