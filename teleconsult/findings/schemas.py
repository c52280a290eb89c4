"""What the API says about findings and takes as decisions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from imaging.finding import Category, Finding, FindingKind
from imaging.lung_nodule import Change, Laterality, LungThird, NoduleType
from inference import bi_rads, fleischner, lung_rads
from inference.guideline import guideline_of
from teleconsult.dependencies import PartsOfApp
from teleconsult.findings.finding_record import DecisionStatus, FindingRecord
from teleconsult.text import Text
from teleconsult.users.user import User

GUIDELINES: Final = (bi_rads.GUIDELINE, fleischner.GUIDELINE, lung_rads.GUIDELINE)


class DeciderOut(BaseModel):
    id: str
    display_name: str

    @classmethod
    def of(cls, user: User) -> "DeciderOut":
        return cls(id=user.id, display_name=user.display_name)


class CategoryOut(BaseModel):
    """A coded class of a guideline, and the rule that gave it."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    scheme: str
    meaning: str
    rule: str


class WordsOut(BaseModel):
    """A sentence in both languages."""

    en: str
    zh: str


class AdviceOut(BaseModel):
    text: WordsOut
    applies_to: WordsOut | None


class SuggestionOut(BaseModel):
    """What the guideline of a finding's category says: for the reader to weigh, never a decision."""

    guideline: WordsOut
    applies: WordsOut
    condition: WordsOut
    advice: list[AdviceOut]


class LocationOut(BaseModel):
    laterality: Laterality
    third: LungThird | None


class ComparisonOut(BaseModel):
    """A finding against the newest prior study that was read for the same."""

    change: Change
    study_instance_uid: str
    study_date: date | None
    interval_days: int | None
    diameter_mm: float | None
    volume_mm3: float | None
    doubling_time_days: int | None
    doubling_time_low_days: int | None
    doubling_time_high_days: int | None


class ByModelOut(BaseModel):
    """What the model gave, where a reader drew another box."""

    box_px: tuple[float, float, float, float] | None
    box_lps_mm: tuple[float, float, float, float, float, float] | None
    diameter_mm: float | None
    long_axis_mm: float | None
    short_axis_mm: float | None
    category: CategoryOut | None
    suggestion: SuggestionOut | None

    @classmethod
    def of(cls, finding: Finding) -> "ByModelOut":
        return cls.model_validate(finding.to_json() | {"suggestion": suggestion_out(finding.category)})


class FindingOut(BaseModel):
    id: str
    kind: FindingKind
    probability: float
    threshold: float
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    centre_lps_mm: tuple[float, float, float] | None
    box_lps_mm: tuple[float, float, float, float, float, float] | None
    box_px: tuple[float, float, float, float] | None
    diameter_mm: float | None
    model: str
    model_version: str
    weights_sha256: str
    volume_mm3: float | None
    long_axis_mm: float | None
    short_axis_mm: float | None
    category: CategoryOut | None
    suggestion: SuggestionOut | None
    nodule_type: NoduleType | None
    solid_diameter_mm: float | None
    volume_error: float | None  # half the width of the 95 % interval, as a share of the volume
    location: LocationOut | None
    distance_to_pleura_mm: float | None
    distance_to_nipple_mm: float | None
    comparison: ComparisonOut | None
    frame_number: int | None
    status: DecisionStatus
    decided_by: DeciderOut | None
    decided_at: datetime | None
    decision_reason: str | None
    version: int
    by_model: ByModelOut | None  # once a reader drew another box


class DecisionIn(BaseModel):
    """An edit is a decision too, and comes with its box: EditIn."""

    status: Literal[DecisionStatus.ACCEPTED, DecisionStatus.REJECTED, DecisionStatus.PRELIMINARY]
    reason: Text | None = Field(default=None, max_length=500)
    version: int


class EditIn(BaseModel):
    """Another box for a finding.

    box_px: (x0, y0, x1, y1) on the stored pixels of the finding's image, in pixel edges.
    reach_mm: how far the box reaches below and above that slice along its normal; null: as far as it did.
    """

    model_config = ConfigDict(extra="forbid")

    box_px: tuple[float, float, float, float]
    reach_mm: tuple[float, float] | None = None
    version: int


class ModelHereOut(BaseModel):
    """How many of a model version's findings readers here accepted, edited and rejected so far."""

    accepted: int
    edited: int
    rejected: int


def suggestion_out(category: Category | None) -> SuggestionOut | None:
    """Return what is said beside a category; None where its table has no such row any more."""
    guideline = None if category is None else guideline_of(category, GUIDELINES)
    outcome = None if guideline is None or category is None else guideline.outcome_of(category)
    if guideline is None or outcome is None:
        return None
    return SuggestionOut.model_validate(
        {
            "guideline": guideline.name,
            "applies": guideline.applies,
            "condition": outcome.condition,
            "advice": outcome.advice,
        },
        from_attributes=True,
    )


def findings_out(
    parts: PartsOfApp, connection: Connection, records: Sequence[FindingRecord]
) -> list[FindingOut]:
    deciders = parts.users.by_ids(connection, [r.decided_by_id for r in records if r.decided_by_id])
    return [
        FindingOut(
            **record.finding.to_json(),
            suggestion=suggestion_out(record.finding.category),
            id=record.id,
            status=record.status,
            decided_by=DeciderOut.of(deciders[record.decided_by_id]) if record.decided_by_id else None,
            decided_at=record.decided_at,
            decision_reason=record.decision_reason,
            version=record.version,
            by_model=None if record.by_model is None else ByModelOut.of(record.by_model),
        )
        for record in records
    ]
