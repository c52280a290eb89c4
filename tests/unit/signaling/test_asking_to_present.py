"""Who does not present asks; the presenter gives or refuses, and who leads the room takes."""

import pytest

from signaling.messages import (
    AskingChanged,
    AskToPresent,
    ErrorCode,
    ErrorMessage,
    GivePresenter,
    PresenterChanged,
    RefuseToGive,
    SetViewer,
    TakePresenter,
    Welcome,
)
from signaling.roles import RIGHTS, Right, Role
from signaling.room_effects import Send
from tests.unit.signaling.test_moderation import a_moderated_room, hears, says
from tests.unit.signaling.test_room import NOON, a_room_with, a_state, joined

ASKS = AskingChanged(participant_id="ben", asks=True, refused=False)


def test_everybody_sees_who_asks_and_the_presenter_gives_with_one_message() -> None:
    room, (anna, ben, carla) = a_room_with("anna", "ben", "carla")
    effects = says(room, ben, AskToPresent(asks=True))
    assert [hears(one, effects, AskingChanged) for one in (anna, ben, carla)] == [[ASKS]] * 3
    assert says(room, ben, AskToPresent(asks=True)) == [], "he asks already"

    effects = says(room, anna, GivePresenter(participant_id="ben"))
    assert hears(carla, effects, PresenterChanged) == [PresenterChanged(participant_id="ben")]
    assert hears(carla, effects, AskingChanged) == [ASKS.model_copy(update={"asks": False})]


def test_only_the_presenter_refuses_and_who_asked_is_told() -> None:
    room, (anna, ben, carla) = a_room_with("anna", "ben", "carla")
    says(room, ben, AskToPresent(asks=True))
    no = RefuseToGive(participant_id="ben")
    assert says(room, carla, no) == [Send(carla, ErrorMessage(code=ErrorCode.NOT_PRESENTER))]
    told = hears(ben, says(room, anna, no), AskingChanged)
    assert told == [AskingChanged(participant_id="ben", asks=False, refused=True)]
    assert says(room, anna, no) == [], "nobody asks any more"


def test_who_asked_and_left_asks_no_longer_when_they_are_back() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    says(room, ben, AskToPresent(asks=True))
    late, effects = joined(room, "late")
    (welcome,) = hears(late, effects, Welcome)
    assert [one.id for one in welcome.participants if one.asks_to_present] == ["ben"]

    room.leave(ben, NOON)
    joined(room, "ben")
    assert not any(one.asks_to_present for one in room.present.values())
    assert room.presenter_id == "anna" == anna.participant_id


def test_a_moderator_takes_and_others_only_where_nobody_presents_or_the_presenter_is_away() -> None:
    room, mo, (anna, ben) = a_moderated_room("anna", "ben")
    assert says(room, anna, TakePresenter()) == [Send(anna, ErrorMessage(code=ErrorCode.NOT_ALLOWED))]
    says(room, mo, GivePresenter(participant_id="anna"))
    says(room, mo, TakePresenter())
    assert room.presenter_id == "mo"

    room.lose(mo, NOON)
    says(room, ben, TakePresenter())
    assert room.presenter_id == "ben"
    room.leave(ben, NOON)
    says(room, anna, AskToPresent(asks=True))
    assert room.presenter_id == "anna", "there was nobody to ask"
    says(room, anna, SetViewer(state=a_state()))
    assert room.viewer == a_state()


@pytest.mark.parametrize("role", [role for role in Role if Right.PRESENT not in RIGHTS[role]])
def test_a_patient_and_who_else_does_not_present_does_not_ask(role: Role) -> None:
    room, _ = a_room_with("anna")
    paul, _ = joined(room, "paul", role=role)
    refused = [Send(paul, ErrorMessage(code=ErrorCode.NOT_ALLOWED))]
    assert says(room, paul, AskToPresent(asks=True)) == refused
