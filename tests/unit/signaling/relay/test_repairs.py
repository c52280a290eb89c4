"""The budget of what is sent again."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.relay.repairs import AGAIN_AFTER_S, BURST_BYTES, PACKET_BYTES, SHARE, Repairs


def test_a_short_loss_on_a_good_line_is_repaired_whole() -> None:
    assert Repairs().allow(1, range(20), 1_000_000, 0.0) == list(range(20))


def test_a_number_is_not_sent_again_while_its_repair_may_be_on_its_way() -> None:
    repairs = Repairs()
    assert repairs.allow(1, [5], 1_000_000, 0.0) == [5]
    assert repairs.allow(1, [5, 6], 1_000_000, AGAIN_AFTER_S / 2) == [6]
    assert repairs.allow(2, [5], 1_000_000, AGAIN_AFTER_S / 2) == [5], "of another picture"
    assert repairs.allow(1, [5], 1_000_000, AGAIN_AFTER_S) == [5]


@given(
    st.integers(0, 3_000_000),
    st.lists(st.tuples(st.floats(0, 0.5), st.lists(st.integers(0, 0xFFFF), max_size=50)), max_size=60),
)
def test_repairs_never_take_more_than_their_share(
    pictures_bps: int, asked: list[tuple[float, list[int]]]
) -> None:
    repairs, at_s, sent = Repairs(), 0.0, 0
    for wait_s, numbers in asked:
        at_s += wait_s
        sent += len(repairs.allow(1, numbers, pictures_bps, at_s))
        assert sent * PACKET_BYTES <= BURST_BYTES + at_s * SHARE * pictures_bps / 8 + 1
