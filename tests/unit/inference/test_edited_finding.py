"""A box drawn by hand: places, sizes and category follow from it as they would from the model's own."""

from dataclasses import replace
from datetime import date
from math import inf

import pytest
from pydicom import Dataset

from imaging.finding import Category, Finding, FindingKind
from imaging.lung_nodule import Change, Comparison, NoduleType
from inference.bi_rads import bi_rads
from inference.edited_finding import edited
from inference.errors import BoxNotOnImage
from inference.follow_up import outcome_of

BY_MODEL = Finding(
    kind=FindingKind.NODULE,
    probability=0.9,
    threshold=0.5,
    study_instance_uid="1",
    series_instance_uid="1.1",
    sop_instance_uid="1.1.1",
    centre_lps_mm=(10.0, 20.0, 30.0),
    box_lps_mm=(7.0, 17.0, 26.0, 13.0, 23.0, 34.0),
    box_px=(20.0, 20.0, 32.0, 32.0),
    diameter_mm=5.0,
    model="lung_nodule_ct",
    model_version="1",
    weights_sha256="ab",
    volume_mm3=65.0,
    long_axis_mm=5.5,
    short_axis_mm=4.5,
    nodule_type=NoduleType.SOLID,
    volume_error=0.2,
    distance_to_pleura_mm=12.0,
    category=Category("solid-1-lt6", "99FLEISCHNER", "m", "r"),
)
TYPES = [NoduleType.SOLID]


def ct_slice() -> Dataset:
    """Rows 1 mm apart, columns 0.5 mm; its first pixel's edge lies at (0, 10, .)."""
    ds = Dataset()
    ds.SOPInstanceUID, ds.Rows, ds.Columns = "1.1.1", 64, 64
    ds.PixelSpacing = [1.0, 0.5]
    ds.ImagePositionPatient = [0.25, 10.5, 30.0]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    return ds


def mammogram(**spacing: list[float]) -> Dataset:
    ds = Dataset()
    ds.SOPInstanceUID, ds.Rows, ds.Columns = "1.1.1", 64, 64
    for keyword, values in spacing.items():
        setattr(ds, keyword, values)
    return ds


def on_mammogram() -> Finding:
    outcome = bi_rads(FindingKind.MASS)
    assert outcome is not None
    return replace(
        BY_MODEL,
        kind=FindingKind.MASS,
        box_lps_mm=None,
        centre_lps_mm=None,
        nodule_type=None,
        category=outcome.category,
        distance_to_nipple_mm=40.0,
    )


def test_a_box_on_a_slice_is_measured_in_the_patient_and_keeps_its_depth() -> None:
    found = edited(BY_MODEL, (16, 6, 36, 14), ct_slice(), types=TYPES)
    assert found.box_lps_mm == (8.0, 16.0, 26.0, 18.0, 24.0, 34.0)
    assert found.centre_lps_mm == (13.0, 20.0, 30.0)
    assert (found.long_axis_mm, found.short_axis_mm, found.diameter_mm) == (10.0, 8.0, 9.0)


def test_its_depth_can_be_drawn_too() -> None:
    found = edited(BY_MODEL, (16, 6, 36, 14), ct_slice(), reach_mm=(-1.0, 2.5), types=TYPES)
    assert found.box_lps_mm is not None and (found.box_lps_mm[2], found.box_lps_mm[5]) == (29.0, 32.5)


def test_the_category_is_what_the_models_own_function_says_of_the_new_size() -> None:
    found = edited(BY_MODEL, (16, 6, 36, 14), ct_slice(), types=TYPES)
    outcome = outcome_of(replace(BY_MODEL, diameter_mm=9.0), TYPES)
    assert outcome is not None and found.category == outcome.category
    assert found.category != BY_MODEL.category
    assert edited(replace(BY_MODEL, category=None), (16, 6, 36, 14), ct_slice(), types=TYPES).category is None


def test_growth_is_judged_by_the_new_diameter_and_has_no_doubling_time() -> None:
    on = date(2026, 1, 1)
    before = Comparison(Change.STABLE, "0", on, 90, "0.1", 5.0, volume_mm3=60.0, doubling_time_days=900)
    found = edited(replace(BY_MODEL, comparison=before), (16, 6, 36, 14), ct_slice(), types=TYPES)
    assert found.comparison is not None and found.comparison.change is Change.GROWING
    assert found.comparison.doubling_time_days is None
    assert found.category is not None and found.category.scheme == "99LUNGRADS"


def test_what_rests_on_the_models_outline_is_no_longer_said() -> None:
    found = edited(BY_MODEL, (16, 6, 36, 14), ct_slice(), types=TYPES)
    assert (found.volume_mm3, found.volume_error, found.distance_to_pleura_mm) == (None, None, None)


def test_a_box_of_more_than_thirty_millimetres_makes_a_mass() -> None:
    assert edited(BY_MODEL, (0, 0, 64, 40), ct_slice(), types=TYPES).kind is FindingKind.MASS


def test_a_solid_part_is_not_larger_than_the_nodule() -> None:
    part_solid = replace(BY_MODEL, nodule_type=NoduleType.PART_SOLID, solid_diameter_mm=8.0)
    small = edited(part_solid, (20, 20, 28, 24), ct_slice(), types=[NoduleType.PART_SOLID])
    assert (small.diameter_mm, small.solid_diameter_mm) == (4.0, 4.0)


def test_on_a_mammogram_the_longer_side_counts_and_the_nipple_is_measured_anew() -> None:
    image = mammogram(ImagerPixelSpacing=[0.1, 0.1])
    found = edited(on_mammogram(), (10, 10, 40, 30), image, nipple_px=(25, 60))
    assert (found.diameter_mm, found.distance_to_nipple_mm) == (3.0, 4.0)
    assert found.category == on_mammogram().category and found.box_lps_mm is None


def test_a_mammogram_without_spacing_gives_no_size() -> None:
    found = edited(on_mammogram(), (10, 10, 40, 30), mammogram(), nipple_px=(25, 60))
    assert (found.diameter_mm, found.distance_to_nipple_mm) == (None, None)


@pytest.mark.parametrize(
    "box",
    [(-1, 0, 9, 9), (0, 0, 65, 9), (5, 5, 5, 9), (9, 9, 5, 5), (0, 0, float("nan"), 9), (0, 0, inf, 9)],
)
def test_a_box_beyond_the_image_or_without_a_size_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(BoxNotOnImage):
        edited(BY_MODEL, box, ct_slice(), types=TYPES)


@pytest.mark.parametrize("reach", [(1.0, 2.0), (-1.0, -0.5), (-1000.0, 0.0), (float("nan"), 0.0)])
def test_a_box_that_leaves_its_own_slice_is_refused(reach: tuple[float, float]) -> None:
    with pytest.raises(BoxNotOnImage):
        edited(BY_MODEL, (16, 6, 36, 14), ct_slice(), reach_mm=reach, types=TYPES)
