"""What people send: every bad file gets its sentence, and the good ones beside it go through."""

import contextlib
import stat
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from imaging.errors import DicomError
from imaging.gate import assess_series
from imaging.intake import IntakeFile, Limits, read_bytes, read_drop
from imaging.mammogram import read_mammogram
from imaging.parsing import header_of, parse_dicom
from imaging.rendering import render_png
from imaging.study import Instance
from imaging.volume_builder import build_volume
from tests.dicom_builders import a_ct_series, a_ct_slice, a_mammogram, a_report, a_zip, as_bytes

# Odd bytes are the point here, and pydicom remarks on each.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

GOOD = as_bytes(a_ct_slice(1))


def codes(files: list[IntakeFile]) -> list[str]:
    return [file.reason.code if file.reason else file.verdict for file in files]


def without_pixels() -> bytes:
    ds = a_ct_slice()
    del ds.PixelData
    return as_bytes(ds)


def claiming(rows: int, columns: int) -> bytes:
    ds = a_ct_slice()
    ds.Rows, ds.Columns = rows, columns
    return as_bytes(ds)


def test_a_report_is_taken_with_the_images_that_it_is_about() -> None:
    (file,) = read_bytes("report.dcm", as_bytes(a_report()))
    assert (file.verdict, file.reason) == ("accepted", None)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("letter.pdf", b"%PDF-1.7 a letter", "not-dicom"),
        ("photo.jpg", b"\xff\xd8\xff\xe0" + bytes(500), "not-dicom"),
        ("empty.dcm", b"", "empty-file"),
        ("image.dcm", b"\x08\x00 begins like one and is none" * 9, "not-dicom"),
        ("image.dcm", bytes(128) + b"DICM" + bytes(304), "damaged-dicom"),
        ("image.dcm", without_pixels(), "no-pixels"),
        ("image.dcm", GOOD[:-100], "truncated"),
        ("image.dcm", GOOD[:700], "truncated"),
        ("image.dcm", claiming(30_000, 30_000), "image-too-large"),
        ("image.dcm", claiming(512, 512), "truncated"),
        (".DS_Store", b"\x00\x00\x00\x01Bud1" + bytes(600), "not-an-image"),
        ("Thumbs.db", b"\xd0\xcf\x11\xe0" + bytes(600), "not-an-image"),
        ("DICOMDIR", bytes(128) + b"DICM" + bytes(300), "not-an-image"),
        ("study.rar", b"Rar!\x1a\x07\x00" + bytes(600), "archive-format"),
        ("study.tar.gz", b"\x1f\x8b\x08" + bytes(600), "archive-format"),
    ],
)
def test_a_file_that_is_no_whole_image_is_refused_with_its_own_sentence(
    name: str, content: bytes, code: str
) -> None:
    (file,) = read_bytes(name, content)

    assert (file.path, file.verdict) == (name, "refused")
    assert file.reason is not None and file.reason.code == code
    assert "{" not in file.reason.en + file.reason.zh
    assert file.content is None


def test_a_zip_gives_each_file_its_verdict_and_the_good_ones_go_through() -> None:
    inner = a_zip({"a.dcm": GOOD})
    files = read_bytes(
        "drop.zip",
        a_zip(
            {
                "1.dcm": GOOD,
                "notes.txt": b"see the third slice, please",
                "inner.zip": inner,
                "__MACOSX/._1.dcm": b"resource fork",
                "2.dcm": as_bytes(a_ct_slice(2, z_mm=2.5)),
                "cut.dcm": GOOD[:-10],
            }
        ),
    )

    assert {file.path: code for file, code in zip(files, codes(files), strict=True)} == {
        "drop.zip/1.dcm": "accepted",
        "drop.zip/notes.txt": "not-dicom",
        "drop.zip/inner.zip": "zip-in-zip",
        "drop.zip/__MACOSX/._1.dcm": "not-an-image",
        "drop.zip/2.dcm": "accepted",
        "drop.zip/cut.dcm": "truncated",
    }


@pytest.mark.parametrize("name", ["../../etc/cron.d/x.dcm", "/etc/x.dcm", "C:\\x.dcm", "a\\..\\..\\x.dcm"])
def test_a_path_that_climbs_out_is_refused_and_its_neighbour_is_taken(name: str) -> None:
    files = read_bytes("drop.zip", a_zip({name: GOOD, "good/1.dcm": GOOD}))

    assert codes(files) == ["unsafe-path", "accepted"]
    assert ".." not in files[0].path


