"""By which number people speak of a finding: its place in the list of its study's findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from imaging.finding import FindingKind
from inference.guideline import Words
from teleconsult.findings.finding_record import FindingRecord
from teleconsult.studies.repository import SeriesRecord

KINDS: Final[Mapping[FindingKind, Words]] = {
    FindingKind.NODULE: Words("nodule", "结节"),
    FindingKind.MASS: Words("mass", "肿块"),
    FindingKind.CALCIFICATION_CLUSTER: Words("calcification cluster", "钙化簇"),
    FindingKind.ARCHITECTURAL_DISTORTION: Words("architectural distortion", "结构扭曲"),
}


@dataclass(frozen=True, slots=True)
class NumberedFinding:
    """A finding as a sentence names it."""

    id: str
    study_instance_uid: str
    number: int
    words: Words


def finding_numbers(
    records: Sequence[FindingRecord], series: Mapping[str, Sequence[SeriesRecord]]
) -> dict[str, int]:
    """From 1 in each study, by series as they stand, in each the most probable first; as web/ lists them."""
    numbers: dict[str, int] = {}
    for study, members in series.items():
        rank = {one.series_instance_uid: n for n, one in enumerate(members)}
        own = [record for record in records if record.finding.study_instance_uid == study]
        own.sort(
            key=lambda r: (rank.get(r.finding.series_instance_uid, len(rank)), -r.finding.probability, r.id)
        )
        numbers |= {record.id: n for n, record in enumerate(own, start=1)}
    return numbers


def named(record: FindingRecord, number: int) -> NumberedFinding:
    finding = record.finding
    kind = KINDS[finding.kind]
    size = "" if finding.diameter_mm is None else f" {finding.diameter_mm:.1f} mm"
    words = Words(f"{number}. {kind.en}{size}", f"{number}. {kind.zh}{size}")
    return NumberedFinding(record.id, finding.study_instance_uid, number, words)
