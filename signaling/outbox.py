"""What waits to be sent to one participant, and what was sent last: bounded, and it says what it drops. Pure.

It outlives a socket: `resume` puts what the participant missed before what still waits. Of what a later
message makes worthless (`_key`) only the latest is kept, waiting or sent. Nothing else is dropped: a
participant that lets more than `capacity` messages wait is cut off, and one that missed more than is kept
joins anew.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from signaling.messages import (
    AskingChanged,
    LineChanged,
    MeasurementChanged,
    Message,
    PointerMoved,
    RecordingChanged,
    Resumed,
    SpeakerChanged,
    ViewerChanged,
    WaitingChanged,
    WantedEncodings,
)

CAPACITY = 256
SENT_KEPT = 128

Key = tuple[str, int | str]


class OutboxFull(Exception):
    """The participant reads too slowly."""


class TooMuchMissed(Exception):
    """What the participant lacks is no longer kept."""


@dataclass(slots=True)
class Outbox:
    capacity: int = CAPACITY
    sent_kept: int = SENT_KEPT
    dropped_viewer_states: int = 0
    dropped_pointers: int = 0
    _waiting: "OrderedDict[Key, Message]" = field(default_factory=OrderedDict)
    _sent: "OrderedDict[Key, tuple[int, Message]]" = field(default_factory=OrderedDict)
    _sent_count: int = 0
    _forgotten: int = 0  # the number of the last sent message that is not kept, though of use
    _puts: int = 0

    def put(self, message: Message) -> None:
        """Raises OutboxFull."""
        key = self._key(message)
        if key in self._waiting:
            self.dropped_viewer_states += isinstance(message, ViewerChanged)
            self.dropped_pointers += isinstance(message, PointerMoved)
            del self._waiting[key]
        if len(self._waiting) >= self.capacity:
            raise OutboxFull
        self._waiting[key] = message

    def take(self) -> Message | None:
        """The next message to send, or None."""
        if not self._waiting:
            return None
        key, message = self._waiting.popitem(last=False)
        self._sent_count += 1
        self._sent.pop(key, None)
        self._sent[key] = (self._sent_count, message)
        if len(self._sent) > self.sent_kept:
            _, (self._forgotten, _) = self._sent.popitem(last=False)
        return message

    def resume(self, received: int, answer: Resumed) -> None:
        """Go on after the first `received` messages: `answer` is next, then what was missed, then what waits.

        Raises:
            TooMuchMissed: some of it is no longer kept, or so many were never sent, or too many wait.
        """
        if not self._forgotten <= received <= self._sent_count:
            raise TooMuchMissed
        superseded = {self._key(answer), *self._waiting}
        missed = [
            (key, message)
            for key, (number, message) in self._sent.items()
            if number > received and key not in superseded
        ]
        self._waiting.pop(self._key(answer), None)
        again = OrderedDict([(self._key(answer), answer), *missed, *self._waiting.items()])
        if len(again) > self.capacity:
            raise TooMuchMissed
        self._waiting = again
        self._sent.clear()
        self._sent_count = self._forgotten = received

    def __len__(self) -> int:
        return len(self._waiting)

    def _key(self, message: Message) -> Key:
        match message:
            case ViewerChanged() | SpeakerChanged() | WaitingChanged() | RecordingChanged() | Resumed():
                return (message.type, 0)
            case WantedEncodings():
                return (message.type, message.mid)
            case PointerMoved() | LineChanged() | AskingChanged():
                return (message.type, message.participant_id)
            case MeasurementChanged():
                return (message.type, message.shared.measurement.id)
            case _:
                self._puts += 1
                return ("", self._puts)
