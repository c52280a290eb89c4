"""Which layer of a simulcast a receiver gets. Pure: times are given from outside.

A receiver's estimate (REMB) never rises far above what it is sent, so it cannot say beforehand that a larger
layer would fit. A larger one is therefore tried, and given up when the estimate does not follow; each failure
doubles the wait for the next try. A layer that does not fit any more is left at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

HEADROOM = 1.35  # of the estimate above the layer's bit rate before a larger one is tried; it ends at 1.5
TRIAL_S = 4.0
FIRST_WAIT_S = 2.0
MAX_WAIT_S = 60.0


@dataclass(slots=True)
class LayerChoice:
    """The choice for one receiver and one track. Layers are numbered from the smallest."""

    layer: int | None = None
    _wait_s: float = FIRST_WAIT_S
    _changed_at_s: float = 0.0
    _trial_from: int | None = None

    def choose(self, layers_bps: Sequence[int], available_bps: int | None, at_s: float) -> int | None:
        """The layer to send now; None if none is sent.

        Args:
            layers_bps: what each layer takes at present, 0 for one that is not sent.
            available_bps: what is left for this track by the receiver's estimate; None: it has not said.
        """
        there = [number for number, bps in enumerate(layers_bps) if bps > 0]
        if not there:
            return self._take(None, at_s)
        if self.layer not in there:
            former, self._trial_from = self._trial_from, None
            if former is not None:  # what was tried stopped
                self._wait_s = min(MAX_WAIT_S, 2 * self._wait_s)
            return self._take(former if former in there else there[len(there) // 2], at_s)
        if available_bps is None:
            return self.layer
        smaller = [number for number in there if number < self.layer]
        larger = [number for number in there if number > self.layer]
        stands_s = at_s - self._changed_at_s
        if self._trial_from is not None and stands_s >= TRIAL_S:
            fits = available_bps >= layers_bps[self.layer]
            former, self._trial_from = self._trial_from, None
            self._wait_s = FIRST_WAIT_S if fits else min(MAX_WAIT_S, 2 * self._wait_s)
            if not fits and former in there:
                return self._take(former, at_s)
        elif self._trial_from is None and smaller and available_bps < layers_bps[self.layer]:
            fitting = [number for number in smaller if layers_bps[number] <= available_bps]
            return self._take(fitting[-1] if fitting else smaller[0], at_s)
        elif (
            self._trial_from is None
            and larger
            and stands_s >= self._wait_s
            and available_bps >= HEADROOM * layers_bps[self.layer]
        ):
            self._trial_from = self.layer
            return self._take(larger[0], at_s)
        return self.layer

    def _take(self, layer: int | None, at_s: float) -> int | None:
        if layer != self.layer:
            self.layer, self._changed_at_s = layer, at_s
        return layer
