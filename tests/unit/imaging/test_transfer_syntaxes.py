"""One known image in every transfer syntax that is read, and pydicom's own files as a corpus of odd ones.

CODECS is the table of what is decoded: docs quote it. HTJ2K has no encoder here, its decoder is OpenJPEG's.
"""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels import pixel_array
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    SegmentationStorage,
)

from imaging.decoding import PLUGINS, stored_pixels
from imaging.errors import DicomError, UndecodablePixels
from imaging.parsing import parse_dicom
from tests.dicom_builders import a_ct_slice, a_dataset, as_bytes, with_pixels

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

needs_dcmtk = pytest.mark.skipif(shutil.which("dcmcjpeg") is None, reason="dcmtk is not installed here")


def smooth(rows: int, columns: int, low: int, high: int) -> NDArray[Any]:
    """A hill with a little noise, from `low` to `high`: what a lossy codec is made for."""
    y, x = np.mgrid[0:rows, 0:columns]
    hill = np.sin(np.pi * y / rows) * np.sin(np.pi * x / columns)
    noise = np.random.default_rng(4).uniform(0, 0.01, hill.shape)
    return np.rint(low + (high - low) * np.clip(hill * 0.98 + noise, 0, 1)).astype(np.int64)


# What an image may be: its values, how many bits are stored, how many allocated, signed or not. Odd sizes.
IMAGES: dict[str, tuple[NDArray[Any], int, int, bool]] = {
    "unsigned 8": (smooth(33, 47, 0, 255), 8, 8, False),
    "unsigned 12 in 16": (smooth(33, 47, 0, 4095), 12, 16, False),
    "signed 12 in 16": (smooth(33, 47, -2048, 2047), 12, 16, True),
    "unsigned 16": (smooth(37, 49, 0, 65_535), 16, 16, False),
    "signed 16": (smooth(37, 49, -32_768, 32_767), 16, 16, True),
}


def an_image(name: str) -> tuple[Dataset, NDArray[Any]]:
    values, stored, allocated, signed = IMAGES[name]
    ds = a_ct_slice()
    ds.Rows, ds.Columns = values.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = allocated, stored, stored - 1
    ds.PixelRepresentation = int(signed)
    kind = np.dtype(f"<{'i' if signed else 'u'}{allocated // 8}")
    content = values.astype(kind).tobytes()
    ds.PixelData = content + bytes(len(content) % 2)
    ds["PixelData"].VR = "OB" if allocated == 8 else "OW"
    return ds, values


def as_it_is(ds: Dataset, syntax: UID, folder: Path) -> bytes:
    if syntax == ExplicitVRBigEndian:
        words = np.frombuffer(ds.PixelData, f"<u{ds.BitsAllocated // 8}")
        ds.PixelData = words.byteswap().tobytes()
        if ds.BitsAllocated == 8:  # bytes in 16-bit words of the other order (PS3.5 annex D)
            ds["PixelData"].VR = "OB"
    return as_bytes(ds, syntax)


def by_pydicom(**options: Any) -> Callable[[Dataset, UID, Path], bytes]:
    def encode(ds: Dataset, syntax: UID, folder: Path) -> bytes:
        ds.compress(syntax, generate_instance_uid=False, **options)
        return as_bytes(ds)

    return encode


def by_dcmtk(*options: str) -> Callable[[Dataset, UID, Path], bytes]:
    def encode(ds: Dataset, syntax: UID, folder: Path) -> bytes:
        (folder / "plain.dcm").write_bytes(as_bytes(ds))
        subprocess.run(
            ["dcmcjpeg", "-q", *options, "+un", str(folder / "plain.dcm"), str(folder / "jpeg.dcm")],
            check=True,
        )
        return (folder / "jpeg.dcm").read_bytes()

    return encode


GREY_8, GREY_12, SIGNED_12, GREY_16, SIGNED_16 = IMAGES
ALL = tuple(IMAGES)
UP_TO_12 = (GREY_8, GREY_12, SIGNED_12)


