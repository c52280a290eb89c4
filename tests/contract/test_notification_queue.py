"""What is to go out, on both real databases: nothing is lost, and nobody sends what another is sending."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select

from storage.database import Database
from storage.tables import notification_deliveries as queue
from teleconsult.consults.consult import Urgency
from teleconsult.errors import NotFound
from teleconsult.lifecycle.record_classes import Retention
from teleconsult.notifications import deliveries
from teleconsult.notifications.deliveries import LEASE, RETRY_AFTER, DeliveryStatus
from teleconsult.notifications.notification import Channel, Choices, Kind, QuietHours
from teleconsult.notifications.repository import NotificationRepository
from teleconsult.notifications.retention import delete_old
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role
from tests.push_browser import PushBrowser

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTIFICATIONS = NotificationRepository(Channel)


@pytest.fixture
def users(database: Database) -> list[str]:
    """Two users' ids."""
    known = UserRepository(database)
    with database.transaction() as connection:
        place = known.add_institution(connection, "A", "甲")
        for name in ("li", "wang"):
            known.add(
                connection,
                username=name,
                display_name=name,
                roles=[Role.SPECIALIST],
                institution=place,
                specialty="radiology",
                password="x",
            )
        found = [known.find(connection, name) for name in ("li", "wang")]
    return [user.id for user in found if user is not None]


def tell(database: Database, user_ids: Sequence[str], urgency: Urgency = Urgency.URGENT) -> None:
    with database.transaction() as connection:
        NOTIFICATIONS.tell(connection, user_ids, Kind.REQUEST_RECEIVED, at=NOON, urgency=urgency)


def chosen(database: Database, user_id: str, choices: Choices) -> None:
    with database.transaction() as connection:
        NOTIFICATIONS.save_choices(connection, user_id, choices)


def planned(database: Database) -> list[tuple[str, datetime]]:
    with database.reading() as connection:
        rows = connection.execute(select(queue.c.channel, queue.c.next_attempt_at))
        return sorted((row.channel, row.next_attempt_at) for row in rows)


def test_everybody_is_told_in_the_page_and_only_there_until_they_can_be_reached(
    database: Database, users: list[str]
) -> None:
    tell(database, users, Urgency.ROUTINE)
    assert planned(database) == []
    with database.reading() as connection:
        assert [NOTIFICATIONS.unread_count(connection, one) for one in users] == [1, 1]


def test_each_gets_what_they_chose_when_their_quiet_hours_are_over(
    database: Database, users: list[str]
) -> None:
    quiet = QuietHours(time(20), time(6))  # it is 20:00 in Shanghai
    chosen(database, users[0], Choices(email="li@example.org", quiet=quiet))
    with database.transaction() as connection:
        NOTIFICATIONS.subscribe(connection, PushBrowser("https://push.example/1").subscription(users[0]))
    tell(database, users, Urgency.ROUTINE)
    assert planned(database) == [("push", NOON + timedelta(hours=10))]
    tell(database, users[:1], Urgency.EMERGENCY)
    assert set(planned(database)) - {("push", NOON + timedelta(hours=10))} == {
        ("email", NOON),
        ("push", NOON),
        ("webhook", NOON),
    }


def test_what_an_installation_is_not_set_up_for_is_not_planned(database: Database, users: list[str]) -> None:
    with database.transaction() as connection:
        NotificationRepository([Channel.PUSH]).tell(
            connection, users, Kind.REQUEST_RECEIVED, at=NOON, urgency=Urgency.URGENT
        )
    assert planned(database) == []


def test_one_delivery_is_leased_once_until_its_lease_runs_out(database: Database, users: list[str]) -> None:
    tell(database, users[:1])
    with database.transaction() as connection:
        first = deliveries.lease_one(connection, Channel.WEBHOOK, NOON)
        assert first is not None and first.attempts == 1
        assert deliveries.lease_one(connection, Channel.WEBHOOK, NOON) is None
        assert deliveries.lease_one(connection, Channel.EMAIL, NOON) is None
    later = NOON + LEASE
    with database.transaction() as connection:
        second = deliveries.lease_one(connection, Channel.WEBHOOK, later)
        assert second is not None and (second.id, second.attempts) == (first.id, 2)
        # The first is back, too late: what the second does is what counts.
        deliveries.settle(connection, first, DeliveryStatus.GIVEN_UP, later)
        deliveries.settle(connection, second, DeliveryStatus.SENT, later)
        status = connection.execute(select(queue.c.status).where(queue.c.id == first.id)).scalar_one()
    assert status == DeliveryStatus.SENT


