"""Fixtures of the tests that drive a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.chromium import chromium

# What is expected comes at once on an idle machine, and is waited for on one that has other work.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running
