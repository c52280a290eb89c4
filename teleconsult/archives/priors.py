"""Which earlier studies are fetched when a study arrives: a rule as data, applied by a pure function."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict, Field

from imaging.body_part import parts_in
from imaging.remote_archive import FoundStudy


class PriorRule(BaseModel):
    """What is fetched from one archive.

    Attributes:
        modalities: of the earlier study; empty: those of the new one.
        same_body_part: only studies whose description names a part of the body that the new one shows.
        not_older_than_days: before the new study.
        at_most: the newest so many.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    modalities: list[str] = Field(default_factory=list, max_length=20)
    same_body_part: bool = False
    not_older_than_days: int = Field(default=1095, ge=1, le=36_500)
    at_most: int = Field(default=3, ge=1, le=20)


@dataclass(frozen=True, slots=True)
class NewStudy:
    """What a rule needs to know of the study that arrived."""

    study_instance_uid: str
    patient_id: str
    patient_birth_date: str | None
    study_date: str | None
    modalities: frozenset[str]
    words: tuple[str, ...] = ()  # descriptions and body part codes of the study and its series


def priors_wanted(
    rule: PriorRule, study: NewStudy, candidates: Iterable[FoundStudy], known: Collection[str] = ()
) -> list[FoundStudy]:
    """Return the earlier studies of the same person that the rule asks for, newest first.

    The patient number alone does not make the same person, as two hospitals may give the same one: the birth
    dates must be known and equal. Without a date on both sides there is no "earlier".

    Args:
        known: Study Instance UIDs that are here, or were asked for, already.
    """
    on = _day(study.study_date)
    if on is None or study.patient_birth_date is None:
        return []
    oldest = on - timedelta(days=rule.not_older_than_days)
    modalities = frozenset(rule.modalities) or study.modalities
    shown = {part.name for part in parts_in(study.words)}
    wanted = {
        found.study_instance_uid: found
        for found in candidates
        if found.study_instance_uid != study.study_instance_uid
        and found.study_instance_uid not in known
        and found.patient_id == study.patient_id
        and found.patient_birth_date == study.patient_birth_date
        and not modalities.isdisjoint(found.modalities)
        and (day := _day(found.study_date)) is not None
        and oldest <= day <= on
        and (not rule.same_body_part or _shows_any(found, shown))
    }
    newest_first = sorted(
        wanted.values(), key=lambda found: (found.study_date or "", found.study_instance_uid), reverse=True
    )
    return newest_first[: rule.at_most]


def _shows_any(found: FoundStudy, shown: Collection[str]) -> bool:
    return any(part.name in shown for part in parts_in([found.study_description or ""]))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
