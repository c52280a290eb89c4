"""A critical result is acknowledged by one, or escalates once for each rung, on both real databases."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from storage.database import Database
from storage.tables import audit_log, notifications, users
from teleconsult.consults.consult import Status as ConsultStatus
from teleconsult.critical_results.category import Category
from teleconsult.critical_results.critical_result import CriticalEvent, CriticalResult, CriticalStatus
from teleconsult.critical_results.critical_steps import critical_repository, raise_result, take_step
from teleconsult.errors import CriticalResultSettled, NotAllowed, NotFound
from teleconsult.escalation import climbing
from teleconsult.notifications.notification import Channel, Kind
from teleconsult.notifications.posting import post_one
from teleconsult.notifications.repository import NotificationRepository
from teleconsult.notifications.sending import Letter
from teleconsult.users.user import User
from tests.at_once import at_once
from tests.small_application import NOON, Parts, people_with_a_consult


@pytest.fixture
def parts(database: Database) -> Any:
    return Parts(database)


@pytest.fixture
def people(parts: Any) -> dict[str, User]:
    """`asks` has asked, `li` has accepted and finds something critical at noon: no report is signed."""
    found = people_with_a_consult(parts, ConsultStatus.IN_PROGRESS, specialist="li")
    with parts.database.transaction() as connection:
        consult = parts.consults.get(connection, "c")
        raise_result(parts, connection, consult, found["li"], Category.MINUTES, "tension pneumothorax", NOON)
    return found


def result(parts: Any) -> CriticalResult:
    with parts.database.reading() as connection:
        (found,) = critical_repository.of_consult(connection, "c")
    return found


def step(
    parts: Any, user: User, event: CriticalEvent, words: str = "drain", spoken_to: str | None = None
) -> None:
    known = result(parts)
    with parts.database.transaction() as connection:
        consult = parts.consults.get(connection, "c")
        take_step(
            parts, connection, consult, known.id, user, event, NOON, words=words, spoken_to=spoken_to
        )


def told(parts: Any, people: dict[str, User]) -> list[tuple[str, str]]:
    names = {user.id: name for name, user in people.items()}
    with parts.database.reading() as connection:
        rows = connection.execute(select(notifications.c.user_id, notifications.c.kind))
        return sorted((names[row.user_id], row.kind) for row in rows)


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def test_who_asked_is_told_at_once_and_the_rest_rung_by_rung_once_by_two_processes(
    parts: Any, people: dict[str, User]
) -> None:
    other = Parts(parts.database)
    assert told(parts, people) == [("asks", "critical-result")]
    assert not climbing.climb_due(parts, minutes(9))
    deeds = [lambda one=one: climbing.climb_due(one, minutes(10)) for one in (parts, other)]
    assert sorted(at_once(NotFound, *deeds)) == [False, True]
    overdue = {(name, "critical-overdue") for name in ("asks", "wang", "coordinator")}
    assert overdue < set(told(parts, people)) and result(parts).status is CriticalStatus.OVERDUE
    # Both were away: what is overdue is made good at the next looks, each rung once.
    assert climbing.climb_due(other, minutes(60))  # type: ignore[arg-type]
    assert ("li", "critical-telephone") in told(parts, people)
    assert climbing.climb_due(parts, minutes(60)) and not climbing.climb_due(parts, minutes(600))
    assert ("boss", "critical-overdue") in told(parts, people)
    assert [one.words for one in result(parts).history] == [
        "colleagues,coordinators",
        "specialist",
        "administrators",
    ]


def test_of_two_who_acknowledge_at_once_one_decision_stands_and_nothing_escalates(
    parts: Any, people: dict[str, User]
) -> None:
    deeds = [
        lambda name=name: step(parts, people[name], CriticalEvent.ACKNOWLEDGE, f"by {name}")
        for name in ("asks", "wang")
    ]
    outcomes = at_once(CriticalResultSettled, *deeds)
    assert sum(isinstance(one, CriticalResultSettled) for one in outcomes) == 1
    (ending,) = result(parts).history
    holder = {user.id: name for name, user in people.items()}[ending.actor_id]
    assert (ending.event, ending.words) == (CriticalEvent.ACKNOWLEDGE, f"by {holder}")
    assert not climbing.climb_due(parts, minutes(600))
    assert ("li", "critical-acknowledged") in told(parts, people)


def test_who_found_it_records_a_call_or_withdraws_and_does_not_acknowledge_for_the_others(
    parts: Any, people: dict[str, User]
) -> None:
    with pytest.raises(NotAllowed):
        step(parts, people["li"], CriticalEvent.ACKNOWLEDGE)
    for event in (CriticalEvent.TELEPHONE, CriticalEvent.WITHDRAW):
        with pytest.raises(NotAllowed):
            step(parts, people["asks"], event, spoken_to="x")
    climbing.climb_due(parts, minutes(10))
    step(parts, people["li"], CriticalEvent.TELEPHONE, "", spoken_to="Dr Zhao")
    ending = result(parts).settled
    assert result(parts).status is CriticalStatus.ACKNOWLEDGED
    assert ending is not None and ending.spoken_to == "Dr Zhao"
    assert not climbing.climb_due(parts, minutes(600))
    with parts.database.reading() as connection:
        rows = connection.execute(select(audit_log.c.action, audit_log.c.details)).all()
    assert [row.action for row in rows] == [
        "critical-result-raised",
        "critical-result-expire",
        "critical-result-telephone",
    ]
    assert "pneumothorax" not in str(rows)


def test_if_who_asked_is_switched_off_all_who_may_acknowledge_are_told(
    parts: Any, people: dict[str, User]
) -> None:
    with parts.database.transaction() as connection:
        asking = users.c.id == people["asks"].id
        connection.execute(update(users).where(asking).values(disabled_at=NOON))
        consult = parts.consults.get(connection, "c")
        raise_result(parts, connection, consult, people["li"], Category.DAYS, "a nodule", minutes(1))
    assert ("wang", "critical-result") in told(parts, people)


def test_what_was_settled_meanwhile_is_not_sent_any_more(parts: Any, people: dict[str, User]) -> None:
    sent: list[Letter] = []
    parts.notifications = NotificationRepository([Channel.WEBHOOK])
    parts.settings.notifications = SimpleNamespace(page_url="https://consult.example")
    parts.senders = {Channel.WEBHOOK: SimpleNamespace(send=sent.append)}
    climbing.climb_due(parts, minutes(10))
    assert post_one(parts, Channel.WEBHOOK, minutes(10))
    assert [letter.kind for letter in sent] == [Kind.CRITICAL_OVERDUE]
    step(parts, people["asks"], CriticalEvent.ACKNOWLEDGE)
    while post_one(parts, Channel.WEBHOOK, minutes(11)):
        pass
    assert [letter.kind for letter in sent] == [Kind.CRITICAL_OVERDUE]
