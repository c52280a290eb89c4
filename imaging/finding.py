"""One observation with a place in an image, and what made it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any


class FindingKind(StrEnum):
    """What a finding is taken for."""

    NODULE = "nodule"
    MASS = "mass"
    CALCIFICATION_CLUSTER = "calcification-cluster"


@dataclass(frozen=True, slots=True)
class Finding:
    """A lesion that a model flagged.

    Attributes:
        kind: what it is taken for.
        probability: the model's, 0 to 1, calibrated as its card says.
        threshold: the probability from which the model flags.
        study_instance_uid, series_instance_uid: where it lies.
        sop_instance_uid: the image it lies on; of a CT, its central slice.
        centre_lps_mm: (x, y, z), x to the left, y to the back, z to the head. None on a projection.
        box_lps_mm: (x0, y0, z0, x1, y1, z1), lower corner first. None on a projection.
        box_px: (x0, y0, x1, y1) on the stored pixel grid of `sop_instance_uid`, x along columns, in
            pixel edges: the first pixel reaches from 0 to 1.
        diameter_mm: mean of long and short axis, as Lung-RADS and Fleischner measure; None where the image
            gives no pixel spacing.
        model, model_version, weights_sha256: what made it.
    """

    kind: FindingKind
    probability: float
    threshold: float
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    centre_lps_mm: tuple[float, float, float] | None
    box_lps_mm: tuple[float, float, float, float, float, float] | None
    box_px: tuple[float, float, float, float] | None
    diameter_mm: float | None
    model: str
    model_version: str
    weights_sha256: str

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain values: the form in the database and on the wire."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        values["kind"] = str(self.kind)
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Finding":
        """Return the finding that `to_json` wrote; keys that are no field are ignored.

        Raises:
            KeyError: a field is missing.
            ValueError: the kind is not one of FindingKind.
        """
        known: dict[str, Any] = {field.name: values[field.name] for field in fields(cls)}
        known["kind"] = FindingKind(known["kind"])
        places: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in known.items()}
        return cls(**places)
