"""Composition root of the relay process: `python -m signaling.main`.

| variable | meaning |
|---|---|
| TELECONSULT_RELAY_HOST, _PORT | where to listen for WebSockets and /health; 127.0.0.1, 8081 |
| TELECONSULT_JOIN_SECRET_FILE or TELECONSULT_JOIN_SECRET | the secret shared with the app; no default |
| TELECONSULT_ALLOWED_ORIGINS | origins of the pages that may join, with spaces between; no default |
| TELECONSULT_MEDIA_PORT | the one UDP port of all media, on all addresses; the same number |
| TELECONSULT_PACKET_CORE | `c` or `python`; by default C where it is compiled |
| TELECONSULT_ICE_TCP_PORT | a TCP port for media of who has no UDP, on all addresses; none |
| TELECONSULT_MEDIA_DSCP | marks of sound and of all other media, 0 to 63 each; `46 34` |
| TELECONSULT_PUBLIC_ADDRESS | an address to offer for media too, if a router forwards it here |
| TELECONSULT_TURN_URLS | TURN servers for pages, such as turn:host:3478?transport=tcp turns:host:443; none |
| TELECONSULT_TURN_SECRET_FILE | the secret shared with them (coturn's static-auth-secret) |
| TELECONSULT_TURN_LIFETIME_S | how long a page's credentials for them are good; 43200 |
| TELECONSULT_MEDIA_ENGINE | `relay`, in this process, or `janus`: a Janus server carries all media |
| TELECONSULT_JANUS_URL, _SECRET_FILE | its WebSocket API, ws://127.0.0.1:8188/, and its `api_secret` |
| TELECONSULT_RELAY_URL | one of several relays: its URL as the app knows it |
| TELECONSULT_REDIS_URL | by which several relays share the rooms (room_registry.py) |

Where metrics are shown is in `telemetry/exposition.py`. What recording needs is in `recorder/settings.py`.

SIGTERM and SIGINT give up this relay's rooms, tell every participant and end the process.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from signaling.errors import BadSettings
from signaling.janus.settings import JanusSettings
from signaling.janus_media import JanusMedia
from signaling.lobby import Lobby
from signaling.media import MediaEngine, OnDescription, OnFailed, OnSpeaker, OnWanted
from signaling.metrics import asked_in
from signaling.recorder.recorders import Recorders
from signaling.recorder.settings import RecorderSettings
from signaling.relay.choose_core import choose_core, core_name
from signaling.relay.ice_tcp import IceTcp
from signaling.relay.packet_core import MARKS, Marks
from signaling.relay_media import RelayMedia
from signaling.room_registry import RelayPresence
from signaling.turn import LIFETIME, NO_TURN, TurnAccess
from signaling.turn_uri import NotATurnUri, read_uris
from signaling.websocket import SignalingServer
from storage.cancelling import cancel
from telemetry.errors import TelemetryUnclear
from telemetry.exposition import Exposition
from telemetry.logs import set_up_logs
from telemetry.metrics import Registry

MIN_SECRET_CHARACTERS = 16
MIN_TURN_LIFETIME_S = 60

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    host: str
    port: int
    join_secret: str
    allowed_origins: tuple[str, ...]
    media_port: int
    ice_tcp_port: int | None
    packet_core: str
    public_address: str | None
    marks: Marks
    turn: TurnAccess
    janus: JanusSettings | None
    can_record: bool
    relay_url: str | None
    redis_url: str | None
    exposition: Exposition | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises BadSettings."""
        secret = environment.get("TELECONSULT_JOIN_SECRET", "")
        if file := environment.get("TELECONSULT_JOIN_SECRET_FILE"):
            try:
                secret = Path(file).read_text().strip()
            except OSError as error:
                raise BadSettings(f"TELECONSULT_JOIN_SECRET_FILE cannot be read: {error}") from error
        if len(secret) < MIN_SECRET_CHARACTERS:
            raise BadSettings(f"the join secret needs at least {MIN_SECRET_CHARACTERS} characters")
        origins = tuple(environment.get("TELECONSULT_ALLOWED_ORIGINS", "").replace(",", " ").split())
        if not origins:
            raise BadSettings("TELECONSULT_ALLOWED_ORIGINS is not set: no page could join")
        for origin in origins:
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != origin:
                raise BadSettings(
                    f"TELECONSULT_ALLOWED_ORIGINS: {origin!r} is no origin like https://host:port"
                )
        public_address = environment.get("TELECONSULT_PUBLIC_ADDRESS") or None
        try:
            port = int(environment.get("TELECONSULT_RELAY_PORT", "8081"))
            media_port = int(environment.get("TELECONSULT_MEDIA_PORT") or port)
            ice_tcp_port = int(environment.get("TELECONSULT_ICE_TCP_PORT") or 0) or None
            if public_address is not None:
                ip_address(public_address)
        except ValueError as error:
            names = "TELECONSULT_RELAY_PORT, _MEDIA_PORT, _ICE_TCP_PORT or _PUBLIC_ADDRESS"
            raise BadSettings(f"{names}: {error}") from error
        return cls(
            host=environment.get("TELECONSULT_RELAY_HOST", "127.0.0.1"),
            port=port,
            join_secret=secret,
            allowed_origins=origins,
            media_port=media_port,
            ice_tcp_port=ice_tcp_port,
            packet_core=core_name(environment.get("TELECONSULT_PACKET_CORE", "")),
            public_address=public_address,
            marks=_marks(environment.get("TELECONSULT_MEDIA_DSCP", "")),
            turn=_turn_access(environment),
            janus=JanusSettings.from_environment(environment),
            can_record=RecorderSettings.from_environment(environment) is not None,
            relay_url=environment.get("TELECONSULT_RELAY_URL") or None,
            redis_url=environment.get("TELECONSULT_REDIS_URL") or None,
            exposition=_exposition(environment),
        )

    def make_engine(
        self,
        on_description: OnDescription,
        on_failed: OnFailed,
        on_wanted: OnWanted,
        on_speaker: OnSpeaker,
    ) -> MediaEngine:
        """Raises OSError: the port of media is taken."""
        if self.janus is not None:
            log.info("forwarding engine=janus url=%s", self.janus.url)
            janus = self.janus
            return JanusMedia(
                on_description, on_failed, on_wanted, on_speaker, url=janus.url, secret=janus.secret
            )
        log.info("forwarding engine=relay media_port=%s core=%s", self.media_port, self.packet_core)
        return RelayMedia(
            on_description,
            on_failed,
            on_wanted,
            on_speaker,
            self.public_address,
            choose_core(self.packet_core),
            port=self.media_port,
            marks=self.marks,
            tcp_port=self.ice_tcp_port,
        )


