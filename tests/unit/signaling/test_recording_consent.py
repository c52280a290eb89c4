"""Whether a room is recorded: everybody is asked, and one no is a no."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.media import Stay
from signaling.messages import (
    AnswerRecording,
    AskToRecord,
    ErrorCode,
    ErrorMessage,
    Message,
    RecordingChanged,
    RecordingEnd,
    RecordingState,
    RecordingStatus,
    SetRecording,
    SetViewer,
    Welcome,
)
from signaling.recording_consent import TRANSITIONS
from signaling.room import Room
from signaling.room_effects import (
    Effect,
    KeepConsent,
    KeepEvent,
    PauseRecording,
    ResumeRecording,
    StartRecording,
    StopRecording,
)
from signaling.room_memory import RoomMemory
from signaling.room_orders import RoomOrders
from tests.unit.signaling.test_room import NOON, a_state, joined, sent_to

ASK = AskToRecord(consent_text="1.en")
YES = AnswerRecording(agrees=True, consent_text="1.zh-CN")
NO = AnswerRecording(agrees=False, consent_text="1.zh-CN")


def a_room() -> tuple[Room, Stay, Stay]:
    """A moderator and a listener."""
    room = Room("room", can_record=True)
    return room, joined(room, "mo", moderator=True)[0], joined(room, "lisa", role="listener")[0]


def a_recorded_room() -> tuple[Room, Stay, Stay]:
    room, mo, lisa = a_room()
    room.receive(mo, ASK, NOON)
    room.receive(lisa, YES, NOON)
    assert room.recording.status is RecordingStatus.ON
    return room, mo, lisa


def of(effects: list[Effect], kind: type) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, kind)]


def told(stay: Stay, effects: list[Effect]) -> RecordingState:
    (changed,) = [one for one in sent_to(stay, effects) if isinstance(one, RecordingChanged)]
    return changed.recording


def refusal(stay: Stay, effects: list[Effect]) -> ErrorCode:
    (error,) = sent_to(stay, effects)
    assert isinstance(error, ErrorMessage)
    return error.code


def test_everybody_is_asked_and_nothing_is_recorded_before_the_last_has_agreed() -> None:
    room, mo, lisa = a_room()
    effects = room.receive(mo, ASK, NOON)
    for stay in (mo, lisa):
        state = told(stay, effects)
        assert (state.status, state.asked_by, state.awaiting) == (RecordingStatus.ASKING, "mo", ("lisa",))
    assert not of(effects, StartRecording)

    effects = room.receive(lisa, YES, NOON)
    assert told(mo, effects).status is RecordingStatus.ON
    (start,) = of(effects, StartRecording)
    assert isinstance(start, StartRecording)
    answers = [(one.participant_id, one.agrees, one.at, one.text) for one in start.consents]
    assert answers == [("mo", True, NOON, "1.en"), ("lisa", True, NOON, "1.zh-CN")]


def test_one_no_is_a_no() -> None:
    room, mo, lisa = a_room()
    room.receive(mo, ASK, NOON)
    effects = room.receive(lisa, NO, NOON)
    state = told(mo, effects)
    assert (state.status, state.ended) == (RecordingStatus.OFF, RecordingEnd.DECLINED)
    assert not of(effects, StartRecording) and not of(effects, StopRecording)


def test_who_agreed_may_say_no_later_and_that_is_kept() -> None:
    room, mo, lisa = a_recorded_room()
    effects = room.receive(lisa, NO, NOON)
    assert told(mo, effects).ended is RecordingEnd.DECLINED
    (kept,) = of(effects, KeepConsent)
    assert isinstance(kept, KeepConsent) and not kept.consent.agrees
    assert of(effects, StopRecording)


@pytest.mark.parametrize("answers", [True, False, None])
def test_who_comes_in_is_asked_before_anything_of_them_is_recorded(answers: bool | None) -> None:
    room, _, lisa = a_recorded_room()
    ben, effects = joined(room, "ben")
    assert of(effects, PauseRecording)
    (welcome,) = [one for one in sent_to(ben, effects) if isinstance(one, Welcome)]
    assert welcome.recording.awaiting == ("ben",)
    assert told(lisa, effects).status is RecordingStatus.ASKING

    if answers is None:
        effects = room.leave(ben, NOON)
        assert of(effects, ResumeRecording)
    elif answers:
        effects = room.receive(ben, YES, NOON)
        assert of(effects, KeepConsent) and of(effects, ResumeRecording)
    else:
        effects = room.receive(ben, NO, NOON)
        assert of(effects, StopRecording)
    expected = RecordingStatus.OFF if answers is False else RecordingStatus.ON
    assert room.recording.status is expected


def test_a_paused_recording_stays_paused_when_who_came_has_agreed() -> None:
    room, mo, _ = a_recorded_room()
    assert of(room.receive(mo, SetRecording(step="pause"), NOON), PauseRecording)
    ben, effects = joined(room, "ben")
    assert not of(effects, PauseRecording)
    effects = room.receive(ben, YES, NOON)
    assert room.recording.status is RecordingStatus.PAUSED and not of(effects, ResumeRecording)
    assert of(room.receive(mo, SetRecording(step="resume"), NOON), ResumeRecording)


def at_another_relay(room: Room) -> Room:
    after = Room("room", can_record=True)
    after.recall(RoomMemory.from_json(room.memory.to_json()))
    return after


def test_a_recording_goes_on_at_another_relay_and_only_who_is_new_is_asked() -> None:
    after = at_another_relay(a_recorded_room()[0])
    assert after.recording.status is not RecordingStatus.ON, "nobody is there"
    lisa, effects = joined(after, "lisa", role="listener")
    (start,) = of(effects, StartRecording)
    assert isinstance(start, StartRecording) and start.started_by == "mo"
    answers = [(one.participant_id, one.display_name, one.at, one.text) for one in start.consents]
    assert answers == [("lisa", "Lisa", NOON, "1.zh-CN")]
    (welcome,) = [one for one in sent_to(lisa, effects) if isinstance(one, Welcome)]
    assert welcome.recording.status is RecordingStatus.ON

    _, effects = joined(after, "mo", moderator=True)
    (kept,) = of(effects, KeepConsent)
    assert isinstance(kept, KeepConsent) and kept.consent.participant_id == "mo" and kept.consent.agrees
    assert not of(effects, PauseRecording)
    ben, effects = joined(after, "ben")
    assert of(effects, PauseRecording) and after.recording.awaiting == ["ben"]
    assert of(after.receive(ben, YES, NOON), ResumeRecording)


def test_at_another_relay_nothing_is_recorded_while_a_stranger_waits_for_who_agreed() -> None:
    after = at_another_relay(a_recorded_room()[0])
    ben, effects = joined(after, "ben")
    assert not of(effects, StartRecording)
    _, effects = joined(after, "mo", moderator=True)
    assert not of(effects, StartRecording) and after.recording.awaiting == ["ben"]
    (start,) = of(after.receive(ben, YES, NOON), StartRecording)
    assert isinstance(start, StartRecording)
    assert {one.participant_id for one in start.consents} == {"mo", "ben"}


@pytest.mark.parametrize("is_over", [True, False])
def test_what_is_over_or_was_only_asked_for_is_not_carried_to_another_relay(is_over: bool) -> None:
    room, mo, lisa = a_recorded_room() if is_over else a_room()
    room.receive(lisa, NO, NOON) if is_over else room.receive(mo, ASK, NOON)
    assert room.memory.recording is None
    assert at_another_relay(room).recording.status is RecordingStatus.OFF


def test_a_recording_that_is_paused_stays_so_at_the_relay_after_the_next() -> None:
    room, mo, _ = a_recorded_room()
    room.receive(mo, SetRecording(step="pause"), NOON)
    after = at_another_relay(at_another_relay(room))
    mo, effects = joined(after, "mo", moderator=True)
    assert after.recording.status is RecordingStatus.PAUSED and not of(effects, StartRecording)
    assert of(after.receive(mo, SetRecording(step="resume"), NOON), StartRecording)


def test_who_agreed_and_comes_back_is_not_asked_again() -> None:
    room, _, lisa = a_recorded_room()
    room.leave(lisa, NOON)
    _, effects = joined(room, "lisa", role="listener")
    assert room.recording.status is RecordingStatus.ON and not of(effects, PauseRecording)


def test_when_the_last_one_leaves_it_ends() -> None:
    room, mo, lisa = a_recorded_room()
    room.leave(mo, NOON)
    assert of(room.leave(lisa, NOON), StopRecording)
    assert room.recording.status is RecordingStatus.OFF


def test_what_happens_is_kept_while_it_is_on_and_not_while_it_is_paused() -> None:
    room, mo, _ = a_recorded_room()
    show = SetViewer(state=a_state())
    assert of(room.receive(mo, show, NOON), KeepEvent)
    room.receive(mo, SetRecording(step="pause"), NOON)
    assert not of(room.receive(mo, show, NOON), KeepEvent)
    kept = of(room.receive(mo, SetRecording(step="resume"), NOON), KeepEvent)
    kinds = [one.message.type for one in kept if isinstance(one, KeepEvent)]  # type: ignore[attr-defined]
    assert kinds == ["joined", "joined", "presenter", "viewer"], "how the room stands, to go on from"


def test_only_who_has_the_right_asks_and_stops() -> None:
    room, mo, lisa = a_room()
    assert refusal(lisa, room.receive(lisa, ASK, NOON)) is ErrorCode.NOT_ALLOWED
    room.receive(mo, ASK, NOON)
    room.receive(lisa, YES, NOON)
    stop = SetRecording(step="stop")
    assert refusal(lisa, room.receive(lisa, stop, NOON)) is ErrorCode.NOT_ALLOWED
    assert room.recording.status is RecordingStatus.ON


def test_where_nothing_can_record_nobody_is_told_that_they_may() -> None:
    room = Room("room")
    mo, effects = joined(room, "mo", moderator=True)
    (welcome,) = sent_to(mo, effects)
    assert isinstance(welcome, Welcome) and "record" not in welcome.rights
    assert refusal(mo, room.receive(mo, ASK, NOON)) is ErrorCode.NOT_ALLOWED


def test_a_recorder_that_fails_is_told_to_everybody() -> None:
    room, mo, lisa = a_recorded_room()
    effects = room.recording_failed(NOON)
    assert told(mo, effects).ended is told(lisa, effects).ended is RecordingEnd.FAILED
    assert room.recording_failed(NOON) == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (YES, ErrorCode.NOT_ASKED),
        (NO, ErrorCode.NOT_ASKED),
        (SetRecording(step="pause"), ErrorCode.NOT_NOW),
        (SetRecording(step="stop"), ErrorCode.NOT_NOW),
    ],
)
def test_what_does_not_fit_the_state_is_refused_and_changes_nothing(
    message: AnswerRecording | SetRecording, code: ErrorCode
) -> None:
    room, mo, _ = a_room()
    assert refusal(mo, room.receive(mo, message, NOON)) is code
    assert room.recording.described == Room("room").recording.described


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(RecordingStatus)


STEPS: dict[str, Message] = {
    "ask": ASK,
    "yes": YES,
    "no": NO,
    **{step: SetRecording(step=step) for step in ("pause", "resume", "stop")},  # type: ignore[arg-type]
}


@given(st.lists(st.tuples(st.sampled_from(["mo", "ann", "ben"]), st.sampled_from([*STEPS, "join", "leave"]))))
def test_in_no_order_of_events_is_anybody_recorded_who_has_not_agreed(moves: list[tuple[str, str]]) -> None:
    room = Room("room", can_record=True)
    stays: dict[str, Stay] = {}
    agreed: set[str] = set()
    for name, move in moves:
        if move == "join":
            stays[name], _ = joined(room, name, moderator=name == "mo")
        elif name in stays and move == "leave":
            room.leave(stays[name], NOON)
        elif name in stays:
            was_off = room.recording.status is RecordingStatus.OFF
            was_asked = name in room.recording.awaiting
            room.receive(stays[name], STEPS[move], NOON)  # type: ignore[arg-type]
            if move == "ask" and was_off and name in room.present:
                agreed = {name}
            elif move == "yes" and was_asked:
                agreed.add(name)
            elif move == "no":
                agreed.discard(name)
        if room.recording.status is RecordingStatus.ON:
            assert set(room.present) <= agreed


def test_without_the_consent_to_the_consult_the_recording_ends_and_none_can_be_asked_for() -> None:
    room, mo, lisa = a_recorded_room()
    withdrawn = RoomOrders(consent_in_force=False)
    effects = room.obey(withdrawn, NOON)
    assert len(of(effects, StopRecording)) == 1
    for stay in (mo, lisa):
        state = told(stay, effects)
        assert (state.status, state.ended) == (RecordingStatus.OFF, RecordingEnd.CONSENT_WITHDRAWN)
    assert room.obey(withdrawn, NOON) == []
    assert refusal(mo, room.receive(mo, ASK, NOON)) is ErrorCode.NOT_NOW

    room.obey(RoomOrders(), NOON)
    assert told(lisa, room.receive(mo, ASK, NOON)).status is RecordingStatus.ASKING
