"""What the API says and takes about models."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from inference.model_version import Evaluation, ModelVersion, State
from teleconsult.text import Text


class Step(StrEnum):
    """What an administrator can do with a version."""

    PROMOTE = "promote"
    SHADOW = "shadow"
    RETIRE = "retire"
    SUSPEND = "suspend"
    RESUME = "resume"


class StepIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    step: Step
    reason: Annotated[Text, Field(max_length=500)] = ""  # for a suspension, and for its end


class ModelEvaluationOut(BaseModel):
    id: str
    weights_sha256: str
    subject: str
    figures: dict[str, Any]
    at: datetime
    by: str

    @classmethod
    def of(cls, evaluation: Evaluation) -> "ModelEvaluationOut":
        return cls(
            id=evaluation.id,
            weights_sha256=evaluation.weights_sha256,
            subject=evaluation.subject,
            figures=dict(evaluation.figures),
            at=evaluation.at,
            by=evaluation.by,
        )


class ModelVersionOut(BaseModel):
    name: str
    version: str
    slot: str
    state: State
    state_reason: str | None
    state_since: datetime
    is_shipped: bool
    weights_sha256: str
    licence: str | None
    licence_accepted_by: str | None
    trusted_by: str | None
    trusted_at: datetime | None
    added_by: str
    added_at: datetime
    possible_steps: list[Step]
    evaluations: list[ModelEvaluationOut]

    @classmethod
    def of(cls, version: ModelVersion, steps: list[Step], evaluations: list[Evaluation]) -> "ModelVersionOut":
        return cls(
            name=version.name,
            version=version.version,
            slot=version.slot,
            state=version.state,
            state_reason=version.state_reason,
            state_since=version.state_since,
            is_shipped=version.is_shipped,
            weights_sha256=version.weights_sha256,
            licence=version.licence,
            licence_accepted_by=version.licence_accepted_by,
            trusted_by=version.trusted_by,
            trusted_at=version.trusted_at,
            added_by=version.added_by,
            added_at=version.added_at,
            possible_steps=steps,
            evaluations=[ModelEvaluationOut.of(evaluation) for evaluation in evaluations],
        )


class ModelsOut(BaseModel):
    slots: list[str]
    versions: list[ModelVersionOut]
