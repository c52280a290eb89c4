"""Deletion, merge, split, retention and cold store on a whole installation: nothing is lost by the way."""

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.uid import generate_uid
from sqlalchemy import select

from storage.database import Database, utc_now
from storage.tables import audit_log, instances, studies
from teleconsult.lifecycle.announced_deletions import announced
from teleconsult.lifecycle.study_rows import instances_of
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.installation_server import REPOSITORY, Client, Installation, wait_until

REASON = {"reason": "Registered twice at the front desk"}


@pytest.fixture(scope="module")
def administrator(installation: Installation) -> Client:
    """Of the specialist's institution."""
    return installation.sign_in("admin")


@pytest.fixture(scope="module")
def database(installation: Installation) -> Database:
    """The installation's own, to look behind the page."""
    return installation.database()


def sent(client: Client, slices: list[Dataset]) -> dict[str, Any]:
    study: dict[str, Any] = client.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})[
        "studies"
    ][0]
    return study


def test_a_deleted_study_is_gone_for_everybody_and_comes_back_when_it_is_sent_again(
    installation: Installation, specialist: Client, administrator: Client, database: Database
) -> None:
    slices = a_series_of_its_own(4, patient_id="T-DELETE")
    uid = sent(specialist, slices)["study_instance_uid"]
    with database.reading() as connection:
        orthanc_ids = [one.orthanc_id for one in instances_of(connection, uid)]
    refused = specialist.http.post(f"/api/manage/studies/{uid}/deletion", json=REASON)
    without = administrator.http.post(f"/api/manage/studies/{uid}/deletion", json={"reason": ""})
    assert (refused.status_code, without.status_code) == (403, 422)

    administrator.post(f"/api/manage/studies/{uid}/deletion", REASON)

    assert specialist.http.get(f"/api/studies/{uid}").status_code == 404
    assert uid not in [study["study_instance_uid"] for study in specialist.get("/api/studies")["studies"]]
    archive = installation.archive()
    assert len(orthanc_ids) == 4 and not any(archive.has(one) for one in orthanc_ids)
    listed = administrator.get("/api/manage?q=T-DELETE")["deleted"]
    assert [(one["study_instance_uid"], one["reason"]) for one in listed] == [(uid, REASON["reason"])]
    with database.reading() as connection:
        entry = connection.execute(
            select(audit_log).where(
                audit_log.c.action == "study-deleted", audit_log.c.subject == f"study/{uid}"
            )
        ).one()
    assert (entry.details["reason"], entry.details["items"]) == (REASON["reason"], 4)

    sent(specialist, slices)

    assert specialist.get(f"/api/studies/{uid}")["instance_count"] == 4
    assert all(archive.has(one) for one in orthanc_ids)


def test_a_study_that_an_open_consult_uses_is_not_deleted(specialist: Client, administrator: Client) -> None:
    colleague = {"username": "colleague", "display_name": "Colleague", "specialty": "radiology"}
    administrator.post("/api/members", colleague | {"roles": ["radiologist"]})
    study = sent(specialist, a_series_of_its_own(2, patient_id="T-INUSE"))
    specialist.post(
        "/api/consults",
        {
            "patient_id": study["patient"]["id"],
            "question": "What is this?",
            "urgency": "routine",
            "specialty": "radiology",
            "legal_role": "consultation",
            "study_instance_uids": [study["study_instance_uid"]],
            "consent": {"given": True, "method": "written"},
        },
    )
    answer = administrator.http.post(
        f"/api/manage/studies/{study['study_instance_uid']}/deletion", json=REASON
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "study-in-use")


def test_merged_patients_are_one_until_the_merge_is_undone_and_late_slices_find_their_study(
    specialist: Client,
) -> None:
    *slices, late = a_series_of_its_own(3, patient_id="T-MERGE-A")
    other = a_series_of_its_own(2, patient_id="T-MERGE-B")
    twice, once = sent(specialist, slices), sent(specialist, other)
    body = {"from_patient_id": twice["patient"]["id"], "into_patient_id": once["patient"]["id"], **REASON}
    merge = specialist.post("/api/manage/merges", body)
    again = specialist.http.post("/api/manage/merges", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "merge-not-possible")

    def patient_of(study: dict[str, Any]) -> str:
        return str(specialist.get(f"/api/studies/{study['study_instance_uid']}")["patient"]["patient_id"])

    assert patient_of(twice) == "T-MERGE-B"
    new = a_series_of_its_own(1, patient_id="T-MERGE-A")
    meanwhile = sent(specialist, [late, *new][:1])
    assert (patient_of(meanwhile), meanwhile["study_instance_uid"]) == (
        "T-MERGE-B",
        twice["study_instance_uid"],
    )
    later = sent(specialist, new)
    assert patient_of(later) == "T-MERGE-B"
    named = [p["patient_id"] for p in specialist.get("/api/patients")]
    assert "T-MERGE-A" not in named and "T-MERGE-B" in named

    specialist.post(f"/api/manage/merges/{merge['id']}/undo", REASON)

    assert [patient_of(one) for one in (twice, later, once)] == ["T-MERGE-A", "T-MERGE-A", "T-MERGE-B"]


