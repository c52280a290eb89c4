"""The table of roles, and that every message is held against it."""

import json
from datetime import UTC, datetime
from typing import get_args

import pytest

from signaling.join_token import JoinGrant
from signaling.messages import (
    CandidateMessage,
    ClientMessage,
    DescriptionMessage,
    ErrorCode,
    ErrorMessage,
    Message,
    Resumed,
    ServerMessage,
    Waiting,
    WantedEncodings,
    Welcome,
    json_schema,
    parse_client_message,
)
from signaling.roles import RIGHTS, Right, Role, rights_of
from signaling.room import NEEDS, TOLD, Room
from signaling.room_effects import Send
from tests.body_of_schema import body_of

DEFINITIONS = json_schema()["$defs"]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_every_role_has_a_row_and_none_moderates_by_itself() -> None:
    assert set(RIGHTS) == set(Role)
    assert all(Right.MODERATE not in rights for rights in RIGHTS.values())


@pytest.mark.parametrize("role", Role)
def test_a_moderator_may_do_everything(role: Role) -> None:
    assert rights_of(role, moderator=True) == set(Right)


def test_a_listener_sends_nothing_and_a_patient_is_shown_no_images() -> None:
    assert not RIGHTS[Role.LISTENER] & {Right.SEND_MEDIA, Right.PRESENT, Right.POINT}
    assert Right.SEE_IMAGES not in RIGHTS[Role.PATIENT]


def test_who_comes_with_the_patient_may_do_what_the_patient_may() -> None:
    assert RIGHTS[Role.COMPANION] == RIGHTS[Role.INTERPRETER] == RIGHTS[Role.PATIENT]


def test_no_right_is_asked_for_that_nobody_could_have() -> None:
    assert set(NEEDS.values()) <= {None, *Right}


def _types(union: object) -> set[type[Message]]:
    return set(get_args(get_args(union)[0]))


def test_every_message_that_a_page_may_send_has_a_row() -> None:
    assert set(NEEDS) == _types(ClientMessage)


def test_every_message_that_all_in_a_room_are_told_has_a_row() -> None:
    to_one_alone = {Waiting, Welcome, Resumed, DescriptionMessage, CandidateMessage, WantedEncodings}
    assert set(TOLD) == _types(ServerMessage) - to_one_alone - {ErrorMessage}


def a_message(kind: type[Message]) -> ClientMessage:
    schema = DEFINITIONS[kind.__name__]
    least = body_of(schema, {"components": {"schemas": DEFINITIONS}})
    return parse_client_message(json.dumps(least | {"type": schema["properties"]["type"]["const"]}))


@pytest.mark.parametrize("role", [*Role, "moderator", "waiting"])
@pytest.mark.parametrize("kind", NEEDS, ids=lambda kind: kind.__name__)
def test_a_room_refuses_each_role_what_its_row_does_and_does_nothing_of_it(
    kind: type[Message], role: str
) -> None:
    moderator, waits = role == "moderator", role == "waiting"
    known = Role.PATIENT if moderator or waits else Role(role)
    room = Room("room", can_record=True)
    grant = JoinGrant(
        room_id="room", participant_id="who", display_name="", role=known, moderator=moderator, waits=waits
    )
    stay, _ = room.join(grant, "secret", NOON)
    effects = room.receive(stay, a_message(kind), NOON)
    needed = Right.SEND_MEDIA if kind is DescriptionMessage else NEEDS[kind]  # of an offer to send
    may = not waits and (needed is None or needed in rights_of(known, moderator))
    assert (effects == [Send(stay, ErrorMessage(code=ErrorCode.NOT_ALLOWED))]) is not may
