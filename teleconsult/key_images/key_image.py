"""An image that somebody marked as worth showing, and in which window. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from teleconsult.errors import KeyImageMarkedAlready, NotAllowed, TooManyKeyImages

MOST_IN_STUDY: Final = 200


@dataclass(frozen=True, slots=True)
class Window:
    """Centre and width in the modality's units (PS3.3 C.11.2.1.2)."""

    center: float
    width: float


@dataclass(frozen=True, slots=True)
class Turn:
    """How an image lies on the screen: mirrored left to right first, if at all, then turned clockwise.

    Attributes:
        rotation: degrees: 0, 90, 180 or 270.
    """

    rotation: int
    flip: bool


@dataclass(frozen=True, slots=True)
class KeyImage:
    """One frame, as it was shown when it was marked.

    Attributes:
        frame: zero-based, within the instance, as on the viewer's wire.
        window: None where the image has none, as one in colour.
        invert: whether low values are bright.
        turn: None where it is not known.
        removed_at: from then on nobody is shown it; its maker may mark it again.
    """

    id: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    frame: int
    window: Window | None
    invert: bool
    note: str
    made_by_id: str
    made_at: datetime
    turn: Turn | None = None
    removed_at: datetime | None = None

    @property
    def is_removed(self) -> bool:
        return self.removed_at is not None


def marked(wanted: KeyImage, known: KeyImage | None, count: int) -> tuple[KeyImage, str | None]:
    """The key image as it is kept, and what happened to it; None: it was there as it is wanted.

    Args:
        wanted: as its maker's page sends it, once or again.
        known: what is kept under its id.
        count: how many key images the study has.

    Raises:
        TooManyKeyImages
        KeyImageMarkedAlready: the id is that of another image, or of somebody else's key image.
    """
    if (known is None or known.is_removed) and count >= MOST_IN_STUDY:
        raise TooManyKeyImages(MOST_IN_STUDY)
    if known is None:
        return wanted, "key-image-marked"
    if _identity(known) != _identity(wanted):
        raise KeyImageMarkedAlready
    kept = replace(wanted, made_at=known.made_at)
    if known.is_removed:
        return kept, "key-image-restored"
    return kept, None if kept == known else "key-image-changed"


def removed(known: KeyImage, user_id: str, at: datetime) -> KeyImage:
    """Raises NotAllowed: somebody else marked it."""
    if known.made_by_id != user_id:
        raise NotAllowed
    return known if known.is_removed else replace(known, removed_at=at)


def _identity(one: KeyImage) -> tuple[str, str, int, str]:
    return one.study_instance_uid, one.sop_instance_uid, one.frame, one.made_by_id
