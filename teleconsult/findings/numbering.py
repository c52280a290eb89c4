"""By which number people speak of a finding: its place in the list of its study's findings.

Where a consult has several studies, a letter before it says of which one: B2 is the second one's second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
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
    number: str
    words: Words


def study_letters(study_instance_uids: Sequence[str]) -> dict[str, str]:
    """A, B, ... in the order given, AA after Z; none where there is but one study."""
    if len(study_instance_uids) < 2:
        return {}
    letters = len(ascii_uppercase)
    return {
        uid: ascii_uppercase[place % letters] * (place // letters + 1)
        for place, uid in enumerate(study_instance_uids)
    }


def finding_numbers(
    records: Sequence[FindingRecord],
    series: Mapping[str, Sequence[SeriesRecord]],
    study_instance_uids: Sequence[str],
) -> dict[str, str]:
    """In their order: by study, in each by series as they stand, in each of these the most probable first.

    So web/ lists them, too.
    """
    letters = study_letters(study_instance_uids)
    numbers: dict[str, str] = {}
    for study in study_instance_uids:
        rank = {one.series_instance_uid: n for n, one in enumerate(series.get(study, ()))}
        own = [record for record in records if record.finding.study_instance_uid == study]
        own.sort(
            key=lambda r: (rank.get(r.finding.series_instance_uid, len(rank)), -r.finding.probability, r.id)
        )
        numbers |= {record.id: f"{letters.get(study, '')}{n}" for n, record in enumerate(own, start=1)}
    return numbers


def named(record: FindingRecord, number: str) -> NumberedFinding:
    finding = record.finding
    kind = KINDS[finding.kind]
    size = "" if finding.diameter_mm is None else f" {finding.diameter_mm:.1f} mm"
    words = Words(f"{number}. {kind.en}{size}", f"{number}. {kind.zh}{size}")
    return NumberedFinding(record.id, finding.study_instance_uid, number, words)
