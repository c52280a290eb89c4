"""A patient's history out of a FHIR R4 Bundle. Pure.

What is read is what a request needs to say: Condition, AllergyIntolerance, MedicationStatement (or Request)
and Observation, each by the few elements that a clinician is shown. Each entry that is not taken is named
with a sentence; the rest is taken. ADR 0038 says why no library of all of FHIR does this.

Source: FHIR R4 (4.0.1); "none known": International Patient Summary, CodeSystem absent-unknown-uv-ips.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from teleconsult.patient_history.record import (
    Allergy,
    Condition,
    HistoryRecord,
    Medication,
    NoneKnown,
    Observation,
)
from teleconsult.patient_history.vocabulary import ABSENT, UCUM, VOCABULARY, Kind

MOST_ENTRIES: Final = 1000
SNOMED: Final = "http://snomed.info/sct"

NONE_KNOWN: Final = {
    (ABSENT, "no-known-allergies"): "allergy",
    (SNOMED, "716186003"): "allergy",
    (ABSENT, "no-known-problems"): "condition",
    (SNOMED, "160245001"): "condition",
    (ABSENT, "no-known-medications"): "medication",
}
# "No known drug (food, environmental) allergy" says nothing of the others; "no information" says nothing.
SAYS_TOO_LITTLE: Final = frozenset(
    {
        (SNOMED, "409137002"),
        (SNOMED, "429625007"),
        (SNOMED, "428607008"),
        (ABSENT, "no-allergy-info"),
        (ABSENT, "no-problem-info"),
        (ABSENT, "no-medication-info"),
    }
)
# FHIR R4 v3-ObservationInterpretation, as far as it says which way.
STATED: Final = {
    "L": "low",
    "LL": "low",
    "LU": "low",
    "N": "normal",
    "H": "high",
    "HH": "high",
    "HU": "high",
    "A": "abnormal",
    "AA": "abnormal",
}
VITAL_SIGN_CODES: Final = {item.code for item in VOCABULARY if item.kind is Kind.VITAL_SIGN} | {
    "59408-5",  # oxygen saturation by pulse oximetry
    "85354-9",  # blood pressure panel
}


@dataclass(frozen=True, slots=True)
class Sentences:
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry that was not taken; `position` counts from 1, as people do."""

    position: int
    resource_type: str
    reason: Sentences


@dataclass(slots=True)
class ReadBundle:
    records: list[HistoryRecord] = field(default_factory=list)
    refused: list[RefusedEntry] = field(default_factory=list)
    patient_numbers: list[str] = field(default_factory=list)
    patient_names: list[str] = field(default_factory=list)


class NotABundle(Exception):
    """The document is no FHIR Bundle, or a larger one than a request carries."""


class _NotTaken(Exception):
    def __init__(self, reason: Sentences) -> None:
        super().__init__(reason.en)
        self.reason = reason


NO_NAME: Final = Sentences("It does not say what it is.", "未说明具体内容。")
NO_VALUE: Final = Sentences("It has no result that can be shown.", "没有可显示的结果。")
IN_ERROR: Final = Sentences(
    "Its source says that it is wrong or ruled out.", "来源系统已将其标记为错误或已排除。"
)
NOT_HISTORY: Final = Sentences("This kind is not part of the history here.", "此类资源不属于病史内容。")
RESOLVED: Final = Sentences("Its source says that it is no longer so.", "来源系统标明该过敏已不存在。")
TOO_LITTLE: Final = Sentences(
    "It says 'none known' of some kind only, or that nothing is known. Please enter it by hand.",
    "仅说明某一类别“无已知”，或没有相关信息，请手工填写。",
)
DAMAGED: Final = Sentences("It is not filled in as FHIR R4 asks.", "内容不符合 FHIR R4 规范。")


def read_bundle(document: object) -> ReadBundle:
    """Raises NotABundle."""
    if not isinstance(document, dict) or document.get("resourceType") != "Bundle":
        raise NotABundle
    entries = document.get("entry", [])
    if not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
        raise NotABundle
    resources = [_resource(entry) for entry in entries]
    drugs = _drugs(entries, resources)
    result = ReadBundle()
    for position, resource in enumerate(resources, start=1):
        kind = _str(resource.get("resourceType")) or "?"
        try:
            if kind == "Patient":
                _read_patient(resource, result)
            elif kind != "Medication":
                result.records += _read(kind, resource, drugs)
        except _NotTaken as error:
            result.refused.append(RefusedEntry(position, kind[:64], error.reason))
        except ValidationError:
            result.refused.append(RefusedEntry(position, kind[:64], DAMAGED))
    return result


