"""What is measured of the breast on one mammogram, beside what is flagged on it.

Source of the categories: ACR BI-RADS Atlas, 5th edition (2013), mammography, breast composition.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import hypot
from typing import Any, Final

from imaging.finding import Finding

CATEGORIES: Final = ("A", "B", "C", "D")


@dataclass(frozen=True, slots=True)
class BreastDensity:
    """percent: dense share of the breast's area, 0 to 100. probabilities: of CATEGORIES, in their order."""

    percent: float
    probabilities: tuple[float, float, float, float]

    @property
    def category(self) -> str:
        """The most probable one."""
        return CATEGORIES[self.probabilities.index(max(self.probabilities))]


@dataclass(frozen=True, slots=True)
class BreastMeasures:
    """The measures of one image.

    Attributes:
        image_laterality: "R", "L" or None.
        view_position: "CC", "MLO", ... or None.
        centre_px: (x, y) of the breast, x along columns, in pixel edges of the stored grid.
        density: None where too little of the breast's inside is seen.
        dense_cm2: area of the dense tissue; None also where the image gives no pixel spacing.
        nipple_px: (x, y) as centre_px; None where there is no telling.
        is_nipple_marked: whether a metal marker shows where it is; if not, the place is an estimate.
    """

    sop_instance_uid: str
    series_instance_uid: str
    image_laterality: str | None
    view_position: str | None
    centre_px: tuple[float, float]
    density: BreastDensity | None
    dense_cm2: float | None
    nipple_px: tuple[float, float] | None
    is_nipple_marked: bool

    def to_json(self) -> dict[str, Any]:
        """Return plain values: the form in the database."""
        values: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        density = self.density
        if density is not None:
            values["density"] = {"percent": density.percent, "probabilities": list(density.probabilities)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "BreastMeasures":
        """Return what `to_json` wrote.

        Raises:
            KeyError: a field is missing.
        """
        known: dict[str, Any] = {one.name: values[one.name] for one in fields(cls)}
        density = known["density"]
        if density is not None:
            known["density"] = BreastDensity(density["percent"], tuple(density["probabilities"]))
        places: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in known.items()}
        return cls(**places)


def with_distance_to_nipple(
    finding: Finding, nipple_px: tuple[float, float] | None, spacing_mm: tuple[float, float] | None
) -> Finding:
    """Return the finding with the distance of its box's centre to the nipple, where both are known in mm.

    Args:
        nipple_px: (x, y).
        spacing_mm: between rows, between columns.
    """
    if finding.box_px is None or nipple_px is None or spacing_mm is None:
        return finding
    x0, y0, x1, y1 = finding.box_px
    across = ((x0 + x1) / 2 - nipple_px[0]) * spacing_mm[1]
    down = ((y0 + y1) / 2 - nipple_px[1]) * spacing_mm[0]
    return replace(finding, distance_to_nipple_mm=round(hypot(across, down), 1))