def _marks(text: str) -> Marks:
    if not text.strip():
        return MARKS
    numbers = text.split()
    if len(numbers) != 2 or not all(one.isdecimal() and int(one) < 64 for one in numbers):
        raise BadSettings("TELECONSULT_MEDIA_DSCP takes two numbers from 0 to 63: of sound, of all else")
    return Marks(*map(int, numbers))


def _exposition(environment: Mapping[str, str]) -> Exposition | None:
    try:
        return Exposition.from_environment(environment)
    except TelemetryUnclear as error:
        raise BadSettings(str(error)) from error


def _turn_access(environment: Mapping[str, str]) -> TurnAccess:
    try:
        uris = read_uris(environment.get("TELECONSULT_TURN_URLS", ""))
        lifetime_s = int(environment.get("TELECONSULT_TURN_LIFETIME_S") or LIFETIME.total_seconds())
    except (NotATurnUri, ValueError) as error:
        raise BadSettings(f"TELECONSULT_TURN_URLS or TELECONSULT_TURN_LIFETIME_S: {error}") from error
    if not uris:
        return NO_TURN
    if lifetime_s < MIN_TURN_LIFETIME_S:
        raise BadSettings(
            f"TELECONSULT_TURN_LIFETIME_S: less than {MIN_TURN_LIFETIME_S} ends calls that go on"
        )
    return TurnAccess(
        uris, _secret_in("TELECONSULT_TURN_SECRET_FILE", environment), timedelta(seconds=lifetime_s)
    )


def _secret_in(name: str, environment: Mapping[str, str]) -> str:
    try:
        secret = Path(environment.get(name, "")).read_text().strip()
    except OSError as error:
        raise BadSettings(f"{name} cannot be read: {error}") from error
    if len(secret) < MIN_SECRET_CHARACTERS:
        raise BadSettings(f"{name}: a secret needs at least {MIN_SECRET_CHARACTERS} characters")
    return secret


async def serve_until_stopped(settings: Settings) -> None:
    """Run the relay until SIGTERM or SIGINT; a second one ends it at once."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    stops = (signal.SIGTERM, signal.SIGINT)
    for number in stops:
        loop.add_signal_handler(number, stop.set)
    can_record = settings.can_record and settings.janus is None  # what Janus carries is not seen here

    def make_recorders(engine: MediaEngine, on_failed: Callable[[str], None]) -> Recorders:
        assert isinstance(engine, RelayMedia)
        return Recorders(engine, on_failed)

    presence: RelayPresence | None = None
    if settings.relay_url is not None and settings.redis_url is not None:
        presence = RelayPresence(settings.redis_url, settings.relay_url)
    recall = None if presence is None else presence.recall
    lobby = Lobby(
        settings.make_engine,
        turn=settings.turn,
        make_recorders=make_recorders if can_record else None,
        recall=recall,
    )
    server = SignalingServer(
        lobby,
        settings.join_secret,
        settings.allowed_origins,
        spent_elsewhere=None if presence is None else presence.spend,
    )
    port = await server.start(settings.host, settings.port)
    ice_tcp = IceTcp(("127.0.0.1", settings.media_port))
    if settings.ice_tcp_port is not None and settings.janus is None:
        await ice_tcp.start(None, settings.ice_tcp_port)
    metrics = Registry()
    metrics.collect(asked_in(loop, lobby))
    if settings.exposition is not None:
        settings.exposition.serve(metrics)
    log.info("listening host=%s port=%s origins=%s", settings.host, port, " ".join(settings.allowed_origins))
    heartbeats = None if presence is None else asyncio.create_task(presence.run(lobby))
    await stop.wait()
    for number in stops:
        loop.remove_signal_handler(number)
    log.info("stopping participants=%s", lobby.participants)
    if presence is not None and heartbeats is not None:
        await cancel(heartbeats)
        await presence.withdraw(lobby)  # before anybody is told: who comes again finds another relay
    await server.close()
    await ice_tcp.close()


def main() -> int:
    logging.getLogger("websockets.server").setLevel(logging.WARNING)
    logging.getLogger("aioice.ice").setLevel(logging.WARNING)
    try:
        set_up_logs(os.environ)
        settings = Settings.from_environment(os.environ)
    except (BadSettings, TelemetryUnclear) as error:
        print(f"The relay cannot start: {error}", file=sys.stderr)
        return 2
    try:
        asyncio.run(serve_until_stopped(settings))
    except OSError as error:
        ports = f"{settings.host}:{settings.port} (TCP) and port {settings.media_port} (UDP)"
        print(f"The relay cannot listen on {ports}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
