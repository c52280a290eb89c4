"""The signed grant to enter one room, made by the app and checked here, with nobody asked.

The token is no secret for its bearer: it holds the name that the others see. It lives for a few minutes,
because a client that lost its connection fetches a new one, and opens one room once (spent_tokens.py).
"""

import secrets

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from signaling.errors import BadJoinToken, ExpiredJoinToken
from signaling.roles import Role

SALT = "teleconsult.join.v1"
MAX_AGE_S = 300


class JoinGrant(BaseModel):
    """Who may enter which room, as whom. One who `waits` is let in by a moderator."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    room_id: str = Field(min_length=1, max_length=64)
    participant_id: str = Field(min_length=1, max_length=64)
    display_name: str = Field(max_length=200)
    role: Role
    moderator: bool = False
    waits: bool = False
    token_id: str = Field(default_factory=lambda: secrets.token_urlsafe(9), min_length=1, max_length=32)


def issue(secret: str, grant: JoinGrant) -> str:
    return str(URLSafeTimedSerializer(secret, salt=SALT).dumps(grant.model_dump(mode="json")))


def verify(secret: str, token: str, max_age_s: int = MAX_AGE_S) -> JoinGrant:
    """The grant that `token` holds.

    Raises:
        ExpiredJoinToken: it is older than `max_age_s`.
        BadJoinToken: it is not ours, or does not hold a grant.
    """
    try:
        return JoinGrant.model_validate(
            URLSafeTimedSerializer(secret, salt=SALT).loads(token, max_age=max_age_s)
        )
    except SignatureExpired as error:
        raise ExpiredJoinToken from error
    except (BadSignature, ValidationError) as error:
        raise BadJoinToken from error
