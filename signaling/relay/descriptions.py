"""Session descriptions of the relay: what a client's offer says, and the answers and offers in return. Pure.

The client's lines are read by aiortc's parser; of what it does not know (RFC 8851 `rid`, RFC 8853
`simulcast`) the lines are read here. Numbers of payload types in our offers are always the same, those in our
answers are the client's. Sources: RFC 8866 (SDP), RFC 9429 sections 5.2 and 5.3, RFC 8843 (BUNDLE), RFC 2198
section 5 (RED).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiortc import sdp as aiortc_sdp
from aiortc.rtcdtlstransport import RTCDtlsFingerprint
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from signaling.media import SCREEN_SUFFIX
from signaling.relay.ice_lite import IceCredentials
from signaling.relay.packet_core import (
    EXTENSION_ABS_SEND_TIME,
    EXTENSION_AUDIO_LEVEL,
    EXTENSION_MID,
    Address,
    Codec,
    PayloadType,
)

URI = {
    "mid": "urn:ietf:params:rtp-hdrext:sdes:mid",
    "rid": "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "repaired-rid": "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "abs-send-time": "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "audio-level": "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "transport-cc": "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
}
MAX_SECTIONS_SENT = {"audio": 1, "video": 2}  # a face and a shared screen
MAX_LAYERS = 3
MAX_MID_CHARACTERS = 16
# These are off unless the receiver's description asks for them (RFC 7587 section 6.1): with FEC a lost packet
# of speech is heard from the next one; with DTX a microphone in silence costs next to nothing.
OPUS_PARAMETERS = "minptime=10;useinbandfec=1;usedtx=1"
H264_PARAMETERS = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
# What aiortc's parser raises over a text that makes no sense.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, StopIteration)
VIDEO_FEEDBACK = ("nack", "nack pli", "ccm fir")


@dataclass(frozen=True, slots=True)
class OurCodec:
    """A codec that the relay forwards, with the numbers that it uses towards receivers."""

    kind: str
    name: str
    codec: Codec
    clock_rate_hz: int
    payload_type: int
    rtx_payload_type: int | None
    parameters: str


# In the order in which clients are to choose: RED before Opus alone. RED's parameters are numbers of Opus.
OUR_CODECS = (
    OurCodec("audio", "red", Codec.RED, 48_000, 63, None, ""),
    OurCodec("audio", "opus", Codec.OPUS, 48_000, 111, None, OPUS_PARAMETERS),
    OurCodec("video", "VP8", Codec.VP8, 90_000, 96, 97, ""),
    OurCodec("video", "H264", Codec.H264, 90_000, 102, 103, H264_PARAMETERS),
)
RTX_PAYLOAD_TYPES = {c.payload_type: c.rtx_payload_type for c in OUR_CODECS if c.rtx_payload_type is not None}


class UnusableDescription(ValueError):
    """A description that no media can be set up with."""


@dataclass(frozen=True, slots=True)
class SentSection:
    """One m-line by which a client sends. Payload types and extension ids are the client's."""

    kind: str
    mid: str
    payload_types: Mapping[int, PayloadType]
    rtx_payload_types: Mapping[int, int]  # of a retransmission: what it repeats
    extensions: Mapping[str, int]  # by a key of URI
    rids: tuple[str, ...]
    ssrc: int | None  # where the offer names it: without simulcast
    rtx_ssrc: int | None
    is_usable: bool  # not rejected, and with a codec of ours
    is_sending: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What a client offers to send, and how it is reached."""

    ice: IceCredentials
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    sections: tuple[SentSection, ...]

    def stream_ids(self, participant_id: str) -> dict[str, str]:
        """By mid: the name under which others receive what comes by it (signaling/media.py)."""
        screens = [section.mid for section in self.sections if section.kind == "video"][1:]
        suffixes = {mid: SCREEN_SUFFIX for mid in screens}
        return {section.mid: participant_id + suffixes.get(section.mid, "") for section in self.sections}


@dataclass(frozen=True, slots=True)
class Answer:
    """A client's answer: how it is reached, and the m-lines that it takes, by mid; and those with RED."""

    ice: IceCredentials
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    accepted_mids: frozenset[str]
    red_mids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Local:
    """Our side of one connection."""

    ice: IceCredentials
    fingerprint: RTCDtlsFingerprint
    candidates: Sequence[Address]
    session_id: int
    version: int
    tcp_candidates: Sequence[Address] = ()  # for who has no UDP (relay/ice_tcp.py)


