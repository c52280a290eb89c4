"""The wire schema between a browser and the signaling process.

JSON text frames over a WebSocket with the subprotocol `teleconsult.v1`. Names are those of the W3C
dictionaries, so a browser hands a description on unchanged. Every size is bounded and unknown fields are
refused. `python -m signaling.messages` writes the JSON Schema and the TypeScript types for the front end.

A client that lost its socket goes on where it stopped (after XEP-0198). WebSocket keeps order, so a message's
sequence number is its place: the nth after the `join` or after the `welcome`, counted by both sides and not
written on it. `resume` says how many messages of the server came in, `resumed` how many of the client; what
is missing is sent again, and what came in is not.
"""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from signaling.measurement import MOST_SHARED, ImageMeasurement, Kind, SharedMeasurement
from signaling.roles import Right, Role
from signaling.wire import Finite, Frame, Id, Uid
from signaling.wire import Message as Message

SUBPROTOCOL = "teleconsult.v1"
MAX_SDP_CHARACTERS = 65_536
MAX_WATCHED = 256
MAX_MESSAGE_BYTES = 98_304  # an SDP of the largest size with its JSON escapes


class ErrorCode(StrEnum):
    """Why the server refused or ended something; the front end has a sentence for each."""

    BAD_MESSAGE = "bad-message"
    BAD_TOKEN = "bad-token"
    EXPIRED_TOKEN = "expired-token"
    JOIN_TIMEOUT = "join-timeout"
    ALREADY_JOINED = "already-joined"
    ROOM_FULL = "room-full"
    ROOM_LOCKED = "room-locked"
    ROOM_OVER = "room-over"  # the consult's call has ended
    REPLACED = "replaced"  # the same user joined again, elsewhere or after a reload
    REMOVED = "removed"  # by a moderator
    DECLINED = "declined"  # by a moderator, in the waiting room
    CANNOT_RESUME = "cannot-resume"  # the stay is over, or too much was missed: join anew
    FLOODED = "flooded"  # it sent far more than a page does, for seconds
    NOT_PRESENTER = "not-presenter"
    NOT_ALLOWED = "not-allowed"
    NOT_NOW = "not-now"  # the room is in another state, by somebody else's doing
    NOTHING_SHOWN = "nothing-shown"  # there is no picture of which a still could be taken
    NOT_ASKED = "not-asked"  # an answer to a question that is no longer there
    TOO_MANY_MEASUREMENTS = "too-many-measurements"
    SCREEN_TAKEN = "screen-taken"  # somebody else shares theirs
    MEDIA_FAILED = "media-failed"
    TOO_SLOW = "too-slow"
    SERVER_CLOSING = "server-closing"


class Connection(StrEnum):
    """Which of a client's two peer connections: what it sends, or what it receives."""

    SEND = "send"
    RECEIVE = "receive"


