"""Changes to session descriptions."""

from signaling.session_descriptions import with_opus_fec, with_public_address, without_candidates

SDP = (
    "v=0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    "a=rtpmap:111 opus/48000/2\r\n"
    "a=candidate:1 1 udp 2130706431 4f2a-x.local 50000 typ host\r\n"
    "a=candidate:2 1 udp 2130706430 10.0.0.5 50001 typ host\r\n"
    "a=candidate:3 1 udp 2130706429 127.0.0.1 50002 typ host\r\n"
    "a=end-of-candidates\r\n"
)


def test_speech_gets_forward_error_correction_once() -> None:
    once = with_opus_fec(SDP)
    assert "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n" in once
    assert with_opus_fec(once) == once


def test_no_address_of_the_other_side_is_left() -> None:
    rest = without_candidates(SDP)
    assert "candidate" not in rest
    assert rest.count("\r\n") == SDP.count("\r\n") - 4


def test_the_public_address_is_offered_beside_that_of_each_real_interface() -> None:
    added = set(with_public_address(SDP, "203.0.113.7").split("\r\n")) - set(SDP.split("\r\n"))
    assert added == {"a=candidate:p2 1 udp 2130706429 203.0.113.7 50001 typ host"}
    assert with_public_address(SDP, None) == SDP
