"""What every PacketCore does, with real SRTP over loopback."""

import itertools
from collections.abc import Callable, Iterator
from socket import IP_RECVTOS, IPPROTO_IP, IPPROTO_IPV6, IPV6_RECVTCLASS, has_dualstack_ipv6
from struct import pack, unpack_from

import pytest

from signaling.relay.c_core import CCore
from signaling.relay.packet_core import MARKS, Marks, PacketCore, Source, SrtpProfile
from signaling.relay.python_core import PythonCore
from tests.contract.packet_peers import OPUS, PAYLOAD_TYPES, RED, VP8, VP8_RTX, Client, Taken, red, rtp, vp8


@pytest.fixture(params=[PythonCore, CCore], ids=["python", "c"])
def core(request: pytest.FixtureRequest) -> Iterator[PacketCore]:
    core = request.param()
    yield core
    core.close()


@pytest.fixture
def port(core: PacketCore) -> int:
    return core.bind("127.0.0.1", 0)


@pytest.fixture
def taken(core: PacketCore) -> Taken:
    return Taken(core)


@pytest.fixture
def client(core: PacketCore, port: int) -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def make(**options: object) -> Client:
        clients.append(Client(core, port, len(clients) + 1, **options))  # type: ignore[arg-type]
        return clients[-1]

    yield make
    for one in clients:
        one.socket.close()


@pytest.mark.parametrize("profile", list(SrtpProfile))
def test_a_packet_reaches_every_receiver_with_the_header_that_was_agreed(
    client: Callable[..., Client], taken: Taken, profile: SrtpProfile
) -> None:
    anna, ben, carla = client(profile=profile), client(profile=profile), client(profile=profile)
    anna.publish(1)
    ben.subscribe(1, 1, ssrc=500)
    carla.subscribe(2, 1, ssrc=600)
    anna.send(rtp(7, vp8(b"face", key=True, picture_id=3), payload_type=120, marker=True))
    taken.until_received(1)
    taken.until(lambda: taken.core.counts().forwarded == 2)

    for receiver, ssrc in ((ben, 500), (carla, 600)):
        (header, payload, packet), = receiver.received()
        assert (header.ssrc, header.payload_type, header.marker) == (ssrc, VP8, True)
        assert payload == vp8(b"face", key=True, picture_id=3)
        assert set(header.extensions) == {1, 2}
        at, length = header.extensions[1]
        assert packet[at : at + length] == b"7"
    assert anna.received() == []
    assert 2 * len(payload) < taken.core.counts().sent_bytes < 2 * taken.core.counts().received_bytes + 100


def test_sound_goes_out_at_once_with_its_level(client: Callable[..., Client], taken: Taken) -> None:
    anna, ben = client(), client()
    anna.publish(1)
    ben.subscribe(1, 1, is_audio=True)
    anna.send(rtp(1, b"word", payload_type=OPUS, level=0x80 | 23))
    taken.until(lambda: taken.core.counts().forwarded == 1 and len(taken.arrivals) == 1)

    (header, payload, packet), = ben.received()
    assert payload == b"word"
    assert packet[header.extensions[3][0]] == 0x80 | 23
    assert taken.arrivals[0].audio_level == 23


