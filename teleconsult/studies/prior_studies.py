"""Which earlier study of the same patient a reader most likely wants beside the one that is open. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from imaging.body_part import parts_in


@dataclass(frozen=True, slots=True)
class ComparableStudy:
    """What the choice rests on.

    Attributes:
        study_date: ISO 8601, None where the header has no real one.
        words: descriptions and body part codes of the study and its series.
    """

    study_instance_uid: str
    study_date: str | None
    modalities: frozenset[str]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PriorStudy:
    """An earlier study.

    Attributes:
        days_before: whole days before the current study; 0 on the same day.
        is_suggested: the newest of the same modality and part of the body; at most one of a list is.
    """

    study_instance_uid: str
    days_before: int
    is_suggested: bool


def priors_of(current: ComparableStudy, others: Iterable[ComparableStudy]) -> list[PriorStudy]:
    """Return those of the patient's other studies that are not later, the newest first.

    Without a date on both sides there is no "earlier".
    """
    on = _day(current.study_date)
    if on is None:
        return []
    dated = sorted(
        ((day, other) for other in others if (day := _day(other.study_date)) is not None and day <= on),
        key=lambda pair: (pair[0], pair[1].study_instance_uid),
        reverse=True,
    )
    suggested = next((other for _, other in dated if _is_alike(current, other)), None)
    return [PriorStudy(other.study_instance_uid, (on - day).days, other is suggested) for day, other in dated]


def _is_alike(current: ComparableStudy, other: ComparableStudy) -> bool:
    """Of one modality, and of one part of the body unless one of them names none."""
    if current.modalities.isdisjoint(other.modalities):
        return False
    shown, before = _parts(current.words), _parts(other.words)
    return not shown or not before or not shown.isdisjoint(before)


def _parts(words: Collection[str]) -> frozenset[str]:
    return frozenset(part.name for part in parts_in(list(words)))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
