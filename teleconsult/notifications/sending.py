"""The port of the channels: one letter to one recipient."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import requests

from teleconsult.notifications.notification import Choices, Kind
from teleconsult.notifications.repository import PushSubscription
from teleconsult.notifications.words import Words
from teleconsult.users.user import User

TIMEOUT_S = 15.0  # of one connection; a delivery's lease is longer
BRIEFLY = 160  # characters of what a server answered that are worth keeping


class SendingFailed(Exception):
    """The message says why, without addresses.

    Attributes:
        is_final: trying again would change nothing.
        is_gone: the recipient's browser no longer takes anything.
    """

    def __init__(self, said: str, *, is_final: bool = False, is_gone: bool = False) -> None:
        super().__init__(said[:BRIEFLY])
        self.is_final, self.is_gone = is_final or is_gone, is_gone


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out. It never holds a patient's name.

    Attributes:
        id: stays the same however often it is tried.
        link: to the page where the rest stands, for whoever signs in.
    """

    id: str
    kind: Kind
    user: User
    choices: Choices
    words: Words
    link: str
    is_urgent: bool
    at: datetime
    subscription: PushSubscription | None = None

    @property
    def sentence(self) -> str:
        return self.words.in_language(self.user.language)


class Sender(Protocol):
    def send(self, letter: Letter) -> None:
        """Return when the other side has taken it. Raises SendingFailed."""
        ...


def post(
    url: str, body: bytes, headers: Mapping[str, str], session: requests.Session | None = None
) -> int:
    """The status of the answer, whose body nobody reads. Raises SendingFailed: there was none."""
    try:
        with (session or requests.Session()).post(
            url, body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True
        ) as answer:
            return answer.status_code
    except requests.RequestException as error:
        raise SendingFailed(type(error).__name__) from error


def answered(status: int) -> None:
    """Judge an HTTP answer: 2xx took it, 429 and 5xx may later. Raises SendingFailed."""
    if not 200 <= status < 300:
        raise SendingFailed(f"HTTP {status}", is_final=status < 500 and status not in (408, 425, 429))
