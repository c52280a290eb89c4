"""Pairs of flags on two views of a breast, on made-up places: phantom views of a breast are drawn apart."""

from hypothesis import given
from hypothesis import strategies as st

from inference.view_matching import TOLERANCE_MM, Flag, ViewPair, match_views


def flag(name: str, view: str, mm: float, side: str = "L", kind: str = "mass") -> Flag:
    return Flag(name, kind, side, view, mm)


def test_flags_as_far_from_the_nipple_on_both_views_are_a_pair() -> None:
    assert match_views([flag("a", "CC", 43.0), flag("b", "MLO", 46.5)]) == [ViewPair("a", "b", 3.5)]


def test_another_breast_another_kind_another_view_or_too_far_is_no_pair() -> None:
    here = flag("a", "CC", 40.0)
    for other in (
        flag("b", "MLO", 40.0, side="R"),
        flag("b", "MLO", 40.0, kind="calcification-cluster"),
        flag("b", "CC", 40.0),
        flag("b", "ML", 40.0),
        flag("b", "MLO", 40.0 + TOLERANCE_MM + 0.1),
    ):
        assert match_views([here, other]) == []


def test_each_is_in_one_pair_and_the_least_difference_in_all_decides() -> None:
    flags = [flag("a", "CC", 30.0), flag("b", "CC", 40.0), flag("c", "MLO", 38.0), flag("d", "MLO", 52.0)]

    assert match_views(flags) == [ViewPair("a", "c", 8.0), ViewPair("b", "d", 12.0)]
    assert match_views(flags[:3]) == [ViewPair("b", "c", 2.0)]


FLAGS = st.lists(
    st.tuples(st.sampled_from(["CC", "MLO"]), st.floats(0.0, 120.0), st.sampled_from("LR")), max_size=9
)


@given(FLAGS, st.randoms())
def test_pairs_are_one_to_one_within_the_tolerance_whatever_the_order(
    places: list[tuple[str, float, str]], random: object
) -> None:
    flags = [flag(str(n), view, mm, side) for n, (view, mm, side) in enumerate(places)]
    by_id = {one.id: one for one in flags}
    pairs = match_views(flags)
    random.shuffle(flags)  # type: ignore[attr-defined]

    assert match_views(flags) == pairs
    assert len({one for pair in pairs for one in (pair.craniocaudal, pair.oblique)}) == 2 * len(pairs)
    for pair in pairs:
        here, there = by_id[pair.craniocaudal], by_id[pair.oblique]
        assert here.image_laterality == there.image_laterality
        assert (here.view_position, there.view_position) == ("CC", "MLO")
        assert pair.difference_mm <= TOLERANCE_MM + 0.05