def test_a_link_in_a_zip_is_refused() -> None:
    info = zipfile.ZipInfo("link.dcm")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, "/etc/passwd")

    assert codes(read_bytes("drop.zip", buffer.getvalue())) == ["unsafe-path"]


def test_twenty_thousand_entries_are_refused_at_once_with_one_sentence() -> None:
    content = a_zip({f"{n}.dcm": b"" for n in range(20_000)}, zipfile.ZIP_STORED)

    (file,) = read_bytes("many.zip", content)

    assert file.reason is not None and file.reason.code == "too-many-entries"
    assert "10000" in file.reason.en and "10000" in file.reason.zh


def test_a_zip_that_claims_a_huge_directory_is_refused_before_it_is_read() -> None:
    content = bytearray(a_zip({"1.dcm": GOOD}))
    end = content.rfind(b"PK\x05\x06")
    struct.pack_into("<L", content, end + 12, 0xFFFFFF00)

    assert codes(read_bytes("bomb.zip", bytes(content))) == ["too-many-entries"]


def test_a_file_that_expands_beyond_reason_is_not_opened() -> None:
    limits = Limits(harmless_bytes=1 << 20)
    content = a_zip({"zeros.dcm": bytes(128) + b"DICM" + bytes(4 << 20)})

    assert codes(read_bytes("bomb.zip", content, limits)) == ["suspicious-compression"]


def test_a_zip_is_read_no_further_than_its_bound() -> None:
    limits = Limits(unpacked_bytes=len(GOOD) + 10)
    content = a_zip({f"{n}.dcm": as_bytes(a_ct_slice(n)) for n in range(1, 5)}, zipfile.ZIP_STORED)

    assert codes(read_bytes("big.zip", content, limits)) == [
        "accepted",
        "too-large-unpacked",
        "too-large-unpacked",
    ]


def test_a_deflated_dataset_is_measured_before_it_is_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    content = as_bytes(a_ct_slice(size=512), DeflatedExplicitVRLittleEndian)
    assert codes(read_bytes("deflated.dcm", content)) == ["accepted"]

    monkeypatch.setattr("imaging.parsing.MAX_INFLATED_BYTES", 100_000)
    assert codes(read_bytes("deflated.dcm", content)) == ["suspicious-compression"]


def test_a_damaged_zip_and_an_office_document_are_told_apart() -> None:
    assert codes(read_bytes("cut.zip", a_zip({"1.dcm": GOOD})[:-30])) == ["zip-damaged"]
    assert codes(read_bytes("letter.docx", a_zip({"[Content_Types].xml": b"<x/>", "a.xml": b"<x/>"}))) == [
        "not-dicom"
    ]
    assert codes(read_bytes("empty.zip", a_zip({}))) == ["nothing-inside"]


def test_damaged_bytes_inside_a_zip_cost_only_their_own_file() -> None:
    content = bytearray(a_zip({"1.dcm": GOOD, "2.dcm": GOOD}, zipfile.ZIP_STORED))
    at = content.find(b"1.dcm") + 5
    content[at + 400] ^= 0xFF

    assert codes(read_bytes("drop.zip", bytes(content))) == ["zip-damaged", "accepted"]


def test_chinese_names_in_a_windows_zip_are_readable() -> None:
    content = a_zip({"xxxx/1.dcm": GOOD}).replace(b"xxxx/1.dcm", "胸部".encode("gbk") + b"/1.dcm")

    assert read_bytes("drop.zip", content)[0].path == "drop.zip/胸部/1.dcm"


def test_a_file_of_another_patient_in_the_middle_is_kept_apart() -> None:
    drop = {f"{n}.dcm": as_bytes(a_ct_slice(n, z_mm=2.5 * n)) for n in range(1, 6)}
    drop["3.dcm"] = as_bytes(a_ct_slice(3, z_mm=7.5, PatientID="P-2"))

    files = read_bytes("drop.zip", a_zip(drop))

    assert codes(files) == ["accepted", "accepted", "other-patient-in-study", "accepted", "accepted"]
    assert files[2].verdict == "quarantined" and files[2].content is not None


