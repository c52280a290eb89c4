"""What a recorder receives: every track of a room, each as its largest size, by a line on this machine.

Nothing is lost on such a line, so there is nothing to repair or to estimate, and no description: who hears it
is told which stream is whose. A stream is never used for another track, so that nobody is taken for somebody
else.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiortc.rtp import RTCP_PSFB_PLI, RtcpPsfbPacket, RtcpSrPacket

from signaling.recorder.control import TrackOf
from signaling.relay.packet_core import Output, PacketCore
from signaling.relay.publisher import Layer, Track, clock_as_sent, parse_rtcp

LOOK_INTERVAL_S = 0.1
STALLED_S = 0.25  # a size that is so far behind another one of its track is not sent for the moment


@dataclass(slots=True, eq=False)
class _Outlet:
    """A track and its stream; `output` is the core's number."""

    output: int
    ssrc: int
    track: Track
    layer: Layer | None = None  # that the core was told to forward
    knows_clock: bool = False


class Tap:
    """Closures: the line is its owner's; `end` takes its outputs out of the core."""

    def __init__(
        self,
        core: PacketCore,
        line: int,
        new_output: Callable[[], int],
        on_tracks: Callable[[list[TrackOf]], None],
    ) -> None:
        self._core, self._line, self._new_output, self._on_tracks = core, line, new_output, on_tracks
        self._outlets: list[_Outlet] = []
        self._looked_at_s = 0.0

    def take_tracks(self, tracks: Iterable[Track], at_s: float) -> None:
        """Forward exactly these."""
        wanted = list(tracks)
        ended = [outlet for outlet in self._outlets if outlet.track not in wanted]
        known = [outlet.track for outlet in self._outlets]
        begun = [self._outlet(track) for track in wanted if track not in known]
        if not ended and not begun:
            return
        for outlet in ended:
            self._remove(outlet)
        self._outlets += begun
        self._on_tracks(
            [
                TrackOf(
                    ssrc=outlet.ssrc,
                    kind="audio" if outlet.track.kind == "audio" else "video",
                    participant_id=outlet.track.publisher.participant_id,
                    is_screen=outlet.track.is_screen,
                )
                for outlet in self._outlets
            ]
        )
        self.route(at_s)

    def route(self, at_s: float) -> None:
        """Let each stream have the largest size that comes."""
        self._looked_at_s = at_s
        for outlet in self._outlets:
            layer = largest_that_comes(outlet.track)
            if layer is not outlet.layer:
                outlet.layer, outlet.knows_clock = layer, False
                self._core.route(outlet.output, None if layer is None else layer.source)
                if layer is not None:
                    layer.track.publisher.want_key_frame(layer, at_s)

    def tick(self, at_s: float) -> None:
        if at_s - self._looked_at_s < LOOK_INTERVAL_S:
            return
        self.route(at_s)
        for outlet in self._outlets:
            layer = outlet.layer
            if layer is None:
                continue
            if self._core.sent(outlet.output).source != layer.source:
                layer.track.publisher.want_key_frame(layer, at_s)
            elif not outlet.knows_clock:
                self.forward_clock(layer)

    def forward_clock(self, layer: Layer) -> None:
        """Pass on the publisher's clock, the same for its sound and its picture."""
        for outlet in self._outlets:
            sent = self._core.sent(outlet.output)
            if outlet.layer is not layer or sent.source != layer.source or layer.clock is None:
                continue
            info = clock_as_sent(layer.clock, sent)
            self._core.send_rtcp(self._line, bytes(RtcpSrPacket(outlet.ssrc, info)))
            outlet.knows_clock = True

    def take_rtcp(self, data: bytes, at_s: float) -> None:
        for packet in parse_rtcp(data):
            if not isinstance(packet, RtcpPsfbPacket) or packet.fmt != RTCP_PSFB_PLI:
                continue
            for outlet in self._outlets:
                if outlet.ssrc == packet.media_ssrc and outlet.layer is not None:
                    outlet.layer.track.publisher.want_key_frame(outlet.layer, at_s)

    def end(self) -> None:
        for outlet in list(self._outlets):
            self._remove(outlet)

    def _outlet(self, track: Track) -> _Outlet:
        outlet = _Outlet(self._new_output(), random.getrandbits(31) | 1, track)
        what = Output(self._line, outlet.ssrc, mid="0", is_audio=track.kind == "audio")
        self._core.add_output(outlet.output, what)
        track.wanted[outlet.output] = frozenset({track.rids[-1]})
        return outlet

    def _remove(self, outlet: _Outlet) -> None:
        self._core.remove_output(outlet.output)
        outlet.track.wanted.pop(outlet.output, None)
        self._outlets.remove(outlet)


def largest_that_comes(track: Track) -> Layer | None:
    """A browser that has too much to encode leaves out the largest size: then a smaller one is next."""
    newest_s = max((layer.heard_at_s for layer in track.layers), default=0.0)
    there = [layer for layer in track.layers if layer.heard_at_s >= newest_s - STALLED_S]
    return there[-1] if there else None
