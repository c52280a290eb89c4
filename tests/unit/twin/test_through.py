"""Descriptions and candidates are changed so that media go through the twin and nowhere else."""

import pytest

from tests.network_twin import candidate_through, through

SDP = "\r\n".join(
    [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "c=IN IP4 10.0.0.5",
        "t=0 0",
        "m=audio 7000 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 10.0.0.5",
        "a=mid:0",
        "a=candidate:abc 1 udp 2130706431 10.0.0.5 7000 typ host",
        "a=candidate:abd 1 udp 2130706430 192.168.1.5 7000 typ host generation 0",
        "a=candidate:abe 1 tcp 1518280447 10.0.0.5 7001 typ host tcptype passive",
        "a=candidate:abf 1 udp 1694498815 2001:db8::5 7000 typ srflx raddr 10.0.0.5 rport 7000",
        "a=end-of-candidates",
        "m=video 0 UDP/TLS/RTP/SAVPF 97",
        "",
    ]
)
TWINS = {("10.0.0.5", 7000): ("127.0.0.1", 9000), ("2001:db8::5", 7000): ("127.0.0.2", 9001)}


def test_candidates_get_the_address_of_their_twin() -> None:
    lines = through(SDP, TWINS).split("\r\n")
    assert [line for line in lines if "candidate:" in line] == [
        "a=candidate:abc 1 udp 2130706431 127.0.0.1 9000 typ host",
        "a=candidate:abf 1 udp 1694498815 127.0.0.2 9001 typ srflx raddr 10.0.0.5 rport 7000",
    ]


def test_no_other_address_is_left() -> None:
    text = through(SDP, {("10.0.0.5", 7000): ("127.0.0.1", 9000)})
    assert "10.0.0.5" not in text
    assert "192.168" not in text
    assert "m=audio 9 UDP" in text


def test_a_refused_section_stays_refused_and_the_rest_as_it_was() -> None:
    text = through(SDP, TWINS)
    assert "m=video 0 UDP/TLS/RTP/SAVPF 97\r\n" in text
    assert "a=mid:0\r\n" in text
    assert "a=end-of-candidates\r\n" in text


@pytest.mark.parametrize("prefix", ["", "a="])
def test_a_candidate_that_trickles_goes_the_same_way(prefix: str) -> None:
    candidate = prefix + "candidate:1 1 UDP 2130706431 10.0.0.5 7000 typ host ufrag abcd"
    assert candidate_through(candidate, TWINS) == candidate.replace("10.0.0.5 7000", "127.0.0.1 9000")
    assert candidate_through(candidate.replace("7000", "7002"), TWINS) is None


def test_the_end_of_candidates_is_no_candidate() -> None:
    assert candidate_through("", TWINS) is None
