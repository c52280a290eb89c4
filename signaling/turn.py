"""TURN: the way to the relay for browsers whose network lets no UDP through, by a server such as coturn.

Credentials are made here and checked there, with a secret that both know and nobody asked in between. The
user name says until when they are good. Sources: RFC 8656 (TURN), draft-uberti-behave-turn-rest-00
(time-limited credentials, as coturn's `use-auth-secret` takes them).
"""

import hmac
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from signaling.messages import IceServer
from signaling.turn_uri import TurnUri

# A browser shows its credentials again only for a new allocation, which needs those of the last `welcome`.
LIFETIME = timedelta(hours=12)


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
