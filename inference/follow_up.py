"""A lung nodule against the prior study, and what a guideline makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from imaging.finding import Finding
from imaging.lung_nodule import Change, Comparison, NoduleType
from inference.fleischner import fleischner, number_of
from inference.growth import change_of_diameter, growth_of
from inference.guideline import Outcome
from inference.lung_rads import Course, Lesion, Observed, course_of_diameter, lung_rads
from inference.nodule_matching import PlacedNodule, matched

LESIONS: Final = {
    NoduleType.SOLID: Lesion.SOLID,
    NoduleType.PART_SOLID: Lesion.PART_SOLID,
    NoduleType.GROUND_GLASS: Lesion.GROUND_GLASS,
    NoduleType.CALCIFIED: Lesion.BENIGN,
}


@dataclass(frozen=True, slots=True)
class PriorStudy:
    """The newest earlier study of a patient that the same task was read in.

    Attributes:
        interval_days: from it to the current one; None where a date is missing.
        findings: what was marked there and not rejected.
    """

    study_instance_uid: str
    study_date: date | None
    interval_days: int | None
    findings: Sequence[Finding]


def followed_up(findings: Sequence[Finding], prior: PriorStudy | None) -> list[Finding]:
    """Return the nodules of a chest compared with the prior's, each with the class of a guideline.

    Without a prior it is that of Fleischner 2017, which is for nodules seen for the first time; with one that
    of Lung-RADS v2022, which has rows for growth. A nodule whose density could not be told has none.
    """
    compared = list(findings) if prior is None else _compared(findings, prior)
    types = [each.nodule_type for each in compared if each.nodule_type is not None]
    return [_graded(each, types) for each in compared]


def _compared(findings: Sequence[Finding], prior: PriorStudy) -> list[Finding]:
    now, before = _placed(findings), _placed(prior.findings)
    pairs = matched([place for _, place in now], [place for _, place in before])
    compared = list(findings)
    for n, (index, _) in enumerate(now):
        was = prior.findings[before[pairs[n]][0]] if n in pairs else None
        compared[index] = replace(findings[index], comparison=_comparison(findings[index], was, prior))
    return compared


def _placed(findings: Sequence[Finding]) -> list[tuple[int, PlacedNodule]]:
    """Return which findings have what it takes to be matched, and where they are."""
    return [
        (n, PlacedNodule(each.centre_lps_mm, each.diameter_mm, where.laterality, where.lung_box_lps_mm))
        for n, each in enumerate(findings)
        if (where := each.location) is not None
        and where.lung_box_lps_mm is not None
        and each.centre_lps_mm is not None
        and each.diameter_mm
    ]


def _comparison(now: Finding, was: Finding | None, prior: PriorStudy) -> Comparison:
    of_prior = Comparison(Change.NEW, prior.study_instance_uid, prior.study_date, prior.interval_days)
    if was is None or now.diameter_mm is None or was.diameter_mm is None:
        return of_prior
    same = replace(
        of_prior,
        sop_instance_uid=was.sop_instance_uid,
        diameter_mm=was.diameter_mm,
        volume_mm3=was.volume_mm3,
    )
    if not now.volume_mm3 or not was.volume_mm3:
        return replace(same, change=change_of_diameter(was.diameter_mm, now.diameter_mm))
    growth = growth_of(
        was.volume_mm3, now.volume_mm3, prior.interval_days, was.volume_error, now.volume_error
    )
    return replace(
        same,
        change=growth.change,
        doubling_time_days=_whole(growth.doubling_time_days),
        doubling_time_low_days=_whole(growth.low_days),
        doubling_time_high_days=_whole(growth.high_days),
    )


def _whole(days: float | None) -> int | None:
    return None if days is None else round(days)


def _graded(finding: Finding, types: Sequence[NoduleType]) -> Finding:
    outcome = outcome_of(finding, types)
    return finding if outcome is None else replace(finding, category=outcome.category)


def outcome_of(finding: Finding, types: Sequence[NoduleType]) -> Outcome | None:
    """Return what a guideline's table says of a nodule.

    Args:
        types: of all nodules of the study, this one among them.
    """
    if finding.nodule_type is None or finding.diameter_mm is None:
        return None
    if finding.comparison is None:
        return fleischner(finding.nodule_type, number_of(finding.nodule_type, types), finding.diameter_mm)
    lesion, was_mm = LESIONS[finding.nodule_type], finding.comparison.diameter_mm
    before = None if was_mm is None else lung_rads(Observed(lesion, was_mm))
    return lung_rads(
        Observed(
            lesion,
            finding.diameter_mm,
            _course(finding.comparison, finding.diameter_mm),
            finding.solid_diameter_mm or 0.0,
            prior_code=None if before is None else before.category.code,
            interval_days=finding.comparison.interval_days,
        )
    )


def _course(comparison: Comparison, diameter_mm: float) -> Course:
    if comparison.diameter_mm is None:
        return Course.NEW
    return course_of_diameter(comparison.diameter_mm, diameter_mm, comparison.interval_days)
