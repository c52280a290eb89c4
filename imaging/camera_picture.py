"""A picture from a camera, made fit for a record: one baseline JPEG that says nothing but what it shows.

What a camera or a program writes beside the picture (place, device, owner, a thumbnail, the seconds before)
is left out. The picture itself is kept as it is where DICOM can hold it, and encoded anew where it cannot.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from imaging.errors import NotAPicture, PictureDamaged, PictureSizeRefused

MOST_PIXELS: Final = 40_000_000  # a phone's camera has 12 to 50 million; this is 120 MB of memory
LEAST_SIDE_PX: Final = 16
MAGIC: Final = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}
QUALITY: Final = 95
COLOUR_422: Final = 1  # Pillow's name of chroma subsampling 4:2:2, which YBR_FULL_422 is
NORMAL_ORIENTATION: Final = 1
ORIENTATION_TAG: Final = 0x0112  # EXIF 2.32, 4.6.4

# ITU-T T.81 table B.1
SOF0, SOI, EOI, SOS, DHT, DQT, DRI = 0xC0, 0xD8, 0xD9, 0xDA, 0xC4, 0xDB, 0xDD
KEPT_SEGMENTS: Final = frozenset({SOF0, SOS, DHT, DQT, DRI})
RESTARTS: Final = range(0xD0, 0xD8)
TOLD_APART: Final = frozenset({0xFE, *range(0xE0, 0xF0)})  # comments, and what programs add


@dataclass(frozen=True, slots=True)
class CameraPicture:
    """A baseline JPEG in colour, YCbCr with 4:2:2 or 4:2:0, without any metadata."""

    jpeg: bytes
    width: int
    height: int


def read_picture(content: bytes) -> CameraPicture:
    """Return what a JPEG or PNG file shows.

    Raises:
        NotAPicture: it is neither, or of a kind that no camera makes.
        PictureDamaged: it ends too early, or cannot be decoded.
        PictureSizeRefused: it has too many pixels, or next to none.
    """
    kind = next((name for magic, name in MAGIC.items() if content.startswith(magic)), None)
    if kind is None:
        raise NotAPicture
    try:
        with Image.open(BytesIO(content), formats=[kind]) as image:
            if image.width * image.height > MOST_PIXELS or min(image.size) < LEAST_SIDE_PX:
                raise PictureSizeRefused(image.width, image.height, MOST_PIXELS // 1_000_000)
            if image.mode not in ("RGB", "RGBA", "L", "LA", "P", "CMYK", "1"):
                raise NotAPicture
            image.load()
            jpeg = _as_it_is(content, image) or _encoded(_in_srgb(_upright(image)))
        with Image.open(BytesIO(jpeg), formats=["JPEG"]) as kept:
            kept.load()
            return CameraPicture(jpeg, kept.width, kept.height)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise PictureDamaged from error


def smaller(jpeg: bytes, side_px: int) -> bytes:
    """Return the picture with its longer side at most so long."""
    with Image.open(BytesIO(jpeg), formats=["JPEG"]) as image:
        image.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
        return _encoded(image.convert("RGB"))


def _as_it_is(content: bytes, image: Image.Image) -> bytes | None:
    """The JPEG without metadata; None where a reader of DICOM would show it otherwise."""
    if image.format != "JPEG" or image.mode != "RGB" or "icc_profile" in image.info:
        return None
    if image.getexif().get(ORIENTATION_TAG, NORMAL_ORIENTATION) != NORMAL_ORIENTATION:
        return None
    layers: list[tuple[int, int, int, int]] = getattr(image, "layer", [])
    is_subsampled = [(h, v) for _, h, v, _ in layers] in ([(2, 1), (1, 1), (1, 1)], [(2, 2), (1, 1), (1, 1)])
    is_ycbcr = [name for name, *_ in layers] == [1, 2, 3] and image.info.get("adobe_transform", 1) == 1
    return _without_metadata(content) if is_subsampled and is_ycbcr else None


def _without_metadata(content: bytes) -> bytes | None:
    """The segments that hold the picture, to its end; None where it is not baseline."""
    kept, at = bytearray(content[:2]), 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if marker == EOI:
            return bytes(kept + content[at : at + 2])
        if marker == 0xFF:  # fill bytes may stand before a marker
            at += 1
            continue
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == SOS:
            end = _end_of_scan(content, end)
        if marker in KEPT_SEGMENTS:
            kept += content[at:end]
        elif marker not in TOLD_APART:
            return None
        at = end
    return bytes(kept + content[at : at + 2]) if content[at : at + 2] == bytes((0xFF, EOI)) else None


def _end_of_scan(content: bytes, at: int) -> int:
    """Where the next marker stands: 0xFF in the data is followed by 0, or by a restart marker (B.1.1.5)."""
    while (at := content.find(b"\xff", at)) >= 0:
        if at + 1 < len(content) and content[at + 1] != 0 and content[at + 1] not in RESTARTS:
            return at
        at += 2
    return len(content)


def _upright(image: Image.Image) -> Image.Image:
    return ImageOps.exif_transpose(image)


def _in_srgb(image: Image.Image) -> Image.Image:
    """In the colours that screens take for given; what is transparent shows white."""
    profile = image.info.get("icc_profile")
    if image.mode in ("RGBA", "LA", "P"):
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    image = image.convert("RGB")
    if not profile:
        return image
    try:
        given = ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):  # a profile of something else, or a broken one
        return image
    return converted or image


def _encoded(image: Image.Image) -> bytes:
    buffer = BytesIO()
    bare = Image.new("RGB", image.size)
    bare.paste(image)  # without what was read beside it, which Pillow would write again
    bare.save(buffer, "JPEG", quality=QUALITY, subsampling=COLOUR_422)
    written = buffer.getvalue()
    return _without_metadata(written) or written
