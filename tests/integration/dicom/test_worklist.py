"""Planned examinations as a scanner finds them: dcmtk's findscu and pynetdicom against the gateway."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydicom import Dataset
from pynetdicom.sop_class import ModalityWorklistInformationFind  # type: ignore[attr-defined]

from tests.dicom_builders import a_series_of_its_own
from tests.dicom_scanner import associated, dcmtk
from tests.installation_server import Client

TOMORROW = datetime.now(UTC) + timedelta(days=1)


def plan(client: Client, **given: Any) -> dict[str, Any]:
    body = {
        "patient_id": "W-1",
        "patient_name": "WANG^FANG=王^芳",
        "patient_birth_date": "1960-12-31",
        "patient_sex": "F",
        "modality": "CT",
        "procedure_description": "胸部平扫",
        "scheduled_at": TOMORROW.isoformat(),
        **given,
    }
    planned: dict[str, Any] = client.post("/api/scheduled-procedures", body)
    return planned


def ask(port: int, character_set: str | None = None, **step: str) -> list[Dataset]:
    """The worklist's answers; keys of the step by name, PatientName and AccessionNumber too."""
    query = Dataset()
    if character_set:
        query.SpecificCharacterSet = character_set
    for keyword in ("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID", "PatientBirthDate"):
        setattr(query, keyword, step.pop(keyword, ""))
    item = Dataset()
    for keyword in ("Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate"):
        setattr(item, keyword, step.pop(keyword, ""))
    item.ScheduledProcedureStepStartTime = ""
    item.ScheduledProcedureStepDescription = ""
    query.ScheduledProcedureStepSequence = [item]
    assert not step
    with associated(port) as association:
        answers = list(association.send_c_find(query, ModalityWorklistInformationFind))
    assert answers[-1][0].Status == 0x0000
    return [identifier for _, identifier in answers[:-1] if identifier is not None]


@pytest.fixture(scope="module")
def planned(specialist: Client) -> dict[str, Any]:
    return plan(specialist)


@pytest.mark.parametrize("character_set", [None, "ISO_IR 100", "ISO_IR 192", "GB18030", "GBK"])
def test_a_chinese_name_arrives_whole_in_the_character_set_that_was_asked_for(
    gateway: int, planned: dict[str, Any], character_set: str | None
) -> None:
    (answer,) = ask(gateway, character_set, AccessionNumber=planned["accession_number"])

    can_be_kept = character_set not in (None, "ISO_IR 100")
    assert answer.SpecificCharacterSet == (character_set if can_be_kept else "ISO_IR 192")
    assert answer.PatientName.ideographic == "王^芳"
    assert answer.StudyInstanceUID == planned["study_instance_uid"]
    assert answer.ScheduledProcedureStepSequence[0].ScheduledProcedureStepDescription == "胸部平扫"


@pytest.mark.parametrize(
    ("keys", "is_found"),
    [
        ({"Modality": "CT"}, True),
        ({"Modality": "MR"}, False),
        ({"ScheduledProcedureStepStartDate": f"{TOMORROW.astimezone():%Y%m%d}"}, True),
        ({"ScheduledProcedureStepStartDate": "20200101-20200201"}, False),
        ({"ScheduledProcedureStepStartDate": "20200101-"}, True),
        ({"PatientName": "wang*"}, True),
        ({"PatientName": "王*"}, True),
        ({"PatientName": "王芳"}, True),
        ({"PatientName": "李*"}, False),
        ({"PatientID": "W-1"}, True),
        ({"ScheduledStationAETitle": "CT-ROOM-2"}, True),
    ],
)
def test_it_is_found_by_what_a_scanner_asks(
    gateway: int, planned: dict[str, Any], keys: dict[str, str], is_found: bool
) -> None:
    found = {answer.AccessionNumber for answer in ask(gateway, "ISO_IR 192", **keys)}

    assert (planned["accession_number"] in found) is is_found


def test_dcmtk_finds_it_too(gateway: int, planned: dict[str, Any]) -> None:
    keys = ("-k", f"AccessionNumber={planned['accession_number']}", "-k", "PatientName", "-k", "PatientSex")
    step = ("-k", "ScheduledProcedureStepSequence[0].Modality=CT")
    found = dcmtk("findscu", gateway, "-W", *keys, *step)

    assert found.returncode == 0
    said = found.stdout + found.stderr
    assert "Find Response: 1 (Pending)" in said
    assert "WANG^FANG=王^芳" in said
    assert "ISO_IR 192" in said


def test_another_institution_s_plans_are_not_served(gateway: int, clinician: Client) -> None:
    foreign = plan(clinician, patient_id="W-FOREIGN")

    assert ask(gateway, AccessionNumber=foreign["accession_number"]) == []


def test_what_was_called_off_is_not_served_and_cannot_be_called_off_twice(
    gateway: int, specialist: Client
) -> None:
    called_off = plan(specialist, patient_id="W-OFF")
    events = f"/api/scheduled-procedures/{called_off['id']}/events"
    assert specialist.post(events, {"event": "cancel"})["status"] == "cancelled"

    assert ask(gateway, AccessionNumber=called_off["accession_number"]) == []
    assert specialist.http.post(events, json={"event": "cancel"}).status_code == 409


@pytest.mark.parametrize("by", ["study", "accession-number"])
def test_it_is_done_when_its_study_arrives(gateway: int, specialist: Client, by: str) -> None:
    patient_id = f"W-{by}"
    waiting = plan(specialist, patient_id=patient_id)
    (image,) = a_series_of_its_own(1, patient_id=patient_id, AccessionNumber="")
    if by == "study":
        image.StudyInstanceUID = waiting["study_instance_uid"]
    else:
        image.AccessionNumber = waiting["accession_number"]

    with associated(gateway) as association:
        assert association.send_c_store(image).Status == 0x0000

    listed = {one["id"]: one["status"] for one in specialist.get("/api/scheduled-procedures")}
    assert listed[waiting["id"]] == "completed"
    assert ask(gateway, AccessionNumber=waiting["accession_number"]) == []


def test_only_clinicians_plan_and_only_administrators_keep_devices(
    admin: Client, specialist: Client, clinician: Client, planned: dict[str, Any], scanner: dict[str, Any]
) -> None:
    assert admin.http.get("/api/scheduled-procedures").status_code == 403
    assert specialist.http.get("/api/dicom-peers").status_code == 403
    events = f"/api/scheduled-procedures/{planned['id']}/events"
    assert clinician.http.post(events, json={"event": "cancel"}).status_code == 404


def test_the_same_accession_number_is_not_given_twice(specialist: Client, planned: dict[str, Any]) -> None:
    again = {
        "patient_id": "W-2",
        "patient_name": "LI^SI",
        "modality": "CT",
        "scheduled_at": TOMORROW.isoformat(),
        "accession_number": planned["accession_number"],
    }
    answer = specialist.http.post("/api/scheduled-procedures", json=again)

    assert (answer.status_code, answer.json()["code"]) == (409, "accession-number-taken")