def test_who_takes_copies_of_speech_gets_them_and_everybody_else_the_latest_packet(
    client: Callable[..., Client], taken: Taken
) -> None:
    anna, ben, carla = client(), client(), client()
    anna.publish(1)
    ben.subscribe(1, 1, is_audio=True)
    carla.subscribe(2, 1, is_audio=True)
    taken.core.take_copies(1, True)
    sent = [(b"one",), (b"one", b"two"), (b"one" * 100, b"", b"three")]
    for number, packets in enumerate(sent):  # from a publisher with numbers of its own
        payload = red(*packets, payload_type=109)
        anna.send(rtp(number, payload, payload_type=RED, timestamp=960 * number, level=9))
    taken.until(lambda: taken.core.counts().forwarded == 6)

    heard = ben.received(), carla.received()
    assert [payload for _, payload, _ in heard[0]] == [red(*packets) for packets in sent]
    assert [payload for _, payload, _ in heard[1]] == [packets[-1] for packets in sent]
    assert {header.payload_type for header, _, _ in heard[0]} == {RED}
    assert {header.payload_type for header, _, _ in heard[1]} == {OPUS}
    for out in heard:
        assert [header.timestamp - out[0][0].timestamp for header, _, _ in out] == [0, 960, 1_920]
        assert [packet[header.extensions[3][0]] for header, _, packet in out] == [9, 9, 9]
    octets = [sum(len(payload) for _, payload, _ in out) for out in heard]
    assert [taken.core.sent(output).octets for output in (1, 2)] == octets

    taken.core.take_copies(1, False)
    anna.send(rtp(3, red(b"three", b"four"), payload_type=RED))
    taken.until(lambda: taken.core.counts().forwarded == 8)
    assert [payload for _, payload, _ in ben.received()] == [b"four"]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        bytes([OPUS]),
        red(b"copy", b""),
        red(b"copy", b"latest")[:3],
        red(b"copy", b"latest")[:4],
        red(b"copy", b"latest")[:9],
        pack("!BHB", 0x80 | OPUS, 0x3FF, 0xFF) + bytes([OPUS]) + b"shorter than it says",
        (0x80 | OPUS).to_bytes(1, "big") * 1_200,
        red(b"copy", b"latest", payload_type=VP8),
        red(b"copy", b"latest", payload_type=RED),
        red(b"copy", b"latest", payload_type=5),
    ],
)
def test_red_that_holds_no_opus_or_not_what_it_says_is_refused(
    client: Callable[..., Client], taken: Taken, payload: bytes
) -> None:
    anna, ben = client(), client()
    anna.publish(1)
    ben.subscribe(1, 1, is_audio=True)
    taken.core.take_copies(1, True)
    anna.send(rtp(1, payload, payload_type=RED))
    anna.send(rtp(2, red(b"copy", b"latest"), payload_type=RED))
    taken.until(lambda: taken.core.counts().forwarded == 1)
    assert taken.core.counts().refused == 1
    assert [payload for _, payload, _ in ben.received()] == [red(b"copy", b"latest")]


def test_pictures_begin_with_a_key_frame(client: Callable[..., Client], taken: Taken) -> None:
    anna, ben = client(), client()
    anna.publish(1)
    ben.subscribe(1, 1)
    for number, key in enumerate([False, False, True, False]):
        anna.send(rtp(number, vp8(bytes([number]), key=key)))
    taken.until(lambda: len(taken.arrivals) == 4)

    assert [payload[-1] for _, payload, _ in ben.received()] == [2, 3]
    assert [arrival.is_key_frame for arrival in taken.arrivals] == [False, False, True, False]


def test_a_change_of_source_goes_on_with_the_numbers(client: Callable[..., Client], taken: Taken) -> None:
    anna, ben = client(), client()
    anna.publish(1, ssrc=1)
    anna.publish(2, ssrc=2)
    ben.subscribe(1, 1)
    anna.send(rtp(100, vp8(b"a", key=True, picture_id=10, tl0=5), ssrc=1, timestamp=1_000))
    anna.send(rtp(101, vp8(b"b", picture_id=11, tl0=6), ssrc=1, timestamp=4_000))
    taken.until(lambda: len(taken.arrivals) == 2)
    taken.core.route(1, 2)
    anna.send(rtp(9_000, vp8(b"-", picture_id=700, tl0=90), ssrc=2, timestamp=77))  # no key frame yet
    anna.send(rtp(102, vp8(b"c", picture_id=12, tl0=7), ssrc=1, timestamp=7_000))
    taken.until(lambda: len(taken.arrivals) == 4)
    assert taken.core.sent(1).source == 1, "reports of the second are not this stream's yet"
    anna.send(rtp(9_001, vp8(b"d", key=True, picture_id=701, tl0=91), ssrc=2, timestamp=3_077))
    anna.send(rtp(103, vp8(b"-", picture_id=13, tl0=8), ssrc=1, timestamp=10_000))
    anna.send(rtp(9_002, vp8(b"e", picture_id=702, tl0=92), ssrc=2, timestamp=6_077))
    taken.until(lambda: len(taken.arrivals) == 7)

    assert taken.core.sent(1).source == 2, "and those of the first not any more"
    out = ben.received()
    assert [payload[-1:] for _, payload, _ in out] == [b"a", b"b", b"c", b"d", b"e"]
    first = out[0][0].sequence_number
    assert [header.sequence_number - first for header, _, _ in out] == [0, 1, 2, 3, 4]
    assert [unpack_from("!H", payload, 2)[0] & 0x7FFF for _, payload, _ in out] == [10, 11, 12, 13, 14]
    assert [payload[4] for _, payload, _ in out] == [5, 6, 7, 8, 9]
    steps = [(b[0].timestamp - a[0].timestamp) & 0xFFFFFFFF for a, b in itertools.pairwise(out)]
    assert steps[0] == steps[1] == steps[3] == 3_000
    assert 0 < steps[2] < 900_000