@dataclass(frozen=True, slots=True)
class Place:
    """An m-line of ours through which one track goes to a client; inactive while it serves nobody."""

    kind: str
    mid: str
    ssrc: int
    rtx_ssrc: int | None
    cname: str
    stream_id: str | None  # None: inactive


def read_offer(text: str) -> Offer:
    """Raises UnusableDescription."""
    parsed = _parse(text)
    if not parsed.media:
        raise UnusableDescription("no media sections")
    pieces = _sections(text)
    sections = tuple(_section(media, piece) for media, piece in zip(parsed.media, pieces, strict=True))
    if len({section.mid for section in sections}) != len(sections):
        raise UnusableDescription("a mid is there twice")
    kinds = [section.kind for section in sections]
    if any(kinds.count(kind) > MAX_SECTIONS_SENT.get(kind, 0) for kind in kinds):
        raise UnusableDescription("more sections of a kind than are taken")
    ice, fingerprints = _transport(parsed)
    return Offer(ice, fingerprints, sections)


def read_answer(text: str) -> Answer:
    """Raises UnusableDescription."""
    parsed = _parse(text)
    if not parsed.media:
        raise UnusableDescription("no media sections")
    ice, fingerprints = _transport(parsed)
    taken = [media for media in parsed.media if media.port != 0 and media.direction == "recvonly"]
    accepted = frozenset(media.rtp.muxId for media in taken)
    red = frozenset(
        media.rtp.muxId
        for media in taken
        if any(codec.mimeType.lower() == "audio/red" for codec in media.rtp.codecs)
    )
    return Answer(ice, fingerprints, accepted, red)


def _parse(text: str) -> aiortc_sdp.SessionDescription:
    try:
        return aiortc_sdp.SessionDescription.parse(text)
    except UNREADABLE as error:
        raise UnusableDescription(f"{type(error).__name__} in the parser") from error


def _sections(text: str) -> list[str]:
    return re.split(r"^(?=m=)", text.replace("\r\n", "\n"), flags=re.MULTILINE)[1:]


def _transport(
    parsed: aiortc_sdp.SessionDescription,
) -> tuple[IceCredentials, tuple[RTCDtlsFingerprint, ...]]:
    for media in parsed.media:
        if media.port == 0 or media.ice is None or media.dtls is None:
            continue
        if media.dtls.role == "server":
            raise UnusableDescription("the client wants to be the server of DTLS")
        ufrag, password = media.ice.usernameFragment, media.ice.password
        if ufrag and password and media.dtls.fingerprints:
            return IceCredentials(ufrag, password), tuple(media.dtls.fingerprints)
    raise UnusableDescription("no ICE credentials or no fingerprint")


