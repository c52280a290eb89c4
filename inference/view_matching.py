"""Which flags on the two views of a breast may be one lesion: those as far from the nipple on both.

A lesion lies about as far from the nipple on the craniocaudal as on the oblique view. That is no proof: two
lesions may be as far, and the nipple's place is an estimate. So only flags of one kind are compared, and a
pair is a suggestion with its difference in mm.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np

from inference.assignment import assigned

# As much as the nipple's estimate on an oblique view is commonly off: docs/mammography.md.
TOLERANCE_MM: Final = 25.0
CRANIOCAUDAL: Final = "CC"
OBLIQUE: Final = "MLO"


@dataclass(frozen=True, slots=True)
class Flag:
    """What matching needs of a finding."""

    id: str
    kind: str
    image_laterality: str
    view_position: str
    distance_to_nipple_mm: float


@dataclass(frozen=True, slots=True)
class ViewPair:
    """Two findings by id, and by how much their distances to the nipple differ."""

    craniocaudal: str
    oblique: str
    difference_mm: float


def match_views(flags: Iterable[Flag], tolerance_mm: float = TOLERANCE_MM) -> list[ViewPair]:
    """Return the pairs: as many as there can be, each flag in one at most, the least difference in all.

    Flags of another breast or of another kind are never paired, nor those on any view but the two.
    """

    def group(flag: Flag) -> tuple[str, str]:
        return flag.image_laterality, flag.kind

    pairs: list[ViewPair] = []
    for _, alike in groupby(sorted(flags, key=lambda flag: (*group(flag), flag.id)), key=group):
        both = list(alike)
        craniocaudal = [flag for flag in both if flag.view_position == CRANIOCAUDAL]
        oblique = [flag for flag in both if flag.view_position == OBLIQUE]
        if not craniocaudal or not oblique:
            continue
        here, there = (
            np.array([flag.distance_to_nipple_mm for flag in one]) for one in (craniocaudal, oblique)
        )
        difference = np.abs(here[:, None] - there[None, :])
        # A pair too far apart costs more than all that are near: no flag is left out to save millimetres.
        too_far = tolerance_mm * (len(both) + 1)
        cost = np.where(difference <= tolerance_mm, difference, too_far)
        for row, column in assigned(cost):
            if difference[row, column] <= tolerance_mm:
                apart = round(float(difference[row, column]), 1)
                pairs.append(ViewPair(craniocaudal[row].id, oblique[column].id, apart))
    return pairs
