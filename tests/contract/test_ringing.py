"""An urgent request rings: one gets it, and its ladder is climbed once, on both real databases."""

from datetime import timedelta
from typing import Any

import pytest

from storage.database import Database
from teleconsult.consults.consult import SYSTEM, Event, Status
from teleconsult.errors import NotFound, RequestTaken
from teleconsult.escalation import climbing
from teleconsult.ringing import ringing
from teleconsult.users.user import User
from tests.at_once import at_once
from tests.small_application import NOON, Parts, people_with_a_consult


@pytest.fixture
def parts(database: Database) -> Any:
    return Parts(database)


@pytest.fixture
def people(parts: Any) -> dict[str, User]:
    found = people_with_a_consult(parts, Status.REQUESTED)
    with parts.database.transaction() as connection:
        ringing.begin(parts, connection, parts.consults.get(connection, "c"), NOON)
    return found


def rung(parts: Any, people: dict[str, User]) -> set[str]:
    names = {user.id: name for name, user in people.items()}
    with parts.database.reading() as connection:
        return {names[one] for one in ringing.ring_repository.rung(connection, "c")}


def test_it_rings_for_all_specialists_of_the_specialty_and_nobody_else(
    parts: Any, people: dict[str, User]
) -> None:
    assert rung(parts, people) == {"li", "wang"}


def test_of_two_who_accept_at_once_one_has_it_and_the_other_reads_who_was_faster(
    parts: Any, people: dict[str, User]
) -> None:
    outcomes = at_once(
        RequestTaken,
        *(lambda user=people[name]: ringing.accept(parts, "c", user, NOON) for name in ("li", "wang"))
    )
    refused = [one for one in outcomes if isinstance(one, RequestTaken)]
    (accepted,) = [one for one in outcomes if not isinstance(one, RequestTaken)]
    holder = {user.id: name for name, user in people.items()}[accepted.specialist_id]
    assert [one.by for one in refused] == [holder]
    assert ringing.accept(parts, "c", people[holder], NOON).specialist_id == accepted.specialist_id
    told = {event["user_id"] for event in parts.published if event["type"] == "notifications-changed"}
    assert {people["li"].id, people["wang"].id, people["asks"].id} <= told


def test_whoever_was_not_rung_learns_nothing(parts: Any, people: dict[str, User]) -> None:
    for name in ("heart", "boss", "asks"):
        with pytest.raises(NotFound):
            ringing.accept(parts, "c", people[name], NOON)


def test_the_ladder_is_climbed_in_time_and_each_rung_once_by_two_processes(
    parts: Any, people: dict[str, User]
) -> None:
    other = Parts(parts.database)
    assert not climbing.climb_due(parts, NOON + timedelta(minutes=1))
    at = NOON + timedelta(minutes=2)
    climbed = at_once(
        RequestTaken,
        lambda: climbing.climb_due(parts, at),
        lambda: climbing.climb_due(other, at),  # type: ignore[arg-type]
    )
    assert sorted(climbed) == [
        False,
        True,
    ]
    assert rung(parts, people) == {"li", "wang", "coordinator"}
    # Both were away for a while: what is overdue is made good at the next look.
    assert climbing.climb_due(other, NOON + timedelta(minutes=9))  # type: ignore[arg-type]
    assert rung(parts, people) == {"li", "wang", "coordinator", "general", "boss"}
    assert not climbing.climb_due(parts, NOON + timedelta(days=1))
    with parts.database.reading() as connection:
        history = parts.consults.get(connection, "c").history
        counts = [
            parts.notifications.unread_count(connection, people[name].id)
            for name in ("coordinator", "general", "boss", "heart")
        ]
    assert [(entry.event, entry.actor_id, entry.reason) for entry in history] == [
        (Event.EXPIRE, SYSTEM, "coordinators"),
        (Event.EXPIRE, SYSTEM, "general,administrators"),
    ]
    assert counts == [1, 1, 1, 0]
    assert ringing.accept(parts, "c", people["general"], NOON).specialist_id == people["general"].id


def test_what_somebody_has_accepted_climbs_no_further(parts: Any, people: dict[str, User]) -> None:
    ringing.accept(parts, "c", people["li"], NOON)
    assert not climbing.climb_due(parts, NOON + timedelta(days=1))
    with parts.database.reading() as connection:
        assert parts.consults.get(connection, "c").history[-1].event is Event.ACCEPT


def test_whoever_says_not_me_is_counted_and_may_still_accept(parts: Any, people: dict[str, User]) -> None:
    with parts.database.transaction() as connection:
        ringing.ring_repository.dismiss(connection, "c", people["li"].id, NOON)
        assert ringing.ring_repository.of_user(connection, people["li"].id) == []
        assert ringing.ring_repository.counts(connection, "c") == (2, 1)
    assert ringing.accept(parts, "c", people["li"], NOON).status is Status.ACCEPTED
