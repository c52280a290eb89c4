"""Studies fetched from another hospital, through the whole installation."""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.free_ports import free_ports
from tests.installation_server import Client, Installation, wait_until
from tests.orthanc_server import OrthancServer

pytestmark = pytest.mark.timeout(300)


def a_study_there(hospital: OrthancServer, slices: int = 3, **attributes: Any) -> str:
    """Put a study into the other hospital's PACS; its Study Instance UID."""
    made = a_series_of_its_own(slices, **attributes)
    for ds in made:
        hospital.pacs.store(as_bytes(ds))
    return str(made[0].StudyInstanceUID)


def app_process(installation: Installation) -> int:
    """The web process of this installation and no other."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes().split(b"\0")
            ours = f"TELECONSULT_DATA={installation.data}".encode() in (folder / "environ").read_bytes()
            if ours and b"teleconsult.serving:create_app" in command:
                return int(folder.name)
    raise AssertionError("no app runs")


def retrieval_of(doctor: Client, uid: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = doctor.get("/api/archives/retrievals")
    return next(one for one in found if one["study_instance_uid"] == uid)


def has(doctor: Client, uid: str, status: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        one = retrieval_of(doctor, uid)
        return one if one["status"] == status else None

    found: dict[str, Any] = wait_until(look, f"the retrieval is {status}", 90)
    return found


@pytest.mark.parametrize("way", ["c-get", "c-move", "dicomweb"])
def test_a_study_that_was_found_there_is_here_after_it_was_fetched(
    own: Installation, hospital: OrthancServer, archives: dict[str, str], doctor: Client, way: str
) -> None:
    named: dict[str, Any] = {"PatientName": "王^小明", "SpecificCharacterSet": "GB18030"}
    uid = a_study_there(hospital, patient_id=f"P-{way}", **named)
    archive = archives[way]
    (found,) = doctor.post(f"/api/archives/{archive}/search", {"patient_id": f"P-{way}"})["studies"]
    assert (found["study_instance_uid"], found["is_here"]) == (uid, False)
    doctor.post(f"/api/archives/{archive}/retrievals", {"study_instance_uid": uid})
    done = has(doctor, uid, "completed")
    assert (done["received_count"], done["expected_count"], done["reason"]) == (3, 3, None)
    study = doctor.get(f"/api/studies/{uid}")
    assert sum(len(one["instances"]) for one in study["series"]) == 3
    assert study["patient"]["name"] == "王小明"
    (again,) = doctor.post(f"/api/archives/{archive}/search", {"patient_id": f"P-{way}"})["studies"]
    assert again["is_here"]


def test_an_archive_that_answers_says_so_and_one_that_is_away_has_a_sentence(
    own: Installation, archives: dict[str, str], doctor: Client
) -> None:
    admin = own.sign_in("admin")
    for archive in archives.values():
        assert admin.post(f"/api/archives/{archive}/test")["outcome"] == "answered"
    nobody = admin.post(
        "/api/archives",
        {"name": "Nobody", "kind": "dimse", "ae_title": "X", "host": "127.0.0.1", "port": free_ports(1)[0]},
    )["id"]
    assert admin.post(f"/api/archives/{nobody}/test")["outcome"] == "away"
    answer = doctor.http.post(f"/api/archives/{nobody}/search", json={"patient_id": "1"})
    assert (answer.status_code, answer.json()["code"]) == (502, "remote-archive-away")
    doctor.post(f"/api/archives/{nobody}/retrievals", {"study_instance_uid": "1.2.3.4"})
    wait_until(lambda: retrieval_of(doctor, "1.2.3.4")["reason"], "a reason is said", 60)
    one = retrieval_of(doctor, "1.2.3.4")
    assert one["reason"]["code"] == "remote-archive-away"
    assert one["status"] in ("requested", "in-progress")  # it is tried again
    assert doctor.post(f"/api/archives/retrievals/{one['id']}/cancel")["status"] == "cancelled"
    admin.http.delete(f"/api/archives/{nobody}")


def test_a_study_that_is_gone_there_fails_with_a_sentence(archives: dict[str, str], doctor: Client) -> None:
    doctor.post(f"/api/archives/{archives['c-get']}/retrievals", {"study_instance_uid": "1.2.3.99"})
    failed = has(doctor, "1.2.3.99", "failed")
    assert failed["reason"]["code"] == "remote-study-not-there"


def test_a_retrieval_goes_on_after_the_app_was_killed_in_its_middle(
    own: Installation, hospital: OrthancServer, archives: dict[str, str], doctor: Client
) -> None:
    uid = a_study_there(hospital, slices=150, patient_id="P-KILLED")
    doctor.post(f"/api/archives/{archives['dicomweb']}/retrievals", {"study_instance_uid": uid})
    wait_until(lambda: retrieval_of(doctor, uid)["received_count"] > 0, "some have come", 60)
    assert retrieval_of(doctor, uid)["status"] == "in-progress"
    os.kill(app_process(own), signal.SIGKILL)

    def is_back() -> bool:
        try:
            return doctor.http.get("/api/session").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(is_back, "the app is back", 90)
    done = has(doctor, uid, "completed")
    assert done["received_count"] == 150
    study = doctor.get(f"/api/studies/{uid}")
    assert sum(len(one["instances"]) for one in study["series"]) == 150


def test_priors_come_once_and_ask_for_none_themselves(
    own: Installation, hospital: OrthancServer, archives: dict[str, str], doctor: Client
) -> None:
    who: dict[str, Any] = {"patient_id": "P-PRIOR", "PatientBirthDate": "19600102"}
    prior = a_study_there(hospital, **who, StudyDate="20260101")
    other_person = a_study_there(hospital, patient_id="P-PRIOR-2", StudyDate="20260102")
    older = a_study_there(hospital, **who, StudyDate="20010101")
    admin = own.sign_in("admin")
    rule = {"modalities": ["CT"], "same_body_part": False, "not_older_than_days": 1000, "at_most": 5}
    ruled = admin.post(
        "/api/archives",
        {
            "name": "With a rule", "kind": "dimse", "ae_title": "HOSPITAL", "host": "127.0.0.1",
            "port": hospital.dicom_port, "retrieve_by": "c-get", "prior_rule": rule,
        },
    )
    new = a_series_of_its_own(3, **who, StudyDate="20260301")
    doctor.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(new)})
    wait_until(
        lambda: prior in [one["study_instance_uid"] for one in doctor.get("/api/archives/retrievals")],
        "the prior is asked for",
        60,
    )
    done = has(doctor, prior, "completed")
    assert done["prior_of"] == str(new[0].StudyInstanceUID)
    asked = [one["study_instance_uid"] for one in doctor.get("/api/archives/retrievals") if one["prior_of"]]
    assert asked == [prior]
    assert not {older, other_person} & set(asked)
    admin.http.delete(f"/api/archives/{ruled['id']}")


def test_what_settles_in_the_watched_folder_is_taken_in_and_kept(
    own: Installation, watched: Path
) -> None:
    clinician = own.sign_in("clinician")  # of the institution that runs the archive
    study = a_series_of_its_own(2, patient_id="P-FOLDER")
    (watched / "ct").mkdir()
    for number, ds in enumerate(study):
        (watched / "ct" / f"{number}.dcm").write_bytes(as_bytes(ds))
    (watched / "letter.dcm").write_text("no image at all")
    (watched / "link.dcm").symlink_to("/etc/passwd")
    wait_until((watched / "refused" / "letter.dcm.txt").is_file, "the letter is refused", 60)
    wait_until(lambda: len(list((watched / "done" / "ct").glob("*.dcm"))) == 2, "both are taken", 60)
    said = (watched / "refused" / "letter.dcm.txt").read_text()
    assert "not a DICOM image" in said and "不是 DICOM" in said
    assert (watched / "refused" / "letter.dcm").read_text() == "no image at all"
    assert (watched / "link.dcm").is_symlink()
    assert clinician.get(f"/api/studies/{study[0].StudyInstanceUID}")["patient"]["patient_id"] == "P-FOLDER"


def test_only_who_may_searches_and_only_their_own_institution_sees_it(
    own: Installation, archives: dict[str, str], doctor: Client
) -> None:
    admin, stranger = own.sign_in("admin"), own.sign_in("clinician")
    archive = archives["c-get"]
    assert admin.http.post(f"/api/archives/{archive}/search", json={"patient_id": "1"}).status_code == 403
    assert doctor.http.delete(f"/api/archives/{archive}").status_code == 403
    assert stranger.http.post(f"/api/archives/{archive}/search", json={"patient_id": "1"}).status_code == 404
    assert stranger.get("/api/archives") == stranger.get("/api/archives/retrievals") == []
    assert doctor.http.post(f"/api/archives/{archive}/search", json={}).status_code == 422
    body = {"name": "x", "kind": "dicomweb", "url": "http://h/", "password_file": "../secrets/join_secret"}
    assert admin.http.post("/api/archives", json=body).status_code == 422
