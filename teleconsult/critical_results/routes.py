"""Critical results: told by the specialist, acknowledged by the inviting side."""

from fastapi import APIRouter
from sqlalchemy import Connection

from teleconsult import access
from teleconsult.consults.consult import Consult
from teleconsult.critical_results.critical_result import CriticalEvent
from teleconsult.critical_results.critical_steps import critical_repository, raise_result, take_step
from teleconsult.critical_results.schemas import (
    AcknowledgementIn,
    CriticalCategoriesOut,
    CriticalResultIn,
    CriticalResultOut,
    CriticalResultsOut,
    CriticalWithdrawalIn,
    TelephoneIn,
    critical_results_out,
)
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import ReadBackMissing
from teleconsult.notifications.telling import announce
from teleconsult.users.user import User

router = APIRouter(prefix="/api", tags=["critical results"])
OF_CONSULT = "/consults/{consult_id}/critical-results"


@router.get("/critical-results/categories")
def list_categories(parts: Parts, user: CurrentUser) -> CriticalCategoriesOut:
    """The categories, and whom each reaches after how long."""
    return CriticalCategoriesOut.of(parts.settings.ladders)


@router.get("/critical-results")
def list_waiting(parts: Parts, user: CurrentUser) -> list[CriticalResultOut]:
    """What waits for an acknowledgement that the user may give, or waits for. The first due first."""
    with parts.database.reading() as connection:
        waiting = critical_repository.waiting_near(connection, user)
        consults = {c.id: c for c in parts.consults.by_ids(connection, {one.consult_id for one in waiting})}
        return [
            out
            for one in waiting
            if access.may_see_critical(user, consults[one.consult_id])
            for out in critical_results_out(parts, connection, consults[one.consult_id], [one], user)
        ]


@router.get(OF_CONSULT)
def list_critical_results(consult_id: str, parts: Parts, user: CurrentUser) -> CriticalResultsOut:
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_see_critical)
        return _out(parts, connection, consult, user)


@router.post(OF_CONSULT, status_code=201)
def raise_critical_result(
    consult_id: str, body: CriticalResultIn, parts: Parts, user: CurrentUser, now: Now
) -> CriticalResultsOut:
    """Tell the inviting side at once, with or without a report; it waits until they acknowledge it."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_see_critical)
        told = raise_result(parts, connection, consult, user, body.category, body.finding, now)
        out = _out(parts, connection, consult, user)
    _changed(parts, consult_id, told)
    return out


@router.post(OF_CONSULT + "/{result_id}/acknowledgement")
def acknowledge(
    consult_id: str, result_id: str, body: AcknowledgementIn, parts: Parts, user: CurrentUser, now: Now
) -> CriticalResultsOut:
    """The inviting side has read it, and says what it will do."""
    return _step(parts, consult_id, result_id, user, CriticalEvent.ACKNOWLEDGE, now, words=body.decision)


@router.post(OF_CONSULT + "/{result_id}/telephone")
def record_telephone_call(
    consult_id: str, result_id: str, body: TelephoneIn, parts: Parts, user: CurrentUser, now: Now
) -> CriticalResultsOut:
    """Who found it has told the other side by telephone, and heard it read back."""
    if not body.read_back:
        raise ReadBackMissing
    return _step(
        parts,
        consult_id,
        result_id,
        user,
        CriticalEvent.TELEPHONE,
        now,
        words=body.decision,
        spoken_to=body.spoken_to,
    )


@router.post(OF_CONSULT + "/{result_id}/withdrawal")
def withdraw_critical_result(
    consult_id: str, result_id: str, body: CriticalWithdrawalIn, parts: Parts, user: CurrentUser, now: Now
) -> CriticalResultsOut:
    """It was not so: the other side is told that, and why."""
    return _step(parts, consult_id, result_id, user, CriticalEvent.WITHDRAW, now, words=body.reason)


def _step(
    parts: PartsOfApp,
    consult_id: str,
    result_id: str,
    user: User,
    event: CriticalEvent,
    now: Now,
    *,
    words: str,
    spoken_to: str | None = None,
) -> CriticalResultsOut:
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_see_critical)
        told = take_step(
            parts, connection, consult, result_id, user, event, now, words=words, spoken_to=spoken_to
        )
        out = _out(parts, connection, consult, user)
    _changed(parts, consult_id, told)
    return out


def _out(parts: PartsOfApp, connection: Connection, consult: Consult, user: User) -> CriticalResultsOut:
    known = critical_repository.of_consult(connection, consult.id)
    return CriticalResultsOut(
        results=critical_results_out(parts, connection, consult, known, user),
        may_raise=access.may_raise_critical(user, consult),
    )


def _changed(parts: PartsOfApp, consult_id: str, told: frozenset[str]) -> None:
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    announce(parts, told)