class LineWord(StrEnum):
    """How somebody's line is, in one word."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class RecordingStatus(StrEnum):
    """Of a room; see `recording_consent`. Nothing is recorded but in `on`."""

    OFF = "off"
    ASKING = "asking"
    ON = "on"
    PAUSED = "paused"


class RecordingEnd(StrEnum):
    """Why the last recording, or the asking for it, ended."""

    STOPPED = "stopped"
    DECLINED = "declined"
    FAILED = "failed"
    CONSENT_WITHDRAWN = "consent-withdrawn"  # to the whole consult, not only to its recording


class StillSource(StrEnum):
    """What a still shows of a participant."""

    CAMERA = "camera"
    SCREEN = "screen"


Rid = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")]  # RFC 8851 section 10
Mid = Annotated[str, Field(max_length=16)]
Tool = Literal["window", "pan", "zoom", "scroll", "magnify"] | Kind
Layout = Literal["stack", "mpr", "compare", "mammography"]  # how a screen is divided among pictures


class PlaceLps(Message):
    """In the patient, in mm: x to the left, y to the back, z to the head."""

    x: Finite
    y: Finite
    z: Finite


class Slab(Message):
    """What a plane shows of the layers about it; 0 mm: of one voxel."""

    thickness_mm: Annotated[float, Field(allow_inf_nan=False, ge=0, le=100)]
    projection: Literal["mip", "minip", "mean"]


class Slabs(Message):
    """One for each plane."""

    axial: Slab
    coronal: Slab
    sagittal: Slab


class MprState(Message):
    """Three planes that meet in the crosshair; `centre` stands in the middle of each picture.

    `plane` is the one that is looked at: where there is room for one, it is shown.
    """

    crosshair: PlaceLps
    centre: PlaceLps
    plane: Literal["axial", "coronal", "sagittal"]
    slabs: Slabs


class ShownImage(Message):
    """An image as a screen shows it.

    Window centre and width in the modality's units (HU for CT). Zoom 1 fits the image to the screen; pan is
    in image pixels. The image is mirrored left to right first where `flip` says so, then turned clockwise by
    `rotation` degrees; zoom and pan do not depend on either.
    """

    study_instance_uid: Uid
    series_instance_uid: Uid
    sop_instance_uid: Uid
    frame: Frame = 0
    window_center: Finite
    window_width: Annotated[float, Field(allow_inf_nan=False, gt=0, le=1e6)]
    zoom: Annotated[float, Field(allow_inf_nan=False, gt=0, le=1e3)]
    pan_x: Finite
    pan_y: Finite
    rotation: Literal[0, 90, 180, 270] = 0
    flip: bool = False
    invert: bool


class PriorImage(ShownImage):
    """The earlier study in the layout "compare"; null for what is not linked."""

    link_offset_mm: Finite | None  # from a position in the current series to the same level of this one
    is_window_linked: bool


class BreastView(Message):
    """What is in the middle of every pane, in the breast's own directions.

    `zoom` 1 is the scale at which all images fit. `depth_mm` goes from the chest wall's edge of the image to
    the nipple, null where that edge lies on the pane's inner edge; `down_mm` from the middle of it downwards.
    """

    zoom: Annotated[float, Field(allow_inf_nan=False, gt=0, le=1e3)]
    depth_mm: Finite | None
    down_mm: Finite


class Hanging(Message):
    """The layout "mammography": which of the four views are shown, and how they lie."""

    shown: Literal["all", "CC", "MLO", "R-CC", "L-CC", "R-MLO", "L-MLO"]
    view: BreastView | None  # null: at one scale that fits all, the chest walls in the middle
    prior_study_instance_uid: Uid | None = None  # above the current study


class ViewerState(ShownImage):
    """What the presenter's screen shows; every other screen follows it.

    The image is the one that a screen shows which cannot show the layout.
    """

    finding_id: Id | None = None
    tool: Tool | None = None  # what the presenter's main button does
    layout: Layout = "stack"
    prior: PriorImage | None = None
    hanging: Hanging | None = None
    mpr: MprState | None = None  # what the layout "mpr" shows, once it shows something


class Pointer(Message):
    """Where somebody points: x is the column, y the row, in pixels of the stored image, zero-based."""

    sop_instance_uid: Uid
    frame: Frame = 0
    x: Finite
    y: Finite


class SessionDescription(Message):
    """RTCSessionDescriptionInit."""

    type: Literal["offer", "answer"]
    sdp: Annotated[str, Field(max_length=MAX_SDP_CHARACTERS)]


class Participant(Message):
    """Somebody in the room. `audio`, `video` and `screen` say what is switched on, not what arrives; who is
    `reconnecting` has lost the line to the server, while sound and picture may go on. `line` is null until
    the participant's own page has found out."""

    id: Id
    display_name: Annotated[str, Field(max_length=200)]
    role: Role
    moderator: bool
    audio: bool
    video: bool
    screen: bool
    reconnecting: bool
    line: LineWord | None
    may_present: bool
    asks_to_present: bool


class IceServer(Message):
    """RTCIceServer: a TURN server, with credentials of this participant's own, good for some hours."""

    urls: tuple[Annotated[str, Field(max_length=300)], ...]
    username: Annotated[str, Field(max_length=100)]
    credential: Annotated[str, Field(max_length=64)]