def test_the_same_file_twice_is_taken_twice_and_another_one_under_its_number_is_not() -> None:
    changed = a_ct_slice(1)
    changed.PixelData = bytes(len(changed.PixelData))

    files = read_bytes("drop.zip", a_zip({"1.dcm": GOOD, "copy.dcm": GOOD, "fake.dcm": as_bytes(changed)}))

    assert codes(files) == ["accepted", "accepted", "same-number-other-content"]


def test_a_folder_is_walked_with_its_zips_and_no_link_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    (folder / "A").mkdir(parents=True)
    (folder / "A" / "1").write_bytes(GOOD)
    (folder / "b.zip").write_bytes(a_zip({"2.dcm": as_bytes(a_ct_slice(2))}))
    (folder / "secret.dcm").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(folder, target_is_directory=True)

    files = list(read_drop(folder))

    assert {f.path: c for f, c in zip(files, codes(files), strict=True)} == {
        "A/1": "accepted",
        "b.zip/2.dcm": "accepted",
        "secret.dcm": "unsafe-path",
    }


def test_an_empty_folder_and_an_absent_file_have_their_sentences(tmp_path: Path) -> None:
    assert codes(list(read_drop(tmp_path))) == ["nothing-inside"]
    assert codes(list(read_drop(tmp_path / "absent.dcm"))) == ["unreadable-file"]


def test_an_entry_without_a_name_or_with_damaged_lzma_is_refused_and_its_neighbour_is_taken() -> None:
    nameless = a_zip({"?.dcm": b"nobody", "good.dcm": GOOD}, zipfile.ZIP_STORED)
    # As a fuzzer did it: the directory's name is of length 0, and the rest moved up behind it.
    at = nameless.rindex(b"PK\x01\x02", 0, nameless.rindex(b"?.dcm"))
    nameless = nameless[: at + 28] + b"\0\0" + nameless[at + 30 : at + 46] + nameless[at + 51 :]
    end = nameless.rindex(b"PK\x05\x06")
    size = struct.unpack_from("<L", nameless, end + 12)[0] - 5
    nameless = nameless[: end + 12] + struct.pack("<L", size) + nameless[end + 16 :]
    assert codes(read_bytes("nameless.zip", nameless)) == ["unsafe-path", "accepted"]

    packed = a_zip({"1.dcm": GOOD, "good.dcm": GOOD}, zipfile.ZIP_LZMA)
    at = packed.index(b"1.dcm") + 5
    for damage in (bytes(9), b"\xff" * 9):
        damaged = packed[:at] + damage + packed[at + 9 :]
        assert codes(read_bytes("lzma.zip", damaged)) == ["zip-damaged", "accepted"]


EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.mark.parametrize(
    "program",
    [b"MZ\x90\x00", b"\x7fELF\x02", b"#!/bin/sh\nrm -rf ~\nexit\n", b"\xcf\xfa\xed\xfe", EICAR],
    ids=["Windows", "Linux", "shell", "macOS", "EICAR"],
)
def test_an_image_that_is_a_program_too_is_refused(program: bytes) -> None:
    image = program.ljust(128, b"\0") + GOOD[128:]
    assert codes(read_bytes("image.dcm", image)) == ["program-inside"]
    assert codes(read_bytes("images.zip", a_zip({"image.dcm": image, "good.dcm": GOOD}))) == [
        "program-inside",
        "accepted",
    ]
    assert codes(read_bytes("program", program.ljust(4_000, b"\0"))) == ["not-dicom"]


@pytest.mark.parametrize("tiff", [b"II*\0", b"MM\0*", b"II+\0"])
def test_an_image_that_is_a_tiff_too_is_taken_as_it_is(tiff: bytes) -> None:
    """For which PS3.10 section 7.1 has the preamble: whole slides are both."""
    image = tiff.ljust(128, b"\0") + GOOD[128:]
    (file,) = read_bytes("slide.dcm", image)
    assert (file.verdict, file.content) == ("accepted", image)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, None])
