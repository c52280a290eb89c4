"""One observation with a place in an image, and what made it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

from imaging.lesion_mask import LesionMask
from imaging.lung_nodule import Comparison, LungLocation, NoduleType

# What a code may be in DICOM: PS3.5 6.2, VR SH for value and scheme, LO for the meaning.
_LONGEST: Final[Mapping[str, int]] = {"code": 16, "scheme": 16, "meaning": 64}
MASS_FROM_MM: Final = 30.0


class FindingKind(StrEnum):
    """What a finding is taken for."""

    NODULE = "nodule"
    MASS = "mass"
    CALCIFICATION_CLUSTER = "calcification-cluster"
    ARCHITECTURAL_DISTORTION = "architectural-distortion"


@dataclass(frozen=True, slots=True)
class Category:
    """The class that a guideline puts a finding into, as a code, and the rule that gave it.

    Attributes:
        code, scheme, meaning: a coded concept, such as 4A of a Lung-RADS table.
        rule: which row of which table was applied, in words.

    Raises:
        ValueError: an attribute is empty, or longer than DICOM takes it.
    """

    code: str
    scheme: str
    meaning: str
    rule: str

    def __post_init__(self) -> None:
        for name, most in _LONGEST.items():
            text = getattr(self, name)
            if not text.strip() or len(text) > most or "\\" in text:
                raise ValueError(f"category {name} is not one to {most} characters: {text!r}")
        if not self.rule.strip():
            raise ValueError("a category names the rule that gave it")

    def to_json(self) -> dict[str, str]:
        """Return the form in the database and on the wire."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, str]) -> "Category":
        """Return what `to_json` wrote."""
        return cls(**values)


def nodule_or_mass(diameter_mm: float) -> FindingKind:
    """Return what a thing in the lung is called by its size (Fleischner Society glossary, 2024)."""
    return FindingKind.MASS if diameter_mm > MASS_FROM_MM else FindingKind.NODULE


def as_place(values: Iterable[float]) -> tuple[float, float, float]:
    """Return (x, y, z) in mm as a finding records it: to a hundredth."""
    x, y, z = (round(float(value), 2) for value in values)
    return x, y, z


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
        volume_mm3: of the outlined lesion; None where it was not outlined.
        long_axis_mm, short_axis_mm: on the image it lies on, the short one at right angles to the long one.
        category: what a guideline makes of it.
        frame_number: which frame of an image of several, counted from 1; None on a single one.
        nodule_type: of a lung nodule, by density.
        solid_diameter_mm: mean diameter of a part-solid nodule's solid part.
        volume_error: half the width of the 95 % interval of the volume, as a share of it.
        location: where in the lungs.
        distance_to_pleura_mm: from its surface; 0 where it touches, None where it is farther than is looked.
        comparison: with the newest prior study, where one was read.
        distance_to_nipple_mm: from the centre of its box, on the image; the nipple is an estimate.
        mask: its voxels, while the run lasts. It is no part of the record: neither kept as JSON nor compared.
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
    volume_mm3: float | None = None
    long_axis_mm: float | None = None
    short_axis_mm: float | None = None
    category: Category | None = None
    frame_number: int | None = None
    nodule_type: NoduleType | None = None
    solid_diameter_mm: float | None = None
    volume_error: float | None = None
    location: LungLocation | None = None
    distance_to_pleura_mm: float | None = None
    comparison: Comparison | None = None
    distance_to_nipple_mm: float | None = None
    mask: LesionMask | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain values: the form in the database and on the wire."""
        values: dict[str, Any] = {one.name: getattr(self, one.name) for one in _RECORDED}
        values["kind"] = str(self.kind)
        for name in _NESTED:
            values[name] = None if values[name] is None else values[name].to_json()
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Finding":
        """Return the finding that `to_json` wrote, now or in an earlier version.

        Keys that are no field are ignored; measures that earlier versions did not take are None.

        Raises:
            KeyError: a field is missing.
            ValueError: a kind or type is not one of its list, or the category is not valid.
        """
        known: dict[str, Any] = {
            one.name: values[one.name] if one.default is MISSING else values.get(one.name, one.default)
            for one in _RECORDED
        }
        known["kind"] = FindingKind(known["kind"])
        if known["nodule_type"] is not None:
            known["nodule_type"] = NoduleType(known["nodule_type"])
        for name, read in _NESTED.items():
            known[name] = None if known[name] is None else read(known[name])
        places: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in known.items()}
        return cls(**places)


_RECORDED = [one for one in fields(Finding) if one.name != "mask"]
_NESTED: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "category": Category.from_json,
    "location": LungLocation.from_json,
    "comparison": Comparison.from_json,
}
