"""Uploading by manifest: what is missing is sent, what is acknowledged is safe, conflicts are kept apart."""

import hashlib
import json
import zlib
from typing import Any
from urllib.parse import quote

import httpx
import jpeg_ls
import numpy as np
from pydicom import Dataset
from pydicom.uid import generate_uid

from tests.dicom_builders import a_report, a_series_of_its_own, as_bytes, with_pixels
from tests.installation_server import Client, Installation, wait_until


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def row(path: str, content: bytes, ds: Dataset, chunks: list[str] | None = None) -> dict[str, Any]:
    return {
        "path": path,
        "sha256": sha256(content),
        "size_bytes": len(content),
        "sop_instance_uid": str(ds.SOPInstanceUID),
        "series_instance_uid": str(ds.SeriesInstanceUID),
        "study_instance_uid": str(ds.StudyInstanceUID),
        "chunks": chunks or [],
    }


def put(client: Client, upload: str, path: str, content: bytes, body: bytes, coding: str) -> httpx.Response:
    return client.http.put(
        f"/api/uploads/{upload}/instances/{sha256(content)}",
        content=body,
        headers={"X-File-Path": quote(path), "X-Content-Coding": coding},
    )


def send(client: Client, upload: str, path: str, content: bytes) -> dict[str, Any]:
    result: dict[str, Any] = Client._json(put(client, upload, path, content, content, "identity"))
    return result


def opened(client: Client) -> str:
    return str(client.post("/api/uploads", {})["upload_id"])


def as_jpeg_ls(ds: Dataset, content: bytes) -> bytes:
    pixels = np.frombuffer(ds.PixelData, "<u2").reshape(ds.Rows, ds.Columns)
    flipped = ds.PixelRepresentation == 1
    offset = content.index(ds.PixelData)
    header = {
        "offset": offset,
        "length": pixels.nbytes,
        "rows": ds.Rows,
        "columns": ds.Columns,
        "sign_flipped": flipped,
        "suffix_bytes": len(content) - offset - pixels.nbytes,
    }
    encoded = json.dumps(header).encode()
    codestream = bytes(jpeg_ls.encode_array(pixels ^ np.uint16(0x8000) if flipped else pixels))
    suffix = content[offset + pixels.nbytes :]
    return len(encoded).to_bytes(4, "big") + encoded + content[:offset] + suffix + codestream


def test_only_what_is_missing_is_asked_for_and_a_study_sent_again_costs_one_request(
    clinician: Client,
) -> None:
    slices = a_series_of_its_own(6, patient_id="T-MANIFEST")
    contents = [as_bytes(ds) for ds in slices]
    manifest = {
        "instances": [row(f"{n}.dcm", content, ds) for n, (ds, content) in enumerate(zip(slices, contents,
        strict=True))], "series": [
            {
                "series_instance_uid": str(slices[0].SeriesInstanceUID),
                "study_instance_uid": str(slices[0].StudyInstanceUID),
                "instance_count": 6,
            }
        ],
    }
    upload = opened(clinician)
    asked = clinician.post(f"/api/uploads/{upload}/manifest", manifest)
    assert (asked["present"], asked["missing"]) == ([], [sha256(content) for content in contents])
    for n in range(4):
        assert send(clinician, upload, f"{n}.dcm", contents[n])["verdict"] == "stored"

    resumed = opened(clinician)  # the page was closed; another upload takes up the same folder
    asked = clinician.post(f"/api/uploads/{resumed}/manifest", manifest)
    assert len(asked["present"]) == 4 and all(result["already_present"] for result in asked["present"])
    assert asked["missing"] == [sha256(content) for content in contents[4:]]
    for n in (4, 5):
        send(clinician, resumed, f"{n}.dcm", contents[n])
    done = clinician.post(f"/api/uploads/{resumed}/complete")
    assert (done["stored_count"], done["studies"][0]["instance_count"]) == (6, 6)
    assert done["progress"][0]["expected_count"] == 6

    again = opened(clinician)
    asked = clinician.post(f"/api/uploads/{again}/manifest", manifest)
    assert (len(asked["present"]), asked["missing"]) == (6, [])


