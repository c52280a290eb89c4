"""What a relay counts of losses, for its metrics."""

from aiortc.rtp import (
    RTCP_RTPFB_NACK,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
)
from hypothesis import given
from hypothesis import strategies as st

from signaling.media import Direction, Traffic
from signaling.metrics import traffic_families
from signaling.relay.losses import Losses, newly_lost
from signaling.relay.packet_core import Sent
from signaling.relay.python_core import PythonCore
from signaling.relay.subscriber import Subscriber
from signaling.relay.transport import Line
from telemetry.metrics import Registry


class CoreThatSent(PythonCore):
    """`packets` of each output, without anybody to send them to."""

    packets = 0

    def sent(self, output: int) -> Sent:
        return Sent(1, 0, self.packets, 0, 0)


def reporting(core: CoreThatSent, losses: Losses) -> Subscriber:
    line = Line(1, 0.0, lambda _: None, lambda _: None, lambda _: None)
    subscriber = Subscriber(core, line, lambda: 1, losses)
    subscriber.seats.append(subscriber._free_seat("video"))
    return subscriber


def report(subscriber: Subscriber, lost: int) -> None:
    (seat,) = subscriber.seats[:1]
    subscriber.take_rtcp(bytes(RtcpRrPacket(7, [RtcpReceiverInfo(seat.ssrc, 0, lost, 0, 0, 0, 0)])), 0.0)


def test_what_a_receiver_lost_is_counted_once() -> None:
    core, losses = CoreThatSent(), Losses()
    subscriber = reporting(core, losses)
    for packets, lost in ((100, 3), (200, 3), (300, 2), (400, 10)):  # one came late
        core.packets = packets
        report(subscriber, lost)
    assert losses.lost == 10


def test_a_receiver_that_makes_losses_up_is_believed_no_more_than_was_sent() -> None:
    core, losses = CoreThatSent(), Losses()
    subscriber = reporting(core, losses)
    core.packets = 50
    report(subscriber, 0x7FFFFF)
    assert losses.lost == 50


def test_what_a_receiver_asks_for_again_is_counted_by_packet() -> None:
    losses = Losses()
    subscriber = reporting(CoreThatSent(), losses)
    (seat,) = subscriber.seats[:1]
    subscriber.take_rtcp(bytes(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 7, seat.ssrc, [1, 5, 9])), 0.0)
    assert losses.nacked == 3


@given(st.lists(st.integers(-5, 2_000), max_size=30))
def test_the_sum_never_falls_and_never_exceeds_what_was_reported(reports: list[int]) -> None:
    total = before = 0
    for reported in reports:
        more = newly_lost(reported, before, 1_000_000)
        assert more >= 0
        total, before = total + more, max(before, reported)
    assert total == max([0, *reports])


def test_only_the_direction_is_a_label() -> None:
    registry = Registry()
    sums = {Direction.IN: Traffic(9, 900, 2, 3, 1), Direction.OUT: Traffic(8, 800, 0, 0, 0)}
    registry.collect(lambda: traffic_families(sums))
    text = registry.render()
    assert 'teleconsult_relay_lost_packets_total{direction="in"} 2\n' in text
    assert 'teleconsult_relay_bytes_total{direction="out"} 800\n' in text
    assert list(traffic_families({})) == [], "another process carries the media"
