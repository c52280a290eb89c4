"""When a study that scanners send is complete enough to be read: nobody sends to it any more.

Scanners open several associations for one study, or one for each image. The end of one of them says little;
that a moment later no other has begun says more.
"""

import threading
from collections import Counter

SETTLES_AFTER_S = 2.0


class SettlingStudies:
    """Safe from several threads. Moments are seconds of the monotonic clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._senders: Counter[str] = Counter()
        self._due_at: dict[str, float] = {}

    def begins(self, study_instance_uid: str) -> None:
        """Somebody has begun to send to the study."""
        with self._lock:
            self._senders[study_instance_uid] += 1
            self._due_at.pop(study_instance_uid, None)

    def ends(self, study_instance_uid: str, at_s: float, *, said_all: bool) -> None:
        """A sender has ended; in order, or broken off: then the quiet time decides, which is longer."""
        with self._lock:
            self._senders[study_instance_uid] -= 1
            if self._senders[study_instance_uid] > 0:
                return
            del self._senders[study_instance_uid]
            if said_all:
                self._due_at[study_instance_uid] = at_s + SETTLES_AFTER_S

    def take_settled(self, at_s: float) -> list[str]:
        """Studies to which nobody has sent for a moment; each is given once."""
        with self._lock:
            settled = [uid for uid, due_at in self._due_at.items() if due_at <= at_s]
            for uid in settled:
                del self._due_at[uid]
            return settled
