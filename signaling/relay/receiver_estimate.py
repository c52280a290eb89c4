"""What a receiver's line carries, and whether pictures go to it at all. Pure: times are given from outside.

Its own estimate (REMB) follows delay and does not see a queue that is always full, so what it loses counts
too (draft-ietf-rmcat-gcc-02 section 6). It rises by 8 % a second, so slowly that a larger layer would wait
half a minute for it: but while it rises, what is sent passes, and that counts for the choice of layers. Where
much is lost for long, pictures pause: speech is worth more than a picture that stands still anyway. They are
tried again, each time later.
"""

from dataclasses import dataclass

VERY_MUCH_LOST, MUCH_LOST, LITTLE_LOST = 0.3, 0.1, 0.02
GROWTH = 1.08
FLOOR_BPS = 100_000
RISES_FOR_S = 1.5  # an estimate that has not risen for so long does not rise
# A publisher is not asked for less: below this a face is no use, and dropped packets freeze fewer people.
MIN_VIDEO_BPS = 150_000
PATIENCE_S = 6.0  # while the publisher is still told to send less
LITTLE_PATIENCE_S = 1.5  # where it cannot send less
LATEST = 0.4  # the share of the latest report in what is judged: of few packets one tells little
FIRST_PAUSE_S = 15.0
LONGEST_PAUSE_S = 120.0
GOOD_AFTER_S = 20.0  # pictures that went that long without much loss: the next pause is short again


@dataclass(slots=True)
class ReceiverEstimate:
    """The estimate of one receiver's line, for all that goes to it."""

    remb_bps: int | None = None
    loss_bps: float | None = None  # None: losses do not limit
    pauses_until_s: float = float("-inf")
    _pause_s: float = FIRST_PAUSE_S
    _bad_since_s: float | None = None
    _lost: float = 0.0  # smoothed
    _rose_at_s: float = float("-inf")

    @property
    def bps(self) -> int | None:
        """None: nothing is known."""
        known = [bps for bps in (self.remb_bps, self.loss_bps) if bps is not None]
        return round(min(known)) if known else None

    @property
    def is_known(self) -> bool:
        """The browser has told what it can take, or loses so much that this is no time to measure it."""
        return self.bps is not None or self._lost > LITTLE_LOST

    def layers_bps(self, sent_bps: int, at_s: float) -> int | None:
        """The same, or what is sent where that passes: for what can be made smaller again at once.

        Args:
            sent_bps: what is sent to this receiver, of pictures and speech.
        """
        if self.remb_bps is None:
            return self.bps
        passes = at_s - self._rose_at_s < RISES_FOR_S
        carries_bps = max(self.remb_bps, sent_bps) if passes else self.remb_bps
        return carries_bps if self.loss_bps is None else round(min(carries_bps, self.loss_bps))

    def take_remb(self, bps: int, at_s: float) -> None:
        """The browser's own estimate, which comes several times a second."""
        if self.remb_bps is None or bps > self.remb_bps:
            self._rose_at_s = at_s
        elif bps < self.remb_bps:
            self._rose_at_s = float("-inf")
        self.remb_bps = bps

    def has_pictures(self, at_s: float) -> bool:
        return at_s >= self.pauses_until_s

    def take_loss(self, lost: float, sent_bps: int, at_s: float) -> None:
        """A report, about once a second.

        Args:
            lost: the share of what was sent since the last report, 0 to 1.
            sent_bps: what is sent to this receiver of pictures.
        """
        if not self.has_pictures(at_s):
            return
        self._lost += LATEST * (lost - self._lost)
        agreed = min(lost, self._lost)  # by the latest report and those before it
        if agreed > MUCH_LOST:
            limit_bps = sent_bps if self.loss_bps is None else min(self.loss_bps, sent_bps)
            # Where very much is lost, what is left says what the line carries.
            left = 1 - lost if lost > VERY_MUCH_LOST else 1 - lost / 2
            self.loss_bps = max(FLOOR_BPS, limit_bps * left)
        elif self._lost < LITTLE_LOST and self.loss_bps is not None:
            self.loss_bps *= GROWTH
            if self.remb_bps is not None and self.loss_bps > 2 * self.remb_bps:
                self.loss_bps = None
        self._pause(agreed, at_s)

    def _pause(self, lost: float, at_s: float) -> None:
        if lost <= MUCH_LOST:
            self._bad_since_s = None
            if at_s - self.pauses_until_s > GOOD_AFTER_S:
                self._pause_s = FIRST_PAUSE_S
            return
        if self._bad_since_s is None:
            self._bad_since_s = at_s
        cannot_yield = self.bps is not None and self.bps <= MIN_VIDEO_BPS
        if at_s - self._bad_since_s >= (LITTLE_PATIENCE_S if cannot_yield else PATIENCE_S):
            self.pauses_until_s, self._bad_since_s = at_s + self._pause_s, None
            self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)