def test_a_gap_stays_a_gap_and_what_comes_late_still_goes_out(
    client: Callable[..., Client], taken: Taken
) -> None:
    anna, ben = client(), client()
    anna.publish(1)
    ben.subscribe(1, 1)
    for number in (65_534, 65_535, 1, 0):  # one late, over the wrap
        anna.send(rtp(number, vp8(key=True)))
    taken.until(lambda: len(taken.arrivals) == 4)

    first, *others = [header.sequence_number for header, _, _ in ben.received()]
    assert [(number - first) & 0xFFFF for number in others] == [1, 3, 2]


def test_it_goes_on_after_the_numbers_have_wrapped(client: Callable[..., Client], taken: Taken) -> None:
    anna, ben = client(), client()
    anna.publish(1)
    ben.subscribe(1, 1)
    for number in range(0, 200_000, 4_000):
        anna.send(rtp(number, vp8(key=number == 0)))
        taken.until(lambda n=number: len(taken.arrivals) == n // 4_000 + 1)  # type: ignore[misc]
    assert len(ben.received()) == 50


def test_a_retransmission_fills_its_place(client: Callable[..., Client], taken: Taken) -> None:
    anna, ben = client(), client()
    anna.publish(1, rtx_ssrc=2)
    ben.subscribe(1, 1)
    anna.send(rtp(1, vp8(b"a", key=True), timestamp=10))
    anna.send(rtp(3, vp8(b"c"), timestamp=30))
    anna.send(rtp(50, pack("!H", 2) + vp8(b"b"), ssrc=2, payload_type=VP8_RTX, timestamp=20))
    anna.send(rtp(51, b"", ssrc=2, payload_type=VP8_RTX))  # padding
    taken.until(lambda: len(taken.arrivals) == 4)

    out = ben.received()
    first = out[0][0]
    assert [payload[-1:] for _, payload, _ in out] == [b"a", b"c", b"b"]
    assert [header.sequence_number - first.sequence_number for header, _, _ in out] == [0, 2, 1]
    assert [header.timestamp - first.timestamp for header, _, _ in out] == [0, 20, 10]
    assert [arrival.is_rtx for arrival in taken.arrivals] == [False, False, True, True]


def test_no_number_goes_out_twice_whatever_the_publisher_repeats(
    client: Callable[..., Client], taken: Taken
) -> None:
    """Two packets under one number would give the key of their authentication away (RFC 7714 section 8.3)."""
    anna, ben = client(), client()
    anna.publish(1, rtx_ssrc=2)
    ben.subscribe(1, 1)
    anna.send(rtp(1, vp8(b"a", key=True)))
    anna.send(rtp(50, pack("!H", 1) + vp8(b"a", key=True), ssrc=2, payload_type=VP8_RTX))
    anna.send(rtp(51, pack("!H", 1) + vp8(b"other", key=True), ssrc=2, payload_type=VP8_RTX, timestamp=9))
    anna.send(rtp(2, vp8(b"b")))
    taken.until(lambda: len(taken.arrivals) == 4)
    assert [payload[-1:] for _, payload, _ in ben.received()] == [b"a", b"b"]
    taken.core.resend(1, range(65_536))  # this output has no retransmissions
    assert taken.core.counts().resent == 0


def test_the_ssrc_of_retransmissions_may_be_learnt_later(client: Callable[..., Client], taken: Taken) -> None:
    anna, ben = client(), client()
    anna.publish(1)
    ben.subscribe(1, 1)
    anna.send(rtp(1, vp8(b"a", key=True)))
    taken.until(lambda: len(taken.arrivals) == 1)
    anna.publish(1, rtx_ssrc=2)
    anna.send(rtp(50, pack("!H", 2) + vp8(b"b"), ssrc=2, payload_type=VP8_RTX))
    anna.send(rtp(3, vp8(b"c")))
    taken.until(lambda: len(taken.arrivals) == 3)
    assert [payload[-1:] for _, payload, _ in ben.received()] == [b"a", b"b", b"c"]


def test_what_a_receiver_missed_is_sent_again(client: Callable[..., Client], taken: Taken) -> None:
    anna, ben = client(), client()
    anna.publish(1)
    ben.subscribe(1, 1, ssrc=9, rtx=True)
    for number in range(5):
        anna.send(rtp(number, vp8(bytes([number]), key=number == 0, picture_id=number), timestamp=number))
    taken.until(lambda: len(taken.arrivals) == 5)
    sent = ben.received()
    assert taken.core.sent(1).last_sequence_number == sent[-1][0].sequence_number
    number = sent[2][0].sequence_number
    taken.core.resend(1, [number, (number + 1_000) & 0xFFFF])
    taken.until(lambda: taken.core.counts().resent == 1)

    (header, payload, _), = ben.received()
    assert (header.ssrc, header.payload_type, header.timestamp) == (10, VP8_RTX, sent[2][0].timestamp)
    assert payload == pack("!H", number) + sent[2][1]


def test_what_is_from_before_a_change_of_source_is_not_sent_again(
    client: Callable[..., Client], taken: Taken
) -> None:
    anna, ben = client(), client()
    anna.publish(1, ssrc=1)
    anna.publish(2, ssrc=2)
    ben.subscribe(1, 1, rtx=True)
    anna.send(rtp(1, vp8(key=True), ssrc=1))
    taken.until(lambda: len(taken.arrivals) == 1)
    taken.core.route(1, 2)
    for number in range(5):
        anna.send(rtp(number, vp8(key=True), ssrc=2))
    taken.until(lambda: len(taken.arrivals) == 6)
    numbers = [header.sequence_number for header, _, _ in ben.received()]
    taken.core.resend(1, numbers[:1])
    taken.core.resend(1, numbers[1:2])
    taken.until(lambda: taken.core.counts().resent == 1)
    (_, payload, _), = ben.received()
    assert unpack_from("!H", payload)[0] == numbers[1]


def test_strangers_replays_and_forgeries_are_refused_and_counted(
    client: Callable[..., Client], taken: Taken
) -> None:
    anna, ben, eve = client(), client(), client()
    anna.publish(1)
    ben.subscribe(1, 1)
    packet = anna.to_core.protect(rtp(1, vp8(b"a", key=True)))
    anna.send_raw(packet)
    anna.send_raw(packet)  # replayed
    anna.send_raw(packet[:-1] + bytes([packet[-1] ^ 1]))
    eve.send_raw(packet)  # from another place
    anna.send_raw(b"\x80\x60")
    anna.send_raw(bytes([0x90]) + bytes(1_499))
    taken.until_received(6)
    taken.until(lambda: taken.core.counts().refused == 5)
    assert len(ben.received()) == 1


def test_other_datagrams_come_out_as_they_are(client: Callable[..., Client], taken: Taken) -> None:
    anna = client()
    anna.send_raw(b"\x00\x01stun")
    anna.send_raw(b"\x16dtls")
    taken.until(lambda: len(taken.datagrams) == 2)
    assert [event.data for event in taken.datagrams] == [b"\x00\x01stun", b"\x16dtls"]
    assert taken.datagrams[0].address == anna.address

    taken.core.send_to(anna.address, b"\x01\x01answer")
    taken.until(lambda: bool(_readable(anna)))
    assert anna.socket.recv(100) == b"\x01\x01answer"


def test_rtcp_goes_both_ways(client: Callable[..., Client], taken: Taken) -> None:
    anna = client()
    report = pack("!BBHL", 0x80, 201, 1, 1)
    anna.send_raw(anna.to_core.protect_rtcp(report))
    taken.until(lambda: len(taken.rtcp) == 1)
    assert taken.rtcp[0] == (anna.peer, report)

    taken.core.send_rtcp(anna.peer, report)
    taken.until(lambda: bool(_readable(anna)))
    assert anna.from_core.unprotect_rtcp(anna.socket.recv(100)) == report


def test_an_unknown_ssrc_comes_out_decrypted(client: Callable[..., Client], taken: Taken) -> None:
    anna = client()
    packet = rtp(1, vp8(key=True), ssrc=77)
    anna.send(packet)
    taken.until(lambda: len(taken.unknown_rtp) == 1)
    assert taken.unknown_rtp[0] == (anna.peer, packet)


def test_arrivals_say_what_feedback_needs(client: Callable[..., Client], taken: Taken) -> None:
    anna = client()
    anna.publish(4)
    anna.send(rtp(1, vp8(key=True), timestamp=90, transport_sequence_number=65_535))
    anna.send(rtp(2, vp8(), timestamp=180))
    taken.until(lambda: len(taken.arrivals) == 2)
    first, second = taken.arrivals
    assert (first.source, first.sequence_number, first.timestamp) == (4, 1, 90)
    assert (first.transport_sequence_number, second.transport_sequence_number) == (65_535, -1)
    assert first.at_us <= second.at_us


def test_who_moves_to_another_address_goes_on(client: Callable[..., Client], taken: Taken) -> None:
    anna, ben, spare = client(), client(), client()
    anna.publish(1)
    ben.subscribe(1, 1)
    taken.core.remove_peer(spare.peer)
    taken.core.set_address(ben.peer, spare.address)
    anna.send(rtp(1, vp8(key=True)))
    taken.until(lambda: taken.core.counts().forwarded == 1)
    assert ben.received() == []
    ben.socket, spare.socket = spare.socket, ben.socket
    assert len(ben.received()) == 1


def test_nothing_goes_to_who_was_removed_and_calls_about_nobody_do_nothing(
    client: Callable[..., Client], taken: Taken
) -> None:
    anna, ben, carla = client(), client(), client()
    anna.publish(1)
    ben.subscribe(1, 1)
    carla.subscribe(2, 1)
    taken.core.remove_peer(ben.peer)
    taken.core.remove_peer(ben.peer)
    taken.core.remove_output(1)
    anna.send(rtp(1, vp8(key=True)))
    taken.until(lambda: taken.core.counts().forwarded == 1)
    assert ben.received() == []

    taken.core.remove_source(1)
    taken.core.route(2, 1)
    taken.core.route(99, 1)
    taken.core.resend(99, [1])
    taken.core.send_rtcp(99, b"")
    anna.send(rtp(2, vp8(key=True)))
    taken.until(lambda: len(taken.unknown_rtp) == 1)
    assert taken.core.sent(99).packets == 0


@pytest.mark.parametrize(
    "claimed",
    [
        Source(2**40, PAYLOAD_TYPES),
        Source(-1, PAYLOAD_TYPES),
        Source(5, PAYLOAD_TYPES, rtx_ssrc=2**70),
        Source(5, {300: PAYLOAD_TYPES[VP8]}),
        Source(5, PAYLOAD_TYPES, rtx_payload_types={VP8_RTX: 1_000}),
        Source(5, PAYLOAD_TYPES, transport_cc_id=2**40),
    ],
    ids=["ssrc", "negative", "rtx", "payload type", "repeated", "extension"],
)
def test_a_source_of_numbers_that_no_packet_has_harms_nobody(
    client: Callable[..., Client], taken: Taken, claimed: Source
) -> None:
    eve, anna, ben = client(), client(), client()
    taken.core.add_source(9, eve.peer, claimed)
    ben.subscribe(1, 9)
    anna.publish(1)
    taken.core.route(1, 1)
    anna.send(rtp(1, vp8(b"a", key=True)))
    taken.until(lambda: taken.core.counts().forwarded == 1)
    assert len(ben.received()) == 1


def test_an_output_that_is_silenced_goes_on_later(client: Callable[..., Client], taken: Taken) -> None:
    anna, ben = client(), client()
    anna.publish(1)
    ben.subscribe(1, 1)
    anna.send(rtp(1, vp8(b"a", key=True)))
    taken.until(lambda: len(taken.arrivals) == 1)
    taken.core.route(1, None)
    anna.send(rtp(2, vp8(b"-", key=True)))
    taken.until(lambda: len(taken.arrivals) == 2)
    taken.core.route(1, 1)
    anna.send(rtp(3, vp8(b"-")))
    anna.send(rtp(4, vp8(b"b", key=True)))
    taken.until(lambda: len(taken.arrivals) == 4)
    out = ben.received()
    assert [payload[-1:] for _, payload, _ in out] == [b"a", b"b"]
    assert out[1][0].sequence_number - out[0][0].sequence_number == 1, "a pause is no loss"
    assert taken.core.sent(1).packets == 2


def test_closing_twice_is_closing_once_and_calls_afterwards_do_nothing(
    client: Callable[..., Client], taken: Taken
) -> None:
    anna, ben = client(), client()
    anna.publish(1)
    ben.subscribe(1, 1)
    anna.send(rtp(1, vp8(key=True)))
    taken.until(lambda: taken.core.counts().forwarded == 1)
    taken.core.close()
    taken.core.close()
    assert taken.core.fileno() == -1
    anna.publish(2)
    ben.subscribe(2, 2)
    taken.core.resend(1, [1])
    taken.core.take_copies(1, True)
    taken.core.send_rtcp(1, bytes(8))
    taken.core.send_to(anna.address, b"hello")
    taken.core.remove_peer(1)
    assert taken.core.take_events() == ([], [], [], [])
    assert taken.core.sent(1) == (None, 0, 0, 0, 0)
    assert taken.core.counts().forwarded == 1, "what was counted is still told"


def _readable(client: Client) -> list[object]:
    import select

    return select.select([client.socket], [], [], 0)[0]


@pytest.mark.parametrize("marks", [Marks(), Marks(0, 0), Marks(40, 18)])
def test_sound_and_all_else_carry_their_marks_on_the_wire(core: PacketCore, marks: Marks) -> None:
    taken, port = Taken(core), core.bind("127.0.0.1", 0, marks)
    anna, ben = Client(core, port, 1), Client(core, port, 2)
    ben.socket.setsockopt(IPPROTO_IP, IP_RECVTOS, 1)
    anna.publish(1, ssrc=1)
    anna.publish(2, ssrc=2)
    ben.subscribe(1, 1, ssrc=500, is_audio=True)
    ben.subscribe(2, 2, ssrc=600)
    anna.send(rtp(1, b"a", payload_type=OPUS, ssrc=1))
    for number, text in enumerate((b"face", b"more", b"rest")):
        anna.send(rtp(number, vp8(text, key=True), ssrc=2))
    taken.until(lambda: core.counts().forwarded == 4)
    core.send_rtcp(2, pack("!BBHL", 0x80, 201, 1, 3))
    core.send_to(ben.address, b"check")

    marked: dict[str, set[int]] = {"sound": set(), "pictures": set(), "other": set()}
    for _ in range(6):
        data, [(_, _, tos)], *_ = ben.socket.recvmsg(2_048, 64)
        is_rtp = data[0] == 0x90 and not 192 <= data[1] <= 223
        kind = ("sound" if data[1] & 127 == OPUS else "pictures") if is_rtp else "other"
        marked[kind].add(tos[0] >> 2)
    assert marked == {"sound": {marks.sound}, "pictures": {marks.other}, "other": {marks.other}}
    for one in (anna, ben):
        one.socket.close()


IPV6 = pytest.mark.skipif(not has_dualstack_ipv6(), reason="this machine has no IPv6")


@IPV6
@pytest.mark.parametrize(("theirs", "ours"), [("::1", "::1"), ("::1", "127.0.0.1"), ("127.0.0.1", "::1")])
def test_ipv6_and_ipv4_meet_on_one_socket(core: PacketCore, theirs: str, ours: str) -> None:
    taken, port = Taken(core), core.bind("::", 0)
    anna, ben = Client(core, port, 1, host=theirs), Client(core, port, 2, host=ours)
    anna.send_raw(b"\x01 a check")
    taken.until(lambda: bool(taken.datagrams))
    assert [datagram.address for datagram in taken.datagrams] == [anna.address]
    core.send_to(anna.address, b"its answer")
    taken.until(lambda: anna.readable)
    assert anna.socket.recv(100) == b"its answer"

    anna.publish(1)
    ben.subscribe(1, 1)
    for number in range(3):
        anna.send(rtp(number, vp8(b"face", key=number == 0)))
    taken.until(lambda: core.counts().forwarded == 3)
    received: list[bytes] = []
    taken.until(lambda: len(received.extend(p for _, p, _ in ben.received()) or received) == 3)
    assert core.counts().send_failures == 0

    eve = Client(core, port, 3, host=ours)
    core.remove_peer(3)
    eve.send(rtp(9, vp8(b"strange", key=True)))
    taken.until(lambda: core.counts().refused == 1)
    for one in (anna, ben, eve):
        one.socket.close()


@IPV6
def test_marks_are_on_ipv6_too(core: PacketCore) -> None:
    taken, port = Taken(core), core.bind("::", 0)
    anna, ben = Client(core, port, 1), Client(core, port, 2, host="::1")
    ben.socket.setsockopt(IPPROTO_IPV6, IPV6_RECVTCLASS, 1)
    anna.publish(1)
    ben.subscribe(1, 1, is_audio=True)
    anna.send(rtp(1, b"a", payload_type=OPUS))
    taken.until(lambda: core.counts().forwarded == 1)
    core.send_to(ben.address, b"check")
    marks = []
    for _ in range(2):
        taken.until(lambda: ben.readable)
        _, [(_, _, traffic_class)], *_ = ben.socket.recvmsg(2_048, 64)
        marks.append(traffic_class[0] >> 2)
    assert marks == [MARKS.sound, MARKS.other]
    for one in (anna, ben):
        one.socket.close()
