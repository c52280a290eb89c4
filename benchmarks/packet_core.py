"""Measure the relay's hot path: processor time for each forwarded packet, delay, loss; `make bench-media`.

One publisher sends 720p video of about 1 Mbit/s and Opus, real SRTP; the receivers are sockets of this
process, two of which decrypt. The core runs in a process of its own; its processor time counts. In
the same run, by turns: the core in C, the core in Python, and a floor in C that only encrypts and sends.
"""

import argparse
import multiprocessing
import os
import resource
import selectors
import socket
import statistics
import struct
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pylibsrtp import Session

from benchmarks.media_pattern import AUDIO, HD, KEY_FRAME, PAYLOAD_TYPES, VIDEO, packets
from benchmarks.result import figure, write_result
from signaling.relay.c_core import CCore
from signaling.relay.packet_core import Output, PacketCore, Source, SrtpProfile
from signaling.relay.python_core import PythonCore
from signaling.relay.srtp import KEY_BYTES, address_of, function_addresses, inbound_session, outbound_session

PROFILE = SrtpProfile.AEAD_AES_128_GCM
STALL_S, STALL_EVERY_S = 0.3, 1.0
DECRYPTING = 2


@dataclass
class Load:
    receivers: int
    speed: float  # times real time
    seconds: float


