"""How often one user may ask: far more than pages do, and less than keeps others waiting.

A token bucket for each user, in each process of the application. Images and uploads are not counted: they
come by the hundred, and have bounds of their own.
"""

import re
import threading
import time
from math import ceil

# Also the images of a viewer, /api/studies/UID/instances/UID/file: thousands of one CT, as fast as they come.
UNCOUNTED = re.compile(r"/dicom-web/|/api/uploads/|/api/studies/[^/]+/instances/[^/]+/file$")
BURST_S = 30  # so many seconds' worth may come at once
BUCKETS_KEPT = 10_000


class RequestRate:
    """`per_s` requests in a second, for each user. Safe from several threads."""

    def __init__(self, per_s: float, burst_s: float = BURST_S) -> None:
        self.per_s, self.burst_s = per_s, burst_s
        self._empty_at: dict[str, float] = {}  # of each user: when the bucket would last have been empty, s
        self._lock = threading.Lock()

    def wait_s(self, user_id: str, path: str, now_s: float | None = None) -> int:
        """Count one request; 0 if it may go on, else in how many seconds the next one may.

        Args:
            now_s: monotonic.
        """
        if UNCOUNTED.match(path):
            return 0
        now_s = time.monotonic() if now_s is None else now_s
        with self._lock:
            full_since = now_s - self.burst_s
            empty_at = max(self._empty_at.pop(user_id, full_since), full_since) + 1 / self.per_s
            if empty_at > now_s:
                self._empty_at[user_id] = empty_at - 1 / self.per_s
                return ceil(empty_at - now_s)
            self._empty_at[user_id] = empty_at
            while len(self._empty_at) > BUCKETS_KEPT:  # who asked longest ago has a full one
                del self._empty_at[next(iter(self._empty_at))]
            return 0