@dataclass(frozen=True)
class Codec:
    """Attributes:
    share: how far a value may be off, as a share of the image's range; 0: not at all.
    """

    syntax: UID
    encode: Callable[[Dataset, UID, Path], bytes]
    images: tuple[str, ...]
    share: float = 0.0
    dcmtk: bool = False


CODECS = (
    Codec(ImplicitVRLittleEndian, as_it_is, ALL),
    Codec(ExplicitVRLittleEndian, as_it_is, ALL),
    Codec(ExplicitVRBigEndian, as_it_is, ALL),
    Codec(DeflatedExplicitVRLittleEndian, as_it_is, ALL),
    Codec(RLELossless, by_pydicom(encoding_plugin="pydicom"), ALL),
    Codec(JPEGBaseline8Bit, by_dcmtk("+eb"), (GREY_8,), 0.03, dcmtk=True),
    Codec(JPEGExtended12Bit, by_dcmtk("+ee", "+bt"), (GREY_12,), 0.03, dcmtk=True),
    Codec(JPEGLossless, by_dcmtk("+el"), (GREY_8, GREY_12, GREY_16), dcmtk=True),
    Codec(JPEGLosslessSV1, by_dcmtk("+e1"), (GREY_8, GREY_12, SIGNED_12, GREY_16, SIGNED_16), dcmtk=True),
    Codec(JPEGLSLossless, by_pydicom(), ALL),
    Codec(JPEGLSNearLossless, by_pydicom(jls_error=3), (GREY_8, GREY_12, GREY_16), 3.5 / 255),
    Codec(JPEG2000Lossless, by_pydicom(), ALL),
    Codec(JPEG2000, by_pydicom(j2k_psnr=[60.0]), (GREY_8, GREY_12), 0.03),
)
CASES = [(codec, image) for codec in CODECS for image in codec.images]


@pytest.mark.parametrize(
    ("codec", "image"),
    [
        pytest.param(
            codec, image, marks=[needs_dcmtk] if codec.dcmtk else [], id=f"{codec.syntax.name}-{image}"
        )
        for codec, image in CASES
    ],
)
def test_a_known_image_comes_back_out_of_every_transfer_syntax(
    codec: Codec, image: str, tmp_path: Path
) -> None:
    ds, values = an_image(image)
    content = codec.encode(ds, codec.syntax, tmp_path)
    read = parse_dicom(content)
    assert read.file_meta.TransferSyntaxUID == codec.syntax

    found = stored_pixels(read)

    assert found.shape == values.shape
    furthest = np.abs(found.astype(np.int64) - values).max()
    assert furthest <= codec.share * (values.max() - values.min())


def test_the_table_names_every_transfer_syntax_that_has_a_decoder() -> None:
    with_encoder = {codec.syntax for codec in CODECS}
    without = set(PLUGINS) - with_encoder

    assert {uid.name for uid in without} == {
        name for name in map(lambda u: u.name, without) if "High-Thr" in name
    }
    assert HTJ2KLossless in without


@needs_dcmtk
def test_twelve_bit_jpeg_is_what_another_decoder_makes_of_it(tmp_path: Path) -> None:
    source = Path(str(pydicom.data.get_testdata_file("JPEG-lossy.dcm")))
    subprocess.run(["dcmdjpeg", "-q", str(source), str(tmp_path / "plain.dcm")], check=True)
    theirs = pydicom.dcmread(tmp_path / "plain.dcm").pixel_array

    ours = stored_pixels(parse_dicom(source.read_bytes()))

    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1  # their inverse DCT rounds otherwise


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("high_bit", [11, 13, 15])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_bits_beside_the_stored_ones_are_no_part_of_a_value(signed: bool, high_bit: int, syntax: UID) -> None:
    values = smooth(9, 7, -2048 if signed else 0, 2047 if signed else 4095)
    shift = high_bit - 11
    words = ((values & 0xFFF) << shift).astype(np.uint16)
    garbage = np.random.default_rng(1).integers(0, 1 << 16, words.shape, np.uint16)
    words |= garbage & np.uint16(~(0xFFF << shift) & 0xFFFF)
    ds = with_pixels(a_ct_slice(), words)
    ds.HighBit, ds.BitsStored, ds.PixelRepresentation = high_bit, 12, int(signed)
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = words.astype(">u2").tobytes()

    assert np.array_equal(stored_pixels(parse_dicom(as_bytes(ds, syntax))), values)


