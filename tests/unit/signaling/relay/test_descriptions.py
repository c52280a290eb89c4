"""Descriptions of the relay: what is read of a client's, and that a client takes ours."""

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcdtlstransport import RTCDtlsFingerprint
from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.relay.descriptions import (
    Local,
    Place,
    UnusableDescription,
    read_answer,
    read_offer,
    write_answer,
    write_offer,
)
from signaling.relay.ice_lite import IceCredentials
from signaling.relay.packet_core import Codec

FINGERPRINT = RTCDtlsFingerprint("sha-256", ":".join(["AB"] * 32))
LOCAL = Local(IceCredentials(), FINGERPRINT, [("192.0.2.1", 40_000), ("127.0.0.1", 40_000)], 1, 1)
CHROMIUM_VIDEO = """\
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 107 108 45 46
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuv
a=ice-options:trickle
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:1
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
a=sendonly
a=msid:- cam
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 transport-cc
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
a=rtpmap:107 H264/90000
a=fmtp:107 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f
a=rtpmap:108 rtx/90000
a=fmtp:108 apt=107
a=rtpmap:45 AV1/90000
a=rtpmap:46 rtx/90000
a=fmtp:46 apt=45
a=rid:q send
a=rid:h send
a=rid:f send
a=simulcast:send q;h;f
"""


CHROMIUM_AUDIO = """\
m=audio 9 UDP/TLS/RTP/SAVPF 109 35 0
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuv
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:1
a=sendonly
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=fmtp:109 minptime=10;useinbandfec=1
a=rtpmap:35 red/48000/2
a=fmtp:35 109/109
a=rtpmap:0 PCMU/8000
"""


def an_offer(*sections: str) -> str:
    head = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 1\r\n"
    text = "".join(sections or (CHROMIUM_VIDEO,)).format(fingerprint=FINGERPRINT.value)
    return head + text.replace("\n", "\r\n")


def test_a_simulcast_offer_is_read_with_its_layers_and_codecs() -> None:
    (section,) = read_offer(an_offer()).sections
    assert section.rids == ("q", "h", "f")
    assert section.is_sending and section.ssrc is None
    assert {number: known.codec for number, known in section.payload_types.items()} == {
        96: Codec.VP8,
        103: Codec.H264,
    }
    assert dict(section.rtx_payload_types) == {97: 96, 104: 103}
    assert section.extensions["transport-cc"] == 4 and section.extensions["repaired-rid"] == 11


def test_the_answer_takes_all_layers_with_the_numbers_of_the_client() -> None:
    answer = write_answer(read_offer(an_offer()), LOCAL)
    assert "a=simulcast:recv q;h;f\r\n" in answer
    assert "m=video 9 UDP/TLS/RTP/SAVPF 96 103 97 104\r\n" in answer
    assert "a=ice-lite\r\n" in answer and "a=setup:passive\r\n" in answer
    assert "a=rtcp-fb:96 transport-cc\r\n" in answer
    assert answer.count("a=candidate:") == 2 and " 192.0.2.1 40000 typ host" in answer


def test_speech_is_asked_for_in_red_before_opus_alone_and_with_nothing_in_silence() -> None:
    offer = read_offer(an_offer(CHROMIUM_AUDIO))
    assert {number: known.codec for number, known in offer.sections[0].payload_types.items()} == {
        109: Codec.OPUS,
        35: Codec.RED,
    }
    answer = write_answer(offer, LOCAL)
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 35 109\r\n" in answer
    assert "a=fmtp:35 109/109\r\n" in answer
    assert "a=fmtp:109 minptime=10;useinbandfec=1;usedtx=1\r\n" in answer


@pytest.mark.parametrize("blocks", ["", "109/0", "0/0", "35/35", "109/110", "nonsense", "109/"])
def test_red_of_anything_but_opus_is_not_taken(blocks: str) -> None:
    line = "a=fmtp:35 109/109\n"
    offer = CHROMIUM_AUDIO.replace(line, f"a=fmtp:35 {blocks}\n" if blocks else "")
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 109\r\n" in write_answer(read_offer(an_offer(offer)), LOCAL)


def test_who_takes_red_is_read_of_the_answer() -> None:
    both = write_offer([Place("audio", "0", 11, None, "name", "anna")], LOCAL)
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n" in both and "a=fmtp:63 111/111\r\n" in both
    takes = both.replace("a=sendonly", "a=recvonly").replace("a=setup:actpass", "a=setup:active")
    assert read_answer(takes).red_mids == {"0"}
    red = "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"
    does_not = takes.replace(" 63 111", " 111").replace(red, "")
    assert read_answer(does_not).red_mids == set()


def test_a_section_without_a_codec_of_ours_is_refused_and_the_others_stay() -> None:
    av1 = CHROMIUM_VIDEO.replace("a=mid:1", "a=mid:2").replace("VP8", "AV1").replace("H264", "AV1")
    offer = read_offer(an_offer(CHROMIUM_VIDEO, av1))
    assert [section.is_sending for section in offer.sections] == [True, False]
    assert "m=video 0 " in write_answer(offer, LOCAL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a=ice-pwd:abcdefghijklmnopqrstuv\n", ""),
        ("a=fingerprint:sha-256 {fingerprint}\n", ""),
        ("a=mid:1\n", ""),
        ("a=mid:1\n", "a=mid:one two\n"),
        ("a=mid:1\n", "a=mid:" + "1" * 17 + "\n"),
        ("a=setup:actpass", "a=setup:passive"),
        ("a=setup:actpass", "a=setup:nobody"),
        ("a=extmap:2 ", "a=extmap:99999999999 "),
        ("a=rtcp-mux\n", "a=rtcp-mux\na=ssrc:99999999999999 cname:x\n"),
    ],
)
def test_an_offer_that_cannot_be_served_is_refused(old: str, new: str) -> None:
    with pytest.raises(UnusableDescription):
        read_offer(an_offer(CHROMIUM_VIDEO.replace(old, new)))


def test_the_same_mid_twice_is_refused() -> None:
    with pytest.raises(UnusableDescription):
        read_offer(an_offer(CHROMIUM_VIDEO, CHROMIUM_VIDEO))


async def test_an_endpoint_takes_our_offer_and_its_answer_is_read() -> None:
    places = [
        Place("audio", "0", 11, None, "name", "anna"),
        Place("video", "1", 12, 13, "name", "anna"),
        Place("video", "2", 14, 15, "name", None),
    ]
    client = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        await client.setRemoteDescription(RTCSessionDescription(write_offer(places, LOCAL), "offer"))
        await client.setLocalDescription(await client.createAnswer())
        answer = read_answer(client.localDescription.sdp)
    finally:
        await client.close()
    assert answer.accepted_mids == {"0", "1"}
    assert answer.red_mids == set()
    assert answer.fingerprints


@settings(max_examples=300)
@given(st.data())
def test_no_text_raises_anything_else(data: st.DataObject) -> None:
    lines = an_offer().splitlines()
    for _ in range(data.draw(st.integers(0, 4))):
        number = data.draw(st.integers(0, len(lines) - 1))
        how = data.draw(st.sampled_from(["drop", "cut", "garbage", "double"]))
        if how == "drop" and len(lines) > 1:
            del lines[number]
        elif how == "cut":
            lines[number] = lines[number][: data.draw(st.integers(0, 12))]
        elif how == "garbage":
            lines[number] += data.draw(st.text(max_size=20))
        else:
            lines.insert(number, lines[number])
    try:
        offer = read_offer("\r\n".join(lines))
    except UnusableDescription:
        return
    write_answer(offer, LOCAL)
