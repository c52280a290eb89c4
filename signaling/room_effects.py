"""What a room wants to happen: the output of its steps, carried out by the lobby and the recorders."""

from collections.abc import Mapping
from dataclasses import dataclass

from signaling.media import Stay
from signaling.messages import CandidateMessage, Connection, ErrorCode, Message, SessionDescription
from signaling.recording_consent import Consent


@dataclass(frozen=True, slots=True)
class Send:
    """This message to this stay."""

    stay: Stay
    message: Message


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The stay is over: end its socket, with the reason."""

    stay: Stay
    code: ErrorCode


@dataclass(frozen=True, slots=True)
class OpenMedia:
    stay: Stay


@dataclass(frozen=True, slots=True)
class CloseMedia:
    stay: Stay


@dataclass(frozen=True, slots=True)
class DescribeMedia:
    stay: Stay
    connection: Connection
    description: SessionDescription


@dataclass(frozen=True, slots=True)
class AddCandidate:
    stay: Stay
    candidate: CandidateMessage


@dataclass(frozen=True, slots=True)
class WatchPictures:
    stay: Stay
    watched: Mapping[str, str | None]  # by participant: a RID, or None


@dataclass(frozen=True, slots=True)
class StartRecording:
    room_id: str
    started_by: str
    consents: tuple[Consent, ...]


@dataclass(frozen=True, slots=True)
class PauseRecording:
    room_id: str


@dataclass(frozen=True, slots=True)
class ResumeRecording:
    room_id: str


@dataclass(frozen=True, slots=True)
class StopRecording:
    room_id: str


@dataclass(frozen=True, slots=True)
class KeepConsent:
    """An answer that was given while the recording was there."""

    room_id: str
    consent: Consent


@dataclass(frozen=True, slots=True)
class KeepEvent:
    """Something that happened in the room while it was recorded."""

    room_id: str
    message: Message


RecordingEffect = StartRecording | PauseRecording | ResumeRecording | StopRecording | KeepConsent | KeepEvent
MediaEffect = OpenMedia | CloseMedia | DescribeMedia | AddCandidate | WatchPictures
Effect = Send | Disconnect | MediaEffect | RecordingEffect
