"""The zip that is written as it is sent: other programs read it, and its length is known before."""

import io
import shutil
import subprocess
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleconsult.studies.export_routes import folder_name
from teleconsult.studies.zip_stream import ZipStream, zip_length

AT = datetime(2026, 11, 25, 22, 40, 58, tzinfo=UTC)
FILES = st.dictionaries(st.text("abcXYZ019-/", min_size=1, max_size=40), st.binary(max_size=300), max_size=20)


def zipped(files: dict[str, bytes]) -> bytes:
    archive = ZipStream(AT)
    body = b"".join(
        archive.header(name, len(content), zlib.crc32(content)) + content for name, content in files.items()
    )
    return body + archive.end()


@given(FILES)
def test_what_goes_in_comes_out_and_the_length_is_as_foretold(files: dict[str, bytes]) -> None:
    content = zipped(files)
    assert len(content) == zip_length([(name, len(one)) for name, one in files.items()])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files
        assert all(info.date_time == (2026, 11, 25, 22, 40, 58) for info in archive.infolist())


@pytest.mark.parametrize("cut", [1, 22, 100])
def test_a_zip_without_its_end_is_not_taken_for_whole(cut: int) -> None:
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(zipped({"a": b"x" * 50, "b": b"y" * 50})[:-cut]))


def test_more_files_and_bytes_than_a_plain_zip_can_count_are_written_down_right() -> None:
    many = ZipStream(AT)
    lengths = [many.header(f"{n}", 1 << 30, 0) for n in range(70_000)]
    end = many.end()
    total = sum(map(len, lengths)) + 70_000 * (1 << 30)
    assert total + len(end) == zip_length([(f"{n}", 1 << 30) for n in range(70_000)])
    zip64_end = end[-98:]
    assert zip64_end[:4] == b"PK\x06\x06"
    assert int.from_bytes(zip64_end[24:32], "little") == 70_000
    assert int.from_bytes(zip64_end[48:56], "little") == total


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed here")
def test_unzip_finds_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"one/a.dcm": b"x" * 1000, "two/b.dcm": b""}))
    result = subprocess.run(["unzip", "-t", tmp_path / "a.zip"], capture_output=True, text=True, check=False)
    assert (result.returncode, "No errors" in result.stdout) == (0, True)


def test_folder_names_are_plain_ascii() -> None:
    assert folder_name("001", "CT/..\\", "王 series") == "001-CT-series"
