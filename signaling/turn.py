"""TURN: the way to the relay for browsers whose network lets no UDP through, by a server such as coturn.

Credentials are made here and checked there, with a secret that both know and nobody asked in between. The
user name says until when they are good. Sources: RFC 7065 (URIs), RFC 8656 (TURN),
draft-uberti-behave-turn-rest-00 (time-limited credentials, as coturn's `use-auth-secret` takes them).
"""

import hmac
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from signaling.messages import IceServer

PORT, TLS_PORT = 3478, 5349  # RFC 7065 section 3.1
MOST_URLS = 4  # browsers take longer to gather candidates with each one
# A browser shows its credentials again only for a new allocation, which needs those of the last `welcome`.
LIFETIME = timedelta(hours=12)
_URI = re.compile(
    r"(turns?):([\w.-]+|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}))?(?:\?(transport=(?:udp|tcp)))?", re.ASCII
)


class NotATurnUri(ValueError):
    """A text that is no TURN URI which a browser can use."""


@dataclass(frozen=True, slots=True)
class TurnUri:
    text: str
    is_tls: bool
    port: int

    @classmethod
    def parse(cls, text: str) -> "TurnUri":
        """Raises NotATurnUri."""
        found = _URI.fullmatch(text)
        if found is None:
            raise NotATurnUri(f"{text!r} is not like turn:host:3478?transport=tcp or turns:host:443")
        is_tls = found[1] == "turns"
        port = int(found[3] or (TLS_PORT if is_tls else PORT))
        if not 0 < port < 65_536:
            raise NotATurnUri(f"{text!r} names no port")
        if is_tls and parse_qs(found[4] or "").get("transport") == ["udp"]:
            raise NotATurnUri(f"{text!r}: browsers do not speak TURN over DTLS")
        return cls(text, is_tls, port)


def read_uris(text: str) -> tuple[TurnUri, ...]:
    """URIs with spaces or commas between. Raises NotATurnUri."""
    uris = tuple(TurnUri.parse(one) for one in text.replace(",", " ").split())
    if len(uris) > MOST_URLS:
        raise NotATurnUri(f"more than {MOST_URLS} URIs")
    return uris


@dataclass(frozen=True, slots=True)
class TurnAccess:
    """What a page is told of TURN; nothing, where there are no URIs."""

    uris: tuple[TurnUri, ...] = ()
    secret: str = ""
    lifetime: timedelta = LIFETIME

    def ice_servers(self, participant_id: str, at: datetime) -> tuple[IceServer, ...]:
        """Good for one participant from `at` (UTC) on, for `lifetime`."""
        if not self.uris:
            return ()
        username = f"{int((at + self.lifetime).timestamp())}:{participant_id}"
        digest = hmac.digest(self.secret.encode(), username.encode(), "sha1")
        urls = tuple(uri.text for uri in self.uris)
        return (IceServer(urls=urls, username=username, credential=b64encode(digest).decode()),)


NO_TURN = TurnAccess()
