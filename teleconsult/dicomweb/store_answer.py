"""STOW-RS's answer: what was stored, what was not, and why (PS3.18 10.5.3, PS3.3 table 10-11). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from teleconsult.uploads.repository import FileResult

# PS3.4 table GG.4-1 and PS3.7 annex C.
OUT_OF_RESOURCES = 0xA700
OTHER_STUDY = 0xA901
CANNOT_UNDERSTAND = 0xC000
REFUSED = 0x0110
DUPLICATE = 0x0111
REASONS = {
    "same-number-other-content": DUPLICATE,
    "study-held-elsewhere": REFUSED,
    "other-patient-in-study": REFUSED,
    "archive-refused": REFUSED,
}


@dataclass(frozen=True, slots=True)
class PartResult:
    """What became of one part of the request.

    Attributes:
        result: as the intake and the archive left it; None where neither saw the part.
        failure: a reason that overrides the result's.
    """

    result: FileResult | None
    sop_class_uid: str | None
    sop_instance_uid: str | None
    failure: int | None = None

    @property
    def is_stored(self) -> bool:
        return self.failure is None and self.result is not None and self.result.verdict == "stored"

    @property
    def failure_reason(self) -> int:
        code = (self.result.reason or {}).get("code", "") if self.result else ""
        return self.failure or REASONS.get(code, CANNOT_UNDERSTAND)


def status_of(results: Sequence[PartResult]) -> int:
    """200: all stored; 202: some; 409: none."""
    stored = sum(one.is_stored for one in results)
    return 409 if stored == 0 else 200 if stored == len(results) else 202


def answer(results: Sequence[PartResult], studies_url: str, study_url: str | None) -> dict[str, Any]:
    """The answer as DICOM JSON.

    A failed item carries our sentence for people as Text Value; programs go by the failure reason.
    """
    body: dict[str, Any] = {}
    if study_url:
        body["00081190"] = {"vr": "UR", "Value": [study_url]}
    stored = [_stored(one, studies_url) for one in results if one.is_stored]
    failed = [_failed(one) for one in results if not one.is_stored and one.sop_instance_uid]
    nameless = [_failed(one) for one in results if not one.is_stored and not one.sop_instance_uid]
    for tag, items in (("00081199", stored), ("00081198", failed), ("0008119A", nameless)):
        if items:
            body[tag] = {"vr": "SQ", "Value": items}
    return body


def _stored(one: PartResult, studies_url: str) -> dict[str, Any]:
    assert one.result is not None
    url = (
        f"{studies_url}/{one.result.study_instance_uid}/series/{one.result.series_instance_uid}"
        f"/instances/{one.result.sop_instance_uid}"
    )
    return {**_reference(one), "00081190": {"vr": "UR", "Value": [url]}}


def _failed(one: PartResult) -> dict[str, Any]:
    item = {**_reference(one), "00081197": {"vr": "US", "Value": [one.failure_reason]}}
    said = one.result.reason if one.result and not one.failure else None
    if said:
        item["0040A160"] = {"vr": "UT", "Value": [f"{said['en']} / {said['zh']}"]}
    return item


def _reference(one: PartResult) -> dict[str, Any]:
    named = {"00081150": one.sop_class_uid, "00081155": one.sop_instance_uid}
    return {tag: {"vr": "UI", "Value": [uid]} for tag, uid in named.items() if uid}
