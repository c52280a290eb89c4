"""A room whose relay is gone goes on at another."""

import pytest

from signaling.errors import Refused
from signaling.messages import (
    Admit,
    ErrorCode,
    GivePresenter,
    PresenterChanged,
    Remove,
    SetLock,
    SetViewer,
    TakePresenter,
)
from signaling.room import Room
from signaling.room_memory import RoomMemory
from tests.unit.signaling.test_moderation import a_moderated_room, comes, hears, says
from tests.unit.signaling.test_room import a_grant, a_state, joined


def carried_over(room: Room) -> Room:
    after = Room(room.room_id)
    after.recall(RoomMemory.from_json(room.memory.to_json()))
    return after


def test_what_was_shown_and_who_presented_is_carried_over_whoever_comes_first() -> None:
    room, mo, (anna, _) = a_moderated_room("anna", "ben")
    says(room, mo, GivePresenter(participant_id="anna"))
    says(room, anna, SetViewer(state=a_state(zoom=3)))

    after = carried_over(room)
    ben, _ = joined(after, "ben")
    assert after.viewer == a_state(zoom=3)
    assert after.presenter_id == "ben", "somebody may show meanwhile"
    _, effects = joined(after, "anna")
    assert after.presenter_id == "anna"
    assert hears(ben, effects, PresenterChanged) == [PresenterChanged(participant_id="anna")]


def test_who_took_over_presenting_meanwhile_keeps_it() -> None:
    room, _, _ = a_moderated_room("anna")
    after = carried_over(room)
    anna, _ = joined(after, "anna")
    says(after, anna, TakePresenter())
    joined(after, "mo", moderator=True)
    assert after.presenter_id == "anna"


def test_a_lock_stays_and_keeps_nobody_out_who_was_in() -> None:
    room, mo, _ = a_moderated_room("anna")
    says(room, mo, SetLock(locked=True))
    after = carried_over(room)
    joined(after, "anna")
    with pytest.raises(Refused, match=ErrorCode.ROOM_LOCKED):
        comes(after, a_grant("stranger"))


def test_who_was_let_in_does_not_wait_again_and_who_was_removed_stays_out() -> None:
    room, mo, _ = a_moderated_room("anna")
    comes(room, a_grant("paul", "patient", waits=True))
    says(room, mo, Admit(participant_id="paul"))
    token = a_grant("anna").token_id
    room.present["anna"].grant = a_grant("anna", token_id=token)
    says(room, mo, Remove(participant_id="anna"))

    after = carried_over(room)
    comes(after, a_grant("paul", "patient", waits=True))
    assert set(after.present) == {"paul"}
    with pytest.raises(Refused, match=ErrorCode.REMOVED):
        comes(after, a_grant("anna", token_id=token))


def test_the_next_relay_of_the_next_remembers_the_same() -> None:
    room, mo, _ = a_moderated_room("anna")
    says(room, mo, SetViewer(state=a_state(zoom=2)))
    says(room, mo, SetLock(locked=True))
    assert carried_over(carried_over(room)).memory == room.memory


@pytest.mark.parametrize("text", ["", "[]", '{"seq": "many"}', '{"viewer": {"zoom": 1}}'])
def test_what_is_no_memory_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no memory"):
        RoomMemory.from_json(text)
