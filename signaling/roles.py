"""Who may do what in a room: one table. Absent means no.

A role comes with the join grant; the moderator of a room may do everything, whatever the role. Clients are
told their rights and hold no table of their own.
"""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What somebody is in a room."""

    PRESENTER = "presenter"  # a clinician: shows images, and may take over presenting
    PARTICIPANT = "participant"  # speaks and points, and follows what is shown
    LISTENER = "listener"  # sees and hears
    PATIENT = "patient"  # speaks and is seen; the images are not shown to patients
    COMPANION = "companion"  # of the patient
    INTERPRETER = "interpreter"


# They have no account: a still of theirs would be of nobody whom the record knows.
BY_LINK = frozenset({Role.PATIENT, Role.COMPANION, Role.INTERPRETER})


class Right(StrEnum):
    PRESENT = "present"
    POINT = "point"
    SEND_MEDIA = "send-media"
    SHARE_SCREEN = "share-screen"
    SEE_IMAGES = "see-images"  # viewer states and pointers
    TAKE_STILLS = "take-stills"  # still pictures of cameras and screens, into the record
    RECORD = "record"  # ask for consent; pause, resume and stop
    MODERATE = "moderate"  # mute, remove, lock, admit, decline


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.PRESENTER: frozenset({
        Right.PRESENT,
        Right.POINT,
        Right.SEND_MEDIA,
        Right.SHARE_SCREEN,
        Right.SEE_IMAGES,
        Right.TAKE_STILLS,
        Right.RECORD,
    }),
    Role.PARTICIPANT: frozenset({Right.POINT, Right.SEND_MEDIA, Right.SEE_IMAGES}),
    Role.LISTENER: frozenset({Right.SEE_IMAGES}),
    Role.PATIENT: frozenset({Right.SEND_MEDIA}),
    Role.COMPANION: frozenset({Right.SEND_MEDIA}),
    Role.INTERPRETER: frozenset({Right.SEND_MEDIA}),
}


def rights_of(role: Role, moderator: bool) -> frozenset[Right]:
    return frozenset(Right) if moderator else RIGHTS[role]