def test_files_coded_for_the_way_are_archived_byte_for_byte_as_they_were(
    clinician: Client, installation: Installation
) -> None:
    slices = a_series_of_its_own(3, patient_id="T-CODED")
    noise = np.random.default_rng(7).integers(0, 4096, (64, 64), np.uint16)
    slices = [with_pixels(ds, noise + np.uint16(n)) for n, ds in enumerate(slices)]
    slices[2].PixelRepresentation = 1
    upload = opened(clinician)
    archive = installation.archive()
    for ds, coding in zip(slices, ("deflate", "jls", "jls"), strict=True):
        content = as_bytes(ds)
        body = zlib.compress(content) if coding == "deflate" else as_jpeg_ls(ds, content)
        answer = put(clinician, upload, "a.dcm", content, body, coding)
        assert (answer.status_code, answer.json()["verdict"]) == (200, "stored")
        assert archive.instance_file(str(ds.SOPInstanceUID)) == content


def test_a_file_that_does_not_arrive_as_it_was_named_is_asked_for_again(clinician: Client) -> None:
    content = as_bytes(a_series_of_its_own(1, patient_id="T-DIGEST")[0])
    upload = opened(clinician)
    for body, coding in (
        (content[:-1] + b"\1", "identity"),
        (b"no zlib", "deflate"),
        (b"\0\0\0\2{}", "jls"),
        (content, "br"),
    ):
        answer = put(clinician, upload, "a.dcm", content, body, coding)
        assert (answer.status_code, answer.json()["code"]) == (422, "digest-mismatch")
    assert send(clinician, upload, "a.dcm", content)["verdict"] == "stored"


def frame(path: str, content: bytes, body: bytes, coding: str = "identity") -> bytes:
    header = {"path": path, "sha256": sha256(content), "coding": coding, "size_bytes": len(body)}
    encoded = json.dumps(header).encode()
    return len(encoded).to_bytes(4, "big") + encoded + body


def test_several_files_in_one_request_are_answered_each_by_itself(clinician: Client) -> None:
    noise = np.random.default_rng(5).integers(0, 4096, (64, 64), np.uint16)
    slices = [with_pixels(ds, noise) for ds in a_series_of_its_own(5, patient_id="T-BATCH")]
    contents = [as_bytes(ds) for ds in slices]
    slices[4].PatientID = "T-STRANGER"
    contents[4] = as_bytes(slices[4])
    upload = opened(clinician)
    body = b"".join(
        [
            frame("0.dcm", contents[0], contents[0]),
            frame("notes.txt", b"no image" * 50, b"no image" * 50),
            frame("1.dcm", contents[1], zlib.compress(contents[1]), "deflate"),
            frame("damaged.dcm", contents[2], contents[2][:-2] + b"xx"),
            frame("2.dcm", contents[2], as_jpeg_ls(slices[2], contents[2]), "jls"),
            frame("stranger.dcm", contents[4], contents[4]),
        ]
    )
    answer = Client._json(clinician.http.post(f"/api/uploads/{upload}/instances", content=body))
    assert [(file["path"], file["verdict"]) for file in answer["files"]] == [
        ("0.dcm", "stored"),
        ("notes.txt", "refused"),
        ("1.dcm", "stored"),
        ("2.dcm", "stored"),
        ("stranger.dcm", "quarantined"),
    ]
    assert answer["mismatched"] == [sha256(contents[2])]
    again = Client._json(clinician.http.post(f"/api/uploads/{upload}/instances", content=body))
    assert [file["verdict"] for file in again["files"]] == [file["verdict"] for file in answer["files"]]
    assert clinician.post(f"/api/uploads/{upload}/complete", {})["stored_count"] == 3
    for broken in (b"\0\0\0\2{}", body[:-5], b"\xff" * 40):
        answer = clinician.http.post(f"/api/uploads/{opened(clinician)}/instances", content=broken)
        assert answer.json()["code"] == "digest-mismatch"


def test_a_large_file_goes_in_parts_and_only_the_missing_parts_go_again(clinician: Client) -> None:
    (ds,) = a_series_of_its_own(1, patient_id="T-LARGE")
    pixels = np.random.default_rng(3).integers(0, 4096, (2400, 2000), np.uint16)
    content = as_bytes(with_pixels(ds, pixels))
    size = 4 << 20
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    digests = [sha256(piece) for piece in pieces]
    upload = opened(clinician)
    asked = clinician.post(
        f"/api/uploads/{upload}/manifest", {"instances": [row("large.dcm", content, ds, digests)]}
    )
    assert asked["missing_chunks"] == digests

    def send_part(n: int) -> None:
        answer = clinician.http.put(f"/api/uploads/chunks/{digests[n]}", content=pieces[n])
        assert answer.status_code == 204

    send_part(0)
    assembly = f"/api/uploads/{upload}/instances/{sha256(content)}/assembly"
    body = {"path": "large.dcm", "size_bytes": len(content), "chunks": digests}
    early = clinician.http.post(assembly, json=body)
    assert (early.status_code, early.json()["missing_chunks"]) == (409, digests[1:])
    for n in range(1, len(pieces)):
        send_part(n)
    assert clinician.post(assembly, body)["verdict"] == "stored"
    refused = clinician.http.put(f"/api/uploads/chunks/{digests[0]}", content=pieces[0][:-1])
    assert refused.status_code == 422


