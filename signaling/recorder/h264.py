"""What a file has to say of H.264: the decoder's configuration and the size of the picture. Pure.

Sources: ISO/IEC 14496-15 section 5.3.3.1 (AVCDecoderConfigurationRecord), ITU-T H.264 section 7.3.2.1.1
(SPS).
"""

HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
MAX_PIXELS = 8_192


class _Bits:
    """Fixed and Exp-Golomb coded numbers (H.264 section 9.1); emulation prevention is taken out."""

    def __init__(self, data: bytes) -> None:
        raw = data.replace(b"\x00\x00\x03", b"\x00\x00")
        self._bits = "".join(f"{byte:08b}" for byte in raw)
        self._at = 0

    def take(self, count: int) -> int:
        text = self._bits[self._at : self._at + count]
        if len(text) < count:
            raise ValueError("the parameter set is too short")
        self._at += count
        return int(text, 2) if text else 0

    def ue(self) -> int:
        zeros = 0
        while self.take(1) == 0:
            zeros += 1
            if zeros > 32:
                raise ValueError("no Exp-Golomb code")
        return (1 << zeros) - 1 + self.take(zeros)

    def se(self) -> int:
        value = self.ue()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def avc_configuration(sps: bytes, pps: bytes) -> bytes:
    """With lengths of four bytes before each NAL unit, one SPS and one PPS."""
    head = bytes([1]) + sps[1:4] + bytes([0xFC | 3, 0xE0 | 1])
    return head + len(sps).to_bytes(2, "big") + sps + bytes([1]) + len(pps).to_bytes(2, "big") + pps


def picture_size(sps: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None where the parameter set makes no sense."""
    try:
        return _picture_size(sps)
    except ValueError:
        return None


def _picture_size(sps: bytes) -> tuple[int, int]:
    if len(sps) < 5:
        raise ValueError("no parameter set")
    bits = _Bits(sps[4:])
    bits.ue()
    chroma = 1
    if sps[1] in HIGH_PROFILES:
        chroma = bits.ue()
        if chroma == 3:
            bits.take(1)
        bits.ue()
        bits.ue()
        bits.take(1)
        if bits.take(1):
            _skip_scaling_lists(bits, 8 if chroma != 3 else 12)
    bits.ue()
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.take(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue()):
            bits.se()
    bits.ue()
    bits.take(1)
    width = 16 * (bits.ue() + 1)
    map_height = bits.ue() + 1
    frames_only = bits.take(1)
    height = 16 * map_height * (2 - frames_only)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        crop_x = 2 if chroma in (1, 2) else 1
        crop_y = (2 if chroma == 1 else 1) * (2 - frames_only)
        width -= crop_x * (bits.ue() + bits.ue())
        height -= crop_y * (bits.ue() + bits.ue())
    if not (0 < width <= MAX_PIXELS and 0 < height <= MAX_PIXELS):
        raise ValueError("no size of a picture")
    return width, height


def _skip_scaling_lists(bits: _Bits, count: int) -> None:
    for number in range(count):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if number < 6 else 64):
            if following:
                following = (last + bits.se()) & 0xFF
            last = following or last