def test_a_mixed_study_is_split_and_its_pixels_stay_what_they_were(
    installation: Installation, specialist: Client, database: Database
) -> None:
    right = a_series_of_its_own(3, patient_id="T-SPLIT")
    wrong = a_series_of_its_own(3, patient_id="T-SPLIT")
    for ds in wrong:
        ds.StudyInstanceUID = right[0].StudyInstanceUID
        ds.FrameOfReferenceUID = generate_uid()
    uid = sent(specialist, [*right, *wrong])["study_instance_uid"]
    with database.reading() as connection:
        before = {one.sop_instance_uid: one.orthanc_id for one in instances_of(connection, uid)}
    whole = specialist.http.post(
        f"/api/manage/studies/{uid}/split",
        json={
            "series_instance_uids": [str(right[0].SeriesInstanceUID), str(wrong[0].SeriesInstanceUID)],
            "patient_id": "T-OTHER",
            "patient_name": "Li^Na",
            **REASON,
        },
    )
    assert (whole.status_code, whole.json()["code"]) == (409, "split-not-possible")

    into = specialist.post(
        f"/api/manage/studies/{uid}/split",
        {
            "series_instance_uids": [str(wrong[0].SeriesInstanceUID)],
            "patient_id": "T-OTHER",
            "patient_name": "李^娜",
            "birth_date": "19700102",
            "sex": "F",
            **REASON,
        },
    )["study_instance_uid"]

    moved = specialist.get(f"/api/studies/{into}")
    assert (moved["patient"]["patient_id"], moved["patient"]["name"]) == ("T-OTHER", "李娜")
    assert specialist.get(f"/api/studies/{uid}")["instance_count"] == moved["instance_count"] == 3
    archive = installation.archive()
    with database.reading() as connection:
        copies = [
            dcmread(DicomBytesIO(archive.file_of(one.orthanc_id))) for one in instances_of(connection, into)
        ]
    assert {ds.PixelData for ds in copies} == {ds.PixelData for ds in wrong}
    assert {str(ds.PatientID) for ds in copies} == {"T-OTHER"}
    gone = [before[str(ds.SOPInstanceUID)] for ds in wrong]
    stayed = [before[str(ds.SOPInstanceUID)] for ds in right]
    assert not any(archive.has(one) for one in gone) and all(archive.has(one) for one in stayed)


def test_a_study_in_the_cold_store_comes_back_byte_for_byte_when_somebody_opens_it(
    installation: Installation, specialist: Client, administrator: Client, database: Database
) -> None:
    slices = a_series_of_its_own(3, patient_id="T-COLD")
    uid = sent(specialist, slices)["study_instance_uid"]
    with database.reading() as connection:
        objects = instances_of(connection, uid)
    archive = installation.archive()
    before = {one.orthanc_id: archive.file_of(one.orthanc_id) for one in objects}
    administrator.post(f"/api/manage/studies/{uid}/cold")
    assert not any(archive.has(one) for one in before)

    assert specialist.get(f"/api/studies/{uid}")["tier"] == "warming"

    wait_until(lambda: specialist.get(f"/api/studies/{uid}")["tier"] == "archive", "it is back", 60)
    assert {one: archive.file_of(one) for one in before} == before


def came_in(database: Database, study_instance_uid: str, year: int) -> None:
    """As if the study had been here since then."""
    with database.transaction() as connection:
        connection.execute(
            studies.update()
            .where(studies.c.study_instance_uid == study_instance_uid)
            .values(received_at=utc_now().replace(year=year))
        )


def test_a_retention_rule_says_whom_it_meets_and_ends_when_it_is_removed(
    specialist: Client, administrator: Client, database: Database
) -> None:
    uid = sent(specialist, a_series_of_its_own(1, patient_id="T-OLD"))["study_instance_uid"]
    came_in(database, uid, 2010)
    body = {"modality": "CT", "older_than_days": 3650, "action": "cold"}
    assert specialist.http.post("/api/manage/retention-rules", json=body).status_code == 403
    administrator.post("/api/manage/retention-rules", body)
    wait_until(
        lambda: specialist.get("/api/studies?q=T-OLD")["studies"][0]["tier"] == "cold",
        "the daily pass moved it",
        60,
    )
    (rule,) = administrator.get("/api/manage")["rules"]
    administrator.http.delete(f"/api/manage/retention-rules/{rule['id']}").raise_for_status()
    assert administrator.get("/api/manage")["rules"] == []


