"""Pictures as cameras and screens write them."""

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image


def scene(width: int = 96, height: int = 64) -> Image.Image:
    """Red on the left, green on the right, darker downwards: no two turns of it look alike."""
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(1, 0.3, height))
    pixels = np.stack([255 * (1 - across) * down, 255 * across * down, 40 * down], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8), "RGB")


def as_jpeg(image: Image.Image | None = None, **options: Any) -> bytes:
    return _written(image or scene(), "JPEG", **{"quality": 90, "subsampling": 2, **options})


def as_png(image: Image.Image | None = None) -> bytes:
    return _written(image or scene(), "PNG")


def exif(orientation: int = 1) -> bytes:
    """With a place and an owner's name, as a phone writes them."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x013B] = "LI LEI"  # Artist
    tags.get_ifd(0x8825).update({1: "N", 2: (30.0, 15.0, 0.0), 3: "E", 4: (120.0, 10.0, 0.0)})  # GPS
    return tags.tobytes()


def _written(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
