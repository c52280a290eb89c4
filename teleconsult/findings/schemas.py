"""What the API says about findings and takes as decisions."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import Connection

from imaging.finding import FindingKind
from teleconsult.dependencies import PartsOfApp
from teleconsult.findings.finding_record import DecisionStatus, FindingRecord
from teleconsult.text import Text
from teleconsult.users.user import User


class DeciderOut(BaseModel):
    id: str
    display_name: str

    @classmethod
    def of(cls, user: User) -> "DeciderOut":
        return cls(id=user.id, display_name=user.display_name)


class CategoryOut(BaseModel):
    """A coded class of a guideline, and the rule that gave it."""

    code: str
    scheme: str
    meaning: str
    rule: str


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
    frame_number: int | None
    status: DecisionStatus
    decided_by: DeciderOut | None
    decided_at: datetime | None
    decision_reason: str | None
    version: int


class DecisionIn(BaseModel):
    status: DecisionStatus
    reason: Text | None = Field(default=None, max_length=500)
    version: int


def findings_out(
    parts: PartsOfApp, connection: Connection, records: Sequence[FindingRecord]
) -> list[FindingOut]:
    deciders = parts.users.by_ids(connection, [r.decided_by_id for r in records if r.decided_by_id])
    return [
        FindingOut(
            **record.finding.to_json(),
            id=record.id,
            status=record.status,
            decided_by=DeciderOut.of(deciders[record.decided_by_id]) if record.decided_by_id else None,
            decided_at=record.decided_at,
            decision_reason=record.decision_reason,
            version=record.version,
        )
        for record in records
    ]
