"""One room, without input or output: what somebody did goes in, what has to happen comes out.

Who may do what:

| message | who |
|---|---|
| description, candidate, pointer, media | everybody in the room |
| takePresenter | a clinician (`PRESENTING_ROLES`), or a moderator |
| viewer | the presenter; where nobody presents, who may present and thereby does |

A room keeps the last viewer state, also while nobody is in it, so that somebody who joins late or comes back
sees what the others see.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from signaling.errors import Refused
from signaling.join_token import JoinGrant
from signaling.media import Stay
from signaling.messages import (
    CandidateMessage,
    ClientMessage,
    Connection,
    DescriptionMessage,
    ErrorCode,
    ErrorMessage,
    Join,
    Joined,
    Left,
    MediaChanged,
    Message,
    Participant,
    Pointer,
    PointerMoved,
    PresenterChanged,
    SessionDescription,
    SetMedia,
    SetPointer,
    SetViewer,
    TakePresenter,
    ViewerChanged,
    ViewerState,
    Welcome,
)

ROOM_CAPACITY = 8
PRESENTING_ROLES = frozenset({"clinician", "grassroots-clinician", "specialist", "radiologist", "teacher"})


@dataclass(frozen=True, slots=True)
class Send:
    """This message to this stay."""

    stay: Stay
    message: Message


@dataclass(frozen=True, slots=True)
class Disconnect:
    """End the socket of this stay, with the reason."""

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


Effect = Send | Disconnect | OpenMedia | CloseMedia | DescribeMedia | AddCandidate


@dataclass(slots=True)
class Present:
    """Somebody who is in the room."""

    stay: Stay
    grant: JoinGrant
    audio: bool = False
    video: bool = False
    pointer: Pointer | None = None

    @property
    def may_present(self) -> bool:
        return self.grant.moderator or self.grant.role in PRESENTING_ROLES

    def described(self) -> Participant:
        return Participant(
            id=self.stay.participant_id,
            display_name=self.grant.display_name,
            role=self.grant.role,
            audio=self.audio,
            video=self.video,
        )


@dataclass(slots=True)
class Room:
    """The state of one room. Times are UTC and only ever given from outside."""

    room_id: str
    capacity: int = ROOM_CAPACITY
    present: dict[str, Present] = field(default_factory=dict)
    presenter_id: str | None = None
    viewer: ViewerState | None = None
    seq: int = 0
    stays: int = 0

    @property
    def is_empty(self) -> bool:
        return not self.present

    def join(self, grant: JoinGrant, at: datetime) -> tuple[Stay, list[Effect]]:
        """Let somebody in. An earlier stay of the same user ends: the later tab replaces the earlier.

        Raises:
            Refused: the room is full.
        """
        effects: list[Effect] = []
        earlier = self.present.get(grant.participant_id)
        was_presenting = earlier is not None and self.presenter_id == grant.participant_id
        if earlier is not None:
            effects += [Disconnect(earlier.stay, ErrorCode.REPLACED), *self.leave(earlier.stay, at)]
        elif len(self.present) >= self.capacity:
            raise Refused(ErrorCode.ROOM_FULL)

        self.stays += 1
        joiner = Present(Stay(self.room_id, grant.participant_id, self.stays), grant)
        others = list(self.present.values())
        self.present[grant.participant_id] = joiner
        if was_presenting or (self.presenter_id is None and joiner.may_present):
            self.presenter_id = grant.participant_id
            effects += _to(others, PresenterChanged(participant_id=self.presenter_id))
        effects.append(Send(joiner.stay, self._welcome(joiner)))
        effects += [
            Send(joiner.stay, PointerMoved(participant_id=other.stay.participant_id, pointer=other.pointer))
            for other in others
            if other.pointer is not None
        ]
        effects += _to(others, Joined(participant=joiner.described()))
        effects.append(OpenMedia(joiner.stay))
        return joiner.stay, effects

    def leave(self, stay: Stay, at: datetime) -> list[Effect]:
        """End a stay; one that has already ended changes nothing."""
        if not self._is_present(stay):
            return []
        del self.present[stay.participant_id]
        others = list(self.present.values())
        effects: list[Effect] = [CloseMedia(stay), *_to(others, Left(participant_id=stay.participant_id))]
        if self.presenter_id == stay.participant_id:
            self.presenter_id = None
            effects += _to(others, PresenterChanged(participant_id=None))
        return effects

    def receive(self, stay: Stay, message: ClientMessage, at: datetime) -> list[Effect]:
        """What follows from a message; a refused one is answered with its error and changes nothing."""
        if not self._is_present(stay):
            return []
        try:
            return _STEPS[type(message)](self, self.present[stay.participant_id], message, at)
        except Refused as refusal:
            return [Send(stay, ErrorMessage(code=refusal.code))]

    def _welcome(self, joiner: Present) -> Welcome:
        return Welcome(
            participant_id=joiner.stay.participant_id,
            participants=tuple(one.described() for one in self.present.values()),
            presenter_id=self.presenter_id,
            viewer=self.viewer,
            seq=self.seq,
        )

    def _is_present(self, stay: Stay) -> bool:
        present = self.present.get(stay.participant_id)
        return present is not None and present.stay == stay

    def _others(self, than: Present) -> list[Present]:
        return [one for one in self.present.values() if one.stay != than.stay]

    def _joins_again(self, sender: Present, message: Join, at: datetime) -> list[Effect]:
        raise Refused(ErrorCode.ALREADY_JOINED)

    def _describes(self, sender: Present, message: DescriptionMessage, at: datetime) -> list[Effect]:
        expected = "offer" if message.connection is Connection.SEND else "answer"
        if message.description.type != expected:
            raise Refused(ErrorCode.BAD_MESSAGE)
        return [DescribeMedia(sender.stay, message.connection, message.description)]

    def _adds_candidate(self, sender: Present, message: CandidateMessage, at: datetime) -> list[Effect]:
        return [AddCandidate(sender.stay, message)]

    def _shows(self, sender: Present, message: SetViewer, at: datetime) -> list[Effect]:
        effects: list[Effect] = []
        if self.presenter_id is None and sender.may_present:
            effects += self._takes_presenter(sender, TakePresenter(), at)
        if self.presenter_id != sender.stay.participant_id:
            raise Refused(ErrorCode.NOT_PRESENTER)
        self.seq += 1
        self.viewer = message.state
        changed = ViewerChanged(seq=self.seq, participant_id=sender.stay.participant_id, state=message.state)
        return [*effects, *_to(self._others(sender), changed)]

    def _points(self, sender: Present, message: SetPointer, at: datetime) -> list[Effect]:
        sender.pointer = message.pointer
        moved = PointerMoved(participant_id=sender.stay.participant_id, pointer=message.pointer)
        return _to(self._others(sender), moved)

    def _takes_presenter(self, sender: Present, message: TakePresenter, at: datetime) -> list[Effect]:
        if not sender.may_present:
            raise Refused(ErrorCode.NOT_ALLOWED)
        self.presenter_id = sender.stay.participant_id
        return _to(list(self.present.values()), PresenterChanged(participant_id=self.presenter_id))

    def _switches_media(self, sender: Present, message: SetMedia, at: datetime) -> list[Effect]:
        sender.audio, sender.video = message.audio, message.video
        changed = MediaChanged(
            participant_id=sender.stay.participant_id, audio=message.audio, video=message.video
        )
        return _to(self._others(sender), changed)


def _to(receivers: list[Present], message: Message) -> list[Effect]:
    return [Send(receiver.stay, message) for receiver in receivers]


# Every client message has its step; one without a row does not exist.
_STEPS: Mapping[type[Message], Callable[..., list[Effect]]] = {
    Join: Room._joins_again,
    DescriptionMessage: Room._describes,
    CandidateMessage: Room._adds_candidate,
    SetViewer: Room._shows,
    SetPointer: Room._points,
    TakePresenter: Room._takes_presenter,
    SetMedia: Room._switches_media,
}