def _section(media: aiortc_sdp.MediaDescription, text: str) -> SentSection:
    mid = media.rtp.muxId
    if not re.fullmatch(rf"[\w.-]{{1,{MAX_MID_CHARACTERS}}}", mid or "", re.ASCII):
        raise UnusableDescription("a mid that is none")
    ours = {codec.name.lower(): codec for codec in OUR_CODECS if codec.kind == media.kind}
    payload_types: dict[int, PayloadType] = {}
    rtx: dict[int, int] = {}
    for codec in media.rtp.codecs:
        name = codec.mimeType.partition("/")[2].lower()
        our, number, apt = ours.get(name), codec.payloadType, codec.parameters.get("apt")
        if number is None:
            continue
        if name == "rtx" and isinstance(apt, int):
            rtx[number] = apt
        if our is None or any(known.codec is our.codec for known in payload_types.values()):
            continue
        if our.codec is Codec.H264 and str(codec.parameters.get("packetization-mode")) != "1":
            continue
        if our.codec is Codec.RED and not _is_red_of_opus(codec, media.rtp.codecs):
            continue
        payload_types[number] = PayloadType(our.payload_type, our.codec, our.clock_rate_hz)
    names = {uri: name for name, uri in URI.items()}
    if any(not 0 < entry.ssrc < 1 << 32 for entry in media.ssrc):
        raise UnusableDescription("an SSRC that is none")
    if any(not 0 < extension.id < 256 for extension in media.rtp.headerExtensions):  # RFC 8285 section 5
        raise UnusableDescription("a header extension of no number")
    ssrcs = [entry.ssrc for entry in media.ssrc]
    rids = tuple(dict.fromkeys(re.findall(r"^a=rid:([A-Za-z0-9_-]{1,16}) send\b", text, re.MULTILINE)))
    pair = next((group.items for group in media.ssrc_group if group.semantic == "FID"), None)
    is_usable = media.port != 0 and bool(payload_types)
    return SentSection(
        kind=media.kind,
        mid=mid,
        payload_types=payload_types,
        rtx_payload_types={number: apt for number, apt in rtx.items() if apt in payload_types},
        extensions={names[e.uri]: e.id for e in media.rtp.headerExtensions if e.uri in names},
        rids=rids[:MAX_LAYERS],
        ssrc=int(pair[0]) if pair else (ssrcs[0] if ssrcs else None),
        rtx_ssrc=int(pair[1]) if pair and len(pair) > 1 else None,
        is_usable=is_usable,
        is_sending=is_usable and media.direction in ("sendonly", "sendrecv"),
    )


def _is_red_of_opus(red: RTCRtpCodecParameters, codecs: Sequence[RTCRtpCodecParameters]) -> bool:
    opus = {str(codec.payloadType) for codec in codecs if codec.mimeType.lower() == "audio/opus"}
    blocks = {number for parameter in red.parameters for number in parameter.split("/")}
    return bool(blocks) and blocks <= opus


def write_answer(offer: Offer, local: Local) -> str:
    """The answer that takes what the offer sends, now or later, and forwards nothing back."""
    lines = _head(local, (section.mid for section in offer.sections if section.is_usable))
    for section in offer.sections:
        if not section.is_usable:
            lines += [f"m={section.kind} 0 UDP/TLS/RTP/SAVPF 0", "c=IN IP4 0.0.0.0", f"a=mid:{section.mid}"]
            lines.append("a=inactive")
            continue
        by_apt = {apt: number for number, apt in section.rtx_payload_types.items()}
        codecs = [
            _CodecLine(_our(known.codec), number, by_apt.get(number))
            for number, known in sorted(section.payload_types.items(), key=lambda item: _rank(item[1].codec))
        ]
        lines += _media(section.kind, codecs, local, "passive")
        lines += [f"a=mid:{section.mid}", "a=recvonly" if section.is_sending else "a=inactive"]
        lines += [f"a=extmap:{number} {URI[name]}" for name, number in sorted(section.extensions.items())]
        lines += _codec_lines(codecs, "transport-cc" in section.extensions)
        if section.rids:
            lines += [f"a=rid:{rid} recv" for rid in section.rids]
            lines.append(f"a=simulcast:recv {';'.join(section.rids)}")
    return _text(lines)


