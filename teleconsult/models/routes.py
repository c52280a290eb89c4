"""Models for administrators: which versions there are, what they are worth, and which one reads.

Bundles come in, and are trusted, on the command line only: whoever has a password to the page shall not be
able to have code of their own run on the server.
"""

from collections.abc import Mapping

from fastapi import APIRouter
from sqlalchemy import Connection

from inference.model_version import TRANSITIONS, Event, ModelVersion
from teleconsult.dependencies import ModelManager, Now, Parts, PartsOfApp
from teleconsult.errors import NotFound, ReasonRequired
from teleconsult.models.schemas import ModelsOut, ModelVersionOut, Step, StepIn

router = APIRouter(prefix="/api/models", tags=["models"])

EVENTS: Mapping[Step, Event] = {
    Step.PROMOTE: Event.PROMOTED,
    Step.SHADOW: Event.SHADOWED,
    Step.RETIRE: Event.RETIRED,
    Step.SUSPEND: Event.SUSPENDED,
    Step.RESUME: Event.RESUMED,
}


@router.get("")
def list_models(parts: Parts, _: ModelManager) -> ModelsOut:
    """All versions, the newest of each slot first, with what is on record of them and what can be done."""
    with parts.database.reading() as connection:
        return _models(parts, connection)


@router.post("/{name}/{version}/steps")
def take_step(name: str, version: str, body: StepIn, parts: Parts, user: ModelManager, now: Now) -> ModelsOut:
    """Promote, try, retire, suspend or resume a version; what is now so of all versions is returned."""
    if body.step in (Step.SUSPEND, Step.RESUME) and not body.reason:
        raise ReasonRequired
    registry = parts.models
    with parts.database.transaction() as connection:
        if not any((v.name, v.version) == (name, version) for v in registry.versions(connection)):
            raise NotFound
        match body.step:
            case Step.PROMOTE:
                registry.promote(connection, name, version, by=user.id, at=now)
            case Step.SHADOW:
                registry.shadow(connection, name, version, by=user.id, at=now)
            case Step.RETIRE:
                registry.retire(connection, name, version, by=user.id, at=now)
            case Step.SUSPEND:
                registry.suspend(connection, name, version, body.reason, by=user.id, at=now)
            case Step.RESUME:
                registry.resume(connection, name, version, by=user.id, at=now, reason=body.reason)
        return _models(parts, connection)


def _models(parts: PartsOfApp, connection: Connection) -> ModelsOut:
    registry = parts.models
    versions = []
    for version in registry.versions(connection):
        evaluations = registry.evaluations(connection, version.name, version.version)
        measured = {each.weights_sha256 for each in evaluations}
        steps = possible_steps(version, is_evaluated=version.weights_sha256 in measured)
        versions.append(ModelVersionOut.of(version, steps, evaluations))
    return ModelsOut(slots=registry.slots(), versions=versions)


def possible_steps(version: ModelVersion, *, is_evaluated: bool) -> list[Step]:
    """What can be done with a version now, in the table's order."""
    possible = TRANSITIONS[version.state]
    return [
        step
        for step, event in EVENTS.items()
        if event in possible and (step is not Step.PROMOTE or is_evaluated)
    ]
