"""What tests of the application share: a database alone, and what an installation has kept."""

from collections.abc import Iterator

import pytest

from tests.databases import database, new_database, postgresql_server
from tests.installation_server import Installation
from tests.recorded_consult import Kept

__all__ = ["database", "kept", "new_database", "postgresql_server"]


@pytest.fixture(scope="module")
def kept(installation: Installation) -> Iterator[Kept]:
    opened = installation.database()
    yield Kept(opened, installation.objects())
    opened.close()
