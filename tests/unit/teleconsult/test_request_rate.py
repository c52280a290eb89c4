"""How often one user may ask."""

import pytest

from teleconsult.request_rate import BUCKETS_KEPT, RequestRate


def allowed(rate: RequestRate, user: str, requests: int, now_s: float) -> int:
    return sum(rate.wait_s(user, "/api/worklist", now_s) == 0 for _ in range(requests))


def test_a_burst_goes_through_and_then_no_more_than_the_rate() -> None:
    rate = RequestRate(per_s=8, burst_s=4)
    assert allowed(rate, "anna", 100, now_s=1_000) == 32
    assert rate.wait_s("anna", "/api/worklist", 1_000) == 1
    assert allowed(rate, "anna", 100, now_s=1_002) == 16
    assert allowed(rate, "anna", 100, now_s=2_000) == 32, "after a while it is full again, and no fuller"


def test_what_was_refused_does_not_make_the_wait_longer() -> None:
    rate = RequestRate(per_s=1, burst_s=1)
    assert [rate.wait_s("anna", "/api/me", 5) for _ in range(50)] == [0, *49 * [1]]
    assert rate.wait_s("anna", "/api/me", 6) == 0


def test_one_who_floods_leaves_others_their_own() -> None:
    rate = RequestRate(per_s=8, burst_s=4)
    assert allowed(rate, "flooder", 1_000, now_s=0) == 32
    assert [allowed(rate, f"user {number}", 32, now_s=0) for number in range(100)] == 100 * [32]


def test_a_hundred_who_click_for_an_hour_are_never_refused() -> None:
    """Each opens a page of forty requests every five seconds, far quicker than people do."""
    rate = RequestRate(per_s=100)
    for second in range(0, 3_600, 5):
        for number in range(100):
            assert allowed(rate, f"user {number}", 40, now_s=second) == 40


@pytest.mark.parametrize(
    "path",
    ["/dicom-web/studies/1.2", "/api/uploads/u/instances/0", "/api/studies/1.2/instances/3/file"],
)
def test_images_and_uploads_are_not_counted(path: str) -> None:
    rate = RequestRate(per_s=1, burst_s=1)
    assert {rate.wait_s("anna", path, 0) for _ in range(1_000)} == {0}


def test_the_memory_for_it_is_bounded() -> None:
    rate = RequestRate(per_s=10)
    for number in range(BUCKETS_KEPT + 500):
        rate.wait_s(str(number), "/api/me", number)
    assert len(rate._empty_at) == BUCKETS_KEPT
