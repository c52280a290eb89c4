"""Whether a Janus server carries the media, and how it is reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from signaling.errors import BadSettings

ENGINES = ("relay", "janus")


@dataclass(frozen=True, slots=True)
class JanusSettings:
    url: str
    secret: str | None  # Janus' `api_secret`

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "JanusSettings | None":
        """None: the relay of our own carries them. Raises BadSettings."""
        engine = environment.get("TELECONSULT_MEDIA_ENGINE") or "relay"
        if engine not in ENGINES:
            raise BadSettings(f"TELECONSULT_MEDIA_ENGINE: {engine!r} is neither relay nor janus")
        if engine == "relay":
            return None
        url = environment.get("TELECONSULT_JANUS_URL", "")
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise BadSettings(f"TELECONSULT_JANUS_URL: {url!r} is no address like ws://127.0.0.1:8188/")
        secret = None
        if file := environment.get("TELECONSULT_JANUS_SECRET_FILE"):
            try:
                secret = Path(file).read_text().strip()
            except OSError as error:
                raise BadSettings(f"TELECONSULT_JANUS_SECRET_FILE cannot be read: {error}") from error
        return cls(url, secret)