def test_a_dataset_without_preamble_is_taken_and_stored_as_a_proper_file(syntax: object) -> None:
    ds = a_ct_slice(1)
    buffer = BytesIO()
    implicit = syntax is ImplicitVRLittleEndian
    meta = ds.file_meta
    del ds.file_meta
    ds.save_as(buffer, implicit_vr=implicit, little_endian=True)

    (file,) = read_bytes("old.dcm", buffer.getvalue())

    assert file.verdict == "accepted" and file.content is not None
    stored = parse_dicom(file.content)
    assert stored.PixelData == ds.PixelData
    assert stored.file_meta.TransferSyntaxUID == (syntax or meta.TransferSyntaxUID)


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("GB18030", "gb18030"),
        ("ISO_IR 192", "utf-8"),
        (None, "gb18030"),
        (None, "utf-8"),
        ("ISO_IR 100", "gb2312"),
    ],
)
def test_a_chinese_name_comes_out_right_even_where_the_file_forgot_to_say_how_it_is_written(
    declared: str | None, encoding: str
) -> None:
    name = "Wang^Fang=王^芳".encode(encoding)
    name += b" " * (len(name) % 2)
    ds = a_ct_slice(1, PatientName="X" * len(name))
    if declared is None:
        del ds.SpecificCharacterSet
    else:
        ds.SpecificCharacterSet = declared
    content = as_bytes(ds).replace(b"X" * len(name), name)

    assert str(header_of(content).PatientName).strip() == "Wang^Fang=王^芳"


def test_a_western_name_in_latin_1_stays_what_it_is() -> None:
    ds = a_ct_slice(1, SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Zoë")

    assert str(header_of(as_bytes(ds)).PatientName) == "Müller^Zoë"


def test_an_element_that_cannot_be_read_is_left_out_and_the_image_is_taken() -> None:
    content = as_bytes(a_ct_slice(1, SeriesNumber=77)).replace(b"77", b"7x")

    (file,) = read_bytes("odd.dcm", content)

    assert file.verdict == "accepted" and file.header is not None
    assert file.header.get("SeriesNumber") is None


@given(st.binary(max_size=600))
def test_no_bytes_bring_the_reader_down(content: bytes) -> None:
    for beginning in (b"", b"\x08\x00", bytes(128) + b"DICM", b"PK\x03\x04"):
        for file in read_bytes("x", beginning + content):
            assert file.verdict in ("accepted", "refused", "quarantined")


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=20))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_no_mutation_of_a_good_file_brings_the_reader_down(changes: list[tuple[int, int]]) -> None:
    content = bytearray(GOOD)
    for at, value in changes:
        content[at] = value
    with contextlib.suppress(DicomError):
        parse_dicom(bytes(content))
    read_bytes("x.dcm", bytes(content))


SERIES = [as_bytes(ds) for ds in a_ct_series(6)]
CHANGES = st.tuples(st.integers(0, 5), st.integers(300, len(GOOD) - 1), st.integers(0, 255))


@settings(deadline=None)  # a changed transfer syntax starts a decoder
@given(st.lists(CHANGES, min_size=1, max_size=12))
def test_whatever_was_taken_can_be_judged_read_and_shown_or_says_why_not(
    changes: list[tuple[int, int, int]],
) -> None:
    contents = [bytearray(content) for content in SERIES]
    for which, at, value in changes:
        contents[which][at % len(contents[which])] = value
    files = read_bytes("drop.zip", a_zip({str(n): bytes(content) for n, content in enumerate(contents)}))
    taken = [parse_dicom(file.content) for file in files if file.verdict == "accepted" and file.content]

    if taken:
        assess_series(taken)
    with contextlib.suppress(DicomError):
        build_volume(taken)
    for ds in taken:
        Instance.from_header(ds)
        with contextlib.suppress(DicomError):
            render_png(ds, 16)
        with contextlib.suppress(DicomError):
            read_mammogram(ds)


@given(st.integers(1, len(GOOD) - 1))
def test_a_file_cut_anywhere_is_refused_and_never_called_whole(length: int) -> None:
    (file,) = read_bytes("cut.dcm", GOOD[:length])

    assert file.verdict == "refused"


def test_real_images_are_taken(real_data: Path) -> None:
    lidc = list(read_drop(real_data / "ct-lidc-0001"))
    mammogram = list(read_drop(real_data / "mg-senographe"))

    assert sorted(codes(lidc)) == ["accepted"] * 16 + ["not-dicom"]
    assert codes(mammogram) == ["accepted"]


def test_good_files_keep_their_bytes_and_lose_the_pixels_from_their_header() -> None:
    sent = [
        as_bytes(ds)
        for ds in [*a_ct_series(3), a_mammogram(SeriesInstanceUID="1.2.3", StudyInstanceUID="1.2")]
    ]

    files = read_bytes("drop.zip", a_zip({f"{n}": content for n, content in enumerate(sent)}))

    assert [file.content for file in files] == sent
    assert all(file.header is not None and "PixelData" not in file.header for file in files)