class WaitingPerson(Message):
    """Somebody in the waiting room."""

    id: Id
    display_name: Annotated[str, Field(max_length=200)]
    role: Role


class RecordingState(Message):
    """`awaiting`: who is asked and has not answered. `ended`: why it is off; None where it never was on."""

    status: RecordingStatus
    asked_by: Id | None
    awaiting: tuple[Id, ...]
    ended: RecordingEnd | None


class Join(Message):
    """The first message of a connection; the token is a `join_token.JoinGrant` that the app signed."""

    type: Literal["join"] = "join"
    token: Annotated[str, Field(min_length=1, max_length=4_096)]


class Resume(Message):
    """The first message of a connection that goes on with an earlier one's stay, within RESUME_WINDOW_S.

    `received`: how many messages of this stay came in, the `welcome` included.
    """

    type: Literal["resume"] = "resume"
    resume_token: Annotated[str, Field(min_length=1, max_length=64)]
    received: Annotated[int, Field(ge=0)]


class DescriptionMessage(Message):
    """Both ways. The client offers on `send`, the server on `receive`; the other one answers."""

    type: Literal["description"] = "description"
    connection: Connection
    description: SessionDescription


class CandidateMessage(Message):
    """Both ways. RTCIceCandidateInit (RFC 8839 section 5.1); an empty candidate ends gathering."""

    type: Literal["candidate"] = "candidate"
    connection: Connection
    candidate: Annotated[str, Field(max_length=1_024)]
    sdp_mid: Annotated[str, Field(max_length=16)] | None = None
    sdp_m_line_index: Annotated[int, Field(ge=0, le=64)] | None = None


class SetViewer(Message):
    type: Literal["viewer"] = "viewer"
    state: ViewerState


class SetPointer(Message):
    type: Literal["pointer"] = "pointer"
    pointer: Pointer | None


class TakePresenter(Message):
    type: Literal["takePresenter"] = "takePresenter"


class GivePresenter(Message):
    """The presenter hands over to somebody who may present."""

    type: Literal["givePresenter"] = "givePresenter"
    participant_id: Id


class AskToPresent(Message):
    """Ask the presenter to hand over, or no longer; where nobody presents, whoever asks does."""

    type: Literal["askToPresent"] = "askToPresent"
    asks: bool


class RefuseToGive(Message):
    """The presenter does not hand over to who asks."""

    type: Literal["refuseToGive"] = "refuseToGive"
    participant_id: Id


class SetMeasurement(Message):
    """One of the sender's own: new, being drawn, or changed."""

    type: Literal["measurement"] = "measurement"
    measurement: ImageMeasurement


class RemoveMeasurements(Message):
    """Some of the sender's own."""

    type: Literal["removeMeasurements"] = "removeMeasurements"
    ids: Annotated[tuple[Id, ...], Field(max_length=MOST_SHARED)]


class ClearMeasurements(Message):
    """Everybody's, by the presenter."""

    type: Literal["clearMeasurements"] = "clearMeasurements"


class SetMedia(Message):
    """What the sender of this has switched on; one at a time shares a screen."""

    type: Literal["media"] = "media"
    audio: bool
    video: bool
    screen: bool = False


class SetLine(Message):
    """How the line of the sender of this is: the worse of its two ways, as its own page measures them."""

    type: Literal["line"] = "line"
    word: LineWord


class WatchedPicture(Message):
    """How large somebody's picture is seen: the smallest encoding that fills it; null: it is not seen."""

    participant_id: Id
    rid: Rid | None


class SetWatched(Message):
    """All pictures on the sender's screen. Whoever is not in it is seen as large as there is."""

    type: Literal["watched"] = "watched"
    pictures: Annotated[tuple[WatchedPicture, ...], Field(max_length=MAX_WATCHED)]


class Mute(Message):
    """A moderator asks this one, or everybody else, to be silent; to speak again is up to each of them."""

    type: Literal["mute"] = "mute"
    participant_id: Id | None


class Remove(Message):
    type: Literal["remove"] = "remove"
    participant_id: Id


