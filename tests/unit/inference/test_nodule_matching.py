"""A nodule is known again however the patient lay and breathed, and is paired with no other."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from imaging.lung_nodule import Box, Laterality
from inference.nodule_matching import PlacedNodule, matched

BOXES: dict[Laterality, Box] = {
    Laterality.RIGHT: (-150.0, -90.0, -140.0, -15.0, 95.0, 120.0),
    Laterality.LEFT: (15.0, -85.0, -145.0, 145.0, 95.0, 118.0),
}


def nodules(rng: np.random.Generator, count: int) -> list[PlacedNodule]:
    """So many nodules in both lungs, 30 mm apart from each other or more."""
    placed: list[PlacedNodule] = []
    while len(placed) < count:
        side = list(Laterality)[int(rng.integers(2))]
        low, high = np.array(BOXES[side][:3]), np.array(BOXES[side][3:])
        centre = rng.uniform(low + 5, high - 5)
        if all(np.linalg.norm(centre - n.centre_lps_mm) >= 30 for n in placed):
            placed.append(
                PlacedNodule(
                    (float(centre[0]), float(centre[1]), float(centre[2])),
                    float(rng.uniform(4, 25)),
                    side,
                    BOXES[side],
                )
            )
    return placed


def moved(
    nodule: PlacedNodule,
    shift: NDArray[np.float64],
    scale: NDArray[np.float64],
    jitter: NDArray[np.float64],
    growth: float,
) -> PlacedNodule:
    """The nodule in another scan of the patient: shifted, breathed differently, measured anew."""
    x, y, z = np.array(nodule.centre_lps_mm) * scale + shift + jitter
    low = np.array(nodule.lung_box_lps_mm[:3]) * scale + shift
    high = np.array(nodule.lung_box_lps_mm[3:]) * scale + shift
    return replace(
        nodule,
        centre_lps_mm=(float(x), float(y), float(z)),
        lung_box_lps_mm=tuple(float(v) for v in (*low, *high)),
        diameter_mm=nodule.diameter_mm * growth,
    )


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.data())
def test_every_nodule_that_is_in_both_studies_is_paired_with_itself(
    seed: int, count: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    there = nodules(rng, count)
    shift, scale = rng.uniform(-150, 150, 3), rng.uniform(0.88, 1.12, 3)
    now = [moved(n, shift, scale, rng.normal(0, 1.5, 3), float(rng.uniform(0.8, 1.6))) for n in there]
    gone = data.draw(st.sets(st.integers(0, count - 1)))
    new = data.draw(st.sets(st.integers(0, count - 1)))
    now_ids = [int(i) for i in rng.permutation(count) if i not in gone]
    before_ids = [int(i) for i in rng.permutation(count) if i not in new]

    pairs = matched([now[i] for i in now_ids], [there[i] for i in before_ids])

    assert {now_ids[i]: before_ids[j] for i, j in pairs.items()} == {i: i for i in now_ids if i in before_ids}


def test_half_a_chest_is_laid_over_a_whole_one_where_nodules_agree() -> None:
    """The upper part of both lungs was cut off, so their boxes end where the images do."""
    there = nodules(np.random.default_rng(3), 8)
    seen = [n for n in there if n.centre_lps_mm[2] < 20]
    assert len(seen) >= 3
    half = []
    for n in seen:
        x0, y0, z0, x1, y1, _ = n.lung_box_lps_mm
        half.append(replace(n, lung_box_lps_mm=(x0, y0, z0, x1, y1, 30.0)))

    assert matched(half, there) == {i: there.index(n) for i, n in enumerate(seen)}


def test_two_nodules_far_apart_are_two() -> None:
    one = nodules(np.random.default_rng(1), 1)[0]
    x, y, z = one.centre_lps_mm
    assert matched([replace(one, centre_lps_mm=(x, y, z + 40))], [one]) == {}


def test_a_nodule_of_the_other_lung_is_another() -> None:
    one = PlacedNodule((-10.0, 0.0, 0.0), 8.0, Laterality.RIGHT, BOXES[Laterality.RIGHT])
    other = PlacedNodule((-8.0, 0.0, 0.0), 8.0, Laterality.LEFT, BOXES[Laterality.LEFT])
    assert matched([one], [other]) == {}


def test_of_two_near_each_other_the_one_of_the_same_size_is_it() -> None:
    small = PlacedNodule((-80.0, 0.0, 0.0), 5.0, Laterality.RIGHT, BOXES[Laterality.RIGHT])
    large = replace(small, centre_lps_mm=(-80.0, 0.0, 6.0), diameter_mm=20.0)
    now = [replace(small, centre_lps_mm=(-80.0, 0.0, 3.0)), replace(large, centre_lps_mm=(-80.0, 0.0, 3.5))]
    assert matched(now, [large, small]) == {0: 1, 1: 0}


def test_nothing_is_paired_with_nothing() -> None:
    some = nodules(np.random.default_rng(5), 2)
    assert matched(some, []) == matched([], some) == {}
