"""One room, without input or output: what somebody did goes in, what has to happen comes out.

Who may send what is `NEEDS` with the table of `roles`. Only the presenter shows; where nobody presents, who
may and shows something does. A moderator takes over presenting, others ask the presenter. A measurement is
its owner's to change; the presenter clears them all. Who is to wait (the grant says so, or a moderator
removed them before) is no part of the room until a moderator lets them in.

A room keeps the last viewer state, the measurements, its lock and whom it knows, also while nobody is in it,
so that somebody who joins late or comes back sees what the others see.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from signaling.errors import Refused
from signaling.join_token import JoinGrant
from signaling.measurement import MOST_SHARED, SharedMeasurement
from signaling.media import Stay
from signaling.messages import (
    Admit,
    AnswerRecording,
    AskingChanged,
    AskToPresent,
    AskToRecord,
    CandidateMessage,
    ClearMeasurements,
    ClientMessage,
    Connection,
    Decline,
    DescriptionMessage,
    ErrorCode,
    ErrorMessage,
    GivePresenter,
    Join,
    Joined,
    Left,
    LineChanged,
    LineWord,
    LockChanged,
    MeasurementChanged,
    MeasurementsRemoved,
    MediaChanged,
    Message,
    Mute,
    Muted,
    Participant,
    Pointer,
    PointerMoved,
    PresenterChanged,
    ReconnectingChanged,
    RecordingChanged,
    RecordingStatus,
    RefuseToGive,
    Remove,
    RemoveMeasurements,
    Resume,
    SessionDescription,
    SetLine,
    SetLock,
    SetMeasurement,
    SetMedia,
    SetPointer,
    SetRecording,
    SetViewer,
    SetWatched,
    SpeakerChanged,
    StillSource,
    StillTaken,
    TakePresenter,
    TakeStill,
    ViewerChanged,
    ViewerState,
    Waiting,
    WaitingChanged,
    WaitingPerson,
    Welcome,
)
from signaling.recording_consent import RecordingConsent, Step
from signaling.roles import BY_LINK, Right, rights_of
from signaling.room_effects import (
    AddCandidate,
    CloseMedia,
    DescribeMedia,
    Disconnect,
    Effect,
    KeepConsent,
    KeepEvent,
    OpenMedia,
    PauseRecording,
    ResumeRecording,
    Send,
    StartRecording,
    StopRecording,
    WatchPictures,
)
from signaling.room_memory import RoomMemory
from signaling.room_orders import RoomOrders
from signaling.turn import NO_TURN, TurnAccess

ROOM_CAPACITY = 128  # a teacher and a hundred listeners, and some more
WAITING_CAPACITY = 16
# What somebody in the room needs for a message (None: nothing more). What has no row, nobody may send.
NEEDS: Mapping[type[Message], Right | None] = {
    Join: None,
    Resume: None,
    DescriptionMessage: None,
    CandidateMessage: None,
    GivePresenter: None,
    RefuseToGive: None,
    SetLine: None,
    SetWatched: None,
    AnswerRecording: None,
    SetViewer: Right.PRESENT,
    TakePresenter: Right.PRESENT,
    AskToPresent: Right.PRESENT,
    SetPointer: Right.POINT,
    SetMeasurement: Right.POINT,
    RemoveMeasurements: Right.POINT,
    ClearMeasurements: Right.PRESENT,
    SetMedia: Right.SEND_MEDIA,
    Mute: Right.MODERATE,
    Remove: Right.MODERATE,
    SetLock: Right.MODERATE,
    Admit: Right.MODERATE,
    Decline: Right.MODERATE,
    AskToRecord: Right.RECORD,
    SetRecording: Right.RECORD,
    TakeStill: Right.TAKE_STILLS,
}
# What somebody in the room needs in order to be told what all are told (None: nothing more). What has no row,
# nobody is told.
TOLD: Mapping[type[Message], Right | None] = {
    Joined: None,
    Left: None,
    PresenterChanged: None,
    AskingChanged: None,
    MediaChanged: None,
    Muted: None,
    LineChanged: None,
    SpeakerChanged: None,
    ReconnectingChanged: None,
    LockChanged: None,
    RecordingChanged: None,
    StillTaken: None,
    ViewerChanged: Right.SEE_IMAGES,
    PointerMoved: Right.SEE_IMAGES,
    MeasurementChanged: Right.SEE_IMAGES,
    MeasurementsRemoved: Right.SEE_IMAGES,
    WaitingChanged: Right.MODERATE,
}
# What of that which everybody is told is kept with a recording.
RECORDED = (
    ViewerChanged,
    PointerMoved,
    MeasurementChanged,
    MeasurementsRemoved,
    PresenterChanged,
    Joined,
    Left,
    MediaChanged,
    StillTaken,
)


@dataclass(slots=True)
class Present:
    """Somebody who is in the room."""

    stay: Stay
    grant: JoinGrant
    resume_token: str
    audio: bool = False
    video: bool = False
    screen: bool = False
    pointer: Pointer | None = None
    reconnecting: bool = False
    line: LineWord | None = None
    asks_to_present: bool = False

    @property
    def rights(self) -> frozenset[Right]:
        return rights_of(self.grant.role, self.grant.moderator)

    def may(self, right: Right | None) -> bool:
        return right is None or right in self.rights

    def described(self) -> Participant:
        return Participant(
            id=self.stay.participant_id,
            display_name=self.grant.display_name,
            role=self.grant.role,
            moderator=self.grant.moderator,
            audio=self.audio,
            video=self.video,
            screen=self.screen,
            reconnecting=self.reconnecting,
            line=self.line,
            may_present=self.may(Right.PRESENT),
            asks_to_present=self.asks_to_present,
        )

    def as_waiting(self) -> WaitingPerson:
        return WaitingPerson(
            id=self.stay.participant_id, display_name=self.grant.display_name, role=self.grant.role
        )


@dataclass(slots=True)
class Room:
    """The state of one room. Times are UTC and only ever given from outside, as are the secrets of stays."""

    room_id: str
    capacity: int = ROOM_CAPACITY
    turn: TurnAccess = NO_TURN
    can_record: bool = False
    present: dict[str, Present] = field(default_factory=dict)
    waiting: dict[str, Present] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)  # who was in the room and may come back
    removed: dict[str, str] = field(default_factory=dict)  # whom, with the id of the token that is void
    locked: bool = False
    presenter_id: str | None = None
    speaker_id: str | None = None
    presented_before: str | None = None  # at another relay: presents again unless somebody else takes it
    viewer: ViewerState | None = None
    viewer_of: str | None = None  # who showed it
    measurements: dict[str, SharedMeasurement] = field(default_factory=dict)  # by their ids, the oldest first
    recording: RecordingConsent = field(default_factory=RecordingConsent)
    orders: RoomOrders = field(default_factory=RoomOrders)
    seq: int = 0
    stays: int = 0

    def recall(self, memory: RoomMemory) -> None:
        """Go on as another relay left the room, with nobody in it yet."""
        self.known, self.removed = set(memory.known), dict(memory.removed)
        self.locked, self.presented_before = memory.locked, memory.presenter_id
        self.viewer, self.viewer_of, self.seq = memory.viewer, memory.viewer_of, memory.seq
        self.measurements = {one.measurement.id: one for one in memory.measurements}
        if self.can_record and memory.recording is not None:
            self.recording.carry_on(memory.recording)

    @property
    def memory(self) -> RoomMemory:
        return RoomMemory(
            known=frozenset(self.known),
            removed=dict(self.removed),
            locked=self.locked,
            presenter_id=self.presenter_id or self.presented_before,
            viewer=self.viewer,
            viewer_of=self.viewer_of,
            measurements=tuple(one for one in self.measurements.values() if one.measurement.final),
            seq=self.seq,
            recording=self.recording.carried,
        )

    @property
    def is_empty(self) -> bool:
        return not self.present and not self.waiting

    def join(self, grant: JoinGrant, resume_token: str, at: datetime) -> tuple[Stay, list[Effect]]:
        """Let somebody in, or let them wait. An earlier stay of the user ends: the later tab replaces it.

        Raises:
            Refused: the room is over, full or locked, or this token is void.
        """
        name = grant.participant_id
        if self.orders.over:
            raise Refused(ErrorCode.ROOM_OVER)
        if self.removed.get(name) == grant.token_id:
            raise Refused(ErrorCode.REMOVED)
        if self.locked and not grant.moderator and name not in self.known:
            raise Refused(ErrorCode.ROOM_LOCKED)
        waits = not grant.moderator and name not in self.known and (grant.waits or name in self.removed)
        where, capacity = (self.waiting, WAITING_CAPACITY) if waits else (self.present, self.capacity)
        if name not in where and len(where) >= capacity:
            raise Refused(ErrorCode.ROOM_FULL)
        earlier = self.present.get(name) or self.waiting.get(name)
        effects: list[Effect] = []
        was_presenting = name in (self.presenter_id, self.presented_before)
        if earlier is not None:
            effects += [Disconnect(earlier.stay, ErrorCode.REPLACED), *self.leave(earlier.stay, at)]

        self.stays += 1
        joiner = Present(Stay(self.room_id, name, self.stays), grant, resume_token)
        if waits:
            self.waiting[name] = joiner
            return joiner.stay, [*effects, Send(joiner.stay, Waiting()), *self._tell_who_waits()]
        return joiner.stay, [*effects, *self._let_in(joiner, at, was_presenting)]

    def leave(self, stay: Stay, at: datetime) -> list[Effect]:
        """End a stay; one that has already ended changes nothing."""
        if self._waits(stay):
            del self.waiting[stay.participant_id]
            return self._tell_who_waits()
        if not self._is_present(stay):
            return []
        del self.present[stay.participant_id]
        effects: list[Effect] = [CloseMedia(stay), *self._tell(Left(participant_id=stay.participant_id))]
        half_drawn = [
            name
            for name, one in self.measurements.items()
            if one.owner_id == stay.participant_id and not one.measurement.final
        ]
        effects += self._remove_measurements(stay.participant_id, half_drawn)
        if self.presenter_id == stay.participant_id:
            self.presenter_id = None
            effects += self._tell(PresenterChanged(participant_id=None))
        if self.speaker_id == stay.participant_id:
            effects += self._set_speaker(None)
        effects += self._recording(lambda: self.recording.leave(stay.participant_id, self.present))
        return effects

    def hear(self, participant_id: str) -> list[Effect]:
        """This one is the speaker now."""
        return self._set_speaker(participant_id) if participant_id in self.present else []

    def recording_failed(self, at: datetime) -> list[Effect]:
        """What records is gone."""
        if self.recording.status is RecordingStatus.OFF:
            return []
        return self._recording(lambda: self.recording.take(Step.FAIL))

    def obey(self, orders: RoomOrders, at: datetime) -> list[Effect]:
        """What the app wants; the same orders again change nothing."""
        self.orders = orders
        effects: list[Effect] = []
        if not orders.consent_in_force and self.recording.status is not RecordingStatus.OFF:
            effects += self._recording(lambda: self.recording.take(Step.LOSE_CONSENT))
        for one in [*self.present.values(), *self.waiting.values()]:
            if orders.over:
                effects += [Disconnect(one.stay, ErrorCode.ROOM_OVER), *self.leave(one.stay, at)]
            elif one.stay.participant_id in orders.shut_out:
                effects += self._shuts_out(one, ErrorCode.REMOVED, at)
        return effects

    def holds(self, stay: Stay) -> bool:
        """Whether a stay whose line is lost goes on for a while."""
        return self._is_present(stay)

    def lose(self, stay: Stay, at: datetime) -> list[Effect]:
        """The line of a stay is gone; who waits has nothing to hold and is out."""
        return self._set_reconnecting(stay, True) if self.holds(stay) else self.leave(stay, at)

    def resume(self, stay: Stay, at: datetime) -> list[Effect]:
        """The line of a stay is back, with everything that was sent to it."""
        return self._set_reconnecting(stay, False)

    def receive(self, stay: Stay, message: ClientMessage, at: datetime) -> list[Effect]:
        """What follows from a message; a refused one is answered with its error and changes nothing."""
        if self._waits(stay):
            return [Send(stay, ErrorMessage(code=ErrorCode.NOT_ALLOWED))]
        if not self._is_present(stay):
            return []
        sender = self.present[stay.participant_id]
        try:
            if type(message) not in NEEDS or not sender.may(NEEDS[type(message)]):
                raise Refused(ErrorCode.NOT_ALLOWED)
            return _STEPS[type(message)](self, sender, message, at)
        except Refused as refusal:
            return [Send(stay, ErrorMessage(code=refusal.code))]

    def _let_in(self, joiner: Present, at: datetime, was_presenting: bool = False) -> list[Effect]:
        name = joiner.stay.participant_id
        self.known.add(name)
        self.removed.pop(name, None)
        effects = self._recording(lambda: self.recording.enter(joiner.grant))
        self.present[name] = joiner
        if was_presenting or (self.presenter_id is None and joiner.may(Right.PRESENT)):
            self.presenter_id = name
            if was_presenting:
                self.presented_before = None
            effects += self._tell_presenter(but=joiner)
        effects.append(Send(joiner.stay, self._welcome(joiner, at)))
        effects += [
            Send(joiner.stay, PointerMoved(participant_id=other.stay.participant_id, pointer=other.pointer))
            for other in self.present.values()
            if other is not joiner and other.pointer is not None and joiner.may(TOLD[PointerMoved])
        ]
        if self.speaker_id is not None:
            effects.append(Send(joiner.stay, SpeakerChanged(participant_id=self.speaker_id)))
        effects += self._tell(Joined(participant=joiner.described()), but=joiner)
        effects.append(OpenMedia(joiner.stay))
        return effects

    def _welcome(self, joiner: Present, at: datetime) -> Welcome:
        return Welcome(
            participant_id=joiner.stay.participant_id,
            participants=tuple(one.described() for one in self.present.values()),
            rights=tuple(
                right
                for right in Right
                if joiner.may(right) and (self.can_record or right is not Right.RECORD)
            ),
            presenter_id=self.presenter_id,
            viewer=self.viewer if joiner.may(TOLD[ViewerChanged]) else None,
            measurements=(
                tuple(self.measurements.values()) if joiner.may(TOLD[MeasurementChanged]) else ()
            ),
            seq=self.seq,
            locked=self.locked,
            waiting=self._who_waits() if joiner.may(TOLD[WaitingChanged]) else (),
            recording=self.recording.described,
            resume_token=joiner.resume_token,
            ice_servers=self.turn.ice_servers(joiner.stay.participant_id, at),
        )

    def _who_waits(self) -> tuple[WaitingPerson, ...]:
        return tuple(one.as_waiting() for one in self.waiting.values())

    def _tell_who_waits(self) -> list[Effect]:
        return self._tell(WaitingChanged(waiting=self._who_waits()))

    def _tell(self, message: Message, but: Present | None = None) -> list[Effect]:
        """To everybody in the room who may know (`TOLD`), and to what records it."""
        needed = TOLD[type(message)]
        told: list[Effect] = [
            Send(one.stay, message)
            for one in self.present.values()
            if one is not but and one.may(needed)
        ]
        if self.recording.status is RecordingStatus.ON and isinstance(message, RECORDED):
            told.append(KeepEvent(self.room_id, message))
        return told

    def _recording(self, change: Callable[[], None]) -> list[Effect]:
        """What follows from a change of the recording. Raises Refused."""
        recording = self.recording
        before, known = recording.described, len(recording.consents)
        change()
        effects: list[Effect] = []
        if recording.has_begun:
            effects += [KeepConsent(self.room_id, one) for one in recording.consents[known:]]
        status = recording.status
        if status is not before.status:
            if status is RecordingStatus.ON:
                effects.append(self._start_or_resume())
                effects += [KeepEvent(self.room_id, message) for message in self._as_it_stands()]
            elif status is RecordingStatus.OFF and recording.has_begun:
                effects.append(StopRecording(self.room_id))
            elif before.status is RecordingStatus.ON:
                effects.append(PauseRecording(self.room_id))
        if recording.described != before:
            effects += self._tell(RecordingChanged(recording=recording.described))
        return effects

    def _start_or_resume(self) -> Effect:
        recording = self.recording
        if recording.has_begun:
            return ResumeRecording(self.room_id)
        recording.has_begun = True
        return StartRecording(self.room_id, recording.asked_by or "", tuple(recording.consents))

    def _as_it_stands(self) -> list[Message]:
        """What a log that begins now has to know."""
        state: list[Message] = [Joined(participant=one.described()) for one in self.present.values()]
        state.append(PresenterChanged(participant_id=self.presenter_id))
        if (shown := self._shown()) is not None:
            state.append(shown)
        state += [MeasurementChanged(shared=one) for one in self.measurements.values()]
        return state

    def _tell_presenter(self, but: Present | None = None) -> list[Effect]:
        """With what the room shows: whoever showed something just now may see what came too late."""
        effects = self._tell(PresenterChanged(participant_id=self.presenter_id), but)
        if (shown := self._shown()) is not None:
            effects += [
                Send(one.stay, shown)
                for name, one in self.present.items()
                if name != self.presenter_id and one is not but and one.may(TOLD[ViewerChanged])
            ]
        return effects

    def _shown(self) -> ViewerChanged | None:
        if self.viewer is None or self.viewer_of is None:
            return None
        return ViewerChanged(seq=self.seq, participant_id=self.viewer_of, state=self.viewer)

    def _set_speaker(self, participant_id: str | None) -> list[Effect]:
        self.speaker_id = participant_id
        return self._tell(SpeakerChanged(participant_id=participant_id))

    def _set_reconnecting(self, stay: Stay, reconnecting: bool) -> list[Effect]:
        if not self._is_present(stay):
            return []
        one = self.present[stay.participant_id]
        if one.reconnecting == reconnecting:
            return []
        one.reconnecting = reconnecting
        changed = ReconnectingChanged(participant_id=stay.participant_id, reconnecting=reconnecting)
        return self._tell(changed, but=one)

    def _waits(self, stay: Stay) -> bool:
        waiting = self.waiting.get(stay.participant_id)
        return waiting is not None and waiting.stay == stay

    def _is_present(self, stay: Stay) -> bool:
        present = self.present.get(stay.participant_id)
        return present is not None and present.stay == stay

    def _joins_again(self, sender: Present, message: Join | Resume, at: datetime) -> list[Effect]:
        raise Refused(ErrorCode.ALREADY_JOINED)

    def _describes(self, sender: Present, message: DescriptionMessage, at: datetime) -> list[Effect]:
        expected = "offer" if message.connection is Connection.SEND else "answer"
        if message.description.type != expected:
            raise Refused(ErrorCode.BAD_MESSAGE)
        if message.connection is Connection.SEND:
            shares = _has_screen(message.description)
            if not sender.may(Right.SEND_MEDIA) or (shares and not sender.may(Right.SHARE_SCREEN)):
                raise Refused(ErrorCode.NOT_ALLOWED)
        return [DescribeMedia(sender.stay, message.connection, message.description)]

    def _adds_candidate(self, sender: Present, message: CandidateMessage, at: datetime) -> list[Effect]:
        return [AddCandidate(sender.stay, message)]

    def _shows(self, sender: Present, message: SetViewer, at: datetime) -> list[Effect]:
        effects: list[Effect] = []
        if self.presenter_id is None:
            effects += self._make_presenter(sender)
        if self.presenter_id != sender.stay.participant_id:
            raise Refused(ErrorCode.NOT_PRESENTER)
        self.seq += 1
        self.viewer, self.viewer_of = message.state, sender.stay.participant_id
        changed = ViewerChanged(seq=self.seq, participant_id=sender.stay.participant_id, state=message.state)
        return [*effects, *self._tell(changed, but=sender)]

    def _points(self, sender: Present, message: SetPointer, at: datetime) -> list[Effect]:
        sender.pointer = message.pointer
        moved = PointerMoved(participant_id=sender.stay.participant_id, pointer=message.pointer)
        return self._tell(moved, but=sender)

    def _measures(self, sender: Present, message: SetMeasurement, at: datetime) -> list[Effect]:
        name = message.measurement.id
        known = self.measurements.get(name)
        if known is not None and known.owner_id != sender.stay.participant_id:
            raise Refused(ErrorCode.NOT_ALLOWED)
        if known is None and len(self.measurements) >= MOST_SHARED:
            raise Refused(ErrorCode.TOO_MANY_MEASUREMENTS)
        self.measurements[name] = SharedMeasurement(
            owner_id=sender.stay.participant_id,
            owner_name=sender.grant.display_name,
            measurement=message.measurement,
        )
        return self._tell(MeasurementChanged(shared=self.measurements[name]))

    def _removes_measurements(
        self, sender: Present, message: RemoveMeasurements, at: datetime
    ) -> list[Effect]:
        known = [name for name in message.ids if name in self.measurements]
        if any(self.measurements[name].owner_id != sender.stay.participant_id for name in known):
            raise Refused(ErrorCode.NOT_ALLOWED)
        return self._remove_measurements(sender.stay.participant_id, known)

    def _clears_measurements(
        self, sender: Present, message: ClearMeasurements, at: datetime
    ) -> list[Effect]:
        if self.presenter_id != sender.stay.participant_id:
            raise Refused(ErrorCode.NOT_PRESENTER)
        return self._remove_measurements(sender.stay.participant_id, list(self.measurements))

    def _remove_measurements(self, by: str, names: list[str]) -> list[Effect]:
        for name in names:
            del self.measurements[name]
        return self._tell(MeasurementsRemoved(participant_id=by, ids=tuple(names))) if names else []

    def _takes_presenter(self, sender: Present, message: TakePresenter, at: datetime) -> list[Effect]:
        """Who leads the room may; so may others where nobody presents whose line is there."""
        presenter = self.present.get(self.presenter_id or "")
        is_led = presenter is not None and presenter is not sender and not presenter.reconnecting
        if is_led and not sender.may(Right.MODERATE):
            raise Refused(ErrorCode.NOT_ALLOWED)
        return self._make_presenter(sender)

    def _asks_to_present(self, sender: Present, message: AskToPresent, at: datetime) -> list[Effect]:
        if message.asks and self.presenter_id is None:
            return self._make_presenter(sender)
        asks = message.asks and self.presenter_id != sender.stay.participant_id
        return self._set_asking(sender, asks)

    def _refuses_to_give(self, sender: Present, message: RefuseToGive, at: datetime) -> list[Effect]:
        if self.presenter_id != sender.stay.participant_id:
            raise Refused(ErrorCode.NOT_PRESENTER)
        one = self.present.get(message.participant_id)
        return [] if one is None else self._set_asking(one, False, refused=True)

    def _set_asking(self, one: Present, asks: bool, refused: bool = False) -> list[Effect]:
        if one.asks_to_present == asks:
            return []
        one.asks_to_present = asks
        changed = AskingChanged(participant_id=one.stay.participant_id, asks=asks, refused=refused)
        return self._tell(changed)

    def _gives_presenter(self, sender: Present, message: GivePresenter, at: datetime) -> list[Effect]:
        if self.presenter_id != sender.stay.participant_id:
            raise Refused(ErrorCode.NOT_PRESENTER)
        one = self.present.get(message.participant_id)
        if one is None:
            return []
        if not one.may(Right.PRESENT):
            raise Refused(ErrorCode.NOT_ALLOWED)
        return self._make_presenter(one)

    def _make_presenter(self, one: Present) -> list[Effect]:
        self.presenter_id, self.presented_before = one.stay.participant_id, None
        return [*self._set_asking(one, False), *self._tell_presenter()]

    def _switches_media(self, sender: Present, message: SetMedia, at: datetime) -> list[Effect]:
        if message.screen and not sender.may(Right.SHARE_SCREEN):
            raise Refused(ErrorCode.NOT_ALLOWED)
        sharers = [one for one in self.present.values() if one.screen and one is not sender]
        effects: list[Effect] = []
        if message.screen and sharers:
            if not all(one.reconnecting for one in sharers):
                raise Refused(ErrorCode.SCREEN_TAKEN)
            for one in sharers:  # whose line is away; told when it is back
                effects.append(Send(one.stay, ErrorMessage(code=ErrorCode.SCREEN_TAKEN)))
                effects += self._set_media(one, one.audio, one.video, False)
        return [*effects, *self._set_media(sender, message.audio, message.video, message.screen)]

    def _set_media(self, one: Present, audio: bool, video: bool, screen: bool) -> list[Effect]:
        one.audio, one.video, one.screen = audio, video, screen
        changed = MediaChanged(
            participant_id=one.stay.participant_id, audio=audio, video=video, screen=screen
        )
        return self._tell(changed, but=one)

    def _says_line(self, sender: Present, message: SetLine, at: datetime) -> list[Effect]:
        if sender.line == message.word:
            return []
        sender.line = message.word
        changed = LineChanged(participant_id=sender.stay.participant_id, word=message.word)
        return self._tell(changed, but=sender)

    def _watches(self, sender: Present, message: SetWatched, at: datetime) -> list[Effect]:
        return [WatchPictures(sender.stay, {one.participant_id: one.rid for one in message.pictures})]

    def _mutes(self, sender: Present, message: Mute, at: datetime) -> list[Effect]:
        if message.participant_id is None:
            return self._tell(Muted(), but=sender)
        one = self.present.get(message.participant_id)
        return [] if one is None else [Send(one.stay, Muted())]

    def _removes(self, sender: Present, message: Remove, at: datetime) -> list[Effect]:
        one = self.present.get(message.participant_id)
        if one is None:
            return []
        if one.may(Right.MODERATE):
            raise Refused(ErrorCode.NOT_ALLOWED)
        return self._shuts_out(one, ErrorCode.REMOVED, at)

    def _locks(self, sender: Present, message: SetLock, at: datetime) -> list[Effect]:
        self.locked = message.locked
        return self._tell(LockChanged(locked=message.locked))

    def _admits(self, sender: Present, message: Admit, at: datetime) -> list[Effect]:
        one = self.waiting.get(message.participant_id)
        if one is None:
            return []
        if len(self.present) >= self.capacity:
            raise Refused(ErrorCode.ROOM_FULL)
        del self.waiting[message.participant_id]
        return [*self._tell_who_waits(), *self._let_in(one, at)]

    def _declines(self, sender: Present, message: Decline, at: datetime) -> list[Effect]:
        one = self.waiting.get(message.participant_id)
        return [] if one is None else self._shuts_out(one, ErrorCode.DECLINED, at)

    def _asks_to_record(self, sender: Present, message: AskToRecord, at: datetime) -> list[Effect]:
        if not self.can_record:
            raise Refused(ErrorCode.NOT_ALLOWED)
        if not self.orders.consent_in_force:
            raise Refused(ErrorCode.NOT_NOW)
        return self._recording(
            lambda: self.recording.ask(sender.grant, self.present, message.consent_text, at)
        )

    def _answers_recording(self, sender: Present, message: AnswerRecording, at: datetime) -> list[Effect]:
        return self._recording(
            lambda: self.recording.answer(sender.grant, message.agrees, message.consent_text, at)
        )

    def _sets_recording(self, sender: Present, message: SetRecording, at: datetime) -> list[Effect]:
        return self._recording(lambda: self.recording.take(Step(message.step)))

    def _takes_still(self, sender: Present, message: TakeStill, at: datetime) -> list[Effect]:
        shown = self.present.get(message.participant_id)
        is_screen = message.source is StillSource.SCREEN
        if shown is None or not (shown.screen if is_screen else shown.video):
            raise Refused(ErrorCode.NOTHING_SHOWN)
        if shown.grant.role in BY_LINK:
            raise Refused(ErrorCode.NOT_ALLOWED)
        return self._tell(
            StillTaken(
                taken_by=sender.stay.participant_id,
                participant_id=message.participant_id,
                source=message.source,
            )
        )

    def _shuts_out(self, one: Present, code: ErrorCode, at: datetime) -> list[Effect]:
        """With this token they do not come back; with a new one they wait until a moderator lets them in."""
        self.known.discard(one.stay.participant_id)
        self.removed[one.stay.participant_id] = one.grant.token_id
        return [Disconnect(one.stay, code), *self.leave(one.stay, at)]


def _has_screen(offer: SessionDescription) -> bool:
    """A screen is the second section with pictures (signaling/media.py)."""
    return offer.sdp.count("m=video ") > 1


# Every client message has its step; one without a row does not exist.
_STEPS: Mapping[type[Message], Callable[..., list[Effect]]] = {
    Join: Room._joins_again,
    Resume: Room._joins_again,
    DescriptionMessage: Room._describes,
    CandidateMessage: Room._adds_candidate,
    SetViewer: Room._shows,
    SetPointer: Room._points,
    TakePresenter: Room._takes_presenter,
    GivePresenter: Room._gives_presenter,
    AskToPresent: Room._asks_to_present,
    RefuseToGive: Room._refuses_to_give,
    SetMeasurement: Room._measures,
    RemoveMeasurements: Room._removes_measurements,
    ClearMeasurements: Room._clears_measurements,
    SetMedia: Room._switches_media,
    SetLine: Room._says_line,
    SetWatched: Room._watches,
    Mute: Room._mutes,
    Remove: Room._removes,
    SetLock: Room._locks,
    Admit: Room._admits,
    Decline: Room._declines,
    AskToRecord: Room._asks_to_record,
    AnswerRecording: Room._answers_recording,
    SetRecording: Room._sets_recording,
    TakeStill: Room._takes_still,
}
