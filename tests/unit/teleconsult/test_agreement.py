"""Who may ask whom, for what, from when until when."""

from datetime import UTC, datetime, timedelta

import pytest

from teleconsult.agreements.agreement import (
    ENDS_SOON,
    LONGEST,
    Agreement,
    AgreementState,
    Scope,
    check_terms,
    offered_to,
)
from teleconsult.consults.consult import LegalRole
from teleconsult.errors import AgreementSettled, BadAgreement, NotAllowed, ReasonRequired

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
RADIOLOGY = Scope("radiology", LegalRole.CONSULTATION)


def a_proposal(**other: object) -> Agreement:
    values = {
        "id": "a",
        "inviting_institution_id": "township",
        "invited_institution_id": "province",
        "scopes": frozenset({RADIOLOGY}),
        "starts_at": NOON,
        "ends_at": NOON + YEAR,
        "proposed_at": NOON,
        "proposed_by_id": "admin-of-township",
        "proposing_institution_id": "township",
    }
    return Agreement(**(values | other))  # type: ignore[arg-type]


def an_agreement(**other: object) -> Agreement:
    return a_proposal(**other).accept(institution_id="province", actor_id="admin-of-province", at=NOON)


@pytest.mark.parametrize(
    ("agreement", "at", "state"),
    [
        (a_proposal(), NOON, AgreementState.PROPOSED),
        (an_agreement(starts_at=NOON + timedelta(days=1)), NOON, AgreementState.UPCOMING),
        (an_agreement(), NOON, AgreementState.IN_FORCE),
        (an_agreement(), NOON + YEAR - ENDS_SOON, AgreementState.ENDS_SOON),
        (an_agreement(), NOON + YEAR, AgreementState.ENDED),
        (a_proposal(), NOON + YEAR, AgreementState.ENDED),
        (an_agreement().end(actor_id="x", at=NOON, reason="moved"), NOON, AgreementState.ENDED),
    ],
)
def test_an_agreement_stands_as_its_steps_and_the_day_say(
    agreement: Agreement, at: datetime, state: AgreementState
) -> None:
    assert agreement.state(at) is state


def test_only_what_was_agreed_on_reaches_the_other_side_and_ones_own_is_always_reached() -> None:
    def reached(
        agreement: Agreement, scope: Scope = RADIOLOGY, at: datetime = NOON, by: str = "township"
    ) -> set[str]:
        return set(offered_to([agreement], by, scope, at))

    assert reached(an_agreement()) == {"township", "province"}
    assert reached(a_proposal()) == {"township"}
    assert reached(an_agreement(), Scope("radiology", LegalRole.REMOTE_DIAGNOSIS)) == {"township"}
    assert reached(an_agreement(), Scope("cardiology", LegalRole.CONSULTATION)) == {"township"}
    assert reached(an_agreement(), at=NOON + YEAR) == {"township"}
    assert reached(an_agreement(), by="province") == {"province"}


def test_whoever_proposed_cannot_accept_and_nobody_accepts_twice() -> None:
    with pytest.raises(NotAllowed):
        a_proposal().accept(institution_id="township", actor_id="x", at=NOON)
    with pytest.raises(NotAllowed):
        a_proposal().accept(institution_id="county", actor_id="x", at=NOON)
    with pytest.raises(AgreementSettled):
        an_agreement().accept(institution_id="province", actor_id="x", at=NOON)


def test_it_is_ended_once_and_with_a_reason() -> None:
    with pytest.raises(ReasonRequired):
        an_agreement().end(actor_id="x", at=NOON, reason=" ")
    ended = an_agreement().end(actor_id="x", at=NOON, reason="moved")
    with pytest.raises(AgreementSettled):
        ended.end(actor_id="x", at=NOON, reason="again")


@pytest.mark.parametrize(
    ("invited", "scopes", "ends_at"),
    [
        ("township", {RADIOLOGY}, NOON + YEAR),
        ("province", set(), NOON + YEAR),
        ("province", {RADIOLOGY}, NOON),
        ("province", {RADIOLOGY}, NOON + LONGEST + timedelta(seconds=1)),
    ],
)
def test_terms_that_no_agreement_can_have_are_refused(
    invited: str, scopes: set[Scope], ends_at: datetime
) -> None:
    with pytest.raises(BadAgreement):
        check_terms("township", invited, scopes, NOON, ends_at)
