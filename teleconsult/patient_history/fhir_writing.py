"""A patient's history as a FHIR R4 Bundle. Pure.

Source: FHIR R4 (4.0.1); "none known": International Patient Summary, CodeSystem absent-unknown-uv-ips.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from teleconsult.patient_history.record import (
    Allergy,
    Condition,
    Flag,
    HistoryRecord,
    Medication,
    NoneKnown,
    Observation,
    flag_of,
)
from teleconsult.patient_history.vocabulary import ABSENT, UCUM

TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem/"
NONE_KNOWN_CODE: Final = {
    "allergy": ("no-known-allergies", "No known allergies"),
    "condition": ("no-known-problems", "No known problems"),
    "medication": ("no-known-medications", "No known medications"),
}
LETTER: Final = {Flag.LOW: "L", Flag.NORMAL: "N", Flag.HIGH: "H", Flag.ABNORMAL: "A"}


@dataclass(frozen=True, slots=True)
class GivenRecord:
    """What is to be written of one record: whose, when, and whether it was taken back since."""

    id: str
    record: HistoryRecord
    given_at: datetime
    given_by: str
    is_in_error: bool


@dataclass(frozen=True, slots=True)
class Identifier:
    """A patient's number, and the institution that gave it."""

    value: str
    assigner: str


@dataclass(frozen=True, slots=True)
class Subject:
    id: str
    name: str  # as DICOM PN, its first group
    birth_date: str | None
    sex: str | None
    identifiers: Sequence[Identifier]


def write_bundle(subject: Subject, given: Iterable[GivenRecord]) -> dict[str, Any]:
    """The history as a Bundle of type collection; its own UUIDs stay the same each time."""
    reference = {"reference": _urn(subject.id)}
    entries = [_entry(subject.id, _patient(subject))]
    entries += [_entry(one.id, _written(one, reference)) for one in given]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _patient(subject: Subject) -> dict[str, Any]:
    family, _, given = subject.name.partition("=")[0].partition("^")
    name = {"text": " ".join(subject.name.partition("=")[0].replace("^", " ").split())}
    return _without_empty(
        {
            "resourceType": "Patient",
            "identifier": [
                {"value": one.value, "assigner": {"display": one.assigner}} for one in subject.identifiers
            ],
            "name": [name | _without_empty({"family": family.strip(), "given": given.split("^")[0].split()})],
            "gender": {"M": "male", "F": "female", "O": "other"}.get(subject.sex or "", "unknown"),
            "birthDate": subject.birth_date,
        }
    )


def _written(given: GivenRecord, patient: dict[str, str]) -> dict[str, Any]:
    at, by = given.given_at.isoformat(timespec="seconds"), {"display": given.given_by}
    match given.record:
        case Allergy() | NoneKnown(of="allergy") as record:
            return _without_empty(
                {
                    "resourceType": "AllergyIntolerance",
                    "clinicalStatus": None
                    if given.is_in_error
                    else _concept("allergyintolerance-clinical", "active"),
                    "verificationStatus": _concept(
                        "allergyintolerance-verification",
                        "entered-in-error" if given.is_in_error else "confirmed",
                    ),
                    "criticality": record.criticality if isinstance(record, Allergy) else None,
                    "code": _code(record),
                    "patient": patient,
                    "recordedDate": at,
                    "recorder": by,
                    "reaction": [{"manifestation": [{"text": record.reaction}]}]
                    if isinstance(record, Allergy) and record.reaction
                    else [],
                }
            )
        case Condition() | NoneKnown(of="condition") as record:
            is_active = not isinstance(record, Condition) or record.is_active
            return _without_empty(
                {
                    "resourceType": "Condition",
                    "clinicalStatus": None
                    if given.is_in_error
                    else _concept("condition-clinical", "active" if is_active else "inactive"),
                    "verificationStatus": _concept(
                        "condition-ver-status", "entered-in-error" if given.is_in_error else "confirmed"
                    ),
                    "category": [_concept("condition-category", "problem-list-item")],
                    "code": _code(record),
                    "subject": patient,
                    "onsetDateTime": record.onset if isinstance(record, Condition) else None,
                    "recordedDate": at,
                    "recorder": by,
                    "note": [{"text": record.note}] if isinstance(record, Condition) and record.note else [],
                }
            )
        case Medication() | NoneKnown() as record:
            is_taken = not isinstance(record, Medication) or record.is_taken
            return _without_empty(
                {
                    "resourceType": "MedicationStatement",
                    "status": "entered-in-error"
                    if given.is_in_error
                    else ("active" if is_taken else "completed"),
                    "medicationCodeableConcept": _code(record),
                    "subject": patient,
                    "dateAsserted": at,
                    "informationSource": by,
                    "dosage": [{"text": record.dosage}]
                    if isinstance(record, Medication) and record.dosage
                    else [],
                }
            )
        case Observation() as record:
            return _observation(record, given, patient, by)


def _observation(
    record: Observation, given: GivenRecord, patient: dict[str, str], by: dict[str, str]
) -> dict[str, Any]:
    flag = flag_of(record)
    bounds = _without_empty({"low": _quantity(record.low, record), "high": _quantity(record.high, record)})
    quantity = _quantity(record.value, record)
    if quantity and record.comparator:
        quantity = {"comparator": record.comparator} | quantity
    return _without_empty(
        {
            "resourceType": "Observation",
            "status": "entered-in-error" if given.is_in_error else "final",
            "category": [_concept("observation-category", record.category)],
            "code": _code(record),
            "subject": patient,
            "effectiveDateTime": record.effective or given.given_at.isoformat(timespec="seconds"),
            "performer": [by],
            "valueQuantity": quantity,
            "valueString": record.words,
            "interpretation": [_concept("v3-ObservationInterpretation", LETTER[flag])] if flag else [],
            "referenceRange": [bounds] if bounds else [],
        }
    )


def _quantity(value: float | None, record: Observation) -> dict[str, Any] | None:
    if value is None:
        return None
    number = int(value) if float(value).is_integer() else value
    unit = {"unit": record.unit, "system": UCUM, "code": record.unit} if record.unit else {}
    return {"value": number} | unit


def _code(record: HistoryRecord) -> dict[str, Any]:
    if isinstance(record, NoneKnown):
        code, words = NONE_KNOWN_CODE[record.of]
        return {"coding": [{"system": ABSENT, "code": code, "display": words}], "text": words}
    if record.coding is None:
        return {"text": record.text}
    coding = {"system": record.coding.system, "code": record.coding.code}
    return {"coding": [coding], "text": record.text}


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": TERMINOLOGY + system, "code": code}]}


def _entry(id_: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {"fullUrl": _urn(id_), "resource": resource}


def _urn(id_: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, id_)}"


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    """FHIR has no empty elements: what is not known is left out."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}