@dataclass
class Run:
    """What one run came to."""

    name: str
    cpu_us: float
    cores: float
    lost: float
    delays_ms: list[float] = field(default_factory=list)

    def delay_ms(self, share: float) -> float:
        ordered = sorted(self.delays_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def serve_core(pipe: Connection, kind: str, keys: list[tuple[bytes, bytes]], stalls: bool) -> None:
    """One core in this process, as the relay uses it: events are taken when there are some, or each 20 ms."""
    core: PacketCore = CCore() if kind == "c" else PythonCore()
    port = core.bind("127.0.0.1", 0)
    pipe.send(port)
    addresses = pipe.recv()
    for peer, ((up, down), address) in enumerate(zip(keys, addresses, strict=True)):
        core.add_peer(peer)
        core.set_address(peer, address)
        core.set_keys(peer, PROFILE, up, down)
    core.add_source(1, 0, Source(VIDEO, PAYLOAD_TYPES))
    core.add_source(2, 0, Source(AUDIO, PAYLOAD_TYPES))
    for peer in range(1, len(keys)):
        core.add_output(2 * peer, Output(peer, 1_000 + peer, "0", False))
        core.add_output(2 * peer + 1, Output(peer, 5_000 + peer, "1", True))
        core.route(2 * peer, 1)
        core.route(2 * peer + 1, 2)
    pipe.send("ready")
    began, stalled_at_s = cpu_s(), time.monotonic()
    stalled_cpu_s = 0.0
    ready = selectors.DefaultSelector()
    ready.register(core.fileno(), selectors.EVENT_READ)
    ready.register(pipe, selectors.EVENT_READ)
    taken_at_s = 0.0
    while True:
        found = {key.fileobj for key, _ in ready.select(0.02)}
        if pipe in found:
            break
        now_s = time.monotonic()
        if found or now_s - taken_at_s >= 0.02:
            core.take_events()
            taken_at_s = now_s
        if stalls and now_s - stalled_at_s > STALL_EVERY_S:
            stalled_at_s, before = now_s, time.thread_time()
            while time.monotonic() < now_s + STALL_S:
                pass  # the interpreter is busy with something else
            stalled_cpu_s += time.thread_time() - before
    counts = core.counts()
    pipe.send((cpu_s() - began - stalled_cpu_s, counts.forwarded))
    pipe.recv()
    core.close()


def serve_floor(pipe: Connection, library: str, keys: list[tuple[bytes, bytes]]) -> None:
    sys.path.insert(0, library)
    import _packet_floor as floor  # type: ignore[import-not-found]

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.1", 0))
        pipe.send(own.getsockname()[1])
        ports = [port for _, port in pipe.recv()[1:]]
        sessions: list[Session] = [outbound_session(PROFILE, down) for _, down in keys[1:]]
        pipe.send("ready")
        began = cpu_s()
        handles = [address_of(session) for session in sessions]
        protect = function_addresses()["srtp_protect"]
        sent = floor.lib.floor_run(own.fileno(), protect, handles, ports, len(ports))
        pipe.recv()
        pipe.send((cpu_s() - began, sent))
        pipe.recv()


def send(port: int, own: socket.socket, key: bytes | None, load: Load) -> int:
    """Publish; without a key the packets go as they are, for the floor to encrypt. Returns how many went."""
    session = outbound_session(PROFILE, key) if key is not None else None
    numbers = {VIDEO: 0, AUDIO: 0}
    began = time.monotonic()
    sent = 0
    for at_s, ssrc, payload_type, timestamp, size, is_last in packets(HD, load.speed, load.seconds):
        if (wait_s := began + at_s - time.monotonic()) > 0:
            time.sleep(wait_s)
        header = struct.pack(
            "!BBHLL", 0x80, is_last << 7 | payload_type, numbers[ssrc] & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc
        )
        numbers[ssrc] += 1
        payload = KEY_FRAME + struct.pack("!q", time.monotonic_ns())
        packet = header + payload + bytes(size - len(payload))
        own.sendto(session.protect(packet) if session is not None else packet, ("127.0.0.1", port))
        sent += 1
    return sent


class Receivers:
    """Sockets that take what comes; of some the delay is read."""

    def __init__(self, keys: list[tuple[bytes, bytes]]) -> None:
        self.sockets = []
        for _ in keys:
            own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
            own.bind(("127.0.0.1", 0))
            own.setblocking(False)
            self.sockets.append(own)
        self.sessions = {1 + i: inbound_session(PROFILE, keys[1 + i][1]) for i in range(DECRYPTING)}
        self.received = 0
        self.delays_ms: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._take)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        return [own.getsockname() for own in self.sockets]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        for own in self.sockets:
            own.close()

    def _take(self) -> None:
        ready = selectors.DefaultSelector()
        for number, own in enumerate(self.sockets[1:], start=1):
            ready.register(own, selectors.EVENT_READ, number)
        while not self._stop.is_set():
            for key, _ in ready.select(0.1):
                while True:
                    try:
                        data = key.fileobj.recv(2_048)  # type: ignore[union-attr]
                    except BlockingIOError:
                        break
                    now_ns = time.monotonic_ns()
                    self.received += 1
                    session = self.sessions.get(key.data)
                    if session is None:
                        continue
                    plain = session.unprotect(data)
                    at = 12 + 4 * (plain[0] & 15)
                    if plain[0] & 0x10:
                        at += 4 + 4 * struct.unpack_from("!H", plain, at + 2)[0]
                    self.delays_ms.append((now_ns - struct.unpack_from("!q", plain, at + 2)[0]) / 1e6)


def measure(kind: str, load: Load, library: str, stalls: bool = False) -> Run:
    size = KEY_BYTES[PROFILE]
    keys = [(os.urandom(size), os.urandom(size)) for _ in range(load.receivers + 1)]
    receivers = Receivers(keys)
    ours, theirs = multiprocessing.Pipe()
    arguments: tuple[Any, ...] = (theirs, library, keys) if kind == "floor" else (theirs, kind, keys, stalls)
    server = multiprocessing.get_context("spawn").Process(
        target=serve_floor if kind == "floor" else serve_core, args=arguments
    )
    server.start()
    port = ours.recv()
    ours.send(receivers.addresses)
    assert ours.recv() == "ready"
    receivers.start()
    publisher = receivers.sockets[0]
    sent = send(port, publisher, None if kind == "floor" else keys[0][0], load)
    time.sleep(0.5)
    if kind == "floor":
        publisher.sendto(b"x", ("127.0.0.1", port))
    ours.send("stop")
    used_s, forwarded = ours.recv()
    receivers.stop()
    ours.send("bye")
    server.join()
    wanted = sent * load.receivers
    return Run(
        kind,
        cpu_us=used_s * 1e6 / max(1, forwarded),
        cores=used_s / load.seconds,
        lost=1 - receivers.received / wanted,
        delays_ms=receivers.delays_ms,
    )


