"""Multipart bodies and Accept headers: whatever the chunks, whatever is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleconsult.dicomweb.accept import ANY, ANYTHING, DICOM, Wanted, wanted
from teleconsult.dicomweb.multipart import (
    MultipartBroken,
    MultipartReader,
    MultipartWriter,
    PartBegins,
    PartContent,
    boundary_of,
)
from teleconsult.dicomweb.represent import EXPLICIT, JPEG_LS, file_form, frame_form
from teleconsult.dicomweb.search import INSTANCE, SERIES, STUDY, parse_search
from teleconsult.errors import NotAcceptable, SearchNotUnderstood

JPEG_2000 = "1.2.840.10008.1.2.4.90"


def read(reader: MultipartReader, body: bytes, step: int) -> list[tuple[dict[str, str], bytes]]:
    found: list[tuple[dict[str, str], bytes]] = []
    for at in range(0, len(body), step):
        for event in reader.feed(body[at : at + step]):
            if isinstance(event, PartBegins):
                found.append((dict(event.headers), b""))
            elif isinstance(event, PartContent):
                headers, content = found.pop()
                found.append((headers, content + event.content))
    return found


@given(st.lists(st.binary(max_size=200), max_size=6), st.integers(1, 300))
def test_what_is_written_is_read_in_chunks_of_any_size(parts: list[bytes], step: int) -> None:
    writer = MultipartWriter(DICOM)
    body = b"".join(writer.part({"Content-Type": DICOM}) + part for part in parts) + writer.end()
    kind, boundary = boundary_of(writer.media_type)
    reader = MultipartReader(boundary)
    assert kind == DICOM
    assert read(reader, body + b"epilogue", step) == [({"content-type": DICOM}, part) for part in parts]
    assert reader.is_complete


@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_are_read_or_refused_in_bounded_memory(body: bytes, step: int) -> None:
    reader = MultipartReader("b")
    try:
        read(reader, b"--b\r\n\r\n" + body, step)
    except MultipartBroken:
        return
    assert len(reader._buffer) < 500


def test_parts_whose_headers_never_end_are_refused() -> None:
    reader = MultipartReader("b")
    with pytest.raises(MultipartBroken):
        read(reader, b"--b\r\nX: " + b"y" * 100_000, 1000)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", [ANYTHING]),
        ("*/*", [ANYTHING]),
        (
            'multipart/related; type="application/dicom"; transfer-syntax=*',
            [Wanted(DICOM, ANY, multipart=True)],
        ),
        (
            f"application/dicom;q=0.5, multipart/related;type={DICOM};transfer-syntax={EXPLICIT}",
            [Wanted(DICOM, EXPLICIT, multipart=True), Wanted(DICOM)],
        ),
        ('a/b; x="1,2;3", c/d', [Wanted("a/b"), Wanted("c/d")]),
        ("image/png;q=0", []),
    ],
)
def test_an_accept_header_is_read_by_preference(header: str, expected: list[Wanted]) -> None:
    assert wanted(header) == expected


@given(st.text(max_size=200))
def test_no_accept_header_is_too_strange(header: str) -> None:
    wanted(header)


def test_files_keep_their_transfer_syntax_unless_another_one_is_named() -> None:
    for header in ("", "*/*", f"multipart/related; type={DICOM}", f"{DICOM}; transfer-syntax=*"):
        form = file_form(wanted(header), single_is_possible=True)
        assert form.needs_no_look and form.choices(JPEG_2000) == [JPEG_2000]
    named = file_form(wanted(f"{DICOM}; transfer-syntax={EXPLICIT}"), single_is_possible=True)
    assert named.choices(JPEG_2000) == named.choices(EXPLICIT) == [EXPLICIT]
    either = file_form(wanted(f"{DICOM}; transfer-syntax={JPEG_LS}, {DICOM}"), single_is_possible=True)
    assert either.choices(EXPLICIT) == [JPEG_LS, EXPLICIT]
    assert either.choices(JPEG_2000) == [JPEG_2000]
    with pytest.raises(NotAcceptable):
        file_form(wanted(DICOM), single_is_possible=False)


def test_frames_are_decoded_only_for_clients_that_take_nothing_else() -> None:
    octets = 'multipart/related; type="application/octet-stream"'
    assert frame_form(wanted(""), JPEG_2000).media_type == "image/jp2"
    assert frame_form(wanted(octets), JPEG_2000).coding == "decoded"
    assert frame_form(wanted(f"image/jp2, {octets}"), JPEG_2000).coding == "stored"
    assert frame_form(wanted(octets), EXPLICIT).coding == "stored"
    assert frame_form(wanted("image/jls"), EXPLICIT).coding == "jpeg-ls"
    with pytest.raises(NotAcceptable):
        frame_form(wanted("image/jp2"), EXPLICIT)


def test_a_search_by_what_lies_deeper_than_its_level_is_refused() -> None:
    assert len(parse_search(SERIES, [("Modality", "CT"), ("StudyDate", "20260101")]).conditions) == 2
    for level, name in ((STUDY, "Modality"), (SERIES, "SOPInstanceUID"), (INSTANCE, "Rows")):
        with pytest.raises(SearchNotUnderstood):
            parse_search(level, [(name, "1")])


def test_attributes_that_differ_below_are_not_said_of_the_whole() -> None:
    asked = [("includefield", "StudyDescription,Rows,00201041"), ("includefield", "PatientAge")]
    assert parse_search(STUDY, asked).fields == {"StudyDescription", "PatientAge"}
    assert parse_search(INSTANCE, asked).fields == {
        "StudyDescription", "Rows", "SliceLocation", "PatientAge",
    }  # fmt: skip
    assert parse_search(INSTANCE, [("includefield", "all")]).fields is None
