"""Feedback to a publisher; what we pack is read back by a second, independent reading of the draft."""

from struct import unpack

from hypothesis import given
from hypothesis import strategies as st

from signaling.relay.rtcp_feedback import (
    MAX_MISSING,
    NACK_TRIES,
    ArrivalLog,
    KeyFrameRequests,
    MissingPackets,
    transport_feedback,
)


def read_feedback(packet: bytes) -> tuple[int, list[int | None]]:
    """Base sequence number and arrival times in microseconds (modulo the reference's 24 bits)."""
    first, kind, words = unpack("!BBH", packet[:4])
    assert (first >> 6, first & 0x1F, kind) == (2, 15, 205)
    assert len(packet) == 4 * (words + 1)
    base, count, reference = unpack("!HHL", packet[12:20])
    position, symbols = 20, []
    while len(symbols) < count:
        (chunk,) = unpack("!H", packet[position : position + 2])
        assert chunk >> 14 == 3
        symbols += [(chunk >> (2 * k)) & 3 for k in range(6, -1, -1)]
        position += 2
    clock = (reference >> 8) * 64_000
    times: list[int | None] = []
    for symbol in symbols[:count]:
        if symbol == 0:
            times.append(None)
            continue
        width, form = (1, "!B") if symbol == 1 else (2, "!h")
        (delta,) = unpack(form, packet[position : position + width])
        position += width
        clock += delta * 250
        times.append(clock)
    return base, times


ARRIVALS = st.lists(st.none() | st.integers(0, 3_000_000), min_size=1, max_size=100).filter(
    lambda times: any(at is not None for at in times)
)


@given(ARRIVALS, st.integers(0, 0xFFFF), st.integers(0, 255))
def test_arrivals_are_reported_to_a_quarter_of_a_millisecond(
    times: list[int | None], base: int, count: int
) -> None:
    read_base, read = read_feedback(transport_feedback(1, 2, base, times, count))
    assert read_base == base
    for told, came in zip(read, times, strict=True):
        assert (told is None) == (came is None)
        assert told is None or came is None or abs(told - came) <= 125


@given(st.integers(0, 0xFFFF), st.sets(st.integers(0, 400), min_size=1))
def test_what_is_lost_between_two_feedbacks_is_in_the_second(start: int, came: set[int]) -> None:
    log = ArrivalLog()
    log.add(start, 0)
    assert log.take_feedback(1, 2) is not None
    for step in came:
        log.add((start + 1 + step) & 0xFFFF, 1_000 * step)
    packet = log.take_feedback(1, 2)
    assert packet is not None
    base, times = read_feedback(packet)
    assert base == (start + 1) & 0xFFFF
    assert {n for n, at in enumerate(times) if at is not None} == came
    assert log.take_feedback(1, 2) is None


def test_a_missing_packet_is_asked_for_until_it_comes_or_is_given_up() -> None:
    missing = MissingPackets()
    assert missing.add(65_534, 0)
    assert missing.add(2, 0)
    assert missing.take_due(0) == [65_535, 0, 1]
    assert missing.take_due(0.01) == []
    missing.add(0, 0.02)
    for n in range(1, NACK_TRIES):
        assert missing.take_due(n * 1.0) == [65_535, 1]
    assert missing.take_due(99) == []


def test_a_gap_too_large_to_repair_needs_a_key_frame() -> None:
    missing = MissingPackets()
    missing.add(0, 0)
    assert not missing.add(MAX_MISSING + 2, 0)
    assert missing.take_due(1) == []


def test_requests_for_key_frames_are_spaced_and_none_is_lost() -> None:
    requests = KeyFrameRequests(spacing_s=0.5)
    assert not requests.take(0.0)
    requests.want()
    assert requests.take(0.0)
    requests.want()
    requests.want()
    assert not requests.take(0.4)
    assert requests.take(0.5)
    assert not requests.take(2.0)
