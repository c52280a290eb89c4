"""The addresses of TURN servers, as browsers take them. Source: RFC 7065.

Of the standard library only: the doctor reads them where nothing else is installed.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs

PORT, TLS_PORT = 3478, 5349  # RFC 7065 section 3.1
MOST_URLS = 4  # browsers take longer to gather candidates with each one
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
