"""aiortc's MediaRelay as a fan-out: what comes is decoded once, and encoded for each receiver.

Spoken to as benchmarks/piped_engine.py says: `python -m benchmarks.aiortc_fan_out`.
"""

import asyncio

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.contrib.media import MediaRelay

from benchmarks.piped_engine import lines_of_stdin, say
from signaling.media import Stay

PUBLISHER = 0


async def serve() -> None:
    relay = MediaRelay()
    tracks: list[MediaStreamTrack] = []
    connections: dict[int, RTCPeerConnection] = {}
    async for line in lines_of_stdin():
        stay = Stay(line["room"], line["name"], line["number"])
        if line["do"] == "close":
            if (ended := connections.pop(stay.number, None)) is not None:
                await ended.close()
            continue
        if line["do"] == "describe" and line["connection"] == "receive":
            await connections[stay.number].setRemoteDescription(RTCSessionDescription(line["sdp"], "answer"))
            continue
        if line["do"] == "open" and stay.number == PUBLISHER:
            continue
        connection = connections[stay.number] = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        if stay.number == PUBLISHER:
            connection.on("track", tracks.append)
            await connection.setRemoteDescription(RTCSessionDescription(line["sdp"], "offer"))
            await connection.setLocalDescription(await connection.createAnswer())
        else:
            for track in tracks:
                connection.addTrack(relay.subscribe(track, buffered=False))
            await connection.setLocalDescription(await connection.createOffer())
        which = "send" if stay.number == PUBLISHER else "receive"
        say(stay, which, connection.localDescription.sdp)


if __name__ == "__main__":
    asyncio.run(serve())
