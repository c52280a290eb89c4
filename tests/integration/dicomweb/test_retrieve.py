"""What went in comes out, byte for byte, by every way out; and only for those who may see it."""

import hashlib
import io
import zipfile
from typing import Any

import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from PIL import Image

from imaging.decoding import stored_pixels
from imaging.orthanc_streams import HELD_IN_MEMORY_BYTES
from imaging.parsing import parse_dicom
from storage.database import Database
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import Client, Installation

ABSENT = "1.2.3.4.5.6.7.8.9"
AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
JPEG_LS = "1.2.840.10008.1.2.4.80"


def parts_of(answer: Any) -> list[tuple[str, bytes]]:
    """Content type and content of every part; it fails where the closing boundary is missing."""
    boundary = answer.headers["content-type"].split("boundary=")[1].strip('"').encode()
    head, *parts, end = (b"\r\n" + answer.content).split(b"\r\n--" + boundary)
    assert (head, end) == (b"", b"--\r\n")
    found = []
    for part in parts:
        headers, _, content = part.partition(b"\r\n\r\n")
        found.append((headers.decode().split("Content-Type: ")[1].split("\r\n")[0], content))
    return found


def places(clinician: Client, study: str) -> dict[str, str]:
    """Series by SOP Instance UID."""
    detail = clinician.get(f"/api/studies/{study}")
    return {
        instance["sop_instance_uid"]: series["series_instance_uid"]
        for series in detail["series"]
        for instance in series["instances"]
    }


def test_every_transfer_syntax_comes_out_as_it_went_in(
    clinician: Client, stored: str, in_every_coding: dict[str, bytes]
) -> None:
    answer = clinician.http.get(f"/dicom-web/studies/{stored}", headers={"Accept": AS_STORED})
    assert answer.status_code == 200
    parts = parts_of(answer)
    by_uid = {str(parse_dicom(content).SOPInstanceUID): (kind, content) for kind, content in parts}
    assert {uid: content for uid, (_, content) in by_uid.items()} == in_every_coding
    for kind, content in by_uid.values():
        syntax = parse_dicom(content).file_meta.TransferSyntaxUID
        assert kind == f"application/dicom; transfer-syntax={syntax}"

    for uid, series in places(clinician, stored).items():
        address = f"/dicom-web/studies/{stored}/series/{series}/instances/{uid}"
        single = clinician.http.get(address, headers={"Accept": "application/dicom; transfer-syntax=*"})
        viewer = clinician.http.get(f"/api/studies/{stored}/instances/{uid}/file")
        assert single.content == viewer.content == in_every_coding[uid]
        assert viewer.headers["etag"] == f'"{hashlib.sha256(viewer.content).hexdigest()}"'


def test_a_zip_holds_every_file_under_names_that_say_nothing_of_the_patient(
    clinician: Client, stored: str, in_every_coding: dict[str, bytes]
) -> None:
    answer = clinician.http.get(f"/api/studies/{stored}/archive.zip")
    assert int(answer.headers["content-length"]) == len(answer.content)
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert sorted(map(archive.read, archive.namelist())) == sorted(in_every_coding.values())
    shown = " ".join(archive.namelist()) + answer.headers["content-disposition"]
    assert shown.isascii() and not any(word in shown for word in ("Wang", "Fang", "T-CODINGS"))
    assert len({name.split("/")[1] for name in archive.namelist()}) == 2  # a folder for each series

    series = next(iter(places(clinician, stored).values()))
    one = clinician.http.get(f"/api/studies/{stored}/series/{series}/archive.zip")
    assert len(zipfile.ZipFile(io.BytesIO(one.content)).namelist()) in (1, len(in_every_coding) - 1)


def test_the_kept_client_retrieves_study_series_metadata_and_frames(
    installation: Installation,
    hospital: DICOMwebClient,
    stored: str,
    clinician: Client,
    in_every_coding: dict[str, bytes],
) -> None:
    assert {str(ds.SOPInstanceUID) for ds in hospital.retrieve_study(stored)} == set(in_every_coding)
    where = places(clinician, stored)
    metadata = {row["00080018"]["Value"][0]: row for row in hospital.retrieve_study_metadata(stored)}
    assert set(metadata) == set(in_every_coding)
    for uid, content in in_every_coding.items():
        ds = parse_dicom(content)
        row = pydicom.Dataset.from_json(metadata[uid], bulk_data_uri_handler=lambda uri: b"")
        assert (row.PatientName, row.Rows, row.PixelSpacing) == (ds.PatientName, ds.Rows, ds.PixelSpacing)
        frames = hospital.retrieve_instance_frames(
            stored, where[uid], uid, [1], media_types=("application/octet-stream",)
        )
        first = stored_pixels(ds, 0)
        assert np.array_equal(np.frombuffer(frames[0], "<u2").reshape(first.shape), first)
        # This client's Host header lacks the port, and so do the addresses that it is given.
        large = hospital.retrieve_bulkdata(
            metadata[uid]["7FE00010"]["BulkDataURI"].replace("http://localhost", installation.url)
        )
        assert len(large) == int(ds.get("NumberOfFrames", 1))
    assert len(hospital.retrieve_series(stored, where[next(iter(where))])) >= 1


