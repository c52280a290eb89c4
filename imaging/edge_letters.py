"""Which side of the patient is at which edge of a picture, by the letters of PS3.3 C.7.6.1.1.1. Pure.

web/src/viewer/orientation.ts says the same of the picture on the screen.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from pydicom import Dataset

from imaging.header_values import real_number

# Below this share of a direction an axis is not named (an axial slice tilted by 15 degrees is still "A").
_NAMED_FROM: Final = 0.3
_AXES: Final = (("L", "R"), ("P", "A"), ("H", "F"))  # x, y, z in LPS: forwards and backwards
_OPPOSITE: Final = str.maketrans("LRPAHF", "RLAPFH")


class EdgeLetters(NamedTuple):
    """The strongest direction first; empty where it is not known."""

    left: str
    right: str
    top: str
    bottom: str

    def laid(self, rotation: int, flip: bool) -> "EdgeLetters":
        """Of the picture mirrored left to right first, if at all, then turned clockwise by `rotation`."""
        left, right, top, bottom = (self.right, self.left, self.top, self.bottom) if flip else self
        for _ in range(rotation // 90):
            left, right, top, bottom = bottom, top, left, right
        return EdgeLetters(left, right, top, bottom)


def edge_letters(header: Dataset) -> EdgeLetters | None:
    """Of an image as it is stored, by Image Orientation or, as of a mammogram, Patient Orientation."""
    cosines = [real_number(value) for value in header.get("ImageOrientationPatient") or []]
    known = [value for value in cosines if value is not None]
    if len(cosines) == len(known) == 6:
        return _around(_direction(known[:3]), _direction(known[3:]))
    sides = [str(value).strip().upper() for value in header.get("PatientOrientation") or []]
    return _around(*sides) if len(sides) == 2 and any(sides) else None


def _around(right: str, bottom: str) -> EdgeLetters:
    return EdgeLetters(right.translate(_OPPOSITE), right, bottom.translate(_OPPOSITE), bottom)


def _direction(vector: Sequence[float]) -> str:
    named = [
        (abs(share), forwards if share > 0 else backwards)
        for share, (forwards, backwards) in zip(vector, _AXES, strict=True)
        if abs(share) >= _NAMED_FROM
    ]
    return "".join(letter for _, letter in sorted(named, key=lambda each: -each[0]))
