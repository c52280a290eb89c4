"""Which mark hits which nodule, as LUNA16's evaluation decides it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from inference.evaluation.froc import NEVER_MARKED, LesionOutcome, ScanOutcome

UNKNOWN_DIAMETER_MM: Final = 10.0  # what LUNA16's evaluation takes for a finding without a diameter


@dataclass(frozen=True, slots=True)
class TrueNodule:
    """A nodule, or something that is neither a nodule nor a mistake, that readers marked in a scan.

    Attributes:
        centre_lps_mm: x to the left, y to the back, z to the head.
        diameter_mm: 0 or less where it is not known.
        is_irrelevant: a finding whose marks are counted neither way, such as a nodule of one reader only.
        groups: as in `LesionOutcome`.
    """

    centre_lps_mm: tuple[float, float, float]
    diameter_mm: float
    is_irrelevant: bool = False
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place that a model points at."""

    centre_lps_mm: tuple[float, float, float]
    probability: float


def scan_outcome(
    name: str, nodules: Sequence[TrueNodule], marks: Sequence[Mark], groups: Mapping[str, str] | None = None
) -> ScanOutcome:
    """Return what a scan's marks are worth.

    A mark hits every nodule within whose radius it lies. A nodule takes the highest probability of its marks;
    the others on it count neither way, nor do marks on irrelevant findings. What is left is false.
    """
    lesions: list[LesionOutcome] = []
    probabilities = np.array([mark.probability for mark in marks], dtype=np.float64)
    is_false = np.ones(len(marks), dtype=bool)
    places = np.array([mark.centre_lps_mm for mark in marks], dtype=np.float64).reshape(-1, 3)
    for nodule in nodules:
        diameter_mm = nodule.diameter_mm if nodule.diameter_mm > 0 else UNKNOWN_DIAMETER_MM
        on_it = np.linalg.norm(places - nodule.centre_lps_mm, axis=1) < diameter_mm / 2
        is_false &= ~on_it
        if not nodule.is_irrelevant:
            highest = float(probabilities[on_it].max(initial=NEVER_MARKED))
            lesions.append(LesionOutcome(highest, nodule.groups))
    return ScanOutcome(name, tuple(lesions), tuple(probabilities[is_false].tolist()), groups or {})