def test_frames_come_as_stored_or_smaller_where_that_is_asked_for(
    clinician: Client, stored: str, in_every_coding: dict[str, bytes]
) -> None:
    where = places(clinician, stored)
    for uid, content in in_every_coding.items():
        ds = parse_dicom(content)
        syntax = ds.file_meta.TransferSyntaxUID
        base = f"/dicom-web/studies/{stored}/series/{where[uid]}/instances/{uid}"
        count = int(ds.get("NumberOfFrames", 1))
        numbers = ",".join(str(n + 1) for n in range(count))
        answer = clinician.http.get(f"{base}/frames/{numbers}")
        kind, first = parts_of(answer)[0]
        assert len(parts_of(answer)) == count
        if syntax.is_encapsulated:
            assert str(syntax) in kind and first in content
        else:
            assert "octet-stream" in kind and first == stored_pixels(ds, 0).astype("<u2").tobytes()
            jls = 'multipart/related; type="image/jls"; transfer-syntax=' + JPEG_LS
            coded = clinician.http.get(f"{base}/frames/{count}", headers={"Accept": jls})
            kind, small = parts_of(coded)[0]
            assert kind == f"image/jls; transfer-syntax={JPEG_LS}"
            import jpeg_ls

            decoded = np.asarray(jpeg_ls.decode(np.frombuffer(small, np.uint8)))
            assert len(small) < len(first) and np.array_equal(decoded, stored_pixels(ds, count - 1))
        assert clinician.http.get(f"{base}/frames/{count + 1}").status_code == 404
        assert clinician.http.get(f"{base}/frames/0").status_code == 404


def test_files_change_their_coding_only_where_the_client_names_one(
    clinician: Client, stored: str, in_every_coding: dict[str, bytes]
) -> None:
    where = places(clinician, stored)
    for uid, content in in_every_coding.items():
        before = parse_dicom(content)
        address = f"/dicom-web/studies/{stored}/series/{where[uid]}/instances/{uid}"
        for syntax in ("1.2.840.10008.1.2.1", JPEG_LS):
            accept = f"application/dicom; transfer-syntax={syntax}"
            answer = clinician.http.get(address, headers={"Accept": accept})
            if answer.status_code == 406:
                assert syntax == JPEG_LS and before.file_meta.TransferSyntaxUID.is_encapsulated
                continue
            after = parse_dicom(answer.content)
            assert after.file_meta.TransferSyntaxUID == syntax
            assert after.SOPInstanceUID == uid
            assert np.array_equal(stored_pixels(after), stored_pixels(before))


