"""The table of roles, and that every message is held against it."""

import pytest

from signaling.roles import RIGHTS, Right, Role, rights_of
from signaling.room import NEEDS


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
    assert set(NEEDS.values()) <= set(Right)
