"""Pixels come out of every common encoding as they went in, within a bound on memory."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from imaging.decoding import PLUGINS, claimed_bytes, stored_pixels
from imaging.errors import ImageTooLarge, NoPixels, UndecodablePixels
from imaging.mammogram import read_mammogram
from imaging.parsing import parse_dicom
from tests.dicom_builders import a_ct_slice, a_mammogram, a_report, as_bytes, with_pixels

# Odd bytes are the point here, and pydicom remarks on each.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

NOISE = np.random.default_rng(1).integers(0, 4096, (80, 64), np.uint16)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless])
def test_lossless_encodings_give_back_every_pixel(syntax: UID) -> None:
    ds = with_pixels(a_ct_slice(), NOISE)
    ds.compress(syntax)

    assert np.array_equal(stored_pixels(parse_dicom(as_bytes(ds))), NOISE)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_uncompressed_encodings_give_back_every_pixel(syntax: UID) -> None:
    ds = with_pixels(a_ct_slice(), NOISE)

    assert np.array_equal(stored_pixels(parse_dicom(as_bytes(ds, syntax))), NOISE)


def test_big_endian_gives_back_every_pixel() -> None:
    ds = with_pixels(a_ct_slice(), NOISE)
    ds.PixelData = NOISE.astype(">u2").tobytes()

    assert np.array_equal(stored_pixels(parse_dicom(as_bytes(ds, ExplicitVRBigEndian))), NOISE)


def test_no_decoder_under_a_licence_we_cannot_ship_is_asked() -> None:
    assert set(PLUGINS.values()) <= {"gdcm", "gdcm-extended", "pyjpegls", "pylibjpeg", "pydicom"}
    # pylibjpeg's JPEG plugin is GPL; its JPEG 2000 plugin is not.
    assert all("JPEG 2000" in uid.name for uid, plugin in PLUGINS.items() if plugin == "pylibjpeg")


def test_a_huge_claim_is_refused_before_any_memory_is_taken() -> None:
    ds = a_ct_slice()
    ds.Rows = ds.Columns = 65_535
    ds.NumberOfFrames = 10_000

    assert claimed_bytes(ds) > 1 << 40
    with pytest.raises(ImageTooLarge):
        stored_pixels(ds)


def test_objects_without_an_image_and_broken_streams_raise_our_own_errors() -> None:
    broken = with_pixels(a_ct_slice(), NOISE)
    broken.compress(JPEG2000Lossless)
    broken.PixelData = broken.PixelData[:40] + bytes(len(broken.PixelData) - 40)

    with pytest.raises(NoPixels):
        stored_pixels(a_report())
    with pytest.raises(UndecodablePixels):
        stored_pixels(broken)


def test_dense_tissue_is_bright_whichever_way_the_image_was_sent() -> None:
    stored = NOISE
    sent = a_mammogram(stored)
    turned = a_mammogram(4095 - stored, PhotometricInterpretation="MONOCHROME1")

    assert np.array_equal(read_mammogram(sent).pixels, read_mammogram(turned).pixels)
    assert read_mammogram(sent).pixels.dtype == np.float32


def test_raw_mammograms_are_turned_by_the_sign_of_their_intensity() -> None:
    raw = a_mammogram(NOISE, PresentationIntentType="FOR PROCESSING", PixelIntensityRelationshipSign=1)

    assert np.array_equal(read_mammogram(raw).pixels, 4095 - NOISE.astype(np.float32))


def test_the_spacing_of_a_mammogram_is_taken_to_the_breast() -> None:
    magnified = a_mammogram(EstimatedRadiographicMagnificationFactor=1.6, ImagerPixelSpacing=[0.16, 0.08])
    unknown = a_mammogram()
    del unknown.ImagerPixelSpacing

    assert read_mammogram(magnified).spacing_mm == pytest.approx((0.1, 0.05))
    assert read_mammogram(unknown).spacing_mm is None


def test_the_real_mammogram_in_jpeg_lossless_is_read(real_data: Path) -> None:
    ds = parse_dicom((real_data / "mg-senographe" / "GH133.dcm").read_bytes())

    mammogram = read_mammogram(ds)

    assert mammogram.pixels.shape == (3062, 2394)
    assert (mammogram.image_laterality, mammogram.view_position) == ("R", "MLO")
    assert mammogram.spacing_mm == pytest.approx((0.0941, 0.0941), abs=1e-4)
    # A right breast: bright to the right of the middle, air on the left.
    assert mammogram.pixels[:, 1600:].mean() > 20 * max(mammogram.pixels[:, :600].mean(), 1)
