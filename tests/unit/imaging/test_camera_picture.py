"""What becomes of a camera's picture before it is kept."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from imaging.camera_picture import MOST_PIXELS, read_picture, smaller
from imaging.errors import NotAPicture, PictureDamaged, PictureError, PictureSizeRefused
from tests.camera_pictures import as_jpeg, as_png, exif, scene


def pixels(content: bytes) -> np.ndarray:
    with Image.open(BytesIO(content)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def looks_like(content: bytes, image: Image.Image) -> bool:
    shown = pixels(content)
    wanted = np.asarray(image.convert("RGB")).astype(int)
    return shown.shape == wanted.shape and float(np.abs(shown - wanted).mean()) < 4


@pytest.mark.parametrize("subsampling", [1, 2])
def test_a_baseline_jpeg_keeps_its_very_pixels_and_loses_what_was_written_beside_them(
    subsampling: int,
) -> None:
    sent = as_jpeg(exif=exif(), comment=b"ward 3", subsampling=subsampling) + b"a film behind the picture"
    kept = read_picture(sent)
    assert (kept.width, kept.height) == (96, 64)
    assert (pixels(kept.jpeg) == pixels(sent)).all()
    for secret in (b"LI LEI", b"Exif", b"ward 3", b"a film", b"JFIF"):
        assert secret not in kept.jpeg
    with Image.open(BytesIO(kept.jpeg)) as image:
        assert not image.getexif()


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_camera_that_was_held_sideways_gives_an_upright_picture(orientation: int) -> None:
    turned = Image.open(BytesIO(as_jpeg(exif=exif(orientation), subsampling=0, quality=98)))
    kept = read_picture(as_jpeg(exif=exif(orientation)))
    assert looks_like(kept.jpeg, ImageOps.exif_transpose(turned))
    assert (kept.width > kept.height) == (orientation < 5)
    assert b"LI LEI" not in kept.jpeg


@pytest.mark.parametrize(
    "sent",
    [
        as_jpeg(progressive=True),
        as_jpeg(subsampling=0),
        as_jpeg(scene().convert("CMYK")),
        as_png(),
        as_png(scene().quantize(256)),
        as_png(scene().convert("RGBA")),
    ],
    ids=["progressive", "4:4:4", "CMYK", "PNG", "palette", "with alpha"],
)
def test_what_dicom_cannot_hold_as_it_is_becomes_a_baseline_jpeg_that_shows_the_same(sent: bytes) -> None:
    kept = read_picture(sent)
    assert looks_like(kept.jpeg, scene())
    assert read_picture(kept.jpeg) == kept, "and that one is kept as it is"


def test_what_is_transparent_shows_white_and_grey_stays_grey() -> None:
    clear = read_picture(as_png(Image.new("RGBA", (32, 32), (9, 9, 9, 0))))
    assert (pixels(clear.jpeg) > 250).all()
    assert looks_like(read_picture(as_jpeg(scene().convert("L"))).jpeg, scene().convert("L"))


def test_a_small_copy_keeps_its_shape() -> None:
    assert pixels(smaller(as_jpeg(), 48)).shape == (32, 48, 3)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", NotAPicture),
        (b"GIF89a", NotAPicture),
        (b"<svg/>", NotAPicture),
        (as_jpeg()[:-40], PictureDamaged),
        (as_jpeg()[:20], PictureDamaged),
        (as_png()[:60], PictureDamaged),
        (b"\xff\xd8\xff" + b"x" * 999, PictureDamaged),
        (as_jpeg(scene(15, 200)), PictureSizeRefused),
        (as_png(Image.new("1", (8_000, MOST_PIXELS // 8_000 + 1))), PictureSizeRefused),
    ],
    ids=[
        "empty",
        "GIF",
        "SVG",
        "cut off",
        "only a beginning",
        "half a PNG",
        "noise",
        "too thin",
        "too large",
    ],
)
def test_what_is_no_picture_has_a_defined_refusal(sent: bytes, error: type[PictureError]) -> None:
    with pytest.raises(error):
        read_picture(sent)


@given(st.integers(0, 2_000), st.binary(min_size=1, max_size=8))
def test_a_picture_with_wrong_bytes_in_it_is_shown_or_refused(at: int, wrong: bytes) -> None:
    sent = bytearray(as_jpeg())
    sent[at : at + len(wrong)] = wrong
    try:
        kept = read_picture(bytes(sent))
    except PictureError:
        return
    assert pixels(kept.jpeg).shape == (kept.height, kept.width, 3)
