"""Participants made of aiortc's real codecs: they send a tone and a moving picture, and decode what comes."""

import asyncio
import itertools
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from aiortc.rtp import is_rtcp
from av import AudioFrame, VideoFrame

from signaling.media import MediaEngine, Stay
from signaling.messages import Connection, SessionDescription

TONE_HZ = 440
SAMPLE_RATE_HZ = 48_000


class Tone(AudioStreamTrack):
    """A sine at half of full scale, 20 ms at a time."""

    async def recv(self) -> AudioFrame:
        silence = await super().recv()
        samples = SAMPLE_RATE_HZ // 50
        start = silence.pts * SAMPLE_RATE_HZ // silence.sample_rate
        phase = 2 * math.pi * TONE_HZ * (np.arange(samples) + start) / SAMPLE_RATE_HZ
        frame = AudioFrame.from_ndarray((np.sin(phase) * 16_000).astype(np.int16)[None, :], layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, start, Fraction(1, SAMPLE_RATE_HZ)
        return frame


class MovingBar(VideoStreamTrack):
    """120 pixels high, a bright bar that goes from left to right."""

    def __init__(self, width: int = 160) -> None:
        super().__init__()
        self.width = width

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        picture = np.full((120, self.width, 3), 40, dtype=np.uint8)
        column = (pts // 3_000 * 4) % 140
        picture[:, column : column + 20] = 230
        frame = VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


@dataclass
class Heard:
    """What has come from one participant."""

    loudest: int = 0
    frames: int = 0
    pictures: list[np.ndarray] = field(default_factory=list)

    @property
    def has_sound(self) -> bool:
        return self.loudest > 4_000

    @property
    def has_motion(self) -> bool:
        different = sum(
            float(np.abs(a.astype(int) - b.astype(int)).mean()) > 2
            for a, b in zip(self.pictures, self.pictures[1:], strict=False)
        )
        return len(self.pictures) >= 10 and different >= 3


def new_connection() -> RTCPeerConnection:
    # By its default aiortc leaves a second video section on a transport that ends.
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


class Bot:
    """One participant of an engine under test."""

    def __init__(self, engine: MediaEngine, stay: Stay) -> None:
        self.engine = engine
        self.stay = stay
        self.heard: dict[str, Heard] = {}
        self.failed = False
        self.outbound: RTCPeerConnection | None = None
        self.inbound: RTCPeerConnection | None = None
        self.inbox: asyncio.Queue[tuple[Connection, SessionDescription]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    async def enter(self, *tracks: MediaStreamTrack, video_codec: str | None = None) -> None:
        """Take part, sending these tracks, pictures with this codec only; no track: only receive."""
        self._start(self._follow())
        await self.engine.open(self.stay)
        if tracks:
            self.outbound = new_connection()
            for track in tracks:
                transceiver = self.outbound.addTransceiver(track, direction="sendonly")
                if track.kind == "video" and video_codec is not None:
                    codecs = RTCRtpSender.getCapabilities("video").codecs
                    transceiver.setCodecPreferences([one for one in codecs if one.mimeType == video_codec])
            await self.outbound.setLocalDescription(await self.outbound.createOffer())
            await self._describe(Connection.SEND, self.outbound.localDescription)

    def received_and_lost(self) -> tuple[int, int]:
        """Of the stream of which most came; aiortc's statistics show the last one, maybe that of repairs."""
        assert self.inbound is not None
        (receiver,) = self.inbound.getReceivers()
        streams = receiver._RTCRtpReceiver__remote_streams.values()  # type: ignore[attr-defined]
        most = max(streams, key=lambda stream: stream.packets_received)
        return most.packets_received, most.packets_lost

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        for connection in (self.outbound, self.inbound):
            if connection is not None:
                await connection.close()
        await self.engine.close(self.stay)

    async def _follow(self) -> None:
        while True:
            connection, description = await self.inbox.get()
            there = RTCSessionDescription(sdp=description.sdp, type=description.type)
            if connection is Connection.SEND:
                assert self.outbound is not None
                await self.outbound.setRemoteDescription(there)
                continue
            if self.inbound is None:
                self.inbound = new_connection()
                self.inbound.on("track", lambda track: self._start(self._consume(track)))
            await self.inbound.setRemoteDescription(there)
            await self.inbound.setLocalDescription(await self.inbound.createAnswer())
            await self._describe(Connection.RECEIVE, self.inbound.localDescription)

    async def _consume(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            heard = self.heard.setdefault(self._sender_of(track), Heard())
            if isinstance(frame, VideoFrame):
                heard.frames += 1
                heard.pictures = [*heard.pictures[-20:], frame.to_ndarray(format="gray")]
            else:
                heard.loudest = max(heard.loudest, int(np.abs(frame.to_ndarray().astype(int)).max()))

    def _sender_of(self, track: MediaStreamTrack) -> str:
        """The stream id that the engine announced for this track."""
        assert self.inbound is not None
        mid = next(t.mid for t in self.inbound.getTransceivers() if t.receiver.track is track)
        section = self.inbound.remoteDescription.sdp.split(f"a=mid:{mid}\r\n")[1].split("\r\nm=")[0]
        return section.split("a=msid:")[1].split()[0]

    async def _describe(self, connection: Connection, description: RTCSessionDescription) -> None:
        await self.engine.describe(
            self.stay, connection, SessionDescription(type=description.type, sdp=description.sdp)
        )

    def _start(self, work) -> None:  # type: ignore[no-untyped-def]
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Bots:
    """An engine with its participants, and where its descriptions go."""

    def __init__(self, make_engine: Callable[..., MediaEngine]) -> None:
        self.bots: dict[Stay, Bot] = {}
        self.engine = make_engine(self._deliver, self._fail, self._want)
        self.wanted: dict[Stay, tuple[str, ...]] = {}  # the encodings that somebody watches
        self._stays = 0

    def stay(self, name: str, room: str = "room") -> Stay:
        self._stays += 1
        return Stay(room, name, self._stays)

    def bot(self, name: str, room: str = "room") -> Bot:
        stay = self.stay(name, room)
        self.bots[stay] = Bot(self.engine, stay)
        return self.bots[stay]

    def _deliver(self, stay: Stay, connection: Connection, description: SessionDescription) -> None:
        if stay in self.bots:
            self.bots[stay].inbox.put_nowait((connection, description))

    def _fail(self, stay: Stay) -> None:
        self.bots[stay].failed = True

    def _want(self, stay: Stay, mid: str, rids: tuple[str, ...]) -> None:
        self.wanted[stay] = rids


@asynccontextmanager
async def bots_on(make_engine: Callable[..., MediaEngine]) -> AsyncIterator[Bots]:
    bots = Bots(make_engine)
    try:
        yield bots
    finally:
        for bot in bots.bots.values():
            await bot.leave()
        await bots.engine.close_all()


def lose_one_in(every: int, connection: RTCPeerConnection) -> None:
    """From now on one in `every` RTP packets that this connection sends is lost; RTCP arrives."""
    transport = connection.getTransceivers()[0].sender.transport
    arrives, count = transport._send_rtp, itertools.count(1)

    async def may_arrive(data: bytes) -> None:
        if is_rtcp(data) or next(count) % every:
            await arrives(data)

    transport._send_rtp = may_arrive


async def until(holds: Callable[[], bool], what: str, timeout_s: float = 40.0) -> None:
    async def wait() -> None:
        while not holds():
            await asyncio.sleep(0.02)

    try:
        await asyncio.wait_for(wait(), timeout_s)
    except TimeoutError:
        raise AssertionError(f"in vain waited until {what}") from None
