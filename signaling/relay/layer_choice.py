"""Which layer of a simulcast a receiver gets. Pure: times are given from outside.

Where a receiver's estimate (REMB) covers a larger layer, it gets that one at once: so it does after a probe
(probing.py). Else the estimate never rises far above what is sent, and cannot say beforehand that a larger
layer would fit. The next larger one is therefore tried, and given up as soon as the estimate does not follow;
each failure doubles the wait for the next try. A busy computer takes packets late, and that alone can keep
its estimate down for good: where neither queue nor loss is seen, a larger layer is tried without headroom
too, only later. A layer that is far too large is left at once, one that is a little too large after a second:
over a hiccup the estimate falls below what is sent, and rises again. A publisher that has paused a layer
(dynacast) is asked for it first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SMALLEST_BPS = 100_000  # what the smallest layer is taken to need before it was measured
STEEPNESS = 3.0  # and how many times the bits of the one below it each layer: 2.5 to 4
HEADROOM = 1.35  # of the estimate above the layer's bit rate before a larger one is tried; it ends at 1.5
CLEAR_S = 10.0  # with a layer on a clear line without headroom, before a larger one is tried all the same
TRIAL_S = 4.0
ROOMY_TRIAL_S = 2.5  # with headroom left; by then the layer was measured for a whole second
JUDGED_AFTER_S = 1.5  # by then a report has come of the time since the layer was changed
FAR_SHORT = 0.6  # of a layer's bit rate is available; over a hiccup an estimate falls to 0.85 of what passes
SILENT_S = 3.0  # without an estimate the next larger layer is tried: by then a browser has answered probes
SHORT_S = 1.0  # a layer that is less short than that has so long
ASK_S = 4.0
FIRST_WAIT_S = 2.0
MAX_WAIT_S = 60.0


@dataclass(slots=True)
class LayerChoice:
    """The choice for one receiver and one track. Layers are numbered from the smallest."""

    layer: int | None = None
    asked_for: int | None = None  # a larger one, not sent at present, that is to be had
    _asked_at_s: float = 0.0
    _wait_s: float = FIRST_WAIT_S
    _changed_at_s: float = 0.0
    _trial_from: int | None = None
    _short_since_s: float | None = None

    @property
    def is_trying(self) -> bool:
        return self._trial_from is not None

    @property
    def wanted(self) -> frozenset[int]:
        """The layers that the publisher is to send for this receiver.

        All up to the one that is asked for: it may be one that its camera does not give.
        """
        if self.layer is None:
            return frozenset()
        return frozenset(range(self.layer, max(self.layer, self.asked_for or 0) + 1))

    def choose(
        self,
        layers_bps: Sequence[int],
        available_bps: int | None,
        at_s: float,
        largest: int | None = None,
        may_try: bool = True,
        is_clear: bool = False,
    ) -> int | None:
        """The layer to send now; None if none is sent.

        Args:
            layers_bps: what each layer takes at present, 0 for one that is not sent.
            available_bps: what is left for this track by the receiver's estimate; None: it has not said.
            largest: the largest layer that is of use in the receiver's window; None: all are.
            may_try: nothing else is tried on the receiver's line at present.
            is_clear: its reports have told of neither queue nor loss for a while.
        """
        largest = len(layers_bps) - 1 if largest is None else largest
        sent = [number for number, bps in enumerate(layers_bps) if bps > 0]
        if not sent:
            self.stop(at_s)
            return None
        there = [number for number in sent if number <= largest] or sent[:1]
        self._give_up_asking(largest, at_s)
        if self.layer not in there:
            return self._begin(there, layers_bps, available_bps, at_s)
        stands_s = at_s - self._changed_at_s
        if available_bps is None:
            if self.is_trying or not may_try or stands_s < max(SILENT_S, self._wait_s):
                return self.layer
            return self._try(there, min(largest, self.layer + 1), at_s)
        fits = available_bps >= layers_bps[self.layer]
        target = min(largest, _covered(self.layer, layers_bps, available_bps))
        may_jump = target > self.layer and (stands_s >= self._wait_s or self._wait_s <= FIRST_WAIT_S)
        if self._trial_from is not None and not (may_jump and target in there):
            has_room = available_bps >= HEADROOM * layers_bps[self.layer]
            return self._judge(there, fits, has_room, stands_s, at_s)
        if not fits and self.layer != there[0]:
            if not self._is_short(available_bps / layers_bps[self.layer], at_s):
                return self.layer
            fitting = [number for number in there if layers_bps[number] <= available_bps]
            return self._take(fitting[-1] if fitting else there[0], at_s)
        self._short_since_s = None
        has_waited = may_jump or stands_s >= self._wait_s
        has_room = available_bps >= HEADROOM * layers_bps[self.layer]
        may_dare = is_clear and stands_s >= CLEAR_S
        if not may_try or not has_waited or not (has_room or may_dare):
            return self.layer
        return self._try(there, min(largest, max(target, self.layer + 1)), at_s)

    def stop(self, at_s: float) -> None:
        """None is sent, and none is wanted."""
        self.asked_for = self._trial_from = None
        self._take(None, at_s)

    def _is_short(self, share: float, at_s: float) -> bool:
        """Whether the layer is to be left, of whose bit rate this share is available."""
        if self._short_since_s is None:
            self._short_since_s = at_s
        return share < FAR_SHORT or at_s - self._short_since_s >= SHORT_S

    def _give_up_asking(self, largest: int, at_s: float) -> None:
        if self.asked_for is None:
            return
        if self.asked_for > largest:
            self.asked_for = None
        elif at_s - self._asked_at_s >= ASK_S:  # the publisher's camera or line does not give it
            self.asked_for, self._changed_at_s = None, at_s
            self._wait_s = min(MAX_WAIT_S, 2 * self._wait_s)

    def _begin(
        self, there: Sequence[int], layers_bps: Sequence[int], available_bps: int | None, at_s: float
    ) -> int | None:
        """With none yet, or where the last one is not sent or not of use any more."""
        former, self._trial_from = self._trial_from, None
        if self.layer is not None and self.layer > there[-1] and former is None:
            return self._take(there[-1], at_s)
        if former is not None:  # what was tried stopped
            self._wait_s = min(MAX_WAIT_S, 2 * self._wait_s)
        if former in there:
            return self._take(former, at_s)
        covered = there[0] if available_bps is None else _covered(there[0], layers_bps, available_bps)
        return self._take(max(number for number in there if number <= covered), at_s)

    def _judge(
        self, there: Sequence[int], fits: bool, has_room: bool, stands_s: float, at_s: float
    ) -> int | None:
        if fits and stands_s >= (ROOMY_TRIAL_S if has_room else TRIAL_S):
            self._trial_from, self._wait_s = None, FIRST_WAIT_S
        elif not fits and stands_s >= JUDGED_AFTER_S:
            former, self._trial_from, self.asked_for = self._trial_from, None, None
            self._wait_s = min(MAX_WAIT_S, 2 * self._wait_s)
            return self._take(former if former in there else there[0], at_s)
        return self.layer

    def _try(self, there: Sequence[int], target: int, at_s: float) -> int | None:
        """Have the target if it is sent, and until then what comes of those below it."""
        assert self.layer is not None
        if self.layer < target not in there and self.asked_for is None:
            self.asked_for, self._asked_at_s = target, at_s
        larger = [number for number in there if self.layer < number <= target]
        if not larger:
            return self.layer
        if self._trial_from is None:
            self._trial_from = self.layer
        return self._take(larger[-1], at_s)

    def _take(self, layer: int | None, at_s: float) -> int | None:
        if layer != self.layer:
            self.layer, self._changed_at_s, self._short_since_s = layer, at_s, None
        if layer is not None and self.asked_for is not None and layer >= self.asked_for:
            self.asked_for = None
        return layer


def _covered(base: int, layers_bps: Sequence[int], available_bps: int) -> int:
    """The largest layer that is available by what it takes or may take, `base` if there is none above it."""
    covered, takes_bps = base, SMALLEST_BPS / STEEPNESS
    for number, bps in enumerate(layers_bps):
        takes_bps = max(bps, STEEPNESS * takes_bps)
        if number > base and takes_bps <= available_bps:
            covered = number
    return covered
