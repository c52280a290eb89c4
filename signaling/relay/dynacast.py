"""Which sizes of a picture its publisher is to send: those that somebody watches. Pure: times are given.

What is wanted again is sent at once; what is not wanted goes on for a while, as windows are resized and
lines get better. The smallest is always sent, so that whoever comes sees something at once. In a sender's
first seconds all are: libwebrtc finds out what its line carries by sending.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

PAUSE_AFTER_S = 5.0
FIRST_PAUSE_AFTER_S = 8.0


@dataclass(slots=True)
class Dynacast:
    """`rids` are those that the publisher offered, the smallest first (RFC 8851)."""

    rids: tuple[str, ...]
    _told: tuple[str, ...] | None = None
    _wanted_at_s: dict[str, float] = field(default_factory=dict)

    def take(self, wanted: Collection[str], at_s: float) -> tuple[str, ...] | None:
        """What the publisher is to be told to send; None: what it was told last still holds."""
        if self._told is None:
            self._told = self.rids
            first_pause_at_s = at_s + FIRST_PAUSE_AFTER_S
            self._wanted_at_s = dict.fromkeys(self.rids, first_pause_at_s - PAUSE_AFTER_S)
        for rid in (*wanted, *self.rids[:1]):
            self._wanted_at_s[rid] = max(at_s, self._wanted_at_s.get(rid, at_s))
        sent = tuple(rid for rid in self.rids if at_s - self._wanted_at_s[rid] < PAUSE_AFTER_S)
        if sent == self._told:
            return None
        self._told = sent
        return sent
