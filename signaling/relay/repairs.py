"""How much is sent again to one receiver. Pure: times are given from outside.

On a line that is too thin each loss is asked for again and again, and what is sent again takes the place of
speech. So repairs have a budget, a share of what pictures take, and a number is not sent again while the last
repair of it may still be on its way.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

SHARE = 0.25  # of the pictures' bit rate
PACKET_BYTES = 1_200
BURST_BYTES = 24 * PACKET_BYTES  # a short loss on a good line is repaired whole
AGAIN_AFTER_S = 0.12
NUMBERS_KEPT = 512


@dataclass(slots=True)
class Repairs:
    _bytes: float = BURST_BYTES
    _at_s: float | None = None
    _sent_at_s: "OrderedDict[tuple[int, int], float]" = field(default_factory=OrderedDict)

    def allow(self, output: int, numbers: Sequence[int], pictures_bps: int, at_s: float) -> list[int]:
        """Those of `numbers` of this output that are to be sent again now."""
        elapsed_s = 0.0 if self._at_s is None else at_s - self._at_s
        self._at_s = at_s
        self._bytes = min(BURST_BYTES, self._bytes + elapsed_s * SHARE * pictures_bps / 8)
        allowed = []
        for number in numbers:
            key = (output, number)
            if self._bytes < PACKET_BYTES:
                break
            if at_s - self._sent_at_s.get(key, float("-inf")) < AGAIN_AFTER_S:
                continue
            self._bytes -= PACKET_BYTES
            self._sent_at_s[key] = at_s
            self._sent_at_s.move_to_end(key)
            allowed.append(number)
        while len(self._sent_at_s) > NUMBERS_KEPT:
            self._sent_at_s.popitem(last=False)
        return allowed