def _read(kind: str, resource: dict[str, Any], drugs: dict[str, Any]) -> list[HistoryRecord]:
    match kind:
        case "AllergyIntolerance":
            return [_allergy(resource)]
        case "Condition":
            return [_condition(resource)]
        case "MedicationStatement" | "MedicationRequest":
            return [_medication(resource, drugs)]
        case "Observation":
            return _observations(resource)
    raise _NotTaken(NOT_HISTORY)


def _allergy(resource: dict[str, Any]) -> HistoryRecord:
    _require_true(resource)
    if _codes(resource.get("clinicalStatus")) & {"inactive", "resolved"}:
        raise _NotTaken(RESOLVED)
    code = resource.get("code")
    if none := _none_known(code):
        return none
    manifestations = [
        _name(manifestation)
        for reaction in _list(resource.get("reaction"))
        for manifestation in _list(_dict(reaction).get("manifestation"))
    ]
    return Allergy.model_validate(
        _named(code)
        | {
            "reaction": ", ".join(name for name in manifestations if name)[:500],
            "criticality": _str(resource.get("criticality")) or None,
        }
    )


def _condition(resource: dict[str, Any]) -> HistoryRecord:
    _require_true(resource)
    code = resource.get("code")
    if none := _none_known(code):
        return none
    onset = _str(resource.get("onsetDateTime")) or _str(_dict(resource.get("onsetPeriod")).get("start"))
    notes = [_str(resource.get("onsetString"))]
    notes += [_str(_dict(note).get("text")) for note in _list(resource.get("note"))]
    over = {"inactive", "remission", "resolved"}
    return Condition.model_validate(
        _named(code)
        | {
            "is_active": not _codes(resource.get("clinicalStatus")) & over,
            "onset": onset or None,
            "note": "\n".join(filter(None, notes))[:500],
        }
    )


def _medication(resource: dict[str, Any], drugs: dict[str, Any]) -> HistoryRecord:
    status = _str(resource.get("status"))
    if status == "entered-in-error":
        raise _NotTaken(IN_ERROR)
    code = resource.get("medicationCodeableConcept")
    if code is None:
        reference = _str(_dict(resource.get("medicationReference")).get("reference"))
        contained = {f"#{_str(one.get('id'))}": one for one in map(_dict, _list(resource.get("contained")))}
        drug = contained.get(reference) or drugs.get(reference) or {}
        code = drug.get("code") or resource.get("medicationReference")
    if none := _none_known(code):
        return none
    dosages = _list(resource.get("dosage")) or _list(resource.get("dosageInstruction"))
    return Medication.model_validate(
        _named(code)
        | {
            "is_taken": status not in ("completed", "stopped", "not-taken", "cancelled"),
            "dosage": "; ".join(filter(None, (_str(_dict(one).get("text")) for one in dosages)))[:500],
        }
    )


def _observations(resource: dict[str, Any]) -> list[HistoryRecord]:
    if _str(resource.get("status")) in ("entered-in-error", "cancelled"):
        raise _NotTaken(IN_ERROR)
    categories = {code for one in _list(resource.get("category")) for code in _codes(one)}
    codes = _codes(resource.get("code"))
    if "vital-signs" in categories or (not categories and codes & VITAL_SIGN_CODES):
        category = "vital-signs"
    elif "laboratory" in categories or not categories:
        category = "laboratory"
    else:
        raise _NotTaken(NOT_HISTORY)
    period = _dict(resource.get("effectivePeriod"))
    effective = next(
        filter(
            None,
            (
                _str(resource.get("effectiveDateTime")),
                _str(resource.get("effectiveInstant")),
                _str(period.get("end")),
                _str(period.get("start")),
                _str(resource.get("issued")),
            ),
        ),
        None,
    )
    shared = {"category": category, "effective": effective}
    parts = [_dict(part) for part in _list(resource.get("component"))]
    with_value = [part for part in (resource, *parts) if any(key.startswith("value") for key in part)]
    if not with_value:
        raise _NotTaken(NO_VALUE)
    described = (shared | _named(part.get("code")) | _value(part) for part in with_value)
    return [Observation.model_validate(one) for one in described]


