"""Several do something at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any


def at_once(refusal: type[Exception], *deeds: Callable[[], Any]) -> list[Any]:
    """What each deed returned, or the refusal that it raised."""
    ready = Barrier(len(deeds))

    def do(deed: Callable[[], Any]) -> Any:
        ready.wait(30)
        try:
            return deed()
        except refusal as refused:
            return refused

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(do, deeds))
