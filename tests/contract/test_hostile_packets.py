"""Packets that a participant with keys made to do harm: each core outlives them and says the same of them."""

import contextlib
import multiprocessing
import random
import threading

import pytest
from pylibsrtp import Error

from signaling.relay.c_core import CCore
from signaling.relay.packet_core import PacketCore
from signaling.relay.python_core import PythonCore
from tests.contract.packet_peers import H264, OPUS, RED, VP8, VP8_RTX, Client, Taken, red, rtp, vp8

PACKETS = 6_000
AT_ONCE = 100


def mutated(chance: random.Random, number: int) -> bytes:
    """A packet that was good once, with lengths, flags and ends that are not."""
    payload_type = chance.choice([OPUS, RED, VP8, VP8, H264, VP8_RTX, 120, 5])
    content = chance.randbytes(chance.randrange(40))
    packet = bytearray(
        rtp(
            number,
            red(content, content[:9])
            if payload_type == RED
            else vp8(content, key=chance.random() < 0.3, picture_id=number),
            payload_type=payload_type,
            ssrc=2 if payload_type == VP8_RTX else 1,
            timestamp=number * 90,
            transport_sequence_number=number & 0xFFFF if chance.random() < 0.7 else None,
            level=chance.randrange(256) if chance.random() < 0.5 else None,
        )
    )
    for _ in range(chance.randrange(4)):
        at = chance.choice([0, 0, 12, 13, 14, 15, 16, chance.randrange(len(packet))])
        if at not in (8, 9, 10, 11):
            packet[at % len(packet)] = chance.randrange(256)
    packet[8:12] = (2 if payload_type == VP8_RTX else 1).to_bytes(4, "big")
    packet[0] = packet[0] & 0x3F | 0x80
    if chance.random() < 0.2:
        del packet[max(12, chance.randrange(len(packet))) :]
    return bytes(packet)


def outcome(make_core: type[PythonCore] | type[CCore], seed: int) -> tuple[list[object], list[object]]:
    """What one core forwards of a stream of such packets, and what it says of their arrival."""
    core: PacketCore = make_core()
    try:
        port = core.bind("127.0.0.1", 0)
        anna, ben = Client(core, port, 1), Client(core, port, 2)
        anna.publish(1, rtx_ssrc=2)
        ben.subscribe(1, 1, rtx=True)
        core.take_copies(1, seed % 2 == 1)
        taken, chance, out = Taken(core), random.Random(seed), []
        sent = 0
        for number in range(PACKETS):
            packet = mutated(chance, number)
            if not 192 <= packet[1] <= 223:  # those would be RTCP (RFC 5761)
                try:
                    anna.send(packet)
                    sent += 1
                except Error:  # what libsrtp itself refuses to encrypt
                    continue
            if sent % AT_ONCE == 0:
                taken.until_received(sent)
                out += ben.received()
        taken.until_received(sent)
        taken.until(lambda: (taken.take() or True) and len(taken.arrivals) + core.counts().refused >= sent)
        out += ben.received()
        anna.socket.close()
        ben.socket.close()
        first = out[0][0]
        packets: list[object] = [
            (
                (header.sequence_number - first.sequence_number) & 0xFFFF,
                (header.timestamp - first.timestamp) & 0xFFFFFFFF,
                header.payload_type,
                header.marker,
                payload,
            )
            for header, payload, _ in out
        ]
        arrivals: list[object] = [arrival._replace(at_us=0) for arrival in taken.arrivals]
        return packets, arrivals
    finally:
        core.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_cores_make_the_same_of_hostile_packets(seed: int) -> None:
    in_python, in_c = outcome(PythonCore, seed), outcome(CCore, seed)
    assert len(in_python[0]) > PACKETS / 60, "a good part goes on"
    assert in_c[1] == in_python[1]
    assert in_c[0] == in_python[0]


@pytest.mark.parametrize("make_core", [PythonCore, CCore])
def test_noise_from_strangers_and_from_a_participant_is_refused(
    make_core: type[PythonCore] | type[CCore],
) -> None:
    core: PacketCore = make_core()
    try:
        port = core.bind("127.0.0.1", 0)
        anna, eve, ben = Client(core, port, 1), Client(core, port, 2), Client(core, port, 3)
        core.remove_peer(eve.peer)
        anna.publish(1)
        ben.subscribe(1, 1)
        taken, chance = Taken(core), random.Random(4)
        for number in range(3_000):
            noise = bytes([chance.randrange(128, 192)]) + chance.randbytes(chance.randrange(1, 1_600))
            (anna if number % 2 else eve).send_raw(noise)
            if number % AT_ONCE == 0:
                taken.until_received(number + 1)
        taken.until_received(3_000)
        assert core.counts().refused == 3_000
        anna.send(rtp(1, vp8(key=True)))
        taken.until(lambda: core.counts().forwarded == 1)
        for one in (anna, eve, ben):
            one.socket.close()
    finally:
        core.close()


def publish_without_end(anna: Client) -> None:
    number = 0
    while True:
        with contextlib.suppress(OSError):
            anna.send(rtp(number, vp8(bytes(1_000), key=True)))
        number += 1


@pytest.mark.parametrize("make_core", [PythonCore, CCore])
def test_a_flood_to_many_receivers_keeps_no_core_from_closing(
    make_core: type[PythonCore] | type[CCore],
) -> None:
    core: PacketCore = make_core()
    port = core.bind("127.0.0.1", 0)
    anna, ben = Client(core, port, 1), Client(core, port, 2)
    anna.publish(1)
    for output in range(1, 101):
        ben.subscribe(output, 1, ssrc=100 + output)
    flood = multiprocessing.get_context("fork").Process(target=publish_without_end, args=(anna,), daemon=True)
    flood.start()
    try:
        taken = Taken(core)
        taken.until(lambda: core.counts().received > 500)
        closing = threading.Thread(target=core.close, daemon=True)
        closing.start()
        closing.join(5.0)
        assert not closing.is_alive(), "it goes on for as long as packets come"
    finally:
        flood.kill()
        flood.join()
        anna.socket.close()
        ben.socket.close()