def test_a_hold_is_found_placed_shown_and_ended_by_who_keeps_the_archive(
    specialist: Client, administrator: Client
) -> None:
    uid = sent(specialist, a_series_of_its_own(1, patient_id="T-HELD"))["study_instance_uid"]
    where = "/api/manage/legal-holds"
    (found,) = administrator.get(f"{where}/subjects?q=T-HELD")
    assert (found["subject"], found["patient"]["patient_id"], found["holds"]) == (f"study/{uid}", "T-HELD", 0)
    body = {"subjects": [found["subject"]], "reason": "file 7/2026"}
    assert specialist.http.post(where, json=body).status_code == 403
    assert administrator.http.post(where, json=body | {"reason": " "}).status_code == 422
    lost = administrator.http.post(where, json=body | {"subjects": [found["subject"], "study/9.9"]})
    assert lost.status_code == 404 and administrator.get(where) == []  # all or none
    administrator.http.post(where, json=body).raise_for_status()
    deletion = f"/api/manage/studies/{uid}/deletion"
    assert administrator.http.post(deletion, json={"reason": "twice"}).json()["code"] == "on-legal-hold"
    (hold,) = administrator.get(where)
    assert (hold["on"]["subject"], hold["reason"], hold["lifted_at"]) == (f"study/{uid}", "file 7/2026", None)
    assert hold["placed_by"] is not None
    ended = administrator.http.post(f"{where}/{hold['id']}/end", json={"reason": "settled"})
    assert ended.status_code == 204, ended.text
    (hold,) = administrator.get(where)
    assert (hold["lift_reason"], hold["lifted_by"]) == ("settled", hold["placed_by"])
    assert administrator.http.post(deletion, json={"reason": "twice"}).status_code == 204


def test_what_a_rule_would_delete_and_from_which_day_is_said_before_it_is_made(
    specialist: Client, administrator: Client, database: Database
) -> None:
    uid = sent(specialist, a_series_of_its_own(1, patient_id="T-DUE"))["study_instance_uid"]
    came_in(database, uid, 2001)
    asked = "/api/manage/retention-rules/preview?older_than_days=8000&action=delete"
    told = administrator.get(asked)
    assert told["concerned_now"] == 1
    assert told["begins_at"][:10] == f"{utc_now() + timedelta(days=7):%Y-%m-%d}"
    assert administrator.get(f"{asked}&modality=MG")["concerned_now"] == 0
    body = {"modality": None, "older_than_days": 8_000, "action": "delete"}
    made = administrator.http.post("/api/manage/retention-rules", json=body).json()
    assert made["first_goes_at"][:10] == told["begins_at"][:10]
    with database.reading() as connection:  # no pass later: it is announced as it is made
        assert announced(connection, "study")[f"study/{uid}"][0] == f"retention-rule/{made['id']}"
    administrator.http.delete(f"/api/manage/retention-rules/{made['id']}").raise_for_status()
    with database.reading() as connection:
        assert announced(connection, "study") == {}


def test_the_command_finds_and_mends_what_was_lost_while_the_system_works(
    installation: Installation, specialist: Client, administrator: Client, database: Database
) -> None:
    slices = a_series_of_its_own(3, patient_id="T-LOST")
    uid = sent(specialist, slices)["study_instance_uid"]

    def is_verified() -> bool:
        with database.reading() as connection:
            query = select(instances.c.verified_at).where(
                instances.c.series_instance_uid == str(slices[0].SeriesInstanceUID)
            )
            return None not in connection.execute(query).scalars().all()

    wait_until(is_verified, "the archive has read back what came", 60)
    with database.reading() as connection:
        lost = instances_of(connection, uid)[0]
    installation.archive().remove(lost.orthanc_id)

    def reconcile(*options: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "teleconsult.cli", "reconcile", "--json", *options]
        command += ["--data", str(installation.data), "--port", str(installation.port)]
        environment = installation.environment()
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=REPOSITORY, env=environment, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    row = {"difference": "lost-instance", "subject": f"instance/{lost.sop_instance_uid}"}
    assert {**row, "mended": False} in reconcile("--dry-run")["rows"]
    assert {**row, "mended": True} in reconcile()["rows"]
    assert reconcile()["rows"] == []
    assert administrator.get("/api/manage")["last_reconciliation"]["found"] == 0
    assert specialist.get(f"/api/studies/{uid}")["instance_count"] == 2
