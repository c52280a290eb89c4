"""The servers that media_peers.py measures, each a process of its own behind the port MediaEngine.

Janus and Pion are measured where Debian's packages are installed: `apt-get install janus`, and `apt-get
install golang-go golang-github-pion-webrtc.v3-dev`.
"""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.piped_engine import piped_engine
from signaling.janus_media import JanusMedia
from signaling.media import MediaEngine, OnDescription
from tests.janus_server import JanusServer

PION_PACKAGES = Path("/usr/share/gocode")
OURS, OURS_STALLED, OURS_PYTHON = "relay in C", "relay, stalled", "relay in Python"
JANUS_NAME, PION, AIORTC = "Janus", "Pion", "aiortc"
JANUS_PORTS = range(20_000, 20_512)  # two for each of a hundred and one


@dataclass
class Place:
    """Where servers run: an address that is not loopback, which Janus skips, and a folder."""

    host: str
    folder: Path
    pion: Path | None


@asynccontextmanager
async def serving(
    name: str, place: Place, on_description: OnDescription
) -> AsyncIterator[tuple[MediaEngine, int]]:
    """A server's engine, and the process that forwards."""
    async with AsyncExitStack() as stack:
        if name == JANUS_NAME:
            server = JanusServer(place.folder / "janus", place.host, JANUS_PORTS)
            stack.callback(server.stop)
            server.start()
            janus = JanusMedia(on_description, lambda stay: None, url=server.url, secret=server.secret)
            stack.push_async_callback(janus.close_all)
            yield janus, server.pid
            return
        commands: dict[str, Sequence[str]] = {
            OURS: (sys.executable, "-m", "benchmarks.piped_engine", "c", place.host),
            OURS_STALLED: (sys.executable, "-m", "benchmarks.piped_engine", "c", place.host, "stalls"),
            OURS_PYTHON: (sys.executable, "-m", "benchmarks.piped_engine", "python", place.host),
            PION: (str(place.pion), place.host),
            AIORTC: (sys.executable, "-m", "benchmarks.aiortc_fan_out"),
        }
        engine = await stack.enter_async_context(piped_engine(commands[name], on_description))
        yield engine, engine.pid


def build_pion(folder: Path) -> Path | None:
    """The fan-out, or None where Debian's packages of Go and Pion are not installed."""
    if not (PION_PACKAGES / "src/github.com/pion/webrtc").is_dir():
        return None
    source = folder / "src" / "fan_out"
    source.mkdir(parents=True)
    (source / "main.go").write_bytes(Path(__file__).with_name("pion_fan_out.go").read_bytes())
    # Without it the /v3 of an import is taken for a folder.
    (source / "go.mod").write_text("module fan_out\n")
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": f"{folder}:{PION_PACKAGES}",
        "GOCACHE": str(folder / "cache"),
    }
    build = ["go", "build", "-o", str(folder / "fan_out"), "fan_out"]
    subprocess.run(build, check=True, env=environment, cwd=source)
    return folder / "fan_out"
