"""The port to whatever carries sound and pictures between the participants of a room.

A client has two connections: on `send` it offers and the engine answers, on `receive` the engine offers what
the others send and the client answers. So neither side ever has to give way. A participant of the engine is
one stay in a room: somebody who reloads the page is closed and opened again.

The first section with pictures of a client's offer is its camera, the second its shared screen. Towards the
others each stream has a name (`msid`, RFC 8830): the participant's id for voice and face, the id with
SCREEN_SUFFIX for the screen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from signaling.messages import CandidateMessage, Connection, SessionDescription

SCREEN_SUFFIX = "#screen"


@dataclass(frozen=True, slots=True)
class Stay:
    """One participant's presence in one room, from joining to leaving; a rejoin is another stay."""

    room_id: str
    participant_id: str
    number: int


class Direction(StrEnum):
    """Seen from the engine."""

    IN = "in"  # from who sends
    OUT = "out"  # to who receives


class Traffic(NamedTuple):
    """Of media in one direction, over all rooms, since the start."""

    packets: int
    bytes: int
    lost: int  # packets that did not come, before any was sent again
    nacked: int  # packets that were asked for again
    key_frames_asked: int


OnDescription = Callable[[Stay, Connection, SessionDescription], None]
OnFailed = Callable[[Stay], None]
OnSpeaker = Callable[[str, str], None]  # in which room, and which participant
# The m-line of `send` by its mid, and the RIDs of the encodings that somebody watches.
OnWanted = Callable[[Stay, str, tuple[str, ...]], None]


class MediaEngine(Protocol):
    """Who closes whom: `close` ends both connections of the stay and what others receive of it;
    `close_all` ends everything. Both may be called twice. Calls about a stay that is not open do nothing."""

    @property
    def works(self) -> bool:
        """Whether what carries the media in this process goes on: without it, it is as good as gone."""
        ...

    @property
    def traffic(self) -> Mapping[Direction, Traffic]:
        """Empty where another process carries the media."""
        ...

    async def open(self, stay: Stay) -> None:
        """Offer to this one what is sent in the room, from now on; through `OnDescription`."""
        ...

    async def describe(self, stay: Stay, connection: Connection, description: SessionDescription) -> None:
        """Take an offer for `send` (the answer goes through `OnDescription`) or an answer for `receive`.

        Raises:
            MediaError: the description is of no use.
        """
        ...

    async def add_candidate(self, stay: Stay, candidate: CandidateMessage) -> None: ...

    async def watch(self, stay: Stay, watched: Mapping[str, str | None]) -> None:
        """What this one sees of the others from now on: `messages.SetWatched`, by participant."""
        ...

    async def close(self, stay: Stay) -> None: ...

    async def close_all(self) -> None: ...
