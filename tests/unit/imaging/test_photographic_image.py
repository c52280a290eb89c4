"""A still as a DICOM object that other people's programs read."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import generate_frames
from pydicom.uid import JPEGBaseline8Bit, VLPhotographicImageStorage

from imaging.camera_picture import read_picture
from imaging.gate import assess_series
from imaging.part10 import part10_bytes
from imaging.photographic_image import BodySite, Photograph, PhotographedPatient, photographic_image
from imaging.pixel_check import check_image
from imaging.sop_class import is_image
from tests.camera_pictures import as_jpeg, scene
from tests.result_builders import check_with_others

PICTURE = read_picture(as_jpeg(scene(97, 65)))  # odd sizes, and a fragment that may need padding
ABOUT = Photograph(
    still_id="still-1",
    consult_id="consult-1",
    patient=PhotographedPatient("P-1", "王小明", "1960-02-03", "M"),
    operator="Dr Li Lei",
    taken_at=datetime(2026, 11, 27, 16, 30, 5, 250_000, tzinfo=UTC),
    begun_at=datetime(2026, 11, 27, 16, 20, tzinfo=UTC),
    number=2,
    title="右前臂皮疹 rash",
    site=BodySite.UPPER_LIMB,
    laterality="R",
    is_screen=False,
)
BEIJING = ZoneInfo("Asia/Shanghai")


def read_back(about: Photograph = ABOUT) -> pydicom.Dataset:
    return pydicom.dcmread(BytesIO(part10_bytes(photographic_image(PICTURE, about, BEIJING))))


@pytest.mark.parametrize(
    "about",
    [
        ABOUT,
        replace(ABOUT, title="", site=None, laterality=None, is_screen=True),
        replace(ABOUT, patient=PhotographedPatient("?77", "ROOM RECORDED", None, None)),
    ],
    ids=["camera", "screen", "little known"],
)
def test_dciodvfy_finds_no_error(about: Photograph, tmp_path: Path) -> None:
    check_with_others(read_back(about), tmp_path)


def test_the_jpeg_is_in_it_as_it_is_and_shows_the_colours_of_the_scene() -> None:
    ds = read_back()
    assert (ds.SOPClassUID, ds.file_meta.TransferSyntaxUID) == (VLPhotographicImageStorage, JPEGBaseline8Bit)
    (frame,) = generate_frames(ds.PixelData, number_of_frames=1)
    assert frame.rstrip(b"\0") == PICTURE.jpeg.rstrip(b"\0")
    check_image(ds)
    assert np.abs(ds.pixel_array.astype(int) - np.asarray(scene(97, 65)).astype(int)).mean() < 8
    with Image.open(BytesIO(PICTURE.jpeg)) as shown:
        assert (ds.Columns, ds.Rows) == shown.size


def test_patient_times_and_what_it_shows_are_of_the_record() -> None:
    ds = read_back()
    assert (ds.PatientID, ds.PatientName.ideographic, ds.PatientBirthDate) == ("P-1", "王小明", "19600203")
    assert (ds.ContentDate, ds.ContentTime, ds.TimezoneOffsetFromUTC) == ("20261128", "003005", "+0800")
    assert (ds.StudyDate, ds.StudyTime) == ("20261128", "002000")
    assert ds.OperatorsName.family_name == "Dr Li Lei"
    assert (ds.ImageComments, ds.ImageLaterality) == ("右前臂皮疹 rash", "R")
    assert ds.AnatomicRegionSequence[0].CodeValue == "53120007"


def test_sent_twice_it_is_one_object_and_two_stills_stand_in_one_series() -> None:
    first, again, other = read_back(), read_back(), read_back(replace(ABOUT, still_id="still-2"))
    assert first.SOPInstanceUID == again.SOPInstanceUID != other.SOPInstanceUID
    assert first.SeriesInstanceUID == other.SeriesInstanceUID
    elsewhere = read_back(replace(ABOUT, consult_id="consult-2"))
    renumbered = read_back(replace(ABOUT, patient=replace(ABOUT.patient, patient_id="P-2")))
    assert len({ds.StudyInstanceUID for ds in (first, elsewhere, renumbered)}) == 3


def test_no_model_reads_it_and_a_viewer_shows_it() -> None:
    ds = read_back()
    assert assess_series([ds]).model is None
    assert is_image(ds)
