"""What moderators do: mute, remove, lock, and let in who waits."""

from typing import Any

import pytest

from signaling.errors import Refused
from signaling.join_token import JoinGrant
from signaling.media import Stay
from signaling.messages import (
    Admit,
    ClientMessage,
    Decline,
    ErrorCode,
    ErrorMessage,
    LockChanged,
    Message,
    Mute,
    Muted,
    Pointer,
    PointerMoved,
    Remove,
    SessionDescription,
    SetLock,
    SetMedia,
    SetPointer,
    SetViewer,
    ViewerChanged,
    Waiting,
    WaitingChanged,
    Welcome,
)
from signaling.messages import DescriptionMessage as Description
from signaling.room import WAITING_CAPACITY, Room
from signaling.room_effects import CloseMedia, Disconnect, Effect, OpenMedia
from signaling.room_orders import RoomOrders
from tests.unit.signaling.test_room import NOON, a_grant, a_state, joined, sent_to

NOT_ALLOWED = ErrorMessage(code=ErrorCode.NOT_ALLOWED)
POINT = Pointer(sop_instance_uid="1.2", x=1, y=2)


def comes(room: Room, grant: JoinGrant) -> tuple[Stay, list[Effect]]:
    return room.join(grant, "secret", NOON)


def a_moderated_room(*names: str) -> tuple[Room, Stay, list[Stay]]:
    room = Room("room")
    mo, _ = joined(room, "mo", moderator=True)
    return room, mo, [joined(room, name)[0] for name in names]


def says(room: Room, stay: Stay, message: ClientMessage) -> list[Effect]:
    return room.receive(stay, message, NOON)


def hears(stay: Stay, effects: list[Effect], kind: type[Message]) -> list[Any]:
    return [message for message in sent_to(stay, effects) if isinstance(message, kind)]


@pytest.mark.parametrize(
    "message",
    [
        Mute(participant_id=None),
        Remove(participant_id="ben"),
        SetLock(locked=True),
        Admit(participant_id="ben"),
        Decline(participant_id="ben"),
    ],
    ids=lambda message: str(message.type),
)
def test_who_does_not_moderate_is_refused(message: ClientMessage) -> None:
    room, _, (anna, _) = a_moderated_room("anna", "ben")
    effects = says(room, anna, message)
    assert sent_to(anna, effects) == [NOT_ALLOWED] and len(effects) == 1
    assert not room.locked and len(room.present) == 3


def test_one_is_muted_or_everybody_else_and_says_so_itself() -> None:
    room, mo, (anna, ben) = a_moderated_room("anna", "ben")
    says(room, anna, SetMedia(audio=True, video=True))
    effects = says(room, mo, Mute(participant_id="anna"))
    assert sent_to(anna, effects) == [Muted()] and len(effects) == 1
    assert room.present["anna"].audio, "until anna's page says otherwise"

    effects = says(room, mo, Mute(participant_id=None))
    assert sent_to(anna, effects) == sent_to(ben, effects) == [Muted()]
    assert sent_to(mo, effects) == []
    assert says(room, mo, Mute(participant_id="nobody")) == []


def test_who_was_removed_stays_out_with_this_token_and_waits_with_another() -> None:
    room, mo, (anna,) = a_moderated_room("anna")
    token = room.present["anna"].grant
    effects = says(room, mo, Remove(participant_id="anna"))
    assert effects[0] == Disconnect(anna, ErrorCode.REMOVED) and CloseMedia(anna) in effects
    with pytest.raises(Refused, match="removed"):
        comes(room, token)

    again, effects = comes(room, a_grant("anna"))
    assert sent_to(again, effects) == [Waiting()]
    says(room, mo, Admit(participant_id="anna"))
    assert "anna" in room.present
    assert hears(*comes(room, a_grant("anna")), Welcome), "once admitted, a reload does not wait again"


def test_a_moderator_is_not_removed() -> None:
    room, mo, _ = a_moderated_room()
    other, _ = joined(room, "other", moderator=True)
    assert sent_to(mo, says(room, mo, Remove(participant_id="other"))) == [NOT_ALLOWED]
    assert sent_to(other, says(room, other, Remove(participant_id="other"))) == [NOT_ALLOWED]


def test_into_a_locked_room_come_only_moderators_and_who_was_there() -> None:
    room, mo, (anna,) = a_moderated_room("anna")
    assert sent_to(anna, says(room, mo, SetLock(locked=True))) == [LockChanged(locked=True)]
    with pytest.raises(Refused, match="room-locked"):
        joined(room, "ben")
    room.leave(anna, NOON)
    joined(room, "anna")
    late, effects = joined(room, "late", moderator=True)
    assert hears(late, effects, Welcome)[0].locked

    says(room, mo, SetLock(locked=False))
    joined(room, "ben")


