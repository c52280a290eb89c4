"""A nudge's turn."""

from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from inference import tasks
from inference.celery_broker import RUN_JOBS, make_celery


def test_a_worker_that_always_has_something_to_do_gives_its_nudge_back_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = count(step=60)
    monkeypatch.setattr(tasks, "monotonic", lambda: next(clock))
    done: list[str] = []
    runner: Any = SimpleNamespace(run_next=lambda model: done.append(model) or True)
    app = make_celery("memory://")
    tasks.register(app, lambda: runner)

    app.tasks[RUN_JOBS].apply(args=("a_model",)).get()

    assert 1 <= len(done) <= tasks.LONGEST_TURN_S / 60
