"""Searches find what the caller may see and nothing else, and say what they cannot do."""

import pytest
from dicomweb_client.api import DICOMwebClient
from requests import HTTPError

from imaging.parsing import parse_dicom
from tests.installation_server import Client


def test_a_study_is_found_by_each_of_its_keys(
    hospital: DICOMwebClient, stored: str, in_every_coding: dict[str, bytes]
) -> None:
    for keys in (
        {"StudyInstanceUID": stored},
        {"0020000D": stored},
        {"PatientID": "T-CODINGS"},
        {"PatientID": "T-COD?N*", "StudyDate": "20251201-20260131", "ModalitiesInStudy": "CT"},
        {"AccessionNumber": "A-77"},
        {"PatientName": "WANG*", "PatientID": "T-CODINGS", "StudyDate": "20260102"},
    ):
        found = hospital.search_for_studies(search_filters=keys)
        assert [row["0020000D"]["Value"][0] for row in found] == [stored], keys
    (row,) = found
    assert row["00080050"]["Value"] == ["A-77"]
    assert row["00100010"]["Value"][0]["Alphabetic"] == "Wang^Fang"
    assert row["00201206"]["Value"] == [2] and row["00201208"]["Value"] == [len(in_every_coding)]
    assert row["00080061"]["Value"] == ["CT"]
    for keys in (
        {"PatientID": "T-CODING"},
        {"StudyInstanceUID": stored, "StudyDate": "-20251231"},
        {"StudyInstanceUID": stored, "AccessionNumber": "A-78"},
    ):
        assert hospital.search_for_studies(search_filters=keys) == []


def test_series_and_instances_are_found_with_what_viewers_need(
    hospital: DICOMwebClient, stored: str, in_every_coding: dict[str, bytes]
) -> None:
    series = hospital.search_for_series(stored)
    assert [row["00200011"]["Value"][0] for row in series] == [2, 3]
    assert sum(row["00201209"]["Value"][0] for row in series) == len(in_every_coding)
    instances = hospital.search_for_instances(stored, fields=["ImagePositionPatient"])
    assert {row["00080018"]["Value"][0] for row in instances} == set(in_every_coding)
    for row in instances:
        ds = parse_dicom(in_every_coding[row["00080018"]["Value"][0]])
        assert row["00280010"]["Value"] == [ds.Rows]
        assert row["00200032"]["Value"] == list(ds.ImagePositionPatient)
    keys = {"StudyInstanceUID": stored, "NumberOfFrames": "3"}
    assert len(hospital.search_for_instances(search_filters=keys)) == 1


def test_pages_follow_each_other_without_gap(
    clinician: Client, hospital: DICOMwebClient, stored: str, in_every_coding: dict[str, bytes]
) -> None:
    found = [
        row["00080018"]["Value"][0]
        for offset in range(0, len(in_every_coding), 3)
        for row in hospital.search_for_instances(stored, limit=3, offset=offset)
    ]
    assert sorted(found) == sorted(in_every_coding)
    answer = clinician.http.get(f"/dicom-web/studies/{stored}/instances?limit=3")
    assert "additional results" in answer.headers["warning"]
    assert "warning" not in clinician.http.get(f"/dicom-web/studies/{stored}/instances").headers


@pytest.mark.parametrize(
    "query", ["Modality=CT", "PatientAge=040Y", "Nonsense=1", "StudyDate=today", "limit=-1", "StudyDate=-"]
)
def test_what_cannot_be_matched_by_is_refused_and_not_left_out(clinician: Client, query: str) -> None:
    answer = clinician.http.get(f"/dicom-web/studies?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "search-not-understood")


def test_fuzzy_matching_is_said_not_to_be_done(clinician: Client, stored: str) -> None:
    answer = clinician.http.get("/dicom-web/studies?fuzzymatching=true&PatientID=T-CODINGS")
    assert "fuzzymatching parameter is not supported" in answer.headers["warning"]
    assert len(answer.json()) == 1


def test_a_search_shows_nobody_another_hospitals_patients(
    stored: str, specialist: Client, administrator: Client
) -> None:
    for client in (specialist, administrator):
        for address in ("/dicom-web/studies", "/dicom-web/series", "/dicom-web/instances"):
            for keys in ("", "?PatientID=T-CODINGS", "?AccessionNumber=A-77", f"?StudyInstanceUID={stored}"):
                answer = client.http.get(address + keys)
                assert answer.status_code == 200
                assert stored not in answer.text and "T-CODINGS" not in answer.text


def test_the_kept_client_is_told_404_for_a_study_that_is_not_there(hospital: DICOMwebClient) -> None:
    with pytest.raises(HTTPError, match="404"):
        hospital.search_for_series("1.2.3.4.5.6")
