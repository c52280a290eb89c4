"""When a receiver gets a train of packets that it has already, to measure its line by. Pure: times are given.

As long as a receiver's browser has no estimate, and in its first two seconds, it takes five packets of more
than 200 bytes that left at even distances of a millisecond or more for a probe, and jumps to the rate at
which they came (libwebrtc, remote_bitrate_estimator_abs_send_time.cc). Where they come more than 2 ms further
apart than they left it takes no notice: a thin line loses nothing but their time. Later the estimate rises by
8 % a second only.
"""

from dataclasses import dataclass

TRAIN_PACKETS = 7  # libwebrtc needs five; of small pictures each has 500 to 1100 bytes
STEP_S = 0.002  # so a train says 2 to 4 Mbit/s
TRAINS_AT_S = (0.1, 0.35, 0.7, 1.2, 1.8)  # since the first picture, until it answers


@dataclass(slots=True)
class Probing:
    _begun_at_s: float | None = None
    _sent: int = 0

    def is_due(self, has_picture: bool, is_answered: bool, at_s: float) -> bool:
        """Whether a train is to leave now.

        Args:
            has_picture: one is sent, so there is something to repeat.
            is_answered: the receiver's line is known, or known to be bad.
        """
        if is_answered:
            self._sent = len(TRAINS_AT_S)
        if has_picture and self._begun_at_s is None:
            self._begun_at_s = at_s
        if self._begun_at_s is None or self._sent == len(TRAINS_AT_S):
            return False
        if at_s - self._begun_at_s < TRAINS_AT_S[self._sent]:
            return False
        self._sent += 1
        return True
