"""A patient's history: where a value stands, what a FHIR Bundle says, and what is given out of it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from teleconsult.patient_history.fhir_reading import NotABundle, read_bundle
from teleconsult.patient_history.fhir_writing import GivenRecord, Identifier, Subject, write_bundle
from teleconsult.patient_history.record import (
    Allergy,
    Coding,
    Condition,
    Flag,
    HistoryRecord,
    Medication,
    NoneKnown,
    Observation,
    contradiction,
    flag_of,
)
from teleconsult.patient_history.vocabulary import ATC, LOINC, UCUM, VOCABULARY, Kind

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
POTASSIUM = {"coding": [{"system": LOINC, "code": "2823-3", "display": "Potassium"}], "text": "血钾"}


def a_result(**other: Any) -> Observation:
    values = {"category": "laboratory", "text": "Potassium", "unit": "mmol/L", "low": 3.5, "high": 5.3}
    return Observation.model_validate(values | other)


def a_bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource} for resource in resources],
    }


def an_observation(**other: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": POTASSIUM} | other


@pytest.mark.parametrize(
    ("value", "comparator", "flag"),
    [
        (3.4, None, Flag.LOW),
        (3.5, None, Flag.NORMAL),
        (5.3, None, Flag.NORMAL),
        (5.4, None, Flag.HIGH),
        (3.5, "<", Flag.LOW),
        (4.0, "<", None),
        (5.3, ">", Flag.HIGH),
        (5.3, ">=", None),
    ],
)
def test_a_value_is_low_or_high_only_where_its_range_says_so(
    value: float, comparator: str | None, flag: Flag | None
) -> None:
    assert flag_of(a_result(value=value, comparator=comparator)) is flag


def test_a_bound_below_an_upper_limit_is_normal_and_without_a_range_the_source_is_believed() -> None:
    assert flag_of(a_result(value=0.02, comparator="<", low=None, high=0.04)) is Flag.NORMAL
    assert flag_of(a_result(value=9, low=None, high=None)) is None
    assert flag_of(a_result(value=9, low=None, high=None, stated="high")) is Flag.HIGH
    assert flag_of(a_result(words="positive", stated="abnormal")) is Flag.ABNORMAL


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"value": 4.1, "words": "positive"},
        {"value": float("nan")},
        {"value": 4, "low": 6, "high": 5},
        {"value": 4, "effective": "2026-02-30"},
        {"value": 4, "effective": "2026-02-03T10:00:00"},
    ],
)
def test_a_result_without_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        a_result(**wrong)


def test_none_known_beside_a_named_one_contradicts() -> None:
    none, one = NoneKnown(of="allergy"), Allergy(text="Latex")
    assert contradiction([none, one]) == "allergy"
    assert contradiction([none, Condition(text="Gout")]) is None


def test_every_measured_item_has_a_unit_and_bounds_in_order() -> None:
    for item in VOCABULARY:
        assert bool(item.unit) == (item.kind in (Kind.VITAL_SIGN, Kind.LABORATORY)), item
        for bounds in filter(None, (item.bounds, item.of_women)):
            known = [each for each in bounds if each is not None]
            assert known == sorted(known), item
    coded = [(item.kind, item.code) for item in VOCABULARY if item.code]
    assert len(coded) == len(set(coded))


def test_a_bundle_of_another_system_is_read_and_what_it_lacks_is_said_per_entry() -> None:
    read = read_bundle(
        a_bundle(
            {
                "resourceType": "Patient",
                "identifier": [{"value": "P-1"}],
                "name": [{"family": "Li", "given": ["Lei"]}],
            },
            {
                "resourceType": "AllergyIntolerance",
                "code": {"text": "Penicillin"},
                "criticality": "high",
                "reaction": [{"manifestation": [{"text": "rash"}, {"coding": [{"display": "oedema"}]}]}],
            },
            {"resourceType": "Condition", "code": {}, "subject": {}},
            {
                "resourceType": "Condition",
                "code": {"text": "Hypertension"},
                "onsetDateTime": "2019",
                "clinicalStatus": {"coding": [{"code": "resolved"}]},
            },
            {
                "resourceType": "MedicationRequest",
                "status": "active",
                "medicationReference": {"reference": "Medication/m"},
                "dosageInstruction": [{"text": "0.5 g, twice a day"}],
            },
            {"resourceType": "Medication", "id": "m", "code": {"text": "Metformin"}},
            an_observation(
                valueQuantity={"value": 6.1, "unit": "mmol/l", "system": UCUM, "code": "mmol/L"},
                referenceRange=[{"low": {"value": 3.5}, "high": {"value": 5.3}}],
                effectiveDateTime="2026-02-28T08:00:00+08:00",
            ),
            {
                "resourceType": "Observation",
                "status": "final",
                "code": {"coding": [{"system": LOINC, "code": "85354-9"}]},
                "component": [
                    {"code": {"text": "systolic"}, "valueQuantity": {"value": 150, "unit": "mmHg"}},
                    {"code": {"text": "diastolic"}, "valueQuantity": {"value": 95, "unit": "mmHg"}},
                ],
            },
            an_observation(status="entered-in-error", valueQuantity={"value": 60}),
            an_observation(),
            an_observation(valueQuantity={"value": "many"}),
            {"resourceType": "Immunization"},
        )
    )
    assert (read.patient_numbers, read.patient_names) == (["P-1"], ["Li Lei"])
    assert read.records[:3] == [
        Allergy(text="Penicillin", criticality="high", reaction="rash, oedema"),
        Condition(text="Hypertension", onset="2019", is_active=False),
        Medication(text="Metformin", dosage="0.5 g, twice a day"),
    ]
    potassium, systolic, diastolic = read.records[3:]
    assert isinstance(potassium, Observation)
    assert (potassium.unit, flag_of(potassium)) == ("mmol/L", Flag.HIGH)
    assert potassium.coding == Coding(system=LOINC, code="2823-3")
    assert isinstance(systolic, Observation)
    assert isinstance(diastolic, Observation)
    assert (systolic.category, systolic.value, diastolic.value) == ("vital-signs", 150, 95)
    refused = {one.position: one.reason.zh for one in read.refused}
    assert set(refused) == {3, 9, 10, 11, 12}
    assert all(refused.values())


@pytest.mark.parametrize(
    ("system", "code", "is_taken"),
    [
        ("http://snomed.info/sct", "716186003", True),
        ("http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips", "no-known-allergies", True),
        ("http://snomed.info/sct", "409137002", False),  # no known drug allergy
        ("http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips", "no-allergy-info", False),
    ],
)
def test_no_known_allergy_is_taken_as_that_and_nothing_less_is(
    system: str, code: str, is_taken: bool
) -> None:
    coding = {"system": system, "code": code, "display": "none"}
    read = read_bundle(a_bundle({"resourceType": "AllergyIntolerance", "code": {"coding": [coding]}}))
    assert read.records == ([NoneKnown(of="allergy")] if is_taken else [])
    assert len(read.refused) == (0 if is_taken else 1)


@pytest.mark.parametrize(
    "document", [None, [], "x", {}, {"resourceType": "Patient"}, a_bundle() | {"entry": {}}]
)
def test_what_is_no_bundle_is_refused_as_a_whole(document: object) -> None:
    with pytest.raises(NotABundle):
        read_bundle(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["coding", "code", "text", "value", "low", "reference", "system", "start"]),
        inner,
        max_size=3,
    ),
    max_leaves=8,
)
ELEMENTS = [
    "code", "status", "category", "component", "valueQuantity", "valueString", "valueInteger", "reaction",
    "referenceRange", "interpretation", "effectiveDateTime", "onsetDateTime", "note", "dosage", "contained",
    "medicationReference", "medicationCodeableConcept", "clinicalStatus", "verificationStatus", "name",
    "identifier", "criticality",
]  # fmt: skip
KINDS = ["Observation", "Condition", "AllergyIntolerance", "MedicationStatement", "Patient", "Medication"]


RESOURCES = st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(ELEMENTS), JSON, max_size=5))


@settings(max_examples=60)
@given(st.lists(RESOURCES, max_size=3))
def test_no_damaged_resource_stops_the_reading(resources: list[tuple[str, dict[str, Any]]]) -> None:
    read = read_bundle(a_bundle(*(content | {"resourceType": kind} for kind, content in resources)))
    assert len(read.refused) <= len(resources)


EVERYTHING: list[HistoryRecord] = [
    Allergy(text="Penicillins", coding=Coding(system=ATC, code="J01C"), reaction="rash"),
    NoneKnown(of="condition"),
    NoneKnown(of="medication"),
    Condition(text="高血压", onset="2019-03", note="untreated"),
    Medication(text="Metformin", is_taken=False, dosage="0.5 g"),
    a_result(value=6, comparator=">", coding=Coding(system=LOINC, code="2823-3"), effective="2026-02-28"),
    a_result(category="vital-signs", words="strong", low=None, high=None, unit="", stated="abnormal"),
]


def given_out(records: list[HistoryRecord], *, is_in_error: bool = False) -> dict[str, Any]:
    subject = Subject("p", "LI^LEI=李^雷", "1960-01-02", "M", [Identifier("P-1", "Qinghe")])
    given = [GivenRecord(f"r{n}", each, NOON, "Dr Wang", is_in_error) for n, each in enumerate(records)]
    return dict(json.loads(json.dumps(write_bundle(subject, given))))


def test_what_is_given_out_reads_back_the_same() -> None:
    read = read_bundle(given_out(EVERYTHING))
    assert read.refused == []
    assert (read.patient_numbers, read.patient_names) == (["P-1"], ["LI LEI"])
    for before, after in zip(EVERYTHING, read.records, strict=True):
        assert flag_of(after) is flag_of(before)
        # Given out are the flag, where it was computed too, and the time of giving where no other was known.
        told = {"stated", "effective"} if getattr(before, "effective", None) is None else {"stated"}
        assert after.model_dump(exclude=told) == before.model_dump(exclude=told)


def test_what_was_marked_wrong_is_given_out_as_that_and_read_by_nobody() -> None:
    read = read_bundle(given_out(EVERYTHING, is_in_error=True))
    assert read.records == []
    assert len(read.refused) == len(EVERYTHING)
