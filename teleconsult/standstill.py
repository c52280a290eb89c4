"""For how long something has stood still, by watching it: a clock that is set says nothing of that."""

import time
from collections.abc import Mapping


class Standstill:
    """What was seen of things from one look to the next. Of one thread; a new process begins anew."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[object, float]] = {}

    def lasts_s(self, states: Mapping[str, object], now_s: float | None = None) -> dict[str, float]:
        """Return of each thing how many seconds it has been seen as it is; forget what is not named.

        Args:
            now_s: of the monotonic clock.
        """
        now_s = time.monotonic() if now_s is None else now_s
        seen = self._seen
        self._seen = {
            name: seen[name] if name in seen and seen[name][0] == state else (state, now_s)
            for name, state in states.items()
        }
        return {name: now_s - since_s for name, (_, since_s) in self._seen.items()}
