"""A critical result: its table, what each step asks for, and what the report says of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleconsult import access
from teleconsult.consults.consult import Consult
from teleconsult.consults.consult import Status as ConsultStatus
from teleconsult.critical_results.category import Category, shipped_categories
from teleconsult.critical_results.critical_result import (
    TRANSITIONS,
    WAITS,
    CriticalEvent,
    CriticalResult,
    CriticalStatus,
)
from teleconsult.critical_results.in_report import critical_lines
from teleconsult.errors import (
    CriticalResultSettled,
    DecisionMissing,
    ReadBackMissing,
    ReasonRequired,
    TeleconsultError,
)
from teleconsult.escalation.ladder import USUAL, Audience, ladder_of
from tests.unit.teleconsult.test_consult import PROVINCE, TOWNSHIP, a_consult, a_user

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = {"li": "Li, P", "zhao": "Zhao, T"}


def a_result(**other: object) -> CriticalResult:
    values: dict[str, object] = {
        "id": "r",
        "consult_id": "c",
        "category": Category.MINUTES,
        "finding": "tension pneumothorax",
        "status": CriticalStatus.OPEN,
        "raised_by_id": "li",
        "raised_at": NOON,
        "due_at": NOON + timedelta(minutes=10),
        "told_ids": ("zhao",),
    }
    return CriticalResult(**(values | other))  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(CriticalEvent), max_size=12))
def test_it_ends_once_and_only_by_a_person(events: list[CriticalEvent]) -> None:
    result = a_result()
    for event in events:
        try:
            result = result.apply(event, actor_id="x", at=NOON, words="w", spoken_to="Zhao")
        except CriticalResultSettled:
            assert not result.waits
    ends = [step.event for step in result.history if step.event is not CriticalEvent.EXPIRE]
    assert len(ends) == (0 if result.waits else 1)
    assert result.settled is None or result.settled.event is ends[0]


def test_every_status_has_a_row_and_what_waits_can_be_acknowledged() -> None:
    assert set(TRANSITIONS) == set(CriticalStatus)
    ends = {TRANSITIONS[status][CriticalEvent.ACKNOWLEDGE] for status in WAITS}
    assert ends == {CriticalStatus.ACKNOWLEDGED}


@pytest.mark.parametrize(
    ("event", "missing"),
    [
        (CriticalEvent.ACKNOWLEDGE, DecisionMissing),
        (CriticalEvent.WITHDRAW, ReasonRequired),
        (CriticalEvent.TELEPHONE, ReadBackMissing),
    ],
)
def test_a_step_without_its_words_is_refused(event: CriticalEvent, missing: type[TeleconsultError]) -> None:
    with pytest.raises(missing):
        a_result().apply(event, actor_id="x", at=NOON, words=" ", spoken_to=" ")


def test_every_category_has_words_and_a_ladder_that_ends_with_a_telephone_call() -> None:
    assert [one.code for one in shipped_categories().categories] == list(Category)
    for category in Category:
        told = [audience for rung in USUAL[ladder_of(category)] for audience in rung.tells]
        assert told[:2] == [Audience.COLLEAGUES, Audience.COORDINATORS] and Audience.SPECIALIST in told


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (None, "Not acknowledged yet"),
        (CriticalEvent.ACKNOWLEDGE, "Acknowledged: Zhao, T"),
        (CriticalEvent.TELEPHONE, "read back: Dr Qian"),
        (CriticalEvent.WITHDRAW, "Withdrawn: Zhao, T"),
    ],
)
def test_the_report_says_to_whom_it_was_told_when_and_how_it_was_taken(
    event: CriticalEvent | None, said: str
) -> None:
    result = a_result()
    if event is not None:
        result = result.apply(event, actor_id="zhao", at=NOON, words="drain", spoken_to="Dr Qian")
    text = "\n".join(critical_lines(result, NAMES))
    assert "tension pneumothorax" in text and "2026-03-01 12:00 UTC" in text and "Told: Zhao, T" in text
    assert said in text and ("drain" in text) == (event is not None)


@pytest.mark.parametrize("status", [ConsultStatus.ACCEPTED, ConsultStatus.IN_PROGRESS, ConsultStatus.CLOSED])
def test_a_specialist_tells_it_at_any_time_and_the_other_side_acknowledges_it(status: ConsultStatus) -> None:
    consult: Consult = a_consult(status, specialist_id="li")
    specialist = a_user(id="li", institution=PROVINCE)
    colleague = a_user(id="another", institution=TOWNSHIP)
    assert access.may_raise_critical(specialist, consult)
    assert not access.may_acknowledge_critical(specialist, consult)
    assert access.may_acknowledge_critical(colleague, consult)
    assert not access.may_raise_critical(colleague, consult)