def test_the_disk_may_go_only_once_the_archive_has_read_every_file_back(clinician: Client) -> None:
    slices = a_series_of_its_own(4, patient_id="T-SAFE")
    upload = opened(clinician)
    for n, ds in enumerate(slices):
        send(clinician, upload, f"{n}.dcm", as_bytes(ds))
    assert clinician.get(f"/api/uploads/{upload}")["safe_to_remove"] is False
    clinician.post(f"/api/uploads/{upload}/complete")

    def state() -> dict[str, Any]:
        found: dict[str, Any] = clinician.get(f"/api/uploads/{upload}")
        return found

    wait_until(lambda: state()["safe_to_remove"], "the archive has verified the upload", 30)
    assert state()["progress"][0]["verified_count"] == 4
    assert upload in [each["upload_id"] for each in clinician.get("/api/uploads")]


def test_the_same_number_with_other_pixels_is_kept_apart_and_the_first_one_stays(
    clinician: Client, installation: Installation
) -> None:
    (ds,) = a_series_of_its_own(1, patient_id="T-CONFLICT")
    first = as_bytes(ds)
    upload = opened(clinician)
    assert send(clinician, upload, "first.dcm", first)["verdict"] == "stored"

    ds.SeriesDescription = "exported a second time"
    same_pixels = send(clinician, upload, "again.dcm", as_bytes(ds))
    assert (same_pixels["verdict"], same_pixels["already_present"]) == ("stored", True)

    ds.PixelData = bytes(reversed(ds.PixelData))
    other = send(clinician, upload, "other.dcm", as_bytes(ds))
    assert (other["verdict"], other["reason"]["code"]) == ("quarantined", "same-number-other-content")
    assert installation.archive().instance_file(str(ds.SOPInstanceUID)) == first


def test_a_series_whose_number_another_study_has_is_kept_apart_and_never_mixed_into_it(
    clinician: Client,
) -> None:
    (first,), (other,) = (a_series_of_its_own(1, patient_id=f"T-SERIES-{n}") for n in range(2))
    other.SeriesInstanceUID = first.SeriesInstanceUID
    upload = opened(clinician)
    assert send(clinician, upload, "first.dcm", as_bytes(first))["verdict"] == "stored"
    mixed = send(clinician, upload, "other.dcm", as_bytes(other))
    assert (mixed["verdict"], mixed["reason"]["code"]) == ("quarantined", "series-of-another-study")


def test_what_another_institution_holds_is_not_said_to_be_here(
    clinician: Client, specialist: Client
) -> None:
    (ds,) = a_series_of_its_own(1, patient_id="T-OTHER-HOUSE")
    content = as_bytes(ds)
    send(clinician, opened(clinician), "a.dcm", content)
    upload = opened(specialist)
    asked = specialist.post(f"/api/uploads/{upload}/manifest", {"instances": [row("a.dcm", content, ds)]})
    assert asked["missing"] == [sha256(content)]
    assert send(specialist, upload, "a.dcm", content)["reason"]["code"] == "study-held-elsewhere"


def test_an_upload_of_somebody_else_does_not_exist(clinician: Client, specialist: Client) -> None:
    upload = opened(clinician)
    for answer in (
        specialist.http.get(f"/api/uploads/{upload}"),
        specialist.http.post(f"/api/uploads/{upload}/manifest", json={"instances": []}),
        put(specialist, upload, "a", b"x", b"x", "identity"),
        specialist.http.post(f"/api/uploads/{upload}/complete"),
    ):
        assert answer.status_code == 404


def test_a_report_comes_in_with_its_study_and_makes_no_series_to_read(clinician: Client) -> None:
    slices = a_series_of_its_own(2, patient_id="T-REPORT")
    report = a_report()
    report.StudyInstanceUID, report.PatientID = slices[0].StudyInstanceUID, slices[0].PatientID
    report.SeriesInstanceUID, report.SOPInstanceUID = generate_uid(), generate_uid()
    upload = opened(clinician)
    for n, ds in enumerate([*slices, report]):
        assert send(clinician, upload, f"{n}.dcm", as_bytes(ds))["verdict"] == "stored"
    done = clinician.post(f"/api/uploads/{upload}/complete")
    assert (done["stored_count"], done["studies"][0]["series_count"]) == (3, 1)
