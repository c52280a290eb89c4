"""Measures of nodules whose exact size, density and place are known."""

from functools import cache

import numpy as np
import pytest

from imaging.lung_nodule import NoduleType
from inference.growth import volume_error
from inference.lung_candidates import Candidate
from inference.lung_lesion import Lesion, outline_lesion
from inference.lung_sides import LOOKED_FOR_PLEURA_MM, distance_to_pleura_mm
from inference.phantoms.nodule_block import NoduleBlock, nodule_block

THIN = (1.0, 0.7, 0.7)
MIDDLE = (2.5, 0.7, 0.7)


def outlined(block: NoduleBlock, radius_mm: float) -> Lesion:
    lesion = outline_lesion(
        block.voxels_hu, block.spacing_mm, block.region, Candidate(block.centre, radius_mm, 400.0, 0.8, 0.0)
    )
    assert lesion is not None
    return lesion


@cache
def ball(
    nodule_type: NoduleType, diameter_mm: float, spacing_mm: tuple[float, float, float], seed: int = 0
) -> tuple[NoduleBlock, Lesion]:
    block = nodule_block(seed, nodule_type, (diameter_mm,) * 3, spacing_mm=spacing_mm)
    return block, outlined(block, diameter_mm / 2)


@pytest.mark.parametrize("nodule_type", NoduleType)
@pytest.mark.parametrize(("diameter", "spacing"), [(12.0, THIN), (20.0, THIN), (12.0, MIDDLE)])
def test_each_type_is_told(
    nodule_type: NoduleType, diameter: float, spacing: tuple[float, float, float]
) -> None:
    _, lesion = ball(nodule_type, diameter, spacing)
    assert lesion.nodule_type is nodule_type
    assert lesion.diameter_mm == pytest.approx(diameter, abs=1.0)


@pytest.mark.parametrize("nodule_type", [NoduleType.SOLID, NoduleType.GROUND_GLASS, NoduleType.CALCIFIED])
def test_of_six_millimetres_the_type_is_told_in_thin_slices(nodule_type: NoduleType) -> None:
    _, lesion = ball(nodule_type, 6.0, THIN)
    assert lesion.nodule_type is nodule_type


@pytest.mark.parametrize("nodule_type", NoduleType)
@pytest.mark.parametrize(("diameter", "spacing"), [(8.0, THIN), (12.0, THIN), (20.0, THIN), (12.0, MIDDLE)])
def test_the_volume_is_right_within_what_is_said_of_its_error(
    nodule_type: NoduleType, diameter: float, spacing: tuple[float, float, float]
) -> None:
    block, lesion = ball(nodule_type, diameter, spacing)
    assert lesion.volume_mm3 is not None
    assert abs(lesion.volume_mm3 / block.volume_mm3 - 1) < volume_error(diameter, spacing[0])


def test_the_edge_counts_by_what_fills_it() -> None:
    """Whole voxels lose a fifth of a ball of 6 mm; on average over places on the grid this does not."""
    counted, measured = [], []
    for seed in range(4):
        block, lesion = ball(NoduleType.SOLID, 6.0, THIN, seed)
        assert lesion.volume_mm3 is not None
        counted.append(lesion.voxels.sum() * np.prod(THIN) / block.volume_mm3)
        measured.append(lesion.volume_mm3 / block.volume_mm3)
    assert abs(np.mean(measured) - 1) < 0.12
    assert abs(np.mean(measured) - 1) < 0.6 * abs(np.mean(counted) - 1)


def test_a_part_solid_nodules_solid_part_is_measured() -> None:
    for share in (0.4, 0.6):
        block = nodule_block(1, NoduleType.PART_SOLID, (16.0,) * 3, spacing_mm=THIN, solid_share=share)
        lesion = outlined(block, 8.0)
        assert lesion.nodule_type is NoduleType.PART_SOLID
        assert lesion.solid_diameter_mm == pytest.approx(16 * share, abs=1.2)


def test_a_candidate_that_is_only_the_solid_part_gives_the_whole_nodule() -> None:
    block = nodule_block(2, NoduleType.PART_SOLID, (16.0,) * 3, spacing_mm=THIN)
    assert outlined(block, 4.0).diameter_mm == pytest.approx(16.0, abs=1.2)


def test_a_vessel_through_ground_glass_is_no_solid_part() -> None:
    block = nodule_block(3, NoduleType.GROUND_GLASS, (14.0,) * 3, spacing_mm=THIN, vessel_mm=1.6)
    assert outlined(block, 7.0).nodule_type is NoduleType.GROUND_GLASS


def test_a_vessel_adds_little_to_the_volume() -> None:
    block = nodule_block(4, NoduleType.SOLID, (12.0,) * 3, spacing_mm=THIN, vessel_mm=2.5)
    lesion = outlined(block, 6.0)
    assert lesion.volume_mm3 == pytest.approx(block.volume_mm3, rel=0.2)


def test_both_axes_of_an_oblong_nodule() -> None:
    block = nodule_block(0, NoduleType.SOLID, (10.0, 8.0, 14.0), spacing_mm=THIN)
    lesion = outlined(block, 5.0)
    assert (lesion.long_axis_mm, lesion.short_axis_mm) == pytest.approx((14.0, 8.0), abs=1.0)


def test_slices_too_thick_for_type_and_volume_give_none() -> None:
    block = nodule_block(8, NoduleType.GROUND_GLASS, (7.0,) * 3, spacing_mm=(5.0, 0.8, 0.8))
    lesion = outlined(block, 3.5)
    assert lesion.nodule_type is None and lesion.volume_mm3 is None


@pytest.mark.parametrize("to_wall_mm", [0.0, 3.0, 8.0])
def test_the_distance_to_the_pleura(to_wall_mm: float) -> None:
    block = nodule_block(7, NoduleType.SOLID, (10.0,) * 3, spacing_mm=THIN, to_wall_mm=to_wall_mm)
    lesion = outlined(block, 5.0)
    distance = distance_to_pleura_mm(block.region, lesion.voxels, lesion.first)
    assert distance == pytest.approx(to_wall_mm, abs=1.5)


def test_a_nodule_without_pleura_near_has_no_distance_to_it() -> None:
    block, lesion = ball(NoduleType.SOLID, 12.0, THIN)
    assert distance_to_pleura_mm(block.region, lesion.voxels, lesion.first) is None
    assert LOOKED_FOR_PLEURA_MM > 30
