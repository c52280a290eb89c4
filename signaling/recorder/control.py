"""What the relay tells a recorder, as lines of JSON on its standard input, and the one line that it answers.

Keys go this way too: a pipe is seen by its two ends only. The end of the input without `stop` says that the
relay is gone.
"""

from base64 import b64decode, b64encode
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from signaling.recording_consent import Consent
from signaling.relay.packet_core import SrtpProfile

MAX_LINE_BYTES = 1024 * 1024


class ControlLine(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Answer(ControlLine):
    """Of one participant to the question whether they may be recorded."""

    participant_id: str
    display_name: str
    role: str
    agrees: bool
    at: datetime
    text: str

    @classmethod
    def of(cls, consent: Consent) -> "Answer":
        return cls(
            participant_id=consent.participant_id,
            display_name=consent.display_name,
            role=consent.role,
            agrees=consent.agrees,
            at=consent.at,
            text=consent.text,
        )


class TrackOf(ControlLine):
    """A stream that the relay sends to the recorder, and whose it is."""

    ssrc: int
    kind: Literal["audio", "video"]
    participant_id: str
    is_screen: bool = False


class Opening(ControlLine):
    """The first line."""

    type: Literal["opening"] = "opening"
    recording_id: str
    consult_id: str
    started_by: str
    answers: tuple[Answer, ...]


class Keys(ControlLine):
    """From now on packets come, encrypted with these; as the recorder uses them, in base64."""

    type: Literal["keys"] = "keys"
    profile: SrtpProfile
    receive_key: str
    send_key: str


class Tracks(ControlLine):
    type: Literal["tracks"] = "tracks"
    tracks: tuple[TrackOf, ...]


class Answered(ControlLine):
    type: Literal["answered"] = "answered"
    answer: Answer


class Happened(ControlLine):
    """A message of the room, as its participants got it."""

    type: Literal["happened"] = "happened"
    event: dict[str, Any]


class Paused(ControlLine):
    type: Literal["paused"] = "paused"


class Stop(ControlLine):
    type: Literal["stop"] = "stop"


class Listening(ControlLine):
    """The answer to `opening`: where packets are taken, at 127.0.0.1."""

    port: int


Line = Annotated[Opening | Keys | Tracks | Answered | Happened | Paused | Stop, Field(discriminator="type")]
_LINE: TypeAdapter[Line] = TypeAdapter(Line)


def parse_line(text: bytes) -> Line:
    """Raises ValueError."""
    return _LINE.validate_json(text)


def to_line(message: ControlLine) -> bytes:
    return message.model_dump_json().encode() + b"\n"


def key_text(key: bytes) -> str:
    return b64encode(key).decode()


def key_of(text: str) -> bytes:
    return b64decode(text)
