"""What can go wrong in a room.

SignalingError
├── Refused              the participant asked for something; `code` is what it is told
├── BadJoinToken         the token was not made by us, or was changed
│   └── ExpiredJoinToken it was good once, or has been used: fetch a new one
├── MediaError           one participant's media cannot be set up; the room goes on without it
└── BadSettings          the process must not start like this

Messages carry codes and ids, never a name.
"""

from signaling.messages import ErrorCode


class SignalingError(Exception):
    """Base of everything that signaling raises on purpose."""


class Refused(SignalingError):
    """The participant asked for something that it may not or cannot have now."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.value)
        self.code = code


class BadJoinToken(SignalingError):
    """The token was not made with our secret, was changed, or holds something else."""

    code = ErrorCode.BAD_TOKEN


class ExpiredJoinToken(BadJoinToken):
    """The token was good once, or has opened a room already; a new one from the app will do."""

    code = ErrorCode.EXPIRED_TOKEN


class MediaError(SignalingError):
    """A description that no media can be set up with."""


class BadSettings(SignalingError):
    """A setting is missing or unsafe; the message says which and what to do."""