def lost(what: str, runs: list[Run]) -> dict[str, Any]:
    return figure(what, median(runs, "lost"), "share", 0.0, at_most=True, digits=5)


def build_floor(folder: str) -> None:
    from cffi import FFI

    ffi = FFI()
    ffi.cdef("long floor_run(int fd, size_t protect, const size_t *sessions, const int *ports, int count);")
    source = Path(__file__).with_name("packet_floor.c").read_text()
    ffi.set_source("_packet_floor", source, extra_compile_args=["-O2"])
    ffi.compile(tmpdir=folder)


def say(title: str, runs: dict[str, list[Run]]) -> None:
    print(f"\n{title}")
    print(f"{'':16} {'us/packet':>10} {'cores':>7} {'lost':>8} {'p50 ms':>8} {'p99 ms':>8}")
    for name, of in runs.items():
        print(
            f"{name:16} {median(of, 'cpu_us'):10.2f} {median(of, 'cores'):7.3f} {median(of, 'lost'):8.4%}"
            f" {delay(of, 0.5):8.2f} {delay(of, 0.99):8.2f}"
        )


def median(runs: list[Run], what: str) -> float:
    return statistics.median(getattr(run, what) for run in runs)


def delay(runs: list[Run], share: float) -> float:
    return statistics.median(run.delay_ms(share) for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as library:
        build_floor(library)
        fan_out = Load(receivers=40, speed=2.0, seconds=given.seconds)
        lesson = Load(receivers=100, speed=1.0, seconds=given.seconds)
        forty: dict[str, list[Run]] = {"c": [], "python": [], "floor": []}
        hundred: dict[str, list[Run]] = {"c": [], "c stalled": [], "python": []}
        for _ in range(given.rounds):
            for kind, of in forty.items():
                of.append(measure(kind, fan_out, library))
            for kind, of in hundred.items():
                of.append(measure(kind.split()[0], lesson, library, stalls="stalled" in kind))
    say("1 publisher to 40 receivers, twice real time", forty)
    say("A lesson: 1 teacher to 100 receivers", hundred)
    floor_us = median(forty["floor"], "cpu_us")
    c_us, python_us = median(forty["c"], "cpu_us"), median(forty["python"], "cpu_us")
    cores = median(hundred["c"], "cores")
    p99_ms, stalled_ms = delay(hundred["c"], 0.99), delay(hundred["c stalled"], 0.99)
    write_result(
        "packet_core",
        [
            figure("C core, CPU per forwarded packet, 1 to 40", c_us, "us", peer=floor_us, digits=2),
            figure("C core against the C floor", c_us / floor_us, "times", 1.2, at_most=True, digits=2),
            figure("Python core, the same", python_us, "us", peer=floor_us, digits=2),
            lost("C core, lost, 1 to 40", forty["c"]),
            lost("Python core, lost, 1 to 40", forty["python"]),
            figure("lesson of 100, C core", cores, "cores", 0.15, at_most=True, digits=3),
            lost("lesson of 100, C core, lost", hundred["c"]),
            figure("lesson of 100, delay p50", delay(hundred["c"], 0.5), "ms", digits=2),
            figure("lesson of 100, delay p99", p99_ms, "ms", digits=2, peer=delay(hundred["python"], 0.99)),
            figure("the same, 300 ms of each second stalled", stalled_ms, "ms", digits=2, peer=p99_ms),
        ],
    )


if __name__ == "__main__":
    main()
