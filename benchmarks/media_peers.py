"""Measure our relay against Janus, Pion and aiortc: same clients, same load, by turns; `make bench-media`.

Each server is a process of its own (media_servers.py), whose processor time counts. The clients are light
ones (webrtc_load.py), so ICE, DTLS, SRTP and feedback are real. aiortc decodes and encodes, so it gets real
VP8 and Opus, and two receivers; its figure is for each packet that came in and each receiver.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from aiortc.rtcdtlstransport import RTCCertificate

from benchmarks.media_pattern import AUDIO, AUDIO_PER_S, FACE, FRAMES_PER_S, HD, VIDEO, Picture
from benchmarks.media_servers import (
    AIORTC,
    JANUS_NAME,
    OURS,
    OURS_PYTHON,
    OURS_STALLED,
    PION,
    Place,
    build_pion,
    serving,
)
from benchmarks.packet_core import Load, Run, delay, lost, median, say
from benchmarks.piped_engine import cpu_s
from benchmarks.real_media import real_second
from benchmarks.result import figure, write_result
from benchmarks.webrtc_load import LightParticipant, until
from signaling.media import MediaEngine, Stay
from signaling.messages import Connection, SessionDescription
from tests.janus_server import JANUS, media_address

DRAIN_S = 0.5
CONSULT = 8
AIORTC_RECEIVERS = 2


class Call:
    """Participants of one server."""

    def __init__(self, place: Place) -> None:
        self.people: dict[Stay, LightParticipant] = {}
        self._place = place
        self._certificate = RTCCertificate.generateCertificate()

    def take(self, stay: Stay, connection: Connection, description: SessionDescription) -> None:
        self.people[stay].take(connection, description)

    def person(self, engine: MediaEngine, reads_delays: bool = False) -> LightParticipant:
        number = len(self.people)
        stay = Stay("lesson", f"participant-{number}", number)
        person = LightParticipant(engine, stay, self._place.host, self._certificate, reads_delays)
        self.people[stay] = person
        return person


async def fan_out(name: str, place: Place, load: Load) -> Run:
    """One teacher; of the receivers the first and the last one read delays."""
    call = Call(place)
    async with serving(name, place, call.take) as (engine, pid):
        teacher = call.person(engine)
        await teacher.enter(sends=True)
        warming_up = asyncio.create_task(teacher.publish(HD, 1.0, 60.0))
        students = [
            call.person(engine, reads_delays=number in (0, load.receivers - 1))
            for number in range(load.receivers)
        ]
        for student in students:
            await student.enter(sends=False)
        await until(lambda: all(one.streams_received == 2 for one in students), f"all receive from {name}")
        warming_up.cancel()
        run = await measured(name, students, pid, load.seconds, [(teacher, HD, load.speed)], load.receivers)
        for person in reversed(call.people.values()):  # who only receives, first: nobody is offered anew
            await person.leave()
        return run


async def consult(name: str, place: Place, seconds: float) -> Run:
    """Eight, each of whom sends and receives seven."""
    call = Call(place)
    async with serving(name, place, call.take) as (engine, pid):
        people = [call.person(engine, reads_delays=True) for _ in range(CONSULT)]
        warming_up = []
        for person in people:
            await person.enter(sends=True)
            warming_up.append(asyncio.create_task(person.publish(FACE, 1.0, 60.0)))
        streams = 2 * (CONSULT - 1)
        await until(
            lambda: all(one.streams_received == streams for one in people), f"all receive from {name}"
        )
        for task in warming_up:
            task.cancel()
        run = await measured(
            name, people, pid, seconds, [(person, FACE, 1.0) for person in people], CONSULT - 1
        )
        for person in people:
            await person.leave()
        return run


async def measured(
    name: str,
    receivers: Sequence[LightParticipant],
    pid: int,
    seconds: float,
    senders: Sequence[tuple[LightParticipant, Picture, float]],
    receivers_of_each: int,
) -> Run:
    await asyncio.sleep(DRAIN_S)
    for receiver in receivers:
        receiver.forget()
    before_s = cpu_s(pid)
    sent = await asyncio.gather(
        *(person.publish(picture, speed, seconds) for person, picture, speed in senders)
    )
    await asyncio.sleep(DRAIN_S)
    used_s = cpu_s(pid) - before_s
    received = sum(receiver.received for receiver in receivers)
    return Run(
        name,
        cpu_us=used_s * 1e6 / max(1, received),
        cores=used_s / seconds,
        lost=1 - received / (sum(sent) * receivers_of_each),
        delays_ms=[one for receiver in receivers for one in receiver.delays_ms],
    )


async def publish_real(teacher: LightParticipant, seconds: int) -> int:
    """The same second again and again; returns how many packets went."""
    assert teacher.outbound is not None
    pictures, sound = real_second()
    began, sent = time.monotonic(), 0
    timeline = sorted(
        [(number / FRAMES_PER_S, VIDEO, number) for number in range(FRAMES_PER_S * seconds)]
        + [(number / AUDIO_PER_S, AUDIO, number) for number in range(AUDIO_PER_S * seconds)]
    )
    for at_s, kind, number in timeline:
        if (wait_s := began + at_s - time.monotonic()) > 0:
            await asyncio.sleep(wait_s)
        if kind == AUDIO:
            teacher.outbound.send(AUDIO, sound[number % len(sound)], 111, number * 960, False)
            sent += 1
            continue
        payloads = pictures[number % FRAMES_PER_S]
        for place, payload in enumerate(payloads):
            teacher.outbound.send(VIDEO, payload, 96, number * 3_000, place == len(payloads) - 1)
        sent += len(payloads)
    return sent


async def decoded_and_encoded(place: Place, seconds: int) -> Run:
    """aiortc's MediaRelay."""
    call = Call(place)
    async with serving(AIORTC, place, call.take) as (engine, pid):
        teacher = call.person(engine)
        await teacher.enter(sends=True)
        warming_up = asyncio.create_task(publish_real(teacher, 60))
        students = [call.person(engine) for _ in range(AIORTC_RECEIVERS)]
        for student in students:
            await student.enter(sends=False)
        await until(lambda: all(one.streams_received == 2 for one in students), "all receive from aiortc")
        warming_up.cancel()
        before_s = cpu_s(pid)
        sent = await publish_real(teacher, seconds)
        used_s = cpu_s(pid) - before_s
        for person in call.people.values():
            await person.leave()
        return Run(AIORTC, used_s * 1e6 / (sent * AIORTC_RECEIVERS), used_s / seconds, 0.0)


