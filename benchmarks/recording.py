"""CPU of recording a consult of eight: our recorder, and aiortc's MediaRecorder on the same media.

The recorder gets SRTP as from the relay, in real time, and keeps it encrypted in a folder; its CPU is read
from /proc once it runs. MediaRecorder gets frames, so they are decoded for it as aiortc would; it runs as
fast as it can, on one of the eight. `make bench-media` runs it.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from struct import pack

import av
import pytest
from aiortc import MediaStreamTrack
from aiortc.contrib.media import MediaRecorder
from aiortc.mediastreams import MediaStreamError

from benchmarks.result import figure, write_result
from signaling.recorder.control import TrackOf
from signaling.recorder.recorders import Recorders
from signaling.recording_consent import Consent
from signaling.relay.dtls import SrtpKeys
from signaling.relay.packet_core import Address
from signaling.relay.srtp import InPlace, handle_of, outbound_session
from signaling.room_effects import StartRecording, StopRecording
from tests.recorded_consult import CONSULT, a_place_for_recordings, recorders
from tests.recorded_media import FPS, Encoded, opus_packets, pictures, tone, vp8_packets

PEOPLE = 8
WIDTH, HEIGHT = 640, 360
SECONDS = 20
BIT_RATE_BPS = 600_000
SETTLE_S = 5.0  # what a start costs is not what a recording costs
GOAL = 0.05
OPUS, VP8 = 111, 96
CLOCKS_HZ = {OPUS: 48_000, VP8: 90_000}


class Relay:
    """What a recorder taps: everybody sends the same sound and picture, each with streams of their own."""

    def __init__(self, sound: list[Encoded], picture: list[Encoded]) -> None:
        self._sound, self._picture = sound, picture
        self.sent = 0
        self.playing: asyncio.Task[None] | None = None

    def tap(
        self,
        room_id: str,
        address: Address,
        keys: SrtpKeys,
        on_tracks: Callable[[list[TrackOf]], None],
    ) -> Callable[[], None]:
        on_tracks(
            [
                TrackOf(ssrc=2 * one + number, kind=kind, participant_id=f"p{one}")
                for one in range(1, PEOPLE + 1)
                for number, kind in enumerate(("audio", "video"))
            ]
        )
        self.playing = asyncio.create_task(self._play(address, keys))
        return self.playing.cancel

    async def _play(self, address: Address, keys: SrtpKeys) -> None:
        session = outbound_session(keys.profile, keys.send_key)
        handle, buffer = handle_of(session), InPlace(4_096)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=address)
        packets = [(OPUS, one) for one in opus_packets(self._sound, first=0)]
        packets += [(VP8, one) for one in vp8_packets(self._picture, first=0)]
        packets.sort(key=lambda one: one[1].timestamp / CLOCKS_HZ[one[0]])
        began_s = time.monotonic()
        for payload_type, packet in packets:
            due_s = began_s + packet.timestamp / CLOCKS_HZ[payload_type]
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            for one in range(1, PEOPLE + 1):
                ssrc = 2 * one + (payload_type == VP8)
                second = packet.marker << 7 | payload_type
                header = pack("!BBHLL", 0x80, second, packet.sequence_number, packet.timestamp, ssrc)
                plain = header + packet.payload
                buffer.data[: len(plain)] = plain
                size = buffer.protect(handle, len(plain))
                transport.sendto(bytes(buffer.data[:size]))
                self.sent += 1


def cpu_s(process: int) -> float:
    """Of all its threads so far. Source: proc(5), utime and stime."""
    fields = (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def recorder_cpu(folder: Path, sound: list[Encoded], picture: list[Encoded]) -> tuple[float, int]:
    """CPU seconds for each second of the consult, and how many packets were lost."""
    with pytest.MonkeyPatch.context() as environment:
        kept = a_place_for_recordings(folder, environment)
        relay, failed = Relay(sound, picture), list[str]()
        running = Recorders(relay, failed.append)
        at = datetime.now(UTC)
        names = [f"p{number}" for number in range(1, PEOPLE + 1)]
        consents = tuple(Consent(name, name, "presenter", True, at, "1.en") for name in names)
        running.take(StartRecording(CONSULT, "p1", consents))
        while relay.playing is None:
            await asyncio.sleep(0.05)
        await asyncio.sleep(SETTLE_S)
        (process,) = recorders(os.getpid())
        began_s, cpu_before_s = time.monotonic(), cpu_s(process)
        await relay.playing
        used_s, elapsed_s = cpu_s(process) - cpu_before_s, time.monotonic() - began_s
        running.take(StopRecording(CONSULT))
        while recorders(os.getpid()):
            await asyncio.sleep(0.05)
        recording = kept.recording()
        assert recording is not None and not failed
        parts = [part for part in recording.parts if part.participant_id is not None]
        assert len(parts) == PEOPLE, f"{len(parts)} files of {PEOPLE} people"
        assert min(part.duration_ms for part in parts) > 900 * (SECONDS - 1)
        kept.database.close()
        return used_s / elapsed_s, sum(part.lost_packets for part in parts)


class Decoded(MediaStreamTrack):
    """What aiortc would hand to a recorder of what came."""

    def __init__(self, kind: str, codec: str, frames: list[Encoded], clock_rate_hz: int) -> None:
        super().__init__()
        self.kind = kind
        self._decoder = av.CodecContext.create(codec, "r")
        self._frames, self._clock_rate_hz = iter(frames), clock_rate_hz
        self.is_over = asyncio.Event()

    async def recv(self) -> av.VideoFrame | av.AudioFrame:
        await asyncio.sleep(0)
        for encoded in self._frames:
            packet = av.Packet(encoded.data)
            packet.pts, packet.time_base = encoded.timestamp, Fraction(1, self._clock_rate_hz)
            for frame in self._decoder.decode(packet):  # type: ignore[attr-defined]
                frame.pts, frame.time_base = encoded.timestamp, Fraction(1, self._clock_rate_hz)
                return frame  # type: ignore[no-any-return]
        self.is_over.set()
        raise MediaStreamError


async def media_recorder_cpu(folder: Path, sound: list[Encoded], picture: list[Encoded]) -> float:
    """CPU seconds for each second of one participant."""
    tracks = [Decoded("audio", "libopus", sound, 48_000), Decoded("video", "libvpx", picture, 90_000)]
    recorder = MediaRecorder(str(folder / "one.mp4"))
    for track in tracks:
        recorder.addTrack(track)
    before_s = time.process_time()
    await recorder.start()
    await asyncio.gather(*(track.is_over.wait() for track in tracks))
    await recorder.stop()
    return (time.process_time() - before_s) / SECONDS


def main() -> int:
    sound, picture = tone(440, SECONDS), pictures("libvpx", WIDTH, HEIGHT, SECONDS * FPS, BIT_RATE_BPS)
    bps = 8 * sum(len(frame.data) for frame in picture) / SECONDS
    with tempfile.TemporaryDirectory() as folder:
        ours, lost = asyncio.run(recorder_cpu(Path(folder), sound, picture))
        theirs = PEOPLE * asyncio.run(media_recorder_cpu(Path(folder), sound, picture))
    print(f"ours {ours:.3f} of a core, lost {lost}; MediaRecorder {theirs:.2f}; {ours / theirs:.1%}")
    share = f"{PEOPLE} people, {WIDTH}x{HEIGHT} at {FPS} frames/s VP8 {bps / 1e3:.0f} kbit/s, and Opus"
    rows = [
        figure(f"recorder, {share}", ours, "of a core", peer=theirs, digits=3),
        figure("recorder against MediaRecorder", ours / theirs, "times", GOAL, at_most=True, digits=4),
        figure("packets that the recorder lost", lost, "packets", 0, at_most=True),
    ]
    write_result("recording", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