def test_a_lease_from_before_the_clock_was_set_back_holds_up_nothing(
    database: Database, users: list[str]
) -> None:
    tell(database, users[:1])
    with database.transaction() as connection:
        first = deliveries.lease_one(connection, Channel.WEBHOOK, NOON + timedelta(hours=1))
        second = deliveries.lease_one(connection, Channel.WEBHOOK, NOON)
    assert first is not None and second is not None and (second.id, second.attempts) == (first.id, 2)


def test_what_fails_is_tried_again_ever_later_and_then_given_up(database: Database, users: list[str]) -> None:
    tell(database, users[:1])
    at = NOON
    for pause in RETRY_AFTER:
        with database.transaction() as connection:
            delivery = deliveries.lease_one(connection, Channel.WEBHOOK, at)
            assert delivery is not None
            assert deliveries.try_again(connection, delivery, at, "HTTP 503")
            assert not deliveries.is_any_due(connection, Channel.WEBHOOK, at + pause - timedelta(seconds=1))
        at += pause
    with database.transaction() as connection:
        last = deliveries.lease_one(connection, Channel.WEBHOOK, at)
        assert last is not None and not deliveries.try_again(connection, last, at, "HTTP 503")
        row = connection.execute(select(queue)).one()
    assert (row.status, row.last_error, row.next_attempt_at) == ("given-up", "HTTP 503", None)


def test_nobody_reads_or_removes_what_is_anothers(database: Database, users: list[str]) -> None:
    tell(database, users)
    with database.transaction() as connection:
        own, others = (NOTIFICATIONS.of_user(connection, one) for one in users)
        NOTIFICATIONS.mark_read(connection, users[0], NOON, [one.id for one in [*own, *others]])
        assert [NOTIFICATIONS.unread_count(connection, one) for one in users] == [0, 1]
        NOTIFICATIONS.subscribe(connection, PushBrowser("https://push.example/1").subscription(users[1]))
        with pytest.raises(NotFound):
            NOTIFICATIONS.unsubscribe(connection, "s", users[0])
        # Somebody else signs in at the same browser.
        NOTIFICATIONS.subscribe(connection, PushBrowser("https://push.example/1").subscription(users[0]))
        assert NOTIFICATIONS.subscriptions(connection, users[1]) == []


def test_choices_come_back_as_they_were_made(database: Database, users: list[str]) -> None:
    choices = Choices(
        {topic: frozenset({Channel.EMAIL}) for topic in Choices().channels},
        "li@example.org",
        "+86 139",
        QuietHours(time(22, 30), time(7)),
        "Europe/Berlin",
    )
    chosen(database, users[0], choices)
    with database.reading() as connection:
        found = NOTIFICATIONS.choices_of(connection, users)
    assert found == {users[0]: choices, users[1]: Choices()}


def test_what_was_read_is_deleted_sooner_than_what_was_not_with_what_was_planned_of_it(
    database: Database, users: list[str]
) -> None:
    tell(database, users)
    with database.transaction() as connection:
        NOTIFICATIONS.mark_read(connection, users[0], NOON)
    kept = Retention.from_text("notification-read:90,notification-unread:365")

    def counts() -> list[int]:
        with database.reading() as connection:
            return [len(NOTIFICATIONS.of_user(connection, one)) for one in users]

    assert not delete_old(database, kept, NOON + timedelta(days=90))
    assert delete_old(database, kept, NOON + timedelta(days=91)) and counts() == [0, 1]
    assert planned(database) == [("webhook", NOON)]
    assert delete_old(database, kept, NOON + timedelta(days=366)) and counts() == [0, 0]
    assert planned(database) == []
