"""Deciding on findings."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection

from imaging.parsing import header_of
from inference.edited_finding import edited
from storage import audit_log
from teleconsult import access
from teleconsult.consults.consult import Status
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import DecisionsSigned, NotAllowed
from teleconsult.findings.finding_record import DecisionStatus, FindingRecord
from teleconsult.findings.schemas import DecisionIn, EditIn, FindingOut, ModelHereOut, findings_out
from teleconsult.models.watch import decisions_here
from teleconsult.users.user import User

router = APIRouter(prefix="/api/findings", tags=["findings"])


@router.put("/{finding_id}/decision")
def decide_on_finding(
    finding_id: str, body: DecisionIn, parts: Parts, user: CurrentUser, now: Now
) -> FindingOut:
    """Accept, reject, or take a decision back; a 409 says that somebody decided meanwhile."""
    with parts.database.transaction() as connection:
        _decidable(parts, connection, finding_id, user)
        decided = parts.findings.decide(
            connection,
            finding_id,
            DecisionStatus(body.status),
            user_id=user.id,
            reason=body.reason,
            version=body.version,
            at=now,
        )
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action=f"finding-{body.status}",
            subject=f"finding/{finding_id}",
        )
        (out,) = findings_out(parts, connection, [decided])
    parts.publish({"type": "findings-changed", "study_instance_uid": out.study_instance_uid})
    return out


@router.put("/{finding_id}/edit")
def edit_finding(finding_id: str, body: EditIn, parts: Parts, user: CurrentUser, now: Now) -> FindingOut:
    """Accept a finding with another box: measures and category follow from it; what the model gave stays.

    A 409 says that somebody decided meanwhile.
    """
    with parts.database.reading() as connection:
        record = _decidable(parts, connection, finding_id, user)
        study = record.finding.study_instance_uid
        found = [one.as_found for one in parts.findings.of_studies(connection, [study])]
        breast = parts.jobs.breasts_of(connection, study).get(record.finding.sop_instance_uid)
    by_model = record.as_found
    made = edited(
        by_model,
        body.box_px,
        header_of(parts.pacs.instance_file(by_model.sop_instance_uid)),
        reach_mm=body.reach_mm,
        nipple_px=None if breast is None else breast.nipple_px,
        types=[
            one.nodule_type
            for one in found
            if one.nodule_type is not None
            and one.series_instance_uid == by_model.series_instance_uid
            and (one.model, one.model_version) == (by_model.model, by_model.model_version)
        ],
    )
    with parts.database.transaction() as connection:
        _decidable(parts, connection, finding_id, user)
        decided = parts.findings.decide(
            connection,
            finding_id,
            DecisionStatus.EDITED,
            user_id=user.id,
            reason=None,
            version=body.version,
            at=now,
            edited=made,
        )
        details: dict[str, Any] = {
            "box_px": made.box_px,
            "diameter_mm": made.diameter_mm,
            "by_model_mm": by_model.diameter_mm,
        }
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action="finding-edited",
            subject=f"finding/{finding_id}",
            details=details,
        )
        (out,) = findings_out(parts, connection, [decided])
    parts.publish({"type": "findings-changed", "study_instance_uid": study})
    return out


@router.get("/{finding_id}/model-here")
def read_model_here(finding_id: str, parts: Parts, user: CurrentUser) -> ModelHereOut:
    """What readers here made of what the finding's model version flagged so far."""
    with parts.database.reading() as connection:
        finding = parts.findings.get_for(connection, finding_id, user).finding
        counted = decisions_here(connection, finding.model, finding.model_version)
    return ModelHereOut(
        accepted=counted.get(DecisionStatus.ACCEPTED, 0),
        edited=counted.get(DecisionStatus.EDITED, 0),
        rejected=counted.get(DecisionStatus.REJECTED, 0),
    )


def _decidable(parts: PartsOfApp, connection: Connection, finding_id: str, user: User) -> FindingRecord:
    """Return the finding, where the user may decide on it now."""
    record = parts.findings.get_for(connection, finding_id, user)
    if not access.may_decide_findings(user):
        raise NotAllowed
    consults = parts.consults.of_study(connection, record.finding.study_instance_uid)
    if any(consult.status in (Status.SIGNED, Status.CLOSED) for consult in consults):
        raise DecisionsSigned
    return record
