"""A room's rules, with no socket and no media."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.errors import Refused
from signaling.join_token import JoinGrant
from signaling.media import Stay
from signaling.messages import (
    CandidateMessage,
    Connection,
    DescriptionMessage,
    ErrorCode,
    ErrorMessage,
    GivePresenter,
    Join,
    Joined,
    Left,
    LineChanged,
    LineWord,
    MediaChanged,
    Message,
    Pointer,
    PointerMoved,
    PresenterChanged,
    SessionDescription,
    SetLine,
    SetMedia,
    SetPointer,
    SetViewer,
    SpeakerChanged,
    StillSource,
    StillTaken,
    TakePresenter,
    TakeStill,
    ViewerChanged,
    ViewerState,
    Welcome,
)
from signaling.roles import BY_LINK, Role
from signaling.room import Room
from signaling.room_effects import (
    AddCandidate,
    CloseMedia,
    DescribeMedia,
    Disconnect,
    Effect,
    OpenMedia,
    Send,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
POINT = Pointer(sop_instance_uid="1.2.3", x=10.5, y=20)


def a_grant(name: str, role: str = "presenter", **more: Any) -> JoinGrant:
    return JoinGrant(room_id="room", participant_id=name, display_name=name.title(), role=role, **more)


def joined(room: Room, name: str, role: str = "presenter", **more: Any) -> tuple[Stay, list[Effect]]:
    return room.join(a_grant(name, role, **more), f"token of {name}", NOON)


def a_state(zoom: float = 1) -> ViewerState:
    return ViewerState(
        study_instance_uid="1.2",
        series_instance_uid="1.2.3",
        sop_instance_uid="1.2.3.4",
        window_center=-600,
        window_width=1500,
        zoom=zoom,
        pan_x=0,
        pan_y=0,
        invert=False,
    )


def a_room_with(*names: str) -> tuple[Room, list[Stay]]:
    room = Room("room")
    return room, [joined(room, name)[0] for name in names]


def sent_to(stay: Stay, effects: list[Effect]) -> list[Message]:
    return [effect.message for effect in effects if isinstance(effect, Send) and effect.stay == stay]


def test_the_first_clinician_presents_and_is_welcomed_alone() -> None:
    stay, effects = joined(Room("room"), "anna")
    (welcome,) = sent_to(stay, effects)
    assert isinstance(welcome, Welcome)
    assert (welcome.participant_id, welcome.presenter_id, welcome.viewer, welcome.seq) == (
        "anna",
        "anna",
        None,
        0,
    )
    assert [one.id for one in welcome.participants] == ["anna"]
    assert effects[-1] == OpenMedia(stay)


def test_somebody_who_is_no_clinician_does_not_present() -> None:
    room = Room("room")
    patient, _ = joined(room, "paul", role="patient")
    assert room.presenter_id is None
    for message in (TakePresenter(), SetViewer(state=a_state())):
        (refusal,) = sent_to(patient, room.receive(patient, message, NOON))
        assert isinstance(refusal, ErrorMessage)
        assert refusal.code in (ErrorCode.NOT_ALLOWED, ErrorCode.NOT_PRESENTER)
    assert room.viewer is None


def test_the_others_learn_of_a_joiner_and_of_who_leaves() -> None:
    room, (anna,) = a_room_with("anna")
    ben, effects = joined(room, "ben")
    (told,) = sent_to(anna, effects)
    assert isinstance(told, Joined) and told.participant.display_name == "Ben"

    effects = room.leave(ben, NOON)
    assert sent_to(anna, effects) == [Left(participant_id="ben")]
    assert CloseMedia(ben) in effects
    assert room.leave(ben, NOON) == []


def test_what_the_presenter_shows_reaches_everybody_else_in_order() -> None:
    room, (anna, ben, carla) = a_room_with("anna", "ben", "carla")
    for seq, zoom in ((1, 1.5), (2, 2.5)):
        effects = room.receive(anna, SetViewer(state=a_state(zoom)), NOON)
        expected = ViewerChanged(seq=seq, participant_id="anna", state=a_state(zoom))
        assert sent_to(ben, effects) == sent_to(carla, effects) == [expected]
        assert sent_to(anna, effects) == []


def test_only_the_presenter_shows() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    effects = room.receive(ben, SetViewer(state=a_state()), NOON)
    assert effects == [Send(ben, ErrorMessage(code=ErrorCode.NOT_PRESENTER))]

    everybody_hears = PresenterChanged(participant_id="ben")
    effects = room.receive(anna, GivePresenter(participant_id="ben"), NOON)
    assert sent_to(anna, effects) == sent_to(ben, effects) == [everybody_hears]
    assert sent_to(anna, room.receive(ben, SetViewer(state=a_state()), NOON))


def test_after_the_presenter_left_whoever_shows_presents() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    assert PresenterChanged(participant_id=None) in sent_to(ben, room.leave(anna, NOON))
    room.receive(ben, SetViewer(state=a_state()), NOON)
    assert room.presenter_id == "ben"


def test_a_late_joiner_gets_the_state_and_the_pointers() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    room.receive(anna, SetViewer(state=a_state(3)), NOON)
    room.receive(ben, SetPointer(pointer=POINT), NOON)
    carla, effects = joined(room, "carla")
    welcome, *rest = sent_to(carla, effects)
    assert isinstance(welcome, Welcome)
    assert (welcome.seq, welcome.viewer) == (1, a_state(3))
    assert rest == [PointerMoved(participant_id="ben", pointer=POINT)]


def test_a_room_that_was_empty_still_knows_what_was_shown() -> None:
    room, (anna,) = a_room_with("anna")
    room.receive(anna, SetViewer(state=a_state(3)), NOON)
    room.leave(anna, NOON)
    _, effects = joined(room, "anna")
    assert any(isinstance(e, Send) and getattr(e.message, "viewer", None) == a_state(3) for e in effects)


def test_the_later_tab_replaces_the_earlier_and_goes_on_presenting() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    again, effects = joined(room, "anna")
    assert again != anna
    assert effects[0] == Disconnect(anna, ErrorCode.REPLACED)
    assert CloseMedia(anna) in effects and OpenMedia(again) in effects
    assert effects.index(CloseMedia(anna)) < effects.index(OpenMedia(again))
    assert [type(message) for message in sent_to(ben, effects)] == [
        Left,
        PresenterChanged,
        PresenterChanged,
        Joined,
    ]
    assert room.presenter_id == "anna"
    # What the earlier tab still says, and its end, change nothing.
    assert room.receive(anna, SetViewer(state=a_state()), NOON) == []
    assert room.leave(anna, NOON) == []
    assert len(room.present) == 2


def test_a_full_room_refuses_a_newcomer_but_not_somebody_who_comes_back() -> None:
    room = Room("room", capacity=2)
    joined(room, "anna")
    joined(room, "ben")
    with pytest.raises(Refused, match="room-full"):
        joined(room, "carla")
    joined(room, "ben")


def test_media_and_descriptions_go_to_the_engine_and_flags_to_the_others() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    offer = SessionDescription(type="offer", sdp="v=0")
    candidate = CandidateMessage(connection=Connection.SEND, candidate="", sdp_mid="0")
    assert room.receive(anna, DescriptionMessage(connection="send", description=offer), NOON) == [
        DescribeMedia(anna, Connection.SEND, offer)
    ]
    assert room.receive(anna, candidate, NOON) == [AddCandidate(anna, candidate)]
    effects = room.receive(anna, SetMedia(audio=True, video=False), NOON)
    assert effects == [Send(ben, MediaChanged(participant_id="anna", audio=True, video=False, screen=False))]
    assert room.present["anna"].described().audio


def test_one_at_a_time_shares_a_screen_and_the_next_may_when_it_ends() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    sharing, not_sharing = (SetMedia(audio=True, video=True, screen=screen) for screen in (True, False))
    effects = room.receive(anna, sharing, NOON)
    assert effects == [Send(ben, MediaChanged(participant_id="anna", audio=True, video=True, screen=True))]
    assert room.receive(ben, sharing, NOON) == [Send(ben, ErrorMessage(code=ErrorCode.SCREEN_TAKEN))]
    assert not room.present["ben"].described().screen
    assert room.receive(anna, sharing, NOON) == effects, "it is anna's own"

    room.receive(anna, not_sharing, NOON)
    assert room.receive(ben, sharing, NOON)[0].stay == anna
    room.leave(ben, NOON)
    assert room.receive(anna, sharing, NOON) == [], "nobody else is left to be told"
    assert room.present["anna"].screen


def test_whose_line_is_away_keeps_nobody_from_sharing_and_is_told_when_it_is_back() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    sharing = SetMedia(audio=True, video=True, screen=True)
    room.receive(anna, sharing, NOON)
    room.lose(anna, NOON)
    assert room.present["anna"].screen, "as long as nobody else shares"

    effects = room.receive(ben, sharing, NOON)
    assert effects == [
        Send(anna, ErrorMessage(code=ErrorCode.SCREEN_TAKEN)),
        Send(ben, MediaChanged(participant_id="anna", audio=True, video=True, screen=False)),
        Send(anna, MediaChanged(participant_id="ben", audio=True, video=True, screen=True)),
    ]
    room.resume(anna, NOON)
    assert room.receive(anna, sharing, NOON) == [Send(anna, ErrorMessage(code=ErrorCode.SCREEN_TAKEN))]


@pytest.mark.parametrize("role", [Role.PARTICIPANT, Role.PATIENT])
def test_who_may_not_share_a_screen_neither_says_so_nor_sends_one(role: Role) -> None:
    room = Room("room")
    paul, _ = joined(room, "paul", role=role)
    refused = [Send(paul, ErrorMessage(code=ErrorCode.NOT_ALLOWED))]
    face, both = (
        DescriptionMessage(
            connection="send",
            description=SessionDescription(type="offer", sdp="v=0\r\n" + "m=video 9 X 96\r\n" * count),
        )
        for count in (1, 2)
    )
    assert room.receive(paul, SetMedia(audio=True, video=True, screen=True), NOON) == refused
    assert room.receive(paul, both, NOON) == refused
    assert room.receive(paul, face, NOON) == [DescribeMedia(paul, Connection.SEND, face.description)]


@pytest.mark.parametrize("role", Role)
def test_whoever_may_not_share_a_screen_still_receives_several_pictures(role: Role) -> None:
    room = Room("room")
    paul, _ = joined(room, "paul", role=role)
    sdp = "v=0\r\n" + "m=video 9 X 96\r\n" * 3
    answer = DescriptionMessage(connection="receive", description=SessionDescription(type="answer", sdp=sdp))
    assert room.receive(paul, answer, NOON) == [DescribeMedia(paul, Connection.RECEIVE, answer.description)]


def test_everybody_in_the_room_is_told_of_a_still_before_there_is_one() -> None:
    room = Room("room")
    (anna, _), (paul, _) = joined(room, "anna"), joined(room, "paul", role=Role.PARTICIPANT)
    of_paul = TakeStill(participant_id="paul", source=StillSource.CAMERA)
    nothing_there = [Send(anna, ErrorMessage(code=ErrorCode.NOTHING_SHOWN))]
    assert room.receive(anna, of_paul, NOON) == nothing_there, "his camera is off"
    room.receive(paul, SetMedia(audio=True, video=True), NOON)
    told = StillTaken(taken_by="anna", participant_id="paul", source=StillSource.CAMERA)
    assert room.receive(anna, of_paul, NOON) == [Send(anna, told), Send(paul, told)]
    of_his_screen = TakeStill(participant_id="paul", source=StillSource.SCREEN)
    assert room.receive(anna, of_his_screen, NOON) == nothing_there
    assert room.receive(paul, of_paul, NOON) == [Send(paul, ErrorMessage(code=ErrorCode.NOT_ALLOWED))]


@pytest.mark.parametrize("role", sorted(BY_LINK))
def test_no_still_is_taken_of_who_came_by_a_link(role: Role) -> None:
    room = Room("room")
    (anna, _), (paul, _) = joined(room, "anna"), joined(room, "paul", role=role)
    room.receive(paul, SetMedia(audio=True, video=True), NOON)
    of_paul = TakeStill(participant_id="paul", source=StillSource.CAMERA)
    assert room.receive(anna, of_paul, NOON) == [Send(anna, ErrorMessage(code=ErrorCode.NOT_ALLOWED))]


@pytest.mark.parametrize(("connection", "kind"), [("send", "answer"), ("receive", "offer")])
def test_a_description_in_the_wrong_direction_is_refused(connection: str, kind: str) -> None:
    room, (anna,) = a_room_with("anna")
    message = DescriptionMessage(connection=connection, description=SessionDescription(type=kind, sdp=""))
    assert room.receive(anna, message, NOON) == [Send(anna, ErrorMessage(code=ErrorCode.BAD_MESSAGE))]


def test_joining_twice_over_one_connection_is_refused() -> None:
    room, (anna,) = a_room_with("anna")
    assert room.receive(anna, Join(token="x"), NOON) == [
        Send(anna, ErrorMessage(code=ErrorCode.ALREADY_JOINED))
    ]


NAMES = st.sampled_from(["anna", "ben", "carla", "paul"])
STEPS = st.lists(st.tuples(st.sampled_from(["join", "leave", "show", "take", "point"]), NAMES), max_size=40)


@given(STEPS)
def test_in_any_order_everybody_ends_with_what_the_room_shows(steps: list[tuple[str, str]]) -> None:
    """Each screen follows only what it was sent; it never differs from the room's own state."""
    room = Room("room")
    stays: dict[str, Stay] = {}
    screens: dict[Stay, tuple[int, ViewerState | None]] = {}
    zoom = 1.0
    for step, name in steps:
        zoom += 1
        effects: list[Effect] = []
        if step == "join":
            role = "patient" if name == "paul" else "presenter"
            stays[name], effects = joined(room, name, role)
        elif name in stays:
            stay = stays[name]
            shown = SetViewer(state=a_state(zoom))
            effects = {
                "leave": lambda stay=stay: room.leave(stay, NOON),
                "show": lambda stay=stay, shown=shown: room.receive(stay, shown, NOON),
                "take": lambda stay=stay: room.receive(stay, TakePresenter(), NOON),
                "point": lambda stay=stay: room.receive(stay, SetPointer(pointer=POINT), NOON),
            }[step]()
            if step == "show" and room.presenter_id == name and room.viewer == shown.state:
                screens[stay] = (room.seq, shown.state)
        for effect in effects:
            if isinstance(effect, Send) and isinstance(effect.message, Welcome):
                screens[effect.stay] = (effect.message.seq, effect.message.viewer)
            elif isinstance(effect, Send) and isinstance(effect.message, ViewerChanged):
                assert effect.message.seq >= screens[effect.stay][0]
                screens[effect.stay] = (effect.message.seq, effect.message.state)
    assert room.presenter_id != "paul"
    for one in room.present.values():
        if one.grant.role == "patient":
            assert screens[one.stay][1] is None
        else:
            assert screens[one.stay] == (room.seq, room.viewer)