def test_colour_comes_as_rgb_whichever_way_it_was_sent() -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (6, 10, 3), np.uint8)

    def sent(photometric: str, content: bytes, planar: int = 0) -> NDArray[Any]:
        ds = a_dataset()
        ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PlanarConfiguration = 6, 10, 3, planar
        ds.PhotometricInterpretation = photometric
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
        ds.PixelData = content
        ds["PixelData"].VR = "OB"
        return stored_pixels(parse_dicom(as_bytes(ds)))

    assert np.array_equal(sent("RGB", rgb.tobytes()), rgb)
    assert np.array_equal(sent("RGB", rgb.transpose(2, 0, 1).tobytes(), planar=1), rgb)
    r, g, b = (rgb[..., n].astype(float) for n in range(3))
    ybr = np.stack(
        [
            0.299 * r + 0.587 * g + 0.114 * b,
            -0.1687 * r - 0.3313 * g + 0.5 * b + 128,
            0.5 * r - 0.4187 * g - 0.0813 * b + 128,
        ],
        axis=-1,
    )
    full = np.rint(np.clip(ybr, 0, 255)).astype(np.uint8)
    assert np.abs(sent("YBR_FULL", full.tobytes()).astype(int) - rgb).max() <= 3
    flat = np.repeat(full[:, ::2], 2, axis=1)  # neighbours share their colour, and here their brightness
    pairs = np.stack([flat[:, ::2, 0], flat[:, ::2, 0], flat[:, ::2, 1], flat[:, ::2, 2]], axis=-1)
    assert (
        np.abs(
            sent("YBR_FULL_422", pairs.tobytes()).astype(int) - sent("YBR_FULL", flat.tobytes()).astype(int)
        ).max()
        <= 1
    )


def test_single_bits_and_indices_into_a_palette_come_as_they_are() -> None:
    mask = np.random.default_rng(3).integers(0, 2, (3, 5, 7), np.uint8)
    ds = a_dataset(SegmentationStorage)
    ds.Rows, ds.Columns, ds.NumberOfFrames, ds.SamplesPerPixel = 5, 7, 3, 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 1
    ds.HighBit = ds.PixelRepresentation = 0
    packed = np.packbits(mask.ravel(), bitorder="little").tobytes()
    ds.PixelData = packed + bytes(len(packed) % 2)
    indices, values = an_image(GREY_8)
    indices.PhotometricInterpretation = "PALETTE COLOR"

    assert np.array_equal(stored_pixels(parse_dicom(as_bytes(ds))), mask)
    assert np.array_equal(stored_pixels(parse_dicom(as_bytes(indices))), values)


def test_a_frame_of_many_is_found_in_plain_and_in_compressed_objects() -> None:
    frames = np.random.default_rng(5).integers(0, 4096, (4, 12, 10), np.uint16)
    ds = with_pixels(a_ct_slice(), frames[0])
    ds.NumberOfFrames, ds.PixelData = 4, frames.tobytes()
    plain = parse_dicom(as_bytes(ds))
    ds.compress(JPEGLSLossless, generate_instance_uid=False)
    packed = parse_dicom(as_bytes(ds))

    for read in (plain, packed):
        assert np.array_equal(stored_pixels(read), frames)
        assert np.array_equal(stored_pixels(read, 2), frames[2])
        with pytest.raises(UndecodablePixels):
            stored_pixels(read, 4)


