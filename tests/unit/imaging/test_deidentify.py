"""Nothing of a person's identity is left in any place of a file, and nothing else is changed."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EncapsulatedPDFStorage, generate_uid

from imaging.deidentification_profile import Action, Options, as_json, plan
from imaging.deidentify import Case, deidentify, report_rows
from imaging.errors import DicomError, NotDeidentified
from tests.dicom_builders import a_ct_slice, a_dataset, as_bytes
from tests.unit.imaging import deidentification_files as identity

SECRET = bytes(range(32))
FILES = identity.files()


def a_case(*contents: bytes, secret: bytes = SECRET) -> Case:
    case = Case(secret)
    for content in contents or FILES.values():
        case.learn(content)
    return case


def read(content: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(content))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "options", [Options(), Options("remove", False, False), Options(keep_device_identity=True)]
)
def test_no_identifier_is_left_in_any_encoding(name: str, options: Options) -> None:
    result = deidentify(FILES[name], a_case(), options)

    left = identity.traces(result.content())
    if options.keep_device_identity:
        left = [one for one in left if not one.startswith(("station", "serial"))]
    assert identity.traces(FILES[name]), "nothing was put in"
    assert left == []
    assert read(FILES[name]).SOPInstanceUID.encode() + b"\0" not in result.content()


@pytest.mark.parametrize("name", FILES)
def test_the_result_is_a_whole_dicom_file_that_says_what_was_done(name: str) -> None:
    ds = read(deidentify(FILES[name], a_case()).content())

    assert ds.PatientIdentityRemoved == "YES"
    assert ds.LongitudinalTemporalInformationModified == "MODIFIED"
    assert ds.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    assert ds.PatientName == ds.PatientID and str(ds.PatientID).startswith("CASE-")
    tags = [element.tag for element in ds]
    assert tags == sorted(tags)


@pytest.mark.parametrize("name", [name for name in FILES if "report" not in name])
def test_the_pixels_are_the_same(name: str) -> None:
    before, after = read(FILES[name]), read(deidentify(FILES[name], a_case()).content())

    assert np.array_equal(before.pixel_array, after.pixel_array)


def test_what_a_reader_needs_stays() -> None:
    ds = read(deidentify(FILES["ct explicit"], a_case()).content())

    assert (ds.Modality, ds.PatientSex, ds.BodyPartExamined) == ("CT", "M", "CHEST")
    assert "CHEST" in ds.StudyDescription and "Lung" in ds.SeriesDescription
    assert list(ds.ImagePositionPatient) == [-150, -140, 0]
    assert ds.PatientAge == "090Y"
    assert ds[0x0019, 0x0010].value == "SIEMENS MR HEADER" and ds[0x0019, 0x100C].value == 1000
    assert (0x0019, 0x1008) not in ds and (0x0009, 0x0010) not in ds
    report = read(deidentify(FILES["report"], a_case()).content())
    assert "Mass in the right lung" in report.ContentSequence[0].TextValue
    assert "咳嗽两周" in report.ContentSequence[0].TextValue


def test_files_of_a_case_keep_their_relations_and_another_case_has_others() -> None:
    case, again, other = a_case(), a_case(), a_case(secret=bytes(32))
    first, second = (read(deidentify(FILES[name], case).content()) for name in ("ct explicit", "ct implicit"))
    repeated = deidentify(FILES["ct explicit"], again).content()
    elsewhere = read(deidentify(FILES["ct explicit"], other).content())

    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert first.SeriesInstanceUID == second.SeriesInstanceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert repeated == deidentify(FILES["ct explicit"], case).content()
    assert elsewhere.StudyInstanceUID != first.StudyInstanceUID
    assert elsewhere.PatientID != first.PatientID


def test_all_dates_of_a_case_move_by_the_same_days() -> None:
    ct, report = (read(deidentify(FILES[name], a_case()).content()) for name in ("ct explicit", "report"))

    assert ct.StudyDate == ct.SeriesDate == report.StudyDate == report.ContentSequence[3].Date
    assert ct.StudyDate < identity.TEXTS["study date"]
    assert ct.AcquisitionDateTime == f"{ct.StudyDate}101112.5"
    assert ct.StudyTime == "101500"
    assert not ct.PatientBirthDate


@given(st.binary(min_size=16, max_size=40), st.from_regex(r"[1-9](\.[1-9][0-9]{0,5}){5,8}", fullmatch=True))
def test_a_new_uid_is_valid_and_its_own(secret: bytes, uid: str) -> None:
    new = Case(secret).new_uid(uid)

    assert pydicom.uid.UID(new).is_valid and new.startswith("2.25.") and len(new) <= 64
    assert new == Case(secret).new_uid(uid) != Case(secret + b"x").new_uid(uid)
    assert -3652 <= Case(secret).days() <= -365


PLACES = sorted(
    tag
    for tag, action in plan(Options()).items()
    if action is not Action.KEEP and tag not in (0x00080018, 0x00200000) and 0x00080000 < tag < 0xFFFA0000
)


TEXTS = ("LO", "SH", "LT", "ST", "UT", "UC", "PN", "SQ", "UN", "OB")


@given(st.sampled_from(PLACES), st.sampled_from(["Wangxiaodong", "王小东", "ZY00481516"]))
def test_whatever_the_profile_names_does_not_carry_an_identifier_out(tag: int, text: str) -> None:
    ds = a_ct_slice(1)
    ds.PatientName, ds.PatientID = "Wang^Xiaodong=王^小东", "ZY00481516"
    vr = pydicom.datadict.dictionary_VR(tag) if pydicom.datadict.dictionary_has_tag(tag) else "LO"
    item = Dataset()
    item.PatientComments = text
    values = {"SQ": Sequence([item]), "OB": text.encode(), "UN": text.encode()}
    if vr in TEXTS or (text.isascii() and vr in ("CS", "AE", "UI", "DA", "DT", "TM", "UR")):
        ds.add_new(tag, vr, values.get(vr, text))
        content = as_bytes(ds)
        result = deidentify(content, a_case(content)).content()
        assert text.encode() not in result


@given(st.text(min_size=1, max_size=12), st.text(min_size=1, max_size=12))
def test_a_name_is_taken_out_of_a_description_whatever_stands_around(before: str, after: str) -> None:
    ds = a_ct_slice(1)
    ds.PatientName = "Ouyang^Zhenhua=欧阳^振华"
    ds.SeriesDescription = f"{before} 欧阳振华 OUYANG ZHENHUA {after}".replace("\\", "").replace("\0", "")
    content = as_bytes(ds)

    result = deidentify(content, a_case(content)).content()

    assert "振华".encode() not in result and b"ZHENHUA" not in result


def test_a_short_name_does_not_empty_every_word_it_is_part_of() -> None:
    ds = a_ct_slice(1, PatientName="Li^An")
    ds.StudyDescription, ds.SeriesDescription = "LIVER ANGIO", "Li An arterial"
    content = as_bytes(ds)

    result = read(deidentify(content, a_case(content)).content())

    assert result.StudyDescription == "LIVER ANGIO"
    assert result.SeriesDescription == "*** arterial"


def test_a_drawing_in_unused_bits_of_the_pixels_goes() -> None:
    ds = a_ct_slice(7)
    ds.add_new(0x60000100, "US", 16)
    ds.add_new(0x60000102, "US", 15)
    ds.PixelData = (np.full((16, 16), 7, np.uint16) | 0x8000).tobytes()

    result = read(deidentify(as_bytes(ds), a_case()).content())

    assert np.frombuffer(result.PixelData, np.uint16).max() == 7


def test_an_icon_within_a_sequence_goes_with_its_pixels() -> None:
    ds = a_ct_slice(1)
    icon = Dataset()
    icon.Rows, icon.Columns, icon.BitsAllocated = 2, 2, 8
    icon.PixelData = b"ICON"
    ds.IconImageSequence = Sequence([icon])

    assert b"ICON" not in deidentify(as_bytes(ds), a_case()).content()


@pytest.mark.parametrize("sop_class", [EncapsulatedPDFStorage, "1.2.840.113619.4.2"])
def test_what_cannot_be_searched_is_refused_with_a_sentence(sop_class: str) -> None:
    ds = a_dataset(sop_class, SOPInstanceUID=generate_uid(), EncapsulatedDocument=b"%PDF Wang")

    with pytest.raises(NotDeidentified) as refusal:
        deidentify(as_bytes(ds), a_case())
    assert refusal.value.reason.en and refusal.value.reason.zh


def test_the_report_tells_what_was_done_and_no_value() -> None:
    result = deidentify(FILES["report"], a_case())
    rows = report_rows(result.changes)

    assert {"tag": "00100010", "keyword": "PatientName", "action": "replaced", "count": 1} in rows
    assert identity.traces(json.dumps(rows, ensure_ascii=False).encode()) == []


@given(st.data())
def test_damaged_bytes_end_in_a_sentence(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["ct explicit", "ct implicit", "report", "ct jpeg-ls"]))
    content = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    case = a_case(FILES["ct explicit"])
    case.learn(bytes(content))
    try:
        deidentify(bytes(content), case)
    except DicomError as error:
        assert error.reason.zh


def test_the_browser_has_the_same_table() -> None:
    path = Path(__file__).parents[3] / "web" / "src" / "upload" / "deidentificationProfile.json"

    assert path.read_text() == as_json(), "run `make deidentification-profile`"
