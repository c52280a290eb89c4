"""How many relays run, and at which ports."""

import os

import pytest

from teleconsult.relays import (
    MOST_UNASKED,
    RelaysUnclear,
    ice_tcp_ports,
    media_ports,
    relay_count,
    relay_ports,
    relay_urls,
)

TWO_URLS = {"TELECONSULT_SIGNALING_URL": "wss://a.example/signaling wss://a.example/signaling-2"}


def test_there_is_a_relay_for_each_core_unless_another_number_is_asked_for() -> None:
    assert relay_count({}) == min(len(os.sched_getaffinity(0)), MOST_UNASKED)
    assert relay_count({"TELECONSULT_RELAYS": " 3 "}) == 3
    assert relay_count(TWO_URLS) == 2, "as many as browsers can find"


def test_one_relay_is_where_it_always_was() -> None:
    one = {"TELECONSULT_RELAYS": "1"}
    assert relay_ports(8080, one) == media_ports(8080, one) == [8081]
    assert relay_urls(8080, one) == ["ws://{host}:8081/"]


def test_relays_leave_the_port_of_scanners_out() -> None:
    three = {"TELECONSULT_RELAYS": "3"}
    assert relay_ports(8080, three) == [8081, 8083, 8084]
    assert relay_ports(8080, {**three, "TELECONSULT_DICOM_PORT": "11112"}) == [8081, 8082, 8083]
    assert media_ports(8080, {**three, "TELECONSULT_MEDIA_PORT": "40000"}) == [40_000, 40_001, 40_002]
    assert ice_tcp_ports({**three, "TELECONSULT_ICE_TCP_PORT": "443"}) == [443, 444, 445]
    assert ice_tcp_ports(three) == [None] * 3


@pytest.mark.parametrize("asked", ["0", "-1", "two", "33", "1.5"])
def test_what_is_no_number_of_relays_is_named(asked: str) -> None:
    with pytest.raises(RelaysUnclear, match=asked):
        relay_count({"TELECONSULT_RELAYS": asked})


def test_relays_that_browsers_cannot_find_are_refused() -> None:
    with pytest.raises(RelaysUnclear, match="3"):
        relay_count({**TWO_URLS, "TELECONSULT_RELAYS": "3"})
