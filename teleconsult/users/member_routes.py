"""An administrator's page of the own institution's members: add, change, switch off and on."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection

from storage import audit_log
from teleconsult.consults.rooms import tell_rooms_of
from teleconsult.dependencies import FRESH, InstitutionManager, Now, Parts, PartsOfApp
from teleconsult.notifications.notification import Kind
from teleconsult.notifications.telling import announce
from teleconsult.users.members import Member, MemberRepository
from teleconsult.users.schemas import (
    MemberIn,
    MemberOut,
    NewMemberIn,
    NewMemberOut,
    OneTimePasswordOut,
    SecondFactorRule,
)
from teleconsult.users.user import User

router = APIRouter(prefix="/api/members", tags=["members"])


@router.get("")
def list_members(parts: Parts, user: InstitutionManager) -> list[MemberOut]:
    with parts.database.reading() as connection:
        known = MemberRepository(parts.users).of_institution(connection, user.institution.id)
    return [MemberOut.of(member) for member in known]


@router.post("", status_code=201, dependencies=[FRESH])
def add_member(body: NewMemberIn, parts: Parts, user: InstitutionManager, now: Now) -> NewMemberOut:
    """The answer holds the one-time password: it is shown this once and kept nowhere."""
    with parts.database.transaction() as connection:
        member, password = MemberRepository(parts.users).add(
            connection,
            user.institution,
            username=body.username,
            display_name=body.display_name,
            roles=body.roles,
            specialty=body.specialty,
            language=body.language,
        )
        _audit(connection, now, user, "member-added", member, _granted(body))
    return NewMemberOut(member=MemberOut.of(member), one_time_password=password)


@router.get("/second-factor-rule")
def read_second_factor_rule(parts: Parts, user: InstitutionManager) -> SecondFactorRule:
    with parts.database.reading() as connection:
        roles = MemberRepository(parts.users).roles_with_second_factor(connection, user.institution.id)
    return SecondFactorRule(roles=roles)


@router.put("/second-factor-rule", dependencies=[FRESH])
def change_second_factor_rule(
    body: SecondFactorRule, parts: Parts, user: InstitutionManager, now: Now
) -> SecondFactorRule:
    """Whoever has none yet is led to setting one up, and keeps the account meanwhile."""
    roles = sorted(set(body.roles))
    with parts.database.transaction() as connection:
        MemberRepository(parts.users).require_second_factor(connection, user.institution.id, roles)
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action="second-factor-rule-changed",
            subject=f"institution/{user.institution.id}",
            details={"roles": roles},
        )
    return SecondFactorRule(roles=roles)


@router.put("/{user_id}", dependencies=[FRESH])
def change_member(
    user_id: str, body: MemberIn, parts: Parts, user: InstitutionManager, now: Now
) -> MemberOut:
    members = MemberRepository(parts.users)
    with parts.database.transaction() as connection:
        read = members.get_of(connection, user_id, user.institution.id)
        changed = members.change(
            connection,
            read,
            display_name=body.display_name,
            roles=body.roles,
            specialty=body.specialty,
            language=body.language,
        )
        before = {"roles_before": sorted(read.user.roles), "specialty_before": read.user.specialty}
        _audit(connection, now, user, "member-changed", changed, _granted(body) | before)
    _changed(parts, changed)
    return MemberOut.of(changed)


@router.post("/{user_id}/disable", dependencies=[FRESH])
def disable_member(user_id: str, parts: Parts, user: InstitutionManager, now: Now) -> MemberOut:
    """All sessions and calls of the member end now; nobody signs in by this account until it is enabled."""
    members = MemberRepository(parts.users)
    with parts.database.transaction() as connection:
        read = members.get_of(connection, user_id, user.institution.id)
        disabled = members.disable(connection, read, now)
        _audit(connection, now, user, "member-disabled", disabled)
    _changed(parts, disabled)
    tell_rooms_of(parts, disabled.user)
    return MemberOut.of(disabled)


@router.post("/{user_id}/enable", dependencies=[FRESH])
def enable_member(user_id: str, parts: Parts, user: InstitutionManager, now: Now) -> MemberOut:
    members = MemberRepository(parts.users)
    with parts.database.transaction() as connection:
        enabled = members.enable(connection, members.get_of(connection, user_id, user.institution.id))
        _audit(connection, now, user, "member-enabled", enabled)
    tell_rooms_of(parts, enabled.user)
    return MemberOut.of(enabled)


@router.post("/{user_id}/one-time-password", dependencies=[FRESH])
def reset_member_password(
    user_id: str, parts: Parts, user: InstitutionManager, now: Now
) -> OneTimePasswordOut:
    """For a member who forgot the password: a new one, shown this once; all sessions of the member end."""
    members = MemberRepository(parts.users)
    with parts.database.transaction() as connection:
        member = members.get_of(connection, user_id, user.institution.id)
        password = members.reset_password(connection, member)
        _audit(connection, now, user, "member-password-reset", member)
    _changed(parts, member)
    return OneTimePasswordOut(one_time_password=password)


@router.post("/{user_id}/second-factor/reset", dependencies=[FRESH])
def reset_second_factor(user_id: str, parts: Parts, user: InstitutionManager, now: Now) -> MemberOut:
    """For a member who lost it: the account opens by its password again; the member is told, sessions end."""
    members = MemberRepository(parts.users)
    with parts.database.transaction() as connection:
        member = members.reset_second_factors(
            connection, members.get_of(connection, user_id, user.institution.id)
        )
        parts.notifications.tell(
            connection,
            [user_id],
            Kind.SECOND_FACTOR_RESET,
            at=now,
            values={"person": user.display_name},
        )
        _audit(connection, now, user, "second-factor-reset", member)
    announce(parts, [user_id])
    _changed(parts, member)
    return MemberOut.of(member)


def _granted(body: MemberIn) -> dict[str, Any]:
    return {"roles": sorted(body.roles), "specialty": body.specialty, "language": body.language}


def _audit(
    connection: Connection,
    at: Now,
    user: User,
    action: str,
    member: Member,
    details: dict[str, Any] | None = None,
) -> None:
    audit_log.record(
        connection, at=at, actor=user.id, action=action, subject=f"user/{member.user.id}", details=details
    )


def _changed(parts: PartsOfApp, member: Member) -> None:
    parts.publish({"type": "account-changed", "user_id": member.user.id})