class SetLock(Message):
    """Into a locked room comes nobody new; who was in it may come back, and a moderator always comes in."""

    type: Literal["lock"] = "lock"
    locked: bool


class Admit(Message):
    type: Literal["admit"] = "admit"
    participant_id: Id


class Decline(Message):
    type: Literal["decline"] = "decline"
    participant_id: Id


class AskToRecord(Message):
    """Ask everybody for their consent; who asks agrees.

    `consent_text`: version and language of the words on the screen.
    """

    type: Literal["askToRecord"] = "askToRecord"
    consent_text: Id


class AnswerRecording(Message):
    """A no ends the recording, also from who agreed before."""

    type: Literal["answerRecording"] = "answerRecording"
    agrees: bool
    consent_text: Id


class SetRecording(Message):
    type: Literal["setRecording"] = "setRecording"
    step: Literal["pause", "resume", "stop"]


class TakeStill(Message):
    """Everybody is told of a still before it is kept: who takes one waits for `stillTaken`."""

    type: Literal["takeStill"] = "takeStill"
    participant_id: Id
    source: StillSource


class Waiting(Message):
    """An answer to `join`: a moderator is asked; then `welcome` or the error `declined` follows."""

    type: Literal["waiting"] = "waiting"


class Welcome(Message):
    """The answer to `join`: the room as it stands. `participants` holds everybody, the joiner too.

    `rights` are the joiner's own. `resume_token` is its secret. `waiting` is empty for who does not moderate.
    `ice_servers` are for networks that let no UDP through to the server; none where there are none.
    """

    type: Literal["welcome"] = "welcome"
    participant_id: Id
    participants: tuple[Participant, ...]
    rights: tuple[Right, ...]
    presenter_id: Id | None
    viewer: ViewerState | None
    measurements: tuple[SharedMeasurement, ...]
    seq: Annotated[int, Field(ge=0)]
    locked: bool
    waiting: tuple[WaitingPerson, ...]
    recording: RecordingState
    resume_token: Annotated[str, Field(max_length=64)]
    ice_servers: tuple[IceServer, ...]


class Resumed(Message):
    """The answer to `resume`; what was missed follows. `received`: the client's messages after `join`.

    `ice_servers` take the place of those of the `welcome`, whose credentials are older.
    """

    type: Literal["resumed"] = "resumed"
    received: Annotated[int, Field(ge=0)]
    ice_servers: tuple[IceServer, ...]


class Joined(Message):
    type: Literal["joined"] = "joined"
    participant: Participant


class Left(Message):
    type: Literal["left"] = "left"
    participant_id: Id


class ViewerChanged(Message):
    """`seq` counts the states of this room; one that is smaller than the last is old."""

    type: Literal["viewer"] = "viewer"
    seq: Annotated[int, Field(ge=0)]
    participant_id: Id
    state: ViewerState


class PointerMoved(Message):
    type: Literal["pointer"] = "pointer"
    participant_id: Id
    pointer: Pointer | None


class PresenterChanged(Message):
    type: Literal["presenter"] = "presenter"
    participant_id: Id | None


class AskingChanged(Message):
    """Somebody asks to present, or no longer does; `refused`: the presenter said no."""

    type: Literal["askingToPresent"] = "askingToPresent"
    participant_id: Id
    asks: bool
    refused: bool


class MeasurementChanged(Message):
    """Told to its owner too: what the room has is what all have."""

    type: Literal["measurement"] = "measurement"
    shared: SharedMeasurement


class MeasurementsRemoved(Message):
    """By their owner, or all of them by the presenter."""

    type: Literal["measurementsRemoved"] = "measurementsRemoved"
    participant_id: Id
    ids: tuple[Id, ...]


class MediaChanged(Message):
    type: Literal["media"] = "media"
    participant_id: Id
    audio: bool
    video: bool
    screen: bool


class LineChanged(Message):
    type: Literal["line"] = "line"
    participant_id: Id
    word: LineWord


class SpeakerChanged(Message):
    """Who speaks, or spoke last; null: nobody has since the last one left."""

    type: Literal["speaker"] = "speaker"
    participant_id: Id | None