def against(what: str, ours: float, theirs: Sequence[Run], key: str, goal: float) -> dict[str, object]:
    """How much of theirs ours is; no value where theirs was not measured."""
    other = median(list(theirs), key) if theirs else None
    return figure(what, ours / other if other else None, "share", goal, at_most=True, digits=3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=4)
    given = parser.parse_args()
    with media_address() as host, tempfile.TemporaryDirectory() as folder:
        place = Place(host, Path(folder), build_pion(Path(folder)))
        janus = [JANUS_NAME] if JANUS is not None else []
        pion = [PION] if place.pion is not None else []
        (place.folder / "janus").mkdir()
        forty: dict[str, list[Run]] = {name: [] for name in (OURS, OURS_PYTHON, *janus, *pion)}
        lesson: dict[str, list[Run]] = {name: [] for name in (OURS, OURS_STALLED, *janus, *pion)}
        eight: dict[str, list[Run]] = {name: [] for name in (OURS, *janus)}
        for _ in range(given.rounds):
            for name, runs in forty.items():
                runs.append(asyncio.run(fan_out(name, place, Load(40, 2.0, given.seconds))))
            for name, runs in lesson.items():
                runs.append(asyncio.run(fan_out(name, place, Load(100, 1.0, given.seconds))))
            for name, runs in eight.items():
                runs.append(asyncio.run(consult(name, place, given.seconds)))
        decoded = asyncio.run(decoded_and_encoded(place, given.seconds))
    say("1 publisher to 40 receivers, twice real time", forty)
    say("A lesson: 1 teacher to 100 receivers", lesson)
    say("A consult of 8, delay of all", eight)
    print(f"\naiortc's MediaRelay, {AIORTC_RECEIVERS} receivers")
    print(f"{AIORTC:16} {decoded.cpu_us:10.2f} {decoded.cores:7.3f}")
    c_us, python_us = median(forty[OURS], "cpu_us"), median(forty[OURS_PYTHON], "cpu_us")
    cores, p99_ms = median(lesson[OURS], "cores"), delay(lesson[OURS], 0.99)
    janus_p99_ms = delay(lesson[JANUS_NAME], 0.99) if janus else None
    absent = [name for name, there in ((JANUS_NAME, janus), (PION, pion)) if not there]
    write_result(
        "media_peers",
        [
            *(
                figure(f"{name}, CPU per forwarded packet, 1 to 40", median(runs, "cpu_us"), "us", digits=2)
                for name, runs in forty.items()
            ),
            against("relay in C against Janus", c_us, forty.get(JANUS_NAME, []), "cpu_us", 1 / 6),
            against("relay in C against Pion", c_us, forty.get(PION, []), "cpu_us", 1 / 3),
            against("relay in Python against Janus", python_us, forty.get(JANUS_NAME, []), "cpu_us", 1 / 2),
            lost("relay in C, lost, 1 to 40", forty[OURS]),
            lost("relay in Python, lost, 1 to 40", forty[OURS_PYTHON]),
            figure(
                f"aiortc's MediaRelay, {AIORTC_RECEIVERS} receivers, CPU per packet and receiver",
                decoded.cpu_us,
                "us",
                digits=0,
            ),
            figure("the same, times the relay in C", decoded.cpu_us / c_us, "times", 400, digits=0),
            figure("lesson of 100, relay in C", cores, "cores", 0.15, at_most=True, digits=3),
            against("the same against Janus", cores, lesson.get(JANUS_NAME, []), "cores", 1 / 6),
            lost("lesson of 100, relay in C, lost", lesson[OURS]),
            figure("lesson of 100, delay p50", delay(lesson[OURS], 0.5), "ms", digits=2),
            figure(
                "lesson of 100, delay p99",
                p99_ms,
                "ms",
                janus_p99_ms and janus_p99_ms / 2,
                at_most=True,
                peer=janus_p99_ms,
                digits=2,
            ),
            figure(
                "the same, 300 ms of each second stalled",
                delay(lesson[OURS_STALLED], 0.99),
                "ms",
                peer=p99_ms,
                digits=2,
            ),
            figure("consult of 8, delay p50", delay(eight[OURS], 0.5), "ms", 1.0, at_most=True, digits=2),
            figure("consult of 8, delay p99", delay(eight[OURS], 0.99), "ms", 5.0, at_most=True, digits=2),
        ],
        circumstance=f"without {' and '.join(absent)}" if absent else "",
    )


if __name__ == "__main__":
    main()
