"""Grants to enter a room."""

import pytest
from itsdangerous import URLSafeTimedSerializer

from signaling.errors import BadJoinToken, ExpiredJoinToken
from signaling.join_token import SALT, JoinGrant, issue, verify

SECRET = "a secret for tests only"
GRANT = JoinGrant(
    room_id="room", participant_id="anna", display_name="李雷", role="presenter", moderator=True
)


def test_a_grant_comes_back_as_it_was_issued() -> None:
    assert verify(SECRET, issue(SECRET, GRANT)) == GRANT


def test_an_old_token_is_expired_and_not_just_bad() -> None:
    with pytest.raises(ExpiredJoinToken):
        verify(SECRET, issue(SECRET, GRANT), max_age_s=-1)


def test_nobody_else_can_issue_one() -> None:
    token = issue("another secret", GRANT)
    for forged in (token, issue(SECRET, GRANT)[:-2], "", "x.y.z"):
        with pytest.raises(BadJoinToken):
            verify(SECRET, forged)


@pytest.mark.parametrize("content", [{}, [], "anna", {**GRANT.model_dump(), "administrator": True}])
def test_what_we_signed_for_another_purpose_is_no_grant(content: object) -> None:
    with pytest.raises(BadJoinToken):
        verify(SECRET, str(URLSafeTimedSerializer(SECRET, salt=SALT).dumps(content)))
    with pytest.raises(BadJoinToken):
        verify(SECRET, str(URLSafeTimedSerializer(SECRET, salt="other").dumps(GRANT.model_dump())))
