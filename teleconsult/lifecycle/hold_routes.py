"""Legal holds on what the own institution keeps or had a part in: what stands and stood, place, lift."""

from typing import Annotated

from fastapi import APIRouter, Query

from teleconsult.access import Upkeep
from teleconsult.dependencies import FRESH, CurrentUser, Now, Parts
from teleconsult.lifecycle import legal_hold
from teleconsult.lifecycle.hold_schemas import EndOfHoldIn, HoldSubjectOut, LegalHoldOut, NewHoldsIn
from teleconsult.lifecycle.hold_subjects import find_subjects, subjects_by_name
from teleconsult.lifecycle.routes import require_upkeep
from teleconsult.text import Text
from teleconsult.users.schemas import InstitutionOut, UserRefOut

router = APIRouter(prefix="/api/manage/legal-holds", tags=["manage"])


@router.get("")
def list_legal_holds(parts: Parts, user: CurrentUser) -> list[LegalHoldOut]:
    """The own ones and those on own records: that stand and then that ended, the newest first."""
    require_upkeep(user, Upkeep.HOLD_RECORDS)
    with parts.database.reading() as connection:
        own = user.institution.id
        holds = legal_hold.shown_to(connection, own)
        on = subjects_by_name(connection, own, {one.subject for one in holds})
        people = parts.users.by_ids(
            connection, {who for one in holds for who in (one.placed_by, one.lifted_by) if who}
        )
        places = parts.users.institutions(connection)
    named = {user_id: UserRefOut.of(one) for user_id, one in people.items()}
    return [
        LegalHoldOut.of(
            one,
            on[one.subject],
            InstitutionOut.of(places[one.institution_id]) if one.institution_id else None,
            named,
            is_own=one.institution_id == own,
        )
        for one in holds
    ]


@router.get("/subjects")
def search_hold_subjects(
    q: Annotated[Text, Query(min_length=1, max_length=200)], parts: Parts, user: CurrentUser
) -> list[HoldSubjectOut]:
    """Of patients that fit: own consults and studies, consults that own people answered; the newest first."""
    require_upkeep(user, Upkeep.HOLD_RECORDS)
    with parts.database.reading() as connection:
        return find_subjects(connection, user.institution.id, q)


@router.post("", status_code=204)
def place_legal_holds(body: NewHoldsIn, parts: Parts, user: CurrentUser, now: Now) -> None:
    """Nobody deletes them from now on, and no rule. All or none: what is not there is refused."""
    require_upkeep(user, Upkeep.HOLD_RECORDS)
    with parts.database.transaction() as connection:
        for subject in dict.fromkeys(body.subjects):
            legal_hold.place(
                connection, subject, body.reason, now, by=user.id, institution_id=user.institution.id
            )


@router.post("/{hold_id}/end", status_code=204, dependencies=[FRESH])
def end_legal_hold(hold_id: str, body: EndOfHoldIn, parts: Parts, user: CurrentUser, now: Now) -> None:
    """One that the own institution placed. What other holds and the rules say holds again; no rule deletes
    before the days of grace are over.
    """
    require_upkeep(user, Upkeep.HOLD_RECORDS)
    with parts.database.transaction() as connection:
        legal_hold.lift(
            connection, hold_id, body.reason, now, by=user.id, institution_id=user.institution.id
        )