class ReconnectingChanged(Message):
    """Somebody's line to the server was lost, or is back."""

    type: Literal["reconnecting"] = "reconnecting"
    participant_id: Id
    reconnecting: bool


class WantedEncodings(Message):
    """Of what the receiver of this sends by one m-line, the encodings that somebody watches (dynacast)."""

    type: Literal["wanted"] = "wanted"
    mid: Mid
    rids: Annotated[tuple[Rid, ...], Field(max_length=3)]


class Muted(Message):
    """The receiver's microphone is to be switched off, and `media` to say so."""

    type: Literal["muted"] = "muted"


class LockChanged(Message):
    type: Literal["lock"] = "lock"
    locked: bool


class WaitingChanged(Message):
    """For moderators: everybody who waits now."""

    type: Literal["waitingRoom"] = "waitingRoom"
    waiting: tuple[WaitingPerson, ...]


class RecordingChanged(Message):
    type: Literal["recording"] = "recording"
    recording: RecordingState


class StillTaken(Message):
    """A still picture was taken of what `participant_id` shows; told to everybody, also to who took it."""

    type: Literal["stillTaken"] = "stillTaken"
    taken_by: Id
    participant_id: Id
    source: StillSource


class ErrorMessage(Message):
    type: Literal["error"] = "error"
    code: ErrorCode


ClientMessage = Annotated[
    Join
    | Resume
    | DescriptionMessage
    | CandidateMessage
    | SetViewer
    | SetPointer
    | TakePresenter
    | GivePresenter
    | AskToPresent
    | RefuseToGive
    | SetMeasurement
    | RemoveMeasurements
    | ClearMeasurements
    | SetMedia
    | SetLine
    | SetWatched
    | Mute
    | Remove
    | SetLock
    | Admit
    | Decline
    | AskToRecord
    | AnswerRecording
    | SetRecording
    | TakeStill,
    Field(discriminator="type"),
]
ServerMessage = Annotated[
    Waiting
    | Welcome
    | Resumed
    | Joined
    | Left
    | DescriptionMessage
    | CandidateMessage
    | ViewerChanged
    | PointerMoved
    | PresenterChanged
    | AskingChanged
    | MeasurementChanged
    | MeasurementsRemoved
    | MediaChanged
    | LineChanged
    | SpeakerChanged
    | ReconnectingChanged
    | WantedEncodings
    | Muted
    | LockChanged
    | WaitingChanged
    | RecordingChanged
    | StillTaken
    | ErrorMessage,
    Field(discriminator="type"),
]

_CLIENT: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
_SERVER: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)


class BadMessage(ValueError):
    """A frame that is no message of this schema."""


def parse_client_message(text: str | bytes) -> ClientMessage:
    """Raises BadMessage; the reason stays here, since it would repeat what a stranger sent."""
    try:
        return _CLIENT.validate_json(text)
    except ValidationError as error:
        raise BadMessage(f"{error.error_count()} fields are wrong") from None


def parse_server_message(text: str | bytes) -> ServerMessage:
    """For clients written in Python: tests and bots."""
    try:
        return _SERVER.validate_json(text)
    except ValidationError as error:
        raise BadMessage(f"{error.error_count()} fields are wrong") from None


def to_json(message: Message) -> str:
    return message.model_dump_json(by_alias=True)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of both directions: `ClientMessage` and `ServerMessage` among its `$defs`."""
    client = _CLIENT.json_schema(ref_template="#/$defs/{model}", mode="serialization")
    server = _SERVER.json_schema(ref_template="#/$defs/{model}", mode="serialization")
    definitions = {**client.pop("$defs"), **server.pop("$defs")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Signaling messages, {SUBPROTOCOL}",
        "$defs": {**dict(sorted(definitions.items())), "ClientMessage": client, "ServerMessage": server},
    }


def schema_text() -> str:
    return json.dumps(json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    from signaling.typescript import typescript

    web = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "web"
    (web / "signaling.schema.json").write_text(schema_text())
    (web / "src" / "signaling" / "messages.ts").write_text(typescript(json_schema()))
