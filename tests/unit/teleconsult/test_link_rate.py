"""How often patients' pages may ask, by their link and from where."""

import pytest

from teleconsult.errors import TooManyLinkRequests
from teleconsult.patient_links.link_rate import LINK_PER_S, NETWORK_PER_S, LinkRate
from teleconsult.request_rate import BURST_S

CLINIC = "203.0.113.7"


def allowed(rate: LinkRate, token: str, address: str, requests: int, now_s: float) -> int:
    for count in range(requests):
        try:
            rate.check(token, address, now_s)
        except TooManyLinkRequests:
            return count
    return requests


def test_fifty_patients_behind_one_address_are_never_refused_in_an_hour() -> None:
    """They all open their links at once, ten requests each, then ask every four seconds as pages do."""
    rate = LinkRate()
    assert all(allowed(rate, f"patient {number}", CLINIC, 10, 0) == 10 for number in range(50))
    for second in range(4, 3_600, 4):
        assert all(allowed(rate, f"patient {number}", CLINIC, 1, second) == 1 for number in range(50))


def test_a_link_that_floods_is_held_up_wherever_it_is_used_and_no_other_is() -> None:
    rate = LinkRate()
    sent = sum(allowed(rate, "flooding", f"198.51.100.{number}", 60, 0) for number in range(10))
    assert sent == LINK_PER_S * BURST_S
    assert allowed(rate, "another", "198.51.100.0", 60, 0) == 60


def test_who_makes_links_up_is_held_up_and_no_other_network_is() -> None:
    rate = LinkRate()
    made_up = sum(allowed(rate, f"made up {number}", CLINIC, 1, 0) for number in range(9_000))
    assert made_up == NETWORK_PER_S * BURST_S
    assert allowed(rate, "patient", "198.51.100.1", 10, 0) == 10


@pytest.mark.parametrize("other", ["2001:db8:1:2::2", "2001:db8:1:2:ffff::1"])
def test_a_network_of_ipv6_counts_as_one(other: str) -> None:
    rate = LinkRate()
    for number in range(NETWORK_PER_S * BURST_S):
        rate.check(str(number), "2001:db8:1:2::1", 0)
    with pytest.raises(TooManyLinkRequests):
        rate.check("another", other, 0)
    rate.check("another", "2001:db8:1:3::1", 0)


def test_an_ipv4_address_is_one_however_the_socket_writes_it() -> None:
    rate = LinkRate()
    for number in range(NETWORK_PER_S * BURST_S):
        rate.check(str(number), f"::ffff:{CLINIC}", 0)
    with pytest.raises(TooManyLinkRequests):
        rate.check("another", CLINIC, 0)
    rate.check("another", "::ffff:203.0.113.8", 0)
