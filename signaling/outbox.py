"""What waits to be sent to one participant: bounded, and it says what it drops. Pure.

Of viewer states and of each participant's pointer only the latest is of use, so a newer one takes the place
of one that still waits. Nothing else is dropped: a participant that lets more than `capacity` messages wait
is cut off and comes back to the state of the room.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from signaling.messages import Message, PointerMoved, ViewerChanged

CAPACITY = 256


class OutboxFull(Exception):
    """The participant reads too slowly."""


@dataclass(slots=True)
class Outbox:
    capacity: int = CAPACITY
    dropped_viewer_states: int = 0
    dropped_pointers: int = 0
    _waiting: "OrderedDict[tuple[str, int | str], Message]" = field(default_factory=OrderedDict)
    _count: int = 0

    def put(self, message: Message) -> None:
        """Raises OutboxFull."""
        key: tuple[str, int | str]
        if isinstance(message, ViewerChanged):
            key = ("viewer", 0)
            self.dropped_viewer_states += key in self._waiting
        elif isinstance(message, PointerMoved):
            key = ("pointer", message.participant_id)
            self.dropped_pointers += key in self._waiting
        else:
            self._count += 1
            key = ("", self._count)
        self._waiting.pop(key, None)
        if len(self._waiting) >= self.capacity:
            raise OutboxFull
        self._waiting[key] = message

    def take(self) -> Message | None:
        """The next message to send, or None."""
        return self._waiting.popitem(last=False)[1] if self._waiting else None

    def __len__(self) -> int:
        return len(self._waiting)
