"""Which layer of a simulcast a receiver gets. Pure: times are given from outside.

A receiver's estimate (REMB) never rises far above what it is sent, so it cannot say beforehand that a larger
layer would fit. A larger one is therefore tried, and given up as soon as the estimate does not follow; each
failure doubles the wait for the next try. A layer that does not fit any more is left at once. A publisher
that has paused a layer (dynacast) is asked for it first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

HEADROOM = 1.35  # of the estimate above the layer's bit rate before a larger one is tried; it ends at 1.5
TRIAL_S = 4.0
JUDGED_AFTER_S = 1.5  # by then a report has come of the time since the layer was changed
ASK_S = 4.0
FIRST_WAIT_S = 2.0
MAX_WAIT_S = 60.0


@dataclass(slots=True)
class LayerChoice:
    """The choice for one receiver and one track. Layers are numbered from the smallest."""

    layer: int | None = None
    asked_for: int | None = None  # a larger one, not sent at present, that is to be tried
    _asked_at_s: float = 0.0
    _wait_s: float = FIRST_WAIT_S
    _changed_at_s: float = 0.0
    _trial_from: int | None = None

    @property
    def is_trying(self) -> bool:
        return self._trial_from is not None

    @property
    def wanted(self) -> frozenset[int]:
        """The layers that the publisher is to send for this receiver."""
        return frozenset(number for number in (self.layer, self.asked_for) if number is not None)

    def choose(
        self,
        layers_bps: Sequence[int],
        available_bps: int | None,
        at_s: float,
        largest: int | None = None,
        may_try: bool = True,
    ) -> int | None:
        """The layer to send now; None if none is sent.

        Args:
            layers_bps: what each layer takes at present, 0 for one that is not sent.
            available_bps: what is left for this track by the receiver's estimate; None: it has not said.
            largest: the largest layer that is of use in the receiver's window; None: all are.
            may_try: nothing else is tried on the receiver's line at present.
        """
        largest = len(layers_bps) - 1 if largest is None else largest
        sent = [number for number, bps in enumerate(layers_bps) if bps > 0]
        if not sent:
            self.stop(at_s)
            return None
        there = [number for number in sent if number <= largest] or sent[:1]
        self._give_up_asking(largest, at_s)
        if self.layer not in there:
            return self._begin(there, at_s)
        if available_bps is None:
            return self.layer
        stands_s = at_s - self._changed_at_s
        fits = available_bps >= layers_bps[self.layer]
        if self._trial_from is not None:
            return self._judge(there, fits, stands_s, at_s)
        if not fits and self.layer != there[0]:
            fitting = [number for number in there if layers_bps[number] <= available_bps]
            return self._take(fitting[-1] if fitting else there[0], at_s)
        if not may_try or stands_s < self._wait_s or available_bps < HEADROOM * layers_bps[self.layer]:
            return self.layer
        return self._try(there, largest, at_s)

    def stop(self, at_s: float) -> None:
        """None is sent, and none is wanted."""
        self.asked_for = self._trial_from = None
        self._take(None, at_s)

    def _give_up_asking(self, largest: int, at_s: float) -> None:
        if self.asked_for is None:
            return
        if self.asked_for > largest:
            self.asked_for = None
        elif at_s - self._asked_at_s >= ASK_S:  # the publisher's camera or line does not give it
            self.asked_for, self._changed_at_s = None, at_s
            self._wait_s = min(MAX_WAIT_S, 2 * self._wait_s)

    def _begin(self, there: Sequence[int], at_s: float) -> int | None:
        """With none yet, or where the last one is not sent or not of use any more."""
        former, self._trial_from = self._trial_from, None
        if self.layer is not None and self.layer > there[-1] and former is None:
            return self._take(there[-1], at_s)
        if former is not None:  # what was tried stopped
            self._wait_s = min(MAX_WAIT_S, 2 * self._wait_s)
        return self._take(former if former in there else there[len(there) // 2], at_s)

    def _judge(self, there: Sequence[int], fits: bool, stands_s: float, at_s: float) -> int | None:
        if fits and stands_s >= TRIAL_S:
            self._trial_from, self._wait_s = None, FIRST_WAIT_S
        elif not fits and stands_s >= JUDGED_AFTER_S:
            former, self._trial_from = self._trial_from, None
            self._wait_s = min(MAX_WAIT_S, 2 * self._wait_s)
            return self._take(former if former in there else there[0], at_s)
        return self.layer

    def _try(self, there: Sequence[int], largest: int, at_s: float) -> int | None:
        assert self.layer is not None
        larger = [number for number in there if number > self.layer]
        if larger:
            self._trial_from, self.asked_for = self.layer, None
            return self._take(larger[0], at_s)
        if self.asked_for is None and self.layer < largest:
            self.asked_for, self._asked_at_s = self.layer + 1, at_s
        return self.layer

    def _take(self, layer: int | None, at_s: float) -> int | None:
        if layer != self.layer:
            self.layer, self._changed_at_s = layer, at_s
        return layer
