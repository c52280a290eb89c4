"""Deciding on findings."""

from fastapi import APIRouter

from storage import audit_log
from teleconsult import access
from teleconsult.consults.consult import Status
from teleconsult.dependencies import CurrentUser, Now, Parts
from teleconsult.errors import DecisionsSigned, NotAllowed
from teleconsult.findings.finding_record import DecisionStatus
from teleconsult.findings.schemas import DecisionIn, FindingOut, findings_out

router = APIRouter(prefix="/api/findings", tags=["findings"])


@router.put("/{finding_id}/decision")
def decide_on_finding(
    finding_id: str, body: DecisionIn, parts: Parts, user: CurrentUser, now: Now
) -> FindingOut:
    """Accept, reject, or take a decision back; a 409 says that somebody decided meanwhile."""
    with parts.database.transaction() as connection:
        record = parts.findings.get(connection, finding_id)
        parts.studies.get_for(connection, record.finding.study_instance_uid, user)
        if not access.may_decide_findings(user):
            raise NotAllowed
        consults = parts.consults.of_study(connection, record.finding.study_instance_uid)
        if any(consult.status in (Status.SIGNED, Status.CLOSED) for consult in consults):
            raise DecisionsSigned
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
