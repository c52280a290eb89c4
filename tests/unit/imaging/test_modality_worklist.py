"""What a worklist query matches, by PS3.4 C.2.2.2 and annex K, and how it is answered."""

from datetime import datetime
from fnmatch import fnmatchcase
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, Sequence
from pynetdicom.dsutils import decode, encode

from imaging.modality_worklist import WorklistEntry, find


def an_entry(**given: Any) -> WorklistEntry:
    values: dict[str, Any] = {
        "patient_name": "WANG^FANG=王^芳",
        "patient_id": "P-1",
        "patient_birth_date": "1960-12-31",
        "patient_sex": "F",
        "accession_number": "A-1",
        "requested_procedure_id": "A-1",
        "scheduled_procedure_step_id": "A-1",
        "study_instance_uid": "1.2.3",
        "description": "胸部平扫",
        "modality": "CT",
        "station_ae_title": None,
        "scheduled_at": datetime(2026, 11, 25, 10, 15, 30),
        "performing_physician_name": None,
        **given,
    }
    return WorklistEntry(**values)


def a_query(character_set: str | None = None, **step: str) -> Dataset:
    query, item = Dataset(), Dataset()
    if character_set:
        query.SpecificCharacterSet = character_set
    query.PatientName = step.pop("PatientName", "")
    query.StudyInstanceUID = step.pop("StudyInstanceUID", "")
    for keyword, value in step.items():
        setattr(item, keyword, value)
    query.ScheduledProcedureStepSequence = [item]
    return query


DATE, TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"


@pytest.mark.filterwarnings("ignore:Invalid value")
@pytest.mark.parametrize(
    ("keys", "is_found"),
    [
        ({}, True),
        ({DATE: "20261125"}, True),
        ({DATE: "20261124-20261125"}, True),
        ({DATE: "20261126-"}, False),
        ({DATE: "-20261124"}, False),
        ({DATE: "2026.11.25"}, True),
        ({DATE: "tomorrow"}, False),
        ({TIME: "1015"}, True),
        ({TIME: "10"}, True),
        ({TIME: "101530.00"}, True),
        ({TIME: "101531-"}, False),
        ({TIME: "0900-1015"}, True),
        ({TIME: "0900-1014"}, False),
        ({"PatientName": "wang^fang"}, True),
        ({"PatientName": "WANG*"}, True),
        ({"PatientName": "W?NG^FANG"}, True),
        ({"PatientName": "王芳"}, True),
        ({"PatientName": "=王*"}, True),
        ({"PatientName": "WANG*=李*"}, False),
        ({"PatientName": "[W]*"}, False),
        ({"PatientName": "*F*G"}, True),
        ({"PatientName": "WANG^FANG*WANG"}, False),
        ({"PatientName": "*A*A*"}, True),
        ({"PatientName": "*A*A*A*"}, False),
        ({"PatientName": "?" * 9}, True),
        ({"PatientName": "?" * 10}, False),
        ({"PatientName": "*?" * 30 + "X"}, False),
        ({"StudyInstanceUID": "1.2.3"}, True),
        ({"StudyInstanceUID": "1.2.30"}, False),
        ({"Modality": "C*"}, True),
        ({"Modality": "MR"}, False),
        ({"ScheduledStationAETitle": "CT-1"}, True),
        ({"ScheduledStationName": ""}, True),
    ],
)
def test_a_query_finds_what_it_describes(keys: dict[str, str], is_found: bool) -> None:
    assert bool(list(find(a_query(**keys), [an_entry()]))) is is_found


def test_an_entry_for_one_scanner_is_not_another_s() -> None:
    entry = an_entry(station_ae_title="CT-1")

    assert list(find(a_query(ScheduledStationAETitle="CT-1"), [entry]))
    assert not list(find(a_query(ScheduledStationAETitle="CT-2"), [entry]))


def test_the_answer_has_the_keys_that_were_asked_and_no_other() -> None:
    query = a_query(Modality="", ScheduledProcedureStepStartDate="")
    query.AdditionalPatientHistory = ""
    query.add_new(0x00091001, "LO", "private")

    (answer,) = find(query, [an_entry()])

    assert {element.keyword for element in answer} == {
        "SpecificCharacterSet",
        "PatientName",
        "StudyInstanceUID",
        "AdditionalPatientHistory",
        "ScheduledProcedureStepSequence",
    }
    (step,) = answer.ScheduledProcedureStepSequence
    assert {element.keyword for element in step} == {"Modality", "ScheduledProcedureStepStartDate"}
    assert not answer.AdditionalPatientHistory


def test_an_empty_item_asks_for_the_whole_step() -> None:
    query = Dataset()
    query.ScheduledProcedureStepSequence = Sequence([Dataset()])

    (answer,) = find(query, [an_entry(description="CHEST")])

    assert answer.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID == "A-1"


@pytest.mark.parametrize(
    ("asked_for", "name", "answered_in"),
    [
        (None, "WANG^FANG", None),
        (None, "王^芳", "ISO_IR 192"),
        ("ISO_IR 100", "MÜLLER^JÖRG", "ISO_IR 100"),
        ("ISO_IR 100", "王^芳", "ISO_IR 192"),
        ("GB18030", "王^㐀", "GB18030"),
        ("GBK", "王^芳", "GBK"),
        ("ISO_IR 13", "王^芳", "ISO_IR 192"),
        ("nonsense", "WANG", "ISO_IR 192"),
    ],
)
def test_the_answer_is_in_a_character_set_that_holds_its_text(
    asked_for: str | None, name: str, answered_in: str | None
) -> None:
    (answer,) = find(a_query(asked_for), [an_entry(patient_name=name, description=None)])

    assert answer.get("SpecificCharacterSet") == answered_in
    read_back = decode(BytesIO(encode(answer, True, True) or b""), True, True)
    assert str(read_back.PatientName) == name


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\^=")))
def test_any_name_finds_itself(name: str) -> None:
    entry = an_entry(patient_name=name.strip())
    query = a_query()
    query.PatientName = name.strip().replace("*", "?")

    assert list(find(query, [entry]))


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_patterns_match_as_the_shell_s_do(pattern: str, value: str) -> None:
    entry = an_entry(modality="x" + value)
    query = a_query(Modality="x" + pattern)

    assert bool(list(find(query, [entry]))) is fnmatchcase("x" + value, "x" + pattern)
