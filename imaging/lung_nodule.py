"""What is said of a lung nodule besides its size: how dense it is, where it lies, what it was before."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

Box = tuple[float, float, float, float, float, float]


class NoduleType(StrEnum):
    """By density (Fleischner Society: glossary of terms, 2024).

    CALCIFIED is one that is calcified throughout or in its centre, as benign ones are.
    """

    SOLID = "solid"
    PART_SOLID = "part-solid"
    GROUND_GLASS = "ground-glass"
    CALCIFIED = "calcified"


class Laterality(StrEnum):
    LEFT = "left"
    RIGHT = "right"


class LungThird(StrEnum):
    """A third of the lung's height. It is no lobe: fissures are not looked for."""

    UPPER = "upper"
    MIDDLE = "middle"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class LungLocation:
    """Where in the lungs.

    Attributes:
        laterality: the patient's side.
        third: None where the images show only a part of the lung.
        lung_box_lps_mm: (x0, y0, z0, x1, y1, z1) of that lung, the lower corner first, mm LPS: two chests of
            one patient are laid over each other by it.
    """

    laterality: Laterality
    third: LungThird | None
    lung_box_lps_mm: Box | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the form in the database and on the wire."""
        box = self.lung_box_lps_mm
        return {**asdict(self), "lung_box_lps_mm": None if box is None else list(box)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "LungLocation":
        """Return what `to_json` wrote."""
        third, box = values["third"], values["lung_box_lps_mm"]
        return cls(
            Laterality(values["laterality"]),
            None if third is None else LungThird(third),
            None if box is None else tuple(box),
        )


class Change(StrEnum):
    """A nodule against the prior study. NEW: the model marked nothing there before."""

    NEW = "new"
    GROWING = "growing"
    STABLE = "stable"
    SHRINKING = "shrinking"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A nodule against the newest prior study that the same task was read in.

    Attributes:
        change: growing and shrinking are beyond what a repeated measurement may differ by.
        study_instance_uid, study_date: of the prior.
        interval_days: from the prior to this study; None where a date is missing.
        sop_instance_uid, diameter_mm, volume_mm3: of the nodule on the prior; None where it is new.
        doubling_time_days: of the volume, negative where it shrinks. None where it is the same, or unknown.
        doubling_time_low_days, doubling_time_high_days: its 95 % interval, open above if it may not grow.
    """

    change: Change
    study_instance_uid: str
    study_date: date | None = None
    interval_days: int | None = None
    sop_instance_uid: str | None = None
    diameter_mm: float | None = None
    volume_mm3: float | None = None
    doubling_time_days: int | None = None
    doubling_time_low_days: int | None = None
    doubling_time_high_days: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the form in the database and on the wire."""
        on = None if self.study_date is None else self.study_date.isoformat()
        return {**asdict(self), "change": str(self.change), "study_date": on}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Comparison":
        """Return what `to_json` wrote."""
        on = values["study_date"]
        known = {**values, "change": Change(values["change"])}
        return cls(**{**known, "study_date": None if on is None else date.fromisoformat(on)})
