"""How a model does here: one card for each version that reads, or read, on this installation."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection

from inference.agreement import Agreement
from inference.errors import BundleError
from inference.model_card import Section, model_facts
from inference.model_version import ModelVersion, State
from inference.model_watch import Group, agreement_by_group, drift_by_week, groups_of
from inference.observation import Observation, observations_of
from teleconsult.dependencies import Now, Parts, PartsOfApp, ReportCardReader
from teleconsult.models.schemas import ModelEvaluationOut
from teleconsult.models.watch import alarms_on_record, decisions_of, levels_for
from teleconsult.users.schemas import InstitutionOut

router = APIRouter(prefix="/api/report-cards", tags=["models"])
log = logging.getLogger(__name__)


class WordsOut(BaseModel):
    en: str
    zh: str


class FactOut(BaseModel):
    label: WordsOut
    text: WordsOut


class SectionOut(BaseModel):
    title: WordsOut
    facts: list[FactOut]


class ReliabilityBinOut(BaseModel):
    mean_probability: float
    observed_share: float
    count: int


class LocalFiguresOut(BaseModel):
    """What was read in a group and what readers made of it; the interval is Wilson's, 95 %."""

    institution: InstitutionOut | None
    scanner: str | None
    series: int
    flags: int
    cautions: int
    accepted: int
    rejected: int
    interval: tuple[float, float]


class WeekOut(BaseModel):
    """The stability index of each thing that is watched, of one week against the baseline."""

    monday: datetime
    series: int
    psi: dict[str, float]


class AlarmOut(BaseModel):
    kind: str
    level: str
    subject: str
    institution: InstitutionOut | None
    scanner: str | None
    figures: dict[str, Any]
    raised_at: datetime
    cleared_at: datetime | None


class ReportCardOut(BaseModel):
    name: str
    version: str
    slot: str
    state: State
    state_reason: str | None
    state_since: datetime
    weights_sha256: str
    evaluations: list[ModelEvaluationOut]
    reliability: list[ReliabilityBinOut]
    expected_calibration_error: float | None
    local: list[LocalFiguresOut]
    weeks: list[WeekOut]
    baseline: int
    floor: float
    least_decided: int
    alarms: list[AlarmOut]
    facts: list[SectionOut]


class ReportCardsOut(BaseModel):
    cards: list[ReportCardOut]


@router.get("")
def list_report_cards(parts: Parts, _: ReportCardReader, now: Now) -> ReportCardsOut:
    """One card for each version in charge or on trial, and for each that has read here; the newest first."""
    with parts.database.reading() as connection:
        sites = {
            id_: InstitutionOut.of(institution)
            for id_, institution in parts.users.institutions(connection).items()
        }
        cards = []
        for version in parts.models.versions(connection):
            read = observations_of(connection, version.name, version.version)
            if read or version.state not in (State.CANDIDATE, State.RETIRED):
                cards.append(_card(parts, connection, version, read, sites, now))
    return ReportCardsOut(cards=cards)


def _card(
    parts: PartsOfApp,
    connection: Connection,
    version: ModelVersion,
    read: Sequence[Observation],
    sites: Mapping[str, InstitutionOut],
    at: datetime,
) -> ReportCardOut:
    levels = levels_for(parts, version)
    decisions = decisions_of(connection, version.name, version.version)
    evaluations = [
        one
        for one in parts.models.evaluations(connection, version.name, version.version)
        if one.weights_sha256 == version.weights_sha256
    ]
    figures = [one.figures for one in evaluations]
    return ReportCardOut(
        name=version.name,
        version=version.version,
        slot=version.slot,
        state=version.state,
        state_reason=version.state_reason,
        state_since=version.state_since,
        weights_sha256=version.weights_sha256,
        evaluations=[ModelEvaluationOut.of(one) for one in evaluations],
        reliability=[ReliabilityBinOut(**one) for one in _first(figures, "reliability", list) or []],
        expected_calibration_error=_first(figures, "expected_calibration_error", float),
        local=_local(read, agreement_by_group(decisions, levels, at), sites),
        weeks=[
            WeekOut(monday=monday, series=count, psi={k: round(d.index, 4) for k, d in drifts.items()})
            for monday, count, drifts in drift_by_week(read, levels)
        ],
        baseline=levels.baseline,
        floor=levels.floor,
        least_decided=levels.least_decided,
        alarms=[
            AlarmOut(
                kind=one.alarm.kind,
                level=one.alarm.level,
                subject=one.alarm.subject,
                institution=sites.get(one.alarm.group.institution_id or ""),
                scanner=one.alarm.group.scanner,
                figures=dict(one.alarm.figures),
                raised_at=one.raised_at,
                cleared_at=one.cleared_at,
            )
            for one in alarms_on_record(connection, version.name, version.version)
        ],
        facts=[_section(one) for one in _facts(parts, version)],
    )


def _facts(parts: PartsOfApp, version: ModelVersion) -> list[Section]:
    try:
        return model_facts(parts.models.bundle_of(version))
    except (BundleError, KeyError, TypeError):
        log.warning("model-facts-not-readable model=%s version=%s", version.name, version.version)
        return []


def _section(section: Section) -> SectionOut:
    return SectionOut(
        title=WordsOut(en=section.title.en, zh=section.title.zh),
        facts=[
            FactOut(
                label=WordsOut(en=one.label.en, zh=one.label.zh),
                text=WordsOut(en=one.text.en, zh=one.text.zh),
            )
            for one in section.facts
        ],
    )


def _local(
    read: Sequence[Observation],
    agreement: Mapping[Group, Agreement],
    sites: Mapping[str, InstitutionOut],
) -> list[LocalFiguresOut]:
    """Return all, then each site, each followed by its scanners."""
    groups: dict[Group, list[Observation]] = {Group(): []}
    for one in read:
        for group in groups_of(one):
            groups.setdefault(group, []).append(one)
    rows = []
    for group in sorted(groups, key=lambda g: (g.institution_id or "", g.scanner or "")):
        counted = agreement.get(group, Agreement(0, 0))
        rows.append(
            LocalFiguresOut(
                institution=sites.get(group.institution_id or ""),
                scanner=group.scanner,
                series=len(groups[group]),
                flags=sum(len(one.scores) for one in groups[group]),
                cautions=sum(one.caution is not None for one in groups[group]),
                accepted=counted.accepted,
                rejected=counted.rejected,
                interval=counted.interval,
            )
        )
    return rows


def _first(figures: Sequence[Any], key: str, kind: type) -> Any:
    """Return the first value of a key, however deep in the figures it lies; None: there is none."""
    for one in figures:
        if isinstance(one, Mapping):
            if isinstance(one.get(key), kind):
                return one[key]
            found = _first(list(one.values()), key, kind)
            if found is not None:
                return found
    return None
