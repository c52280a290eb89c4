"""Which size of each picture a receiver gets by Janus, as its windows and its line are. Pure.

Of a receiver's line Janus tells one thing (`slowlink`): how many packets of a picture were lost in a second.
Held against what is sent at most, that goes through the same estimate and the same choice as in our relay.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from signaling.relay.layer_choice import LayerChoice
from signaling.relay.receiver_estimate import ReceiverEstimate

Feed = tuple[int, str]  # who sends, in Janus' numbers, and the mid by which

# What a page sends at most (web/src/signaling/layers.ts); a picture in a single size: as much as `h`.
MOST_BPS = {"q": 150_000, "h": 600_000, "f": 1_500_000}
SINGLE_BPS = 600_000
PACKET_BITS = 8 * 1_100
REPORT_S = 1.0
QUIET_S = 1.5  # without news for so long, nothing was lost
SETTLES_S = 2.0  # after a change to a smaller size losses of the larger one are still told of
LEAST_TO_SPARE = 1.1
HIGHEST_BPS = 100_000_000  # stands for no limit


@dataclass(frozen=True, slots=True)
class Picture:
    """One that may be sent to the receiver."""

    feed: Feed
    rids: tuple[str, ...]  # of its sizes, the smallest first; none: it has one size
    sent: Collection[str]  # those that its publisher was told to send
    watched: str | None  # the largest that is of use; None: it is not on the screen
    comes: int | None  # what Janus said that it sends, maybe less than asked for; None: nothing


@dataclass(slots=True)
class Receiver:
    """Sizes are numbers in a picture's `rids`."""

    wanted: dict[Feed, frozenset[str]] = field(default_factory=dict)  # RIDs that are to be sent for it
    _choices: dict[Feed, LayerChoice] = field(default_factory=dict)
    _sent_bps: dict[Feed, int] = field(default_factory=dict)
    _least_bps: int = 0  # of all that is sent, each in its smallest size
    _estimate: ReceiverEstimate = field(default_factory=ReceiverEstimate)
    _lost: int = 0
    _lost_at_s: float = float("-inf")
    _reported_at_s: float = float("-inf")
    _settled_at_s: float = float("-inf")
    _passes: bool = True  # all that is sent arrives

    def lose(self, packets: int, at_s: float) -> None:
        self._lost, self._lost_at_s = self._lost + packets, at_s

    def choose(self, pictures: Iterable[Picture], at_s: float) -> dict[Feed, int | None]:
        """The size to send of each of these now, None for not at all; others are forgotten."""
        there = {picture.feed: picture for picture in pictures}
        self._choices = {feed: self._choices.get(feed, LayerChoice()) for feed in there}
        self._report(at_s)
        watched = sum(picture.watched is not None for picture in there.values())
        for feed, picture in there.items():
            choice = self._choices[feed]
            if picture.watched is None or not self._estimate.has_pictures(at_s):
                choice.stop(at_s)
            else:
                self._take(picture, self._available_bps(picture, watched), at_s)
        self._sent_bps = {feed: self._bps(picture) for feed, picture in there.items()}
        self._least_bps = sum(min(self._sent_bps[feed], _layers_bps(there[feed])[0]) for feed in there)
        if any(self._shrinks(picture) for picture in there.values()):
            self._settled_at_s = at_s + SETTLES_S
        self.wanted = {feed: self._wanted(picture) for feed, picture in there.items()}
        return {feed: choice.layer for feed, choice in self._choices.items()}

    def _take(self, picture: Picture, available_bps: int, at_s: float) -> None:
        choice = self._choices[picture.feed]
        largest = picture.rids.index(picture.watched) if picture.watched in picture.rids else None
        may_try = not any(other.is_trying for other in self._choices.values() if other is not choice)
        choice.choose(_layers_bps(picture), available_bps, at_s, largest, may_try)

    def _wanted(self, picture: Picture) -> frozenset[str]:
        """What is to be sent, and all below it down to what comes: maybe there is no more."""
        choice = self._choices[picture.feed]
        numbers = choice.wanted
        if choice.layer is not None:
            numbers |= set(range(picture.comes or 0, choice.layer))
        return frozenset(picture.rids[number] for number in numbers) if picture.rids else frozenset()

    def _shrinks(self, picture: Picture) -> bool:
        layer = self._choices[picture.feed].layer
        return layer is not None and picture.comes is not None and picture.comes > layer

    def _bps(self, picture: Picture) -> int:
        layer = self._choices[picture.feed].layer
        if layer is None or (picture.rids and picture.comes is None):
            return 0
        return _layers_bps(picture)[layer if picture.comes is None else min(layer, picture.comes)]

    def _available_bps(self, picture: Picture, watched: int) -> int:
        """For this picture: what the others leave, and never less than an equal share."""
        feed, sent_bps = picture.feed, sum(self._sent_bps.values())
        total_bps = self._estimate.bps
        if total_bps is None:  # nothing was lost yet: enough to try the next size, not to know of one
            layer = self._choices[feed].layer
            return 0 if layer is None else 2 * _layers_bps(picture)[layer]
        if self._passes:
            total_bps = max(total_bps, sent_bps)
        return max(total_bps - sent_bps + self._sent_bps.get(feed, 0), total_bps // watched)

    def _report(self, at_s: float) -> None:
        elapsed_s = at_s - self._reported_at_s
        if elapsed_s < REPORT_S:
            return
        if at_s < self._settled_at_s:
            self._lost = 0  # the smaller size is judged anew
        elif self._lost == 0 and at_s - self._lost_at_s < QUIET_S:
            return
        sent_bps = sum(self._sent_bps.values())
        packets = min(elapsed_s, 2 * REPORT_S) * sent_bps / PACKET_BITS
        lost = min(1.0, self._lost / packets) if packets else 0.0
        if sent_bps > self._least_bps:  # that the smallest sizes do not pass either is learnt from them alone
            limit_bps = min(sent_bps, self._estimate.loss_bps or sent_bps)
            lost = min(lost, max(0.0, 1 - LEAST_TO_SPARE * self._least_bps / limit_bps))
        self._reported_at_s, self._lost, self._passes = at_s, 0, self._lost == 0
        self._estimate.take_loss(lost, sent_bps, at_s)
        if self._estimate.loss_bps is not None and self._estimate.loss_bps > HIGHEST_BPS:
            self._estimate.loss_bps = None


def _layers_bps(picture: Picture) -> list[int]:
    if not picture.rids:
        return [SINGLE_BPS]
    return [MOST_BPS.get(rid, SINGLE_BPS) if rid in picture.sent else 0 for rid in picture.rids]
