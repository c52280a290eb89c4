"""One drop with everything that goes wrong in it: the good part is stored, the rest gets a sentence."""

import pytest
from pydicom.uid import generate_uid

from tests.dicom_builders import a_ct_slice, a_series_of_its_own, a_zip, as_bytes
from tests.installation_server import Client

CHINESE = range(0x4E00, 0x9FFF)


def test_the_good_files_of_a_bad_drop_are_stored_and_each_bad_one_gets_a_sentence(clinician: Client) -> None:
    good = a_series_of_its_own(12)
    same = {"StudyInstanceUID": good[0].StudyInstanceUID, "SeriesInstanceUID": good[0].SeriesInstanceUID}
    stranger = a_ct_slice(99, SOPInstanceUID=generate_uid(), PatientID="T-OTHER", **same)
    empty = a_ct_slice(98, SOPInstanceUID=generate_uid(), PatientID="T-1", **same)
    del empty.PixelData
    del empty.Rows
    bad = {
        "notes.txt": b"this is not an image" * 20,
        "truncated.dcm": as_bytes(good[0])[:-4000],
        "no-pixels.dcm": as_bytes(empty),
        "stranger.dcm": as_bytes(stranger),
        "outer.zip": a_zip(
            {"inner.zip": a_zip({"a.dcm": as_bytes(good[1])}), "fine.dcm": as_bytes(good[11])}
        ),
        "climbing.zip": a_zip({"../../etc/passwd": as_bytes(good[2])}),
        "empty.dcm": b"",
    }
    files = {f"good/{n}.dcm": as_bytes(ds) for n, ds in enumerate(good[:11])} | bad
    done = clinician.upload(files)

    results = {result["path"]: result for result in done["results"]}
    assert all(results[f"good/{n}.dcm"]["verdict"] == "stored" for n in range(11))
    assert results["outer.zip/fine.dcm"]["verdict"] == "stored"
    refused = {path: result for path, result in results.items() if result["verdict"] != "stored"}
    assert len(refused) == len(bad)
    for path, result in refused.items():
        assert len(result["reason"]["en"]) > 20, path
        assert any(ord(char) in CHINESE for char in result["reason"]["zh"]), path
    assert results["stranger.dcm"]["verdict"] == "quarantined"
    (study,) = done["studies"]
    assert study["instance_count"] == 12


def test_the_same_study_twice_is_stored_once_and_said_so(clinician: Client) -> None:
    files = {f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(a_series_of_its_own(5, patient_id="T-TWICE"))}
    clinician.upload(files)
    again = clinician.upload(files)
    assert all(result["already_present"] for result in again["results"])
    assert again["studies"][0]["instance_count"] == 5


def test_a_zip_of_20000_entries_is_refused_and_the_next_file_goes_through(clinician: Client) -> None:
    huge = a_zip({f"{n}.txt": b"" for n in range(20_001)})
    done = clinician.upload(
        {"huge.zip": huge, "good.dcm": as_bytes(a_series_of_its_own(1, patient_id="T-ZIP")[0])}
    )
    by_path = {result["path"]: result for result in done["results"]}
    assert by_path["huge.zip"]["reason"]["code"] == "too-many-entries"
    assert by_path["good.dcm"]["verdict"] == "stored"


KNEE = a_series_of_its_own(20, patient_id="T-KNEE", BodyPartExamined="KNEE", StudyDescription="CT KNEE")
GAPS = [ds for ds in a_series_of_its_own(30, patient_id="T-GAP") if ds.InstanceNumber not in (10, 11)]


@pytest.mark.parametrize(
    ("series", "verdict", "code"),
    [
        (
            a_series_of_its_own(20, patient_id="T-KNEE", BodyPartExamined="KNEE", StudyDescription="CT KNEE"),
            "not-usable",
            "other-body-part",
        ),
        (
            [ds for ds in a_series_of_its_own(30, patient_id="T-GAP") if ds.InstanceNumber not in (10, 11)],
            None,
            "missing-slices",
        ),
    ],
    ids=["CT of the knee", "slices missing"],
)
def test_the_gate_says_what_is_the_matter_with_a_series_of_its_own(
    clinician: Client, series: list, verdict: str | None, code: str
) -> None:
    done = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(series)})
    (found,) = clinician.get(f"/api/studies/{done['studies'][0]['study_instance_uid']}")["series"]
    assert code in [reason["code"] for reason in found["reasons"]]
    assert found["verdict"] == verdict or (verdict is None and found["verdict"] != "usable")


def test_two_patients_in_one_drop_are_two_studies_and_a_notice(clinician: Client) -> None:
    one, two = a_series_of_its_own(3, patient_id="T-A"), a_series_of_its_own(3, patient_id="T-B")
    done = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate([*one, *two])})
    assert len(done["studies"]) == 2
    assert [notice["code"] for notice in done["notices"]] == ["several-patients-in-drop"]