def _value(part: dict[str, Any]) -> dict[str, Any]:
    bounds = _dict(next(iter(_list(part.get("referenceRange"))), None))
    stated = [
        STATED[code]
        for one in _list(part.get("interpretation"))
        for code in sorted(_codes(one))
        if code in STATED
    ]
    about = {
        "low": _dict(bounds.get("low")).get("value"),
        "high": _dict(bounds.get("high")).get("value"),
        "stated": next(iter(stated), None),
    }
    if "valueInteger" in part:
        return about | {"value": part["valueInteger"]}
    if "valueQuantity" in part:
        quantity = _dict(part["valueQuantity"])
        is_ucum = _str(quantity.get("system")) == UCUM
        unit = (_str(quantity.get("code")) if is_ucum else "") or _str(quantity.get("unit"))
        return about | {
            "value": quantity.get("value"),
            "comparator": quantity.get("comparator"),
            "unit": unit,
        }
    words = _str(part.get("valueString")) or _name(part.get("valueCodeableConcept"))
    if "valueBoolean" in part:
        words = "+" if part["valueBoolean"] is True else "-"
    if not words:
        raise _NotTaken(NO_VALUE)
    return {"words": words[:500], "stated": about["stated"]}


def _read_patient(resource: dict[str, Any], result: ReadBundle) -> None:
    numbers = [_str(_dict(one).get("value")) for one in _list(resource.get("identifier"))]
    result.patient_numbers += [number[:64] for number in numbers if number]
    for name in map(_dict, _list(resource.get("name"))):
        given = " ".join(filter(None, map(_str, _list(name.get("given")))))
        whole = _str(name.get("text")) or " ".join(filter(None, (_str(name.get("family")), given)))
        result.patient_names += [whole[:200]] if whole else []


def _require_true(resource: dict[str, Any]) -> None:
    if _codes(resource.get("verificationStatus")) & {"refuted", "entered-in-error"}:
        raise _NotTaken(IN_ERROR)


def _none_known(code: object) -> NoneKnown | None:
    codings = map(_dict, _list(_dict(code).get("coding")))
    pairs = {(_str(one.get("system")), _str(one.get("code"))) for one in codings}
    if pairs & SAYS_TOO_LITTLE:
        raise _NotTaken(TOO_LITTLE)
    known = next((NONE_KNOWN[pair] for pair in pairs if pair in NONE_KNOWN), None)
    return NoneKnown.model_validate({"of": known}) if known else None


def _named(code: object) -> dict[str, Any]:
    """The words of a CodeableConcept, and the coding by which ours is known, else its first."""
    name = _name(code)
    if not name:
        raise _NotTaken(NO_NAME)
    codings = [
        {"system": system, "code": _str(one.get("code"))}
        for one in map(_dict, _list(_dict(code).get("coding")))
        if (system := _str(one.get("system"))) and _str(one.get("code"))
    ]
    ours = [one for one in codings if one["code"] in _OUR_CODES]
    return {"text": name[:200], "coding": next(iter(ours or codings), None)}


_OUR_CODES: Final = {item.code for item in VOCABULARY if item.code}


def _name(concept: object) -> str:
    whole = _dict(concept)
    shown = [_str(_dict(one).get("display")) for one in _list(whole.get("coding"))]
    codes = [_str(_dict(one).get("code")) for one in _list(whole.get("coding"))]
    return next(filter(None, (_str(whole.get("text")), *shown, _str(whole.get("display")), *codes)), "")


def _drugs(entries: Sequence[object], resources: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medication resources by what a reference to them may say."""
    found = {}
    for entry, resource in zip(entries, resources, strict=True):
        if resource.get("resourceType") == "Medication":
            found[_str(_dict(entry).get("fullUrl"))] = resource
            found[f"Medication/{_str(resource.get('id'))}"] = resource
    return found


def _resource(entry: object) -> dict[str, Any]:
    return _dict(_dict(entry).get("resource"))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _str(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _codes(concept: object) -> set[str]:
    return {_str(_dict(one).get("code")) for one in _list(_dict(concept).get("coding"))}
