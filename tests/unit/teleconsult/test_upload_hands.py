"""However much is uploaded, pages have threads of their own, and who comes too many is told to come again."""

import asyncio
from threading import Event

import pytest
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from teleconsult.errors import UploadsBusy
from teleconsult.problems import as_response
from teleconsult.uploads.hands import Hands


async def test_while_uploads_fill_their_threads_pages_are_answered_and_more_uploads_refused() -> None:
    hands, may_end = Hands(at_once=2, waiting_at_most=3), Event()
    uploads = [asyncio.create_task(hands.run(may_end.wait)) for _ in range(5)]
    while hands._threads.statistics().tasks_waiting < 3:
        await asyncio.sleep(0)
    try:
        with pytest.raises(UploadsBusy):
            await hands.refuse_when_busy()
        pages = [run_in_threadpool(lambda: "a page") for _ in range(30)]
        assert await asyncio.gather(*pages) == ["a page"] * 30
    finally:
        may_end.set()
    assert await asyncio.gather(*uploads) == [True] * 5
    await hands.refuse_when_busy()


def test_who_is_refused_is_told_when_to_come_again() -> None:
    answer = as_response(Request({"type": "http", "headers": []}), UploadsBusy())
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
