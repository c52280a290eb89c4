"""What is changed in descriptions that go through Janus."""

import pytest
from aiortc.sdp import SessionDescription

from signaling.errors import MediaError
from signaling.janus.api import require_usable
from signaling.janus.descriptions import with_participants, without_addresses

JANUS_OFFER = """v=0\r
o=- 1 1 IN IP4 192.0.2.7\r
s=VideoRoom 1\r
t=0 0\r
a=group:BUNDLE 0 1\r
a=msid-semantic: WMS *\r
m=audio 9 UDP/TLS/RTP/SAVPF 111\r
c=IN IP4 192.0.2.7\r
a=sendonly\r
a=mid:0\r
a=rtpmap:111 opus/48000/2\r
a=msid:janus janus0\r
a=ssrc:7 cname:janus\r
a=ssrc:7 msid:janus janus0\r
a=candidate:1 1 udp 2015363327 192.0.2.7 40000 typ host\r
m=video 9 UDP/TLS/RTP/SAVPF 96\r
c=IN IP4 192.0.2.7\r
a=inactive\r
a=mid:1\r
a=rtpmap:96 VP8/90000\r
"""


def test_each_section_of_an_offer_names_the_participant_once() -> None:
    offer = SessionDescription.parse(with_participants(JANUS_OFFER, {"0": "anna"}))
    audio, video = offer.media
    assert audio.msid == "anna audio-0"
    assert video.msid is None
    assert "janus0" not in str(offer)
    assert len(audio.ice_candidates) == 1, "where Janus is, stays"


@pytest.mark.parametrize("name", ["candidate", "CANDIDATE", "Candidate"])
def test_no_candidate_of_a_client_goes_on(name: str) -> None:
    lines = ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", f"a={name}:1 1 udp 1 192.0.2.9 22 typ host"]
    for end in ("\r\n", "\n"):
        assert "192.0.2.9" not in without_addresses(end.join([*lines, "a=end-of-candidates", ""]))


USABLE = {"version": 1102, "plugins": {"janus.plugin.videoroom": {}}, "full-trickle": False}


@pytest.mark.parametrize(
    "change", [{"version": 914}, {"plugins": {}}, {"full-trickle": True}], ids=["old", "plugin", "trickle"]
)
def test_a_janus_that_cannot_carry_our_rooms_is_refused(change: dict[str, object]) -> None:
    require_usable(USABLE)
    with pytest.raises(MediaError):
        require_usable({**USABLE, **change})