def test_a_file_is_sent_in_part_or_not_again(clinician: Client, stored: str) -> None:
    uid = next(iter(places(clinician, stored)))
    address = f"/api/studies/{stored}/instances/{uid}/file"
    whole = clinician.http.get(address)
    for asked, got in {
        "bytes=0-9": slice(0, 10), "bytes=100-": slice(100, None), "bytes=-7": slice(-7, None),
    }.items():  # fmt: skip
        part = clinician.http.get(address, headers={"Range": asked})
        assert (part.status_code, part.content) == (206, whole.content[got])
        assert part.headers["content-range"].endswith(f"/{len(whole.content)}")
    beyond = clinician.http.get(address, headers={"Range": f"bytes={len(whole.content)}-"})
    assert (beyond.status_code, beyond.content) == (416, b"")
    other = clinician.http.get(address, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, whole.content)
    again = clinician.http.get(address, headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = clinician.http.head(address)
    assert (head.status_code, int(head.headers["content-length"])) == (200, len(whole.content))
    assert "immutable" in whole.headers["cache-control"] and "private" in whole.headers["cache-control"]


def test_pictures_are_small_and_show_the_asked_window(clinician: Client, stored: str) -> None:
    uid, series = next(iter(places(clinician, stored).items()))
    for address in (
        f"/api/studies/{stored}/thumbnail",
        f"/api/studies/{stored}/series/{series}/thumbnail",
        f"/dicom-web/studies/{stored}/series/{series}/instances/{uid}/thumbnail",
    ):
        answer = clinician.http.get(address)
        assert max(Image.open(io.BytesIO(answer.content)).size) <= 160
        again = clinician.http.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    rendered = f"/dicom-web/studies/{stored}/series/{series}/instances/{uid}/rendered"
    png = {"Accept": "image/png"}
    dark = clinician.http.get(f"{rendered}?window=5000,10&viewport=32,32", headers=png).content
    picture = Image.open(io.BytesIO(dark))
    assert max(picture.size) == 32 and np.asarray(picture).max() == 0
    assert Image.open(io.BytesIO(clinician.http.get(rendered).content)).format == "JPEG"
    assert clinician.http.get(f"{rendered}?window=x").status_code == 400


def test_what_one_may_not_see_answers_like_what_is_not_there(
    installation: Installation, clinician: Client, specialist: Client, administrator: Client, stored: str
) -> None:
    uid, series = next(iter(places(clinician, stored).items()))

    def addresses(study: str, series: str, instance: str) -> list[str]:
        web = f"/dicom-web/studies/{study}"
        api = f"/api/studies/{study}"
        one = f"{web}/series/{series}/instances/{instance}"
        return [
            web, f"{web}/metadata", f"{web}/series", f"{web}/instances", f"{web}/thumbnail",
            f"{web}/series/{series}", f"{web}/series/{series}/metadata", f"{web}/series/{series}/instances",
            f"{web}/series/{series}/thumbnail", one, f"{one}/metadata", f"{one}/frames/1", f"{one}/rendered",
            f"{one}/frames/1/rendered", f"{one}/bulkdata/7FE00010", f"{one}/thumbnail",
            f"{api}/archive.zip", f"{api}/series/{series}/archive.zip", f"{api}/thumbnail",
            f"{api}/series/{series}/thumbnail", f"{api}/instances/{instance}/file",
        ]  # fmt: skip

    stranger = Client(installation.url)
    for real, absent in zip(
        addresses(stored, series, uid), addresses(ABSENT, ABSENT, ABSENT), strict=True
    ):
        assert clinician.http.get(real).status_code == 200, real
        for client in (specialist, administrator):
            answer, reference = client.http.get(real), client.http.get(absent)
            assert (answer.status_code, answer.text) == (404, reference.text), real
        assert stranger.http.get(real).status_code == 401
    of_other_series = f"/dicom-web/studies/{stored}/series/{ABSENT}"
    for address in (of_other_series, f"{of_other_series}/instances/{uid}", "/dicom-web/nothing/here"):
        assert clinician.http.get(address).status_code == 404


def test_the_audit_log_has_one_line_for_each_copy_and_one_for_a_whole_look(
    installation: Installation, clinician: Client, stored: str
) -> None:
    def lines(action: str) -> int:
        database = Database(f"sqlite:///{installation.data / 'teleconsult.db'}")
        with database.reading() as connection:
            count = connection.exec_driver_sql(
                "SELECT COUNT(*) FROM audit_log WHERE action = ? AND subject = ?", (action, f"study/{stored}")
            ).scalar()
        database.close()
        return int(count or 0)

    exported = lines("study-exported")
    clinician.http.get(f"/api/studies/{stored}/archive.zip")
    clinician.http.get(f"/dicom-web/studies/{stored}")
    assert lines("study-exported") == exported + 2
    for uid in places(clinician, stored):
        clinician.http.get(f"/api/studies/{stored}/instances/{uid}/file")
    assert lines("images-viewed") == 1


@pytest.mark.parametrize("accept", ["text/html", "image/png", "application/dicom+xml"])
def test_a_format_that_cannot_be_made_is_refused_with_a_sentence(
    clinician: Client, stored: str, accept: str
) -> None:
    answer = clinician.http.get(f"/dicom-web/studies/{stored}", headers={"Accept": accept})
    assert answer.status_code == 406
    assert answer.json()["sentence"]["zh"]


def test_an_object_that_is_not_held_in_memory_comes_out_the_same_ways(clinician: Client) -> None:
    random = np.random.default_rng(5)
    frames = random.integers(0, 4096, (5, 1024, 1024)).astype("<u2")
    (ds,) = a_series_of_its_own(1, patient_id="T-FRAMES")
    ds.Rows, ds.Columns, ds.NumberOfFrames, ds.PixelData = 1024, 1024, 5, frames.tobytes()
    content = as_bytes(ds)
    assert len(content) > 2 * HELD_IN_MEMORY_BYTES
    assert clinician.upload({"large.dcm": content})["results"][0]["verdict"] == "stored"
    study, series, uid = str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID), str(ds.SOPInstanceUID)
    address = f"/api/studies/{study}/instances/{uid}/file"
    assert clinician.http.get(address).content == content
    part = clinician.http.get(address, headers={"Range": "bytes=9000000-9000099"})
    assert (part.status_code, part.content) == (206, content[9_000_000:9_000_100])
    assert int(clinician.http.head(address).headers["content-length"]) == len(content)
    archive = zipfile.ZipFile(io.BytesIO(clinician.http.get(f"/api/studies/{study}/archive.zip").content))
    assert [archive.read(name) for name in archive.namelist()] == [content]
    base = f"/dicom-web/studies/{study}/series/{series}/instances/{uid}"
    assert [part for _, part in parts_of(clinician.http.get(base))] == [content]
    some = parts_of(clinician.http.get(f"{base}/frames/5,2"))
    assert [part for _, part in some] == [frames[4].tobytes(), frames[1].tobytes()]
    (row,) = clinician.get(f"{base}/metadata")
    assert row["00280008"]["Value"] == [5] and "BulkDataURI" in row["7FE00010"]
    rendered = clinician.http.get(f"{base}/frames/3/rendered").content
    assert Image.open(io.BytesIO(rendered)).size == (1024, 1024)
