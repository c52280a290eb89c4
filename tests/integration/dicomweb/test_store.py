"""What hospital systems send by STOW-RS comes in like an upload, and they are told what became of it."""

import json
from collections.abc import Sequence

import httpx
import pytest
from dicomweb_client.api import DICOMwebClient

from imaging.parsing import parse_dicom
from tests.dicom_builders import a_ct_slice, a_report, a_series_of_its_own, as_bytes
from tests.installation_server import Client, wait_until

BOUNDARY = "the-boundary"


def body_of(parts: Sequence[bytes], *, closed: bool = True) -> bytes:
    begun = b"".join(
        f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + part + b"\r\n" for part in parts
    )
    return begun + (f"--{BOUNDARY}--\r\n".encode() if closed else b"")


def store(client: Client, parts: Sequence[bytes], study: str = "", *, closed: bool = True) -> httpx.Response:
    return client.http.post(
        f"/dicom-web/studies{'/' + study if study else ''}",
        content=body_of(parts, closed=closed),
        headers={"Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'},
    )


def failures(answer: httpx.Response, tag: str = "00081198") -> list[int]:
    return [item["00081197"]["Value"][0] for item in answer.json().get(tag, {}).get("Value", [])]


def test_what_the_kept_client_stores_is_a_study_that_is_checked_and_read_back_equal(
    clinician: Client, hospital: DICOMwebClient
) -> None:
    slices = a_series_of_its_own(6, patient_id="T-STOW")
    study = str(slices[0].StudyInstanceUID)
    answer = hospital.store_instances(slices, study_instance_uid=study)
    assert len(answer.ReferencedSOPSequence) == 6 and "FailedSOPSequence" not in answer
    assert study in answer.ReferencedSOPSequence[0].RetrieveURL
    back = {ds.SOPInstanceUID: ds for ds in hospital.retrieve_study(study)}
    assert all(back[ds.SOPInstanceUID].PixelData == ds.PixelData for ds in slices)
    wait_until(
        lambda: clinician.get(f"/api/studies/{study}")["series"][0]["verdict"] is not None,
        "the series went through the input gate",
    )


def test_good_parts_are_stored_beside_bad_ones(clinician: Client) -> None:
    one, two = a_series_of_its_own(2, patient_id="T-STOW-MIXED")
    answer = store(clinician, [as_bytes(one), b"no DICOM at all", as_bytes(two), as_bytes(two)[:300]])
    assert answer.status_code == 202
    assert answer.headers["content-type"] == "application/dicom+json"
    stored = [item["00081155"]["Value"][0] for item in answer.json()["00081199"]["Value"]]
    assert stored == [one.SOPInstanceUID, two.SOPInstanceUID]
    assert failures(answer, "0008119A") == [0xC000, 0xC000]
    assert "/" in json.dumps(answer.json()["0008119A"], ensure_ascii=False)
    again = store(clinician, [as_bytes(one)])
    assert again.status_code == 200


def test_instances_of_another_study_than_the_address_says_are_refused(clinician: Client) -> None:
    (mine,) = a_series_of_its_own(1, patient_id="T-STOW-A")
    (other,) = a_series_of_its_own(1, patient_id="T-STOW-B")
    answer = store(clinician, [as_bytes(mine), as_bytes(other)], str(mine.StudyInstanceUID))
    assert (answer.status_code, failures(answer)) == (202, [0xA901])
    assert clinician.http.get(f"/api/studies/{other.StudyInstanceUID}").status_code == 404
    none = store(clinician, [as_bytes(other)], str(mine.StudyInstanceUID))
    assert (none.status_code, failures(none)) == (409, [0xA901])


def test_other_pixels_under_a_number_that_is_taken_are_a_conflict(clinician: Client) -> None:
    (first,) = a_series_of_its_own(1, patient_id="T-STOW-SAME")
    assert store(clinician, [as_bytes(first)]).status_code == 200
    first.PixelData = bytes(reversed(first.PixelData))
    answer = store(clinician, [as_bytes(first)])
    assert (answer.status_code, failures(answer)) == (409, [0x0111])


def test_what_arrived_before_a_broken_connection_is_kept(clinician: Client, hospital: DICOMwebClient) -> None:
    whole, cut = a_series_of_its_own(2, patient_id="T-STOW-CUT")
    answer = clinician.http.post(
        "/dicom-web/studies",
        content=body_of([as_bytes(whole), as_bytes(cut)])[:-200],
        headers={"Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "upload-incomplete")
    kept = [ds.SOPInstanceUID for ds in hospital.retrieve_study(str(whole.StudyInstanceUID))]
    assert kept == [whole.SOPInstanceUID]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/dicom",
        "multipart/related",
        'multipart/related; type="application/dicom"; boundary=',
        f'multipart/related; type="application/dicom+json"; boundary={BOUNDARY}',
        f'multipart/form-data; boundary={BOUNDARY}',
    ],
)
def test_a_body_of_another_kind_is_refused_with_a_sentence(clinician: Client, content_type: str) -> None:
    answer = clinician.http.post(
        "/dicom-web/studies", content=body_of([b"x"]), headers={"Content-Type": content_type}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "not-multipart")


def test_only_clinicians_and_only_our_own_pages_store(
    clinician: Client, administrator: Client, specialist: Client
) -> None:
    file = as_bytes(a_ct_slice())
    assert store(administrator, [file]).status_code == 403
    assert Client(str(clinician.http.base_url)).http.post("/dicom-web/studies").status_code == 401
    foreign = httpx.post(
        f"{clinician.http.base_url}/dicom-web/studies".replace("//dicom", "/dicom"),
        cookies=dict(clinician.http.cookies),
        content=body_of([file]),
        headers={"Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'},
    )
    assert (foreign.status_code, foreign.json()["code"]) == (403, "forged-request")
    (ours,) = a_series_of_its_own(1, patient_id="T-STOW-OURS")
    assert store(clinician, [as_bytes(ours)]).status_code == 200
    stolen = store(specialist, [as_bytes(ours)])
    assert (stolen.status_code, failures(stolen)) == (409, [0x0110])


def test_a_report_goes_in_and_comes_out_with_its_study(clinician: Client) -> None:
    (image,) = a_series_of_its_own(1, patient_id="T-STOW-SR")
    report = a_report()
    report.StudyInstanceUID, report.PatientID = image.StudyInstanceUID, "T-STOW-SR"
    answer = store(clinician, [as_bytes(image), as_bytes(report)])
    assert answer.status_code == 200, answer.text
    content = clinician.http.get(f"/dicom-web/studies/{image.StudyInstanceUID}").content
    assert as_bytes(report) in content
    assert parse_dicom(as_bytes(report)).Modality == "SR"