def test_values_that_are_there_in_part_only_raise_our_own_error() -> None:
    ds, _ = an_image(GREY_12)
    ds.PixelData = ds.PixelData[:-40]

    with pytest.raises(UndecodablePixels):
        stored_pixels(parse_dicom(as_bytes(ds)))


@needs_dcmtk
@pytest.mark.parametrize("process", ["+e1", "+eb", "+ee"])
def test_damaged_streams_end_no_process_of_ours_and_the_next_image_is_decoded(
    process: str, tmp_path: Path
) -> None:
    ds, values = an_image(GREY_8 if process == "+eb" else GREY_12)
    content = by_dcmtk(process, *(["+bt"] if process == "+ee" else []))(ds, JPEGLosslessSV1, tmp_path)
    pixels_begin = content.rfind(b"\xe0\x7f\x10\x00") + 12
    outcomes = set()
    for seed in range(120):  # some of these end GDCM: 12 and 367 of +e1 did, by SIGABRT and SIGSEGV
        chance = random.Random(seed)
        damaged = bytearray(content)
        for _ in range(chance.choice([1, 2, 5, 20])):
            damaged[chance.randrange(pixels_begin, len(damaged))] = chance.randrange(256)
        try:
            outcomes.add(stored_pixels(parse_dicom(bytes(damaged))).shape)
        except DicomError as error:
            outcomes.add(error.reason.code)

    assert outcomes <= {values.shape, "pixels-not-readable", "truncated", "damaged-dicom"}
    assert {values.shape, "pixels-not-readable"} <= outcomes
    assert stored_pixels(parse_dicom(content)).shape == values.shape


CHILD = """
import json, resource, sys, time
from pathlib import Path
from imaging.decoding import stored_pixels
from imaging.errors import DicomError
from imaging.parsing import parse_dicom
from imaging.pixel_check import check_image

before = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (before + (1 << 30), before + (1 << 30)))
for path in map(Path, json.load(sys.stdin)):
    began = time.monotonic()
    try:
        ds = parse_dicom(path.read_bytes())
        check_image(ds)
        found = list(stored_pixels(ds).shape)
    except DicomError as error:
        found = error.reason.code
    print(json.dumps([path.name, found, time.monotonic() - began]), flush=True)
"""


def test_every_file_of_a_published_corpus_ends_decoded_or_with_a_sentence_in_bounded_time_and_memory() -> (
    None
):
    folder = Path(pydicom.data.__file__).parent
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc", ".json", ".txt", ".md")
    )
    assert len(files) > 100

    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD],
        input=json.dumps([str(path) for path in files]), capture_output=True, text=True, timeout=300,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip

    assert child.returncode == 0, child.stderr[-2000:]
    told = [json.loads(line) for line in child.stdout.splitlines() if line.startswith("[")]
    assert len(told) == len(files)
    assert max(seconds for _, _, seconds in told) < 10
    assert sum(isinstance(found, list) for _, found, _ in told) >= 90
    by_name = {name: found for name, found, _ in told}
    assert by_name["JPEG-lossy.dcm"] == by_name["JPGExtended.dcm"] == [1024, 256]


def test_what_we_decode_is_what_pydicom_decodes_where_both_do() -> None:
    compared = 0
    for path in sorted(Path(pydicom.data.__file__).parent.rglob("*.dcm")):
        try:
            ds = pydicom.dcmread(path)
            ours = stored_pixels(ds)
            theirs = pixel_array(ds)
        except Exception:  # theirs raises what it likes; ours is held to its errors by the test above
            continue
        if ours.dtype.kind in "iu" and int(ds.BitsStored) == int(ds.BitsAllocated):
            assert np.array_equal(ours, theirs), path.name
            compared += 1
    assert compared >= 30
