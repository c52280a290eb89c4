"""The port to whatever receives, rewrites, encrypts and sends packets: the hot path of the relay.

It owns one UDP socket. What is RTP of a known source goes straight to the outputs that take it; everything
else comes out of `take_events`. It never decodes. Two adapters: `python_core` (always there) and `c_core`
(where a compiler was at hand), with one contract test.

| thing | is |
|---|---|
| peer | one client connection: an address, and keys for both directions |
| source | one incoming stream of a peer: an SSRC (and that of its retransmissions) |
| output | one outgoing stream to a peer: an SSRC of its own, which takes one source after another |

Numbers of peers, sources and outputs are chosen by the caller. Who closes whom: removing a peer removes its
sources and outputs; removing a source silences the outputs that took it; `close` ends all and may be called
twice. Calls about what is not there do nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, Protocol

Address = tuple[str, int]  # the host as IPv4 or IPv6 is written, without zone

# The relay offers to receivers, so the numbers of what it sends are its own, the same for everybody.
EXTENSION_MID = 1  # RFC 8843 section 15
EXTENSION_ABS_SEND_TIME = 2  # http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
EXTENSION_AUDIO_LEVEL = 3  # RFC 6464

CACHE_PACKETS = 1_024  # of one video source: about 4 s at 2.5 Mbit/s; the oldest is dropped
EVENTS_WAITING = 4_096  # of each kind; more are dropped and counted
MAX_DATAGRAM_BYTES = 1_500


class Marks(NamedTuple):
    """Differentiated Services code points (RFC 8837 section 5, RFC 4594) of what is sent; 0 is none."""

    sound: int = 46  # EF
    other: int = 34  # AF41: pictures; and checks, keys and reports, which decide how pictures are


MARKS = Marks()


class Codec(IntEnum):
    """What the core has to know to see a key frame and to keep numbers continuous."""

    OPUS = 0
    VP8 = 1
    H264 = 2
    RED = 3  # Opus packets, the latest behind copies of those before it (RFC 2198)

    @property
    def is_sound(self) -> bool:
        return self in (Codec.OPUS, Codec.RED)


class SrtpProfile(IntEnum):
    """DTLS-SRTP protection profiles (RFC 5764 section 4.1.2, RFC 7714 section 14.2)."""

    AES128_CM_SHA1_80 = 0x0001
    AEAD_AES_128_GCM = 0x0007
    AEAD_AES_256_GCM = 0x0008


@dataclass(frozen=True, slots=True)
class PayloadType:
    """How packets of one incoming payload type go out; those of no known type are dropped."""

    outgoing: int
    codec: Codec
    clock_rate_hz: int


@dataclass(frozen=True, slots=True)
class Source:
    """An incoming stream. `rtx_payload_types` maps a retransmission's payload type to what it repeats.

    Extension ids are those that the publisher offered (RFC 8285); 0 where it offered none.
    """

    ssrc: int
    payload_types: Mapping[int, PayloadType]
    rtx_ssrc: int | None = None
    rtx_payload_types: Mapping[int, int] = field(default_factory=dict)
    transport_cc_id: int = 0
    audio_level_id: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """An outgoing stream; `mid` has at most 16 characters (one-byte header extensions, RFC 8285 4.2)."""

    peer: int
    ssrc: int
    mid: str
    is_audio: bool
    rtx_ssrc: int | None = None
    rtx_payload_types: Mapping[int, int] = field(default_factory=dict)  # outgoing type: its retransmission's


class Datagram(NamedTuple):
    """STUN or DTLS (RFC 7983), from whoever sent it."""

    address: Address
    data: bytes


class Rtcp(NamedTuple):
    """A decrypted compound packet of a peer."""

    peer: int
    data: bytes


class UnknownRtp(NamedTuple):
    """A decrypted packet of a peer whose SSRC is no source yet: its extensions say what it belongs to."""

    peer: int
    data: bytes


class Arrival(NamedTuple):
    """One packet of a known source that came, for feedback and statistics."""

    source: int
    sequence_number: int  # of the stream itself, also where it came as a retransmission
    timestamp: int
    at_us: int  # monotonic
    size_bytes: int  # of the datagram
    transport_sequence_number: int  # -1: none
    audio_level: int  # 0 is the loudest, 127 silence, -1: not said
    is_key_frame: bool  # the first packet of one
    is_rtx: bool


class Events(NamedTuple):
    datagrams: list[Datagram]
    rtcp: list[Rtcp]
    unknown_rtp: list[UnknownRtp]
    arrivals: list[Arrival]


class Sent(NamedTuple):
    """An output as a sender report needs it (RFC 3550 6.4.1). `source` is None before the first packet."""

    source: int | None
    timestamp_offset: int  # outgoing minus incoming, modulo 2^32
    packets: int
    octets: int
    last_sequence_number: int  # outgoing, the newest one


class Counts(NamedTuple):
    """Since the start. `refused`: failed authentication, replayed, malformed, or of a stranger.

    Bytes are those of whole datagrams: of all that came, and of media that went out.
    """

    received: int
    forwarded: int
    resent: int
    refused: int
    events_dropped: int
    send_failures: int
    received_bytes: int
    sent_bytes: int


class PacketCore(Protocol):
    def bind(self, host: str, port: int, marks: Marks = MARKS) -> int:
        """Open the socket and begin; 0 lets the system choose. Returns the port. Raises OSError.

        The host is an IPv4 or IPv6 address; `::` takes both (RFC 3493 section 5.3).
        """
        ...

    def fileno(self) -> int:
        """Readable when `take_events` has work to do."""
        ...

    def take_events(self) -> Events:
        """What came since the last call. In the Python core this is also what receives and forwards."""
        ...

    def send_to(self, address: Address, data: bytes) -> None:
        """Send as it is: STUN, DTLS."""
        ...

    def add_peer(self, peer: int) -> None: ...

    def set_address(self, peer: int, address: Address) -> None:
        """From now on what comes from `address` is this peer's own, and what it gets goes there."""
        ...

    def set_keys(self, peer: int, profile: SrtpProfile, receive_key: bytes, send_key: bytes) -> None:
        """Keys are master key and salt in one (RFC 5764 section 4.2)."""
        ...

    def remove_peer(self, peer: int) -> None: ...

    def add_source(self, source: int, peer: int, description: Source) -> None:
        """Of a number that is there: what is known of it now, such as the SSRC of its retransmissions."""
        ...

    def remove_source(self, source: int) -> None: ...

    def add_output(self, output: int, description: Output) -> None: ...

    def remove_output(self, output: int) -> None: ...

    def route(self, output: int, source: int | None) -> None:
        """Let `output` take `source`: sound at once, pictures from the source's next key frame on.

        Until then the former source goes on. Sequence numbers, timestamps and VP8 picture ids go on where
        they stood. None silences it at once.
        """
        ...

    def take_copies(self, output: int, takes: bool) -> None:
        """Let `output` have RED as it comes; without, as at first, it gets the latest Opus packet of each."""
        ...

    def resend(self, output: int, sequence_numbers: Sequence[int]) -> None:
        """Send again what is still in the cache, as retransmission (RFC 4588) if the output has one."""
        ...

    def send_rtcp(self, peer: int, data: bytes) -> None: ...

    def sent(self, output: int) -> Sent: ...

    def counts(self) -> Counts: ...

    def close(self) -> None: ...
