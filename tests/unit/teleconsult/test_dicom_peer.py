"""Which peer a caller is, and what is taken for an AE title and an address."""

from datetime import UTC, datetime, timedelta

import pytest

from teleconsult.dicom_peers.dicom_peer import (
    DicomPeer,
    checked_address,
    checked_ae_title,
    most_specific,
)
from teleconsult.errors import BadAeTitle, BadPeerAddress
from teleconsult.storage_commitments.repository import TRIED_FOR, next_attempt

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def a_peer(address: str, ae_title: str = "CT1") -> DicomPeer:
    return DicomPeer(address, "institution", ae_title, address, None, None, NOON)


@pytest.mark.parametrize(
    ("ae_title", "address", "is_let_in"),
    [
        ("CT1", "192.168.1.20", True),
        ("CT1", "::ffff:192.168.1.20", True),
        ("CT1", "192.168.2.20", False),
        ("CT2", "192.168.1.20", False),
        ("ct1", "192.168.1.20", False),
        ("CT1", "no address", False),
        ("CT1", "", False),
    ],
)
def test_title_and_address_must_both_be_on_the_list(ae_title: str, address: str, is_let_in: bool) -> None:
    assert (most_specific([a_peer("192.168.1.0/24")], ae_title, address) is not None) is is_let_in


def test_a_single_address_goes_before_the_network_around_it() -> None:
    network, single = a_peer("10.0.0.0/8"), a_peer("10.1.2.3")

    assert most_specific([network, single], "CT1", "10.1.2.3") is single
    assert most_specific([network, single], "CT1", "10.1.2.4") is network


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("192.168.1.20", "192.168.1.20"),
        (" 192.168.1.20/32 ", "192.168.1.20"),
        ("192.168.1.20/24", "192.168.1.0/24"),
        ("fd00::1", "fd00::1"),
    ],
)
def test_an_address_is_kept_in_one_form(given: str, kept: str) -> None:
    assert checked_address(given, has_port=False) == kept


@pytest.mark.parametrize("given", ["", "ct1.hospital", "0.0.0.0/0", "::/0", "300.1.1.1", "1.2.3"])
def test_what_is_no_address_or_lets_everybody_in_is_refused(given: str) -> None:
    with pytest.raises(BadPeerAddress):
        checked_address(given, has_port=False)


def test_a_network_has_no_port_to_call() -> None:
    with pytest.raises(BadPeerAddress):
        checked_address("192.168.1.0/24", has_port=True)


@pytest.mark.parametrize("given", ["", "   ", "SEVENTEEN-LETTERS", "扫描仪", "A\\B", "A\nB"])
def test_what_is_no_title_is_refused(given: str) -> None:
    with pytest.raises(BadAeTitle):
        checked_ae_title(given)


def test_a_report_is_tried_again_after_growing_pauses_and_for_three_days() -> None:
    at, moments = NOON, []
    attempts = 0
    while True:
        attempts += 1
        next_at = next_attempt(attempts, NOON, at)
        if next_at is None:
            break
        moments.append(next_at - at)
        at = next_at

    assert moments == sorted(moments)
    assert moments[0] == timedelta(seconds=10)
    assert TRIED_FOR - timedelta(hours=1) <= at - NOON < TRIED_FOR
