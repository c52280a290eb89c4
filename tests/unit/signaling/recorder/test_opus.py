"""The length of Opus packets, held against a decoder's."""

import av
import pytest

from signaling.recorder.opus import SILENCE, SILENCE_SAMPLES, samples_of
from tests.recorded_media import tone


@pytest.mark.parametrize("packet", [SILENCE, tone(440, 0.1)[2].data, tone(440, 0.1)[0].data])
def test_a_packet_is_as_long_as_a_decoder_finds_it(packet: bytes) -> None:
    decoder = av.CodecContext.create("libopus", "r")
    (frame,) = decoder.decode(av.Packet(packet))
    assert frame.samples == samples_of(packet) == SILENCE_SAMPLES


# RFC 6716 section 3.1, table 2, and the codes of section 3.2.
@pytest.mark.parametrize(
    ("head", "samples"),
    [
        (b"\x00", 480), (b"\x18", 2_880), (b"\x60", 480), (b"\x78", 960), (b"\x80", 120), (b"\xf9", 1_920),
        (b"\xfa", 1_920), (b"\xfb\x03", 2_880), (b"\xfb", 0),
    ],
)  # fmt: skip
def test_its_first_bytes_say_how_long_it_is(head: bytes, samples: int) -> None:
    assert samples_of(head) == samples