def test_a_word_about_a_line_reaches_everybody_else_once_and_who_comes_later() -> None:
    room = Room("room")
    anna, _ = joined(room, "anna")
    ben, _ = joined(room, "ben", "listener")
    effects = room.receive(ben, SetLine(word=LineWord.POOR), NOON)
    assert effects == [Send(anna, LineChanged(participant_id="ben", word=LineWord.POOR))]
    assert room.receive(ben, SetLine(word=LineWord.POOR), NOON) == []

    _, effects = joined(room, "carla")
    (welcome,) = (e.message for e in effects if isinstance(e, Send) and isinstance(e.message, Welcome))
    assert [one.line for one in welcome.participants] == [None, LineWord.POOR, None]


def test_who_speaks_is_told_to_everybody_and_to_who_comes_later_until_they_leave() -> None:
    room = Room("room")
    anna, _ = joined(room, "anna")
    ben, _ = joined(room, "ben", "patient")
    assert room.hear("ben") == [Send(one, SpeakerChanged(participant_id="ben")) for one in (anna, ben)]
    assert room.hear("a stranger") == []

    carla, effects = joined(room, "carla")
    assert SpeakerChanged(participant_id="ben") in sent_to(carla, effects)
    assert SpeakerChanged(participant_id=None) in sent_to(anna, room.leave(ben, NOON))


def test_the_presenter_hands_over_to_who_may_present_and_nobody_else_does() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    joined(room, "cleo", "participant")
    assert sent_to(ben, room.receive(ben, GivePresenter(participant_id="ben"), NOON)) == [
        ErrorMessage(code=ErrorCode.NOT_PRESENTER)
    ]
    assert sent_to(anna, room.receive(anna, GivePresenter(participant_id="cleo"), NOON)) == [
        ErrorMessage(code=ErrorCode.NOT_ALLOWED)
    ]
    assert room.receive(anna, GivePresenter(participant_id="nobody here"), NOON) == []
    effects = room.receive(anna, GivePresenter(participant_id="ben"), NOON)
    assert sent_to(anna, effects) == [PresenterChanged(participant_id="ben")] == sent_to(ben, effects)


def test_who_presented_is_told_what_the_room_shows_when_somebody_else_begins() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    room.receive(anna, SetViewer(state=a_state(2)), NOON)
    effects = room.receive(anna, GivePresenter(participant_id="ben"), NOON)
    assert ViewerChanged(seq=1, participant_id="anna", state=a_state(2)) in sent_to(anna, effects)
    assert sent_to(ben, effects) == [PresenterChanged(participant_id="ben")]
