"""Text in the pixels is found and blacked out; what has none stays as it is."""

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset
from pydicom.uid import JPEGLSLossless, SecondaryCaptureImageStorage, UltrasoundMultiFrameImageStorage

from imaging.burned_in_text import Look, has_strokes, how_to_look, without_text
from imaging.deidentified_copy import DeidentifiedCopy
from imaging.deidentify import Case
from imaging.errors import NotDeidentified
from tests.dicom_builders import a_ct_slice, a_dataset, a_mammogram, as_bytes, with_pixels

DATA = Path(os.environ.get("TELECONSULT_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
needs_font = pytest.mark.skipif(not Path(FONT).exists(), reason="fonts-noto-cjk is not installed")


def writing(text: str, size: int = 20, shape: tuple[int, int] = (256, 384)) -> NDArray[np.float64]:
    """(row, column) from 0 to 1: the text in the upper left."""
    image = Image.new("L", shape[::-1])
    ImageDraw.Draw(image).text((12, 16), text, fill=255, font=ImageFont.truetype(FONT, size))
    return np.asarray(image) / 255


def a_body(shape: tuple[int, int] = (256, 384)) -> NDArray[np.uint16]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    noise = np.random.default_rng(1).normal(0, 20, shape)
    ellipse = ((rows / shape[0] - 0.5) / 0.35) ** 2 + ((columns / shape[1] - 0.5) / 0.4) ** 2 < 1
    return np.clip(np.where(ellipse, 1000, 60) + noise, 0, 4095).astype(np.uint16)


def a_capture(stored: NDArray[np.uint16], **attributes: object) -> Dataset:
    return with_pixels(a_dataset(SecondaryCaptureImageStorage, Modality="OT", **attributes), stored)


def written(text: str) -> NDArray[np.uint16]:
    return np.maximum(a_body(), (writing(text) * 4000).astype(np.uint16))


def ink_left(content: bytes) -> float:
    ds = pydicom.dcmread(BytesIO(content))
    ink = writing("WANG XIAODONG 60Y") > 0.9
    return float((np.asarray(ds.pixel_array)[..., ink] > 3000).mean())


def test_which_images_are_looked_at() -> None:
    assert how_to_look(a_ct_slice()) is Look.IF_STROKES
    assert how_to_look(a_ct_slice(BurnedInAnnotation="YES")) is Look.READ
    assert how_to_look(a_ct_slice(ImageType=["DERIVED", "SECONDARY"])) is Look.READ
    assert how_to_look(a_ct_slice(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])) is Look.READ
    assert how_to_look(a_mammogram()) is Look.READ
    assert how_to_look(a_capture(a_body())) is Look.READ


@needs_font
@pytest.mark.parametrize("compressed", [False, True])
def test_a_name_is_blacked_out_and_the_rest_stays(compressed: bool) -> None:
    ds = a_capture(written("WANG XIAODONG 60Y"))
    if compressed:
        ds.compress(JPEGLSLossless, encoding_plugin="pyjpegls", generate_instance_uid=False)
    content = as_bytes(ds)

    cleaned = without_text(content)

    assert ink_left(content) > 0.9 and cleaned.boxes >= 1
    assert ink_left(bytes(cleaned.content)) == 0
    after = pydicom.dcmread(BytesIO(cleaned.content))
    assert np.array_equal(after.pixel_array[100:], a_body()[100:])
    assert after.file_meta.TransferSyntaxUID == ds.file_meta.TransferSyntaxUID


@needs_font
def test_black_is_what_shows_black() -> None:
    stored = (4095 - written("WANG XIAODONG 60Y")).astype(np.uint16)
    cleaned = without_text(as_bytes(a_capture(stored, PhotometricInterpretation="MONOCHROME1")))

    after = pydicom.dcmread(BytesIO(cleaned.content)).pixel_array
    assert (after[writing("WANG XIAODONG 60Y") > 0.9] == after.max()).all()


@needs_font
def test_text_in_one_frame_goes_from_all() -> None:
    ds = a_dataset(UltrasoundMultiFrameImageStorage, Modality="US")
    frames = np.stack([a_body(), written("WANG XIAODONG 60Y"), written("WANG XIAODONG 60Y")])
    with_pixels(ds, frames[0])
    ds.NumberOfFrames, ds.PixelData = 3, frames.tobytes()

    cleaned = without_text(as_bytes(ds))

    assert cleaned.looked == 3
    assert ink_left(bytes(cleaned.content)) == 0


@needs_font
def test_an_image_with_text_is_refused_where_black_is_not_wanted() -> None:
    with pytest.raises(NotDeidentified) as refusal:
        without_text(as_bytes(a_capture(written("WANG XIAODONG 60Y"))), black_out=False)
    assert refusal.value.reason.zh


@needs_font
@pytest.mark.parametrize("text", ["WANG XIAODONG 60Y", "王小东 男 60岁 县医院"])
def test_writing_on_a_ct_slice_stands_out_from_a_body(text: str) -> None:
    assert not has_strokes(a_body())
    assert has_strokes(written(text))


@needs_font
def test_slices_of_a_series_with_text_are_all_read() -> None:
    copy = DeidentifiedCopy(Case(bytes(32)))
    for number in (1, 2):
        ds = a_ct_slice(number)
        copy.add(as_bytes(with_pixels(ds, written("WANG XIAODONG 60Y"))))
    report = copy.report()

    assert (report["files_copied"], report["images_read_for_text"], report["images_blacked_out"]) == (2, 2, 2)


@pytest.mark.skipif(not DATA.is_dir(), reason="no real images here")
def test_real_slices_are_neither_read_nor_changed() -> None:
    paths = sorted((DATA / "ct-chest-c3n-00247").rglob("*.dcm"))[::9]
    copy = DeidentifiedCopy(Case(bytes(32)))
    results = [copy.add(path.read_bytes()) for path in paths]

    assert copy.images_read <= 2 and copy.images_blackened == 0
    for path, result in zip(paths, results, strict=True):
        assert result is not None
        after = pydicom.dcmread(BytesIO(result.content()))
        assert after.PixelData == pydicom.dcmread(path).PixelData
        assert after.BurnedInAnnotation == "NO"
