"""Recordings on the consult's page: who reads and deletes them, and what becomes of them by themselves."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from signaling.recorder.kept_recordings import RetentionClass, ended_before
from storage.database import utc_now
from storage.key_ring import KeyRing
from storage.tables import audit_log
from teleconsult.lifecycle.record_classes import Retention
from teleconsult.recordings.retention import kept_for
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.pages import accepted_consult
from tests.installation_server import Client, Installation
from tests.recorded_consult import Kept, keep_a_recording
from tests.recorded_media import contents


@pytest.fixture(scope="module")
def consult(clinician: Client, specialist: Client) -> dict[str, Any]:
    slices = a_series_of_its_own(1, patient_id="T-RECORDED")
    study = clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0]
    return accepted_consult(clinician, specialist, study, "What is this?")


@pytest.fixture
def recording_id(kept: Kept, installation: Installation, consult: dict[str, Any]) -> str:
    keys = KeyRing(installation.data / "secrets" / "recording_secret")
    return keep_a_recording(kept, consult["id"], keys)


def path(consult: dict[str, Any], recording_id: str = "") -> str:
    return f"/api/consults/{consult['id']}/recordings" + (f"/{recording_id}" if recording_id else "")


def listed(client: Client, consult: dict[str, Any], recording_id: str) -> dict[str, Any]:
    (found,) = [one for one in client.get(path(consult)) if one["id"] == recording_id]
    return dict(found)


def test_both_sides_see_it_and_hear_it_and_that_is_in_the_audit_log(
    recording_id: str,
    kept: Kept,
    consult: dict[str, Any],
    clinician: Client,
    specialist: Client,
    tmp_path: Path,
) -> None:
    for client in (clinician, specialist):
        found = listed(client, consult, recording_id)
        assert (found["status"], found["may_delete"]) == ("kept", True)
        assert [(one["display_name"], one["agrees"]) for one in found["answers"]] == [("Anna", True)]
        assert found["duration_ms"] == pytest.approx(3_000, abs=100)
        file = client.http.get(path(consult, recording_id) + "/parts/1")
        assert (file.status_code, file.headers["content-type"]) == (200, "video/webm")
        heard = contents(file.content)
        assert heard.tone_hz == pytest.approx(440, abs=2)
        assert heard.duration_s == pytest.approx(3, abs=0.1)
    with kept.database.reading() as connection:
        of_recording = select(audit_log.c.action).where(audit_log.c.subject == f"recording/{recording_id}")
        assert list(connection.scalars(of_recording)).count("recording-read") == 2


def test_the_log_has_what_happened_in_the_room_in_order_of_time(
    recording_id: str, consult: dict[str, Any], specialist: Client
) -> None:
    text = specialist.http.get(path(consult, recording_id) + "/parts/0").text
    assert [json.loads(line)["at_ms"] for line in text.splitlines()] == [0, 900_000]


def test_who_has_no_part_in_the_consult_cannot_tell_that_there_is_a_recording(
    recording_id: str, consult: dict[str, Any], installation: Installation
) -> None:
    stranger = installation.sign_in("admin").http
    where = path(consult, recording_id)
    answers = [
        stranger.get(path(consult)),
        stranger.get(where + "/parts/1"),
        stranger.delete(where),
        stranger.patch(where, json={"retention_class": "review"}),
    ]
    assert {answer.status_code for answer in answers} == {404}


def test_what_is_deleted_is_gone_from_list_and_store(
    recording_id: str, kept: Kept, consult: dict[str, Any], clinician: Client
) -> None:
    assert kept.objects.keys(f"recordings/{recording_id}/")
    assert clinician.http.delete(path(consult, recording_id)).status_code == 204
    assert recording_id not in [one["id"] for one in clinician.get(path(consult))]
    assert kept.objects.keys(f"recordings/{recording_id}/") == []
    assert clinician.http.get(path(consult, recording_id) + "/parts/1").status_code == 404


def test_a_class_says_how_long_it_is_kept(
    recording_id: str, kept: Kept, consult: dict[str, Any], specialist: Client
) -> None:
    for name in RetentionClass:
        answer = specialist.http.patch(path(consult, recording_id), json={"retention_class": name})
        assert answer.status_code == 200, answer.text
        days = kept_for(Retention.from_text(), name)
        with kept.database.reading() as connection:
            for slack, is_due in ((-timedelta(hours=1), False), (timedelta(hours=1), True)):
                due = ended_before(connection, name, utc_now() + slack)
                assert (recording_id in [one.id for one in due]) is is_due
        ends = answer.json()
        assert ends["delete_after"][:10] == f"{utc_now() + days:%Y-%m-%d}"