def test_who_waits_knows_nothing_of_the_room_until_admitted() -> None:
    room, mo, (anna,) = a_moderated_room("anna")
    paul, effects = joined(room, "paul", "patient", waits=True)
    assert sent_to(paul, effects) == [Waiting()]
    assert OpenMedia(paul) not in effects and sent_to(anna, effects) == []
    (told,) = hears(mo, effects, WaitingChanged)
    assert [one.id for one in told.waiting] == ["paul"]
    assert sent_to(paul, says(room, paul, SetMedia(audio=True, video=True))) == [NOT_ALLOWED]
    assert sent_to(paul, says(room, mo, SetViewer(state=a_state()))) == []

    effects = says(room, mo, Admit(participant_id="paul"))
    assert hears(mo, effects, WaitingChanged)[0].waiting == ()
    assert hears(paul, effects, Welcome) and OpenMedia(paul) in effects
    assert says(room, mo, Admit(participant_id="paul")) == []


def test_a_moderator_who_comes_later_is_told_who_waits_and_may_decline() -> None:
    room = Room("room")
    paul, _ = joined(room, "paul", "patient", waits=True)
    assert not room.is_empty
    mo, effects = joined(room, "mo", moderator=True)
    assert [one.display_name for one in hears(mo, effects, Welcome)[0].waiting] == ["Paul"]
    assert Disconnect(paul, ErrorCode.DECLINED) in says(room, mo, Decline(participant_id="paul"))
    assert room.waiting == {}


def test_who_waits_and_hangs_up_or_loses_the_line_is_gone() -> None:
    room, mo, _ = a_moderated_room()
    for end in (room.leave, room.lose):
        paul, _ = joined(room, "paul", waits=True)
        assert hears(mo, end(paul, NOON), WaitingChanged)[0].waiting == ()
    assert room.waiting == {}


def test_neither_waiting_room_nor_room_takes_more_than_it_holds() -> None:
    room, mo, _ = a_moderated_room()
    for n in range(WAITING_CAPACITY):
        joined(room, f"waiting {n}", waits=True)
    with pytest.raises(Refused, match="room-full"):
        joined(room, "one more", waits=True)
    room.capacity = 1
    refusal = ErrorMessage(code=ErrorCode.ROOM_FULL)
    assert says(room, mo, Admit(participant_id="waiting 0"))[0].message == refusal  # type: ignore[union-attr]
    assert len(room.waiting) == WAITING_CAPACITY


def test_a_patient_is_seen_and_heard_but_sees_no_images_and_no_pointers() -> None:
    room, mo, _ = a_moderated_room()
    says(room, mo, SetViewer(state=a_state(2)))
    says(room, mo, SetPointer(pointer=POINT))
    paul, effects = joined(room, "paul", "patient")
    assert hears(paul, effects, Welcome)[0].viewer is None
    assert hears(paul, effects, PointerMoved) == []
    effects = [*says(room, mo, SetViewer(state=a_state(3))), *says(room, mo, SetPointer(pointer=POINT))]
    assert hears(paul, effects, ViewerChanged) == hears(paul, effects, PointerMoved) == []
    assert says(room, paul, SetMedia(audio=True, video=True)) != [NOT_ALLOWED]


def test_a_listener_sends_neither_sound_nor_pictures_and_still_receives() -> None:
    room, mo, _ = a_moderated_room()
    lea, _ = joined(room, "lea", "listener")
    offer = Description(connection="send", description=SessionDescription(type="offer", sdp="v=0"))
    answer = Description(connection="receive", description=SessionDescription(type="answer", sdp="v=0"))
    for message in (offer, SetMedia(audio=True, video=False), SetPointer(pointer=POINT)):
        assert sent_to(lea, says(room, lea, message)) == [NOT_ALLOWED]
    assert sent_to(lea, says(room, lea, answer)) == []
    assert hears(lea, says(room, mo, SetViewer(state=a_state())), ViewerChanged)


def test_who_is_shut_out_by_the_app_is_out_of_the_room_and_of_the_waiting_room() -> None:
    room = Room("room")
    mo = joined(room, "mo", moderator=True)[0]
    inside, waits = joined(room, "in")[0], joined(room, "out", waits=True)[0]
    orders = RoomOrders(shut_out=frozenset({"in", "out"}))
    effects = room.obey(orders, NOON)
    assert {one for one in effects if isinstance(one, Disconnect)} == {
        Disconnect(inside, ErrorCode.REMOVED),
        Disconnect(waits, ErrorCode.REMOVED),
    }
    assert (list(room.present), list(room.waiting)) == ([mo.participant_id], [])
    assert room.obey(orders, NOON) == []


def test_when_the_consult_is_over_everybody_is_told_so_and_no_ticket_opens_its_room() -> None:
    room = Room("room")
    mo = joined(room, "mo", moderator=True)[0]
    waits = joined(room, "out", waits=True)[0]
    effects = room.obey(RoomOrders(over=True), NOON)
    assert {one for one in effects if isinstance(one, Disconnect)} == {
        Disconnect(mo, ErrorCode.ROOM_OVER),
        Disconnect(waits, ErrorCode.ROOM_OVER),
    }
    assert room.is_empty
    with pytest.raises(Refused) as refusal:
        joined(room, "mo", moderator=True)
    assert refusal.value.code is ErrorCode.ROOM_OVER