def write_offer(places: Sequence[Place], local: Local) -> str:
    """The offer of everything that goes to a client."""
    lines = _head(local, (place.mid for place in places))
    for place in places:
        codecs = [
            _CodecLine(codec, codec.payload_type, codec.rtx_payload_type)
            for codec in OUR_CODECS
            if codec.kind == place.kind
        ]
        lines += _media(place.kind, codecs, local, "actpass")
        lines += [f"a=mid:{place.mid}", "a=sendonly" if place.stream_id is not None else "a=inactive"]
        lines += [
            f"a=extmap:{EXTENSION_MID} {URI['mid']}",
            f"a=extmap:{EXTENSION_ABS_SEND_TIME} {URI['abs-send-time']}",
        ]
        if place.kind == "audio":
            lines.append(f"a=extmap:{EXTENSION_AUDIO_LEVEL} {URI['audio-level']}")
        lines += _codec_lines(codecs, has_transport_cc=False)
        if place.stream_id is not None:
            lines.append(f"a=msid:{place.stream_id} {place.kind}-{place.mid}")
        if place.rtx_ssrc is not None:
            lines.append(f"a=ssrc-group:FID {place.ssrc} {place.rtx_ssrc}")
        lines += [f"a=ssrc:{ssrc} cname:{place.cname}" for ssrc in (place.ssrc, place.rtx_ssrc) if ssrc]
    return _text(lines)


@dataclass(frozen=True, slots=True)
class _CodecLine:
    ours: OurCodec
    payload_type: int
    rtx_payload_type: int | None


def _our(codec: Codec) -> OurCodec:
    return OUR_CODECS[_rank(codec)]


def _rank(codec: Codec) -> int:
    return next(rank for rank, ours in enumerate(OUR_CODECS) if ours.codec is codec)


def _head(local: Local, mids: Iterable[str]) -> list[str]:
    return [
        "v=0",
        f"o=- {local.session_id} {local.version} IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(mids)}".rstrip(),
        "a=ice-lite",
        "a=msid-semantic:WMS *",
    ]


def _media(kind: str, codecs: Sequence[_CodecLine], local: Local, setup: str) -> list[str]:
    numbers = [line.payload_type for line in codecs]
    numbers += [line.rtx_payload_type for line in codecs if line.rtx_payload_type is not None]
    return [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, numbers))}",
        "c=IN IP4 0.0.0.0",
        *(_candidate(rank, address) for rank, address in enumerate(local.candidates)),
        *(
            f"{_candidate(rank, address, 'tcp')} tcptype passive"
            for rank, address in enumerate(local.tcp_candidates, len(local.candidates))
        ),
        "a=end-of-candidates",
        f"a=ice-ufrag:{local.ice.ufrag}",
        f"a=ice-pwd:{local.ice.password}",
        f"a=fingerprint:{local.fingerprint.algorithm} {local.fingerprint.value}",
        f"a=setup:{setup}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
    ]


def _candidate(rank: int, address: Address, protocol: str = "udp") -> str:
    """Host candidates, the first with the highest priority (RFC 8445 section 5.1.2.1)."""
    priority = 126 << 24 | (65_535 - rank) << 8 | 255
    return f"a=candidate:{rank + 1} 1 {protocol} {priority} {address[0]} {address[1]} typ host"


def _codec_lines(codecs: Sequence[_CodecLine], has_transport_cc: bool) -> list[str]:
    lines: list[str] = []
    opus = next((line.payload_type for line in codecs if line.ours.codec is Codec.OPUS), None)
    for line in codecs:
        ours, number = line.ours, line.payload_type
        channels = "/2" if ours.kind == "audio" else ""
        lines.append(f"a=rtpmap:{number} {ours.name}/{ours.clock_rate_hz}{channels}")
        feedback = list(VIDEO_FEEDBACK) if ours.kind == "video" else []
        if has_transport_cc and ours.codec is not Codec.RED:
            feedback.append("transport-cc")
        elif ours.kind == "video":
            feedback.append("goog-remb")
        lines += [f"a=rtcp-fb:{number} {one}" for one in feedback]
        if parameters := f"{opus}/{opus}" if ours.codec is Codec.RED else ours.parameters:
            lines.append(f"a=fmtp:{number} {parameters}")
        if line.rtx_payload_type is not None:
            lines.append(f"a=rtpmap:{line.rtx_payload_type} rtx/{ours.clock_rate_hz}")
            lines.append(f"a=fmtp:{line.rtx_payload_type} apt={number}")
    return lines


def _text(lines: Sequence[str]) -> str:
    return "\r\n".join(lines) + "\r\n"
