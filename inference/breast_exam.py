"""What the measures of a mammography examination's images say together: density, and left against right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from imaging.breast_measures import BreastMeasures
from inference.breast_density import ExamDensity, exam_density

COMPARED_VIEWS: Final = ("CC", "MLO")


@dataclass(frozen=True, slots=True)
class Side:
    """One breast on one view; the mean where the view was taken twice. dense_cm2 None without a spacing."""

    percent: float
    dense_cm2: float | None


@dataclass(frozen=True, slots=True)
class Sides:
    """Both breasts on the same view. A measured difference; what of it is asymmetry, a reader says."""

    view_position: str
    right: Side
    left: Side


def density_of_exam(images: Sequence[BreastMeasures]) -> ExamDensity | None:
    """Return the density over all images, None where it was measured on none.

    An image that does not say its side stands for a breast of its own.
    """
    breasts: dict[str, list[BreastMeasures]] = {}
    for image in images:
        if image.density is not None:
            breasts.setdefault(image.image_laterality or image.sop_instance_uid, []).append(image)
    if not breasts:
        return None
    return exam_density([view.density for view in views if view.density] for views in breasts.values())


def sides_of_exam(images: Sequence[BreastMeasures]) -> list[Sides]:
    """Return left against right for each view that was taken of both."""
    compared = []
    for view in COMPARED_VIEWS:
        right, left = (
            _side(one for one in images if one.view_position == view and one.image_laterality == side)
            for side in "RL"
        )
        if right is not None and left is not None:
            compared.append(Sides(view, right, left))
    return compared


def _side(images: Iterable[BreastMeasures]) -> Side | None:
    measured = [(one.density.percent, one.dense_cm2) for one in images if one.density is not None]
    if not measured:
        return None
    areas = [area for _, area in measured if area is not None]
    return Side(
        round(sum(percent for percent, _ in measured) / len(measured), 1),
        round(sum(areas) / len(areas), 1) if areas else None,
    )
