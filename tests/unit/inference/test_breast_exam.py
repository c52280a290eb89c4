"""The density of an examination whose images come one by one, and left against right."""

from imaging.breast_measures import BreastDensity, BreastMeasures
from inference.breast_density import ExamDensity
from inference.breast_exam import Side, Sides, density_of_exam, sides_of_exam

B = (0.1, 0.8, 0.1, 0.0)
C = (0.0, 0.2, 0.7, 0.1)


def an_image(
    side: str | None,
    view: str | None,
    percent: float = 20.0,
    probabilities: tuple[float, float, float, float] | None = B,
    dense_cm2: float | None = 30.0,
) -> BreastMeasures:
    return BreastMeasures(
        sop_instance_uid=f"1.2.{side}.{view}.{percent}",
        series_instance_uid="1.2",
        image_laterality=side,
        view_position=view,
        centre_px=(1.0, 1.0),
        density=None if probabilities is None else BreastDensity(percent, probabilities),
        dense_cm2=dense_cm2,
        nipple_px=None,
        is_nipple_marked=False,
    )


def test_the_category_is_of_what_has_been_read_so_far() -> None:
    first = [an_image("R", "CC"), an_image("R", "MLO", 24.0)]
    assert density_of_exam(first) == ExamDensity("B", 0.8, 22.0)
    assert density_of_exam([*first, an_image("L", "CC", 41.0, C)]) == ExamDensity("C", 0.7, 41.0)
    assert density_of_exam([]) is None
    assert density_of_exam([an_image("R", "CC", probabilities=None)]) is None


def test_images_without_a_side_are_not_taken_for_one_breast() -> None:
    assert density_of_exam([an_image(None, "CC"), an_image(None, "MLO", 41.0, C)]) == ExamDensity(
        "C", 0.7, 41.0
    )


def test_sides_are_compared_on_the_same_view_only() -> None:
    images = [
        an_image("R", "CC", 20.0),
        an_image("R", "CC", 30.0, dense_cm2=None),
        an_image("L", "CC", 41.0, dense_cm2=52.04),
        an_image("L", "MLO"),
    ]
    assert sides_of_exam(images) == [Sides("CC", Side(25.0, 30.0), Side(41.0, 52.0))]
    assert sides_of_exam(images[:2]) == []
