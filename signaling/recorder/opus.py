"""How long packets of Opus are, and silence in place of those that are not there. Pure.

Source: RFC 6716 section 3.
"""

SILENCE = b"\xf8\xff\xfe"  # CELT, the full band, one channel
SILENCE_SAMPLES = 960  # 20 ms; of Opus always at 48 kHz


def samples_of(packet: bytes) -> int:
    """Of a packet that is not empty."""
    configuration = packet[0] >> 3
    if configuration < 12:  # SILK
        samples = (480, 960, 1_920, 2_880)[configuration & 3]
    elif configuration < 16:  # both
        samples = (480, 960)[configuration & 1]
    else:  # CELT
        samples = (120, 240, 480, 960)[configuration & 3]
    code = packet[0] & 3
    if code == 3:
        return samples * (packet[1] & 0x3F) if len(packet) > 1 else 0
    return samples * (1 if code == 0 else 2)
