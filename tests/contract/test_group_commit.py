"""Transactions that several threads share, on both real databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Connection, event, insert, select

from storage.database import Database
from storage.tables import institutions


def add(number: int) -> Callable[[Connection], int]:
    def work(connection: Connection) -> int:
        connection.execute(
            insert(institutions).values(id=str(number), name_en="A", name_zh="A", position=number)
        )
        if number % 10 == 3:
            raise ZeroDivisionError(number)
        return number

    return work


def test_everybody_in_a_group_is_kept_but_those_that_failed(database: Database) -> None:
    together = Barrier(20)

    def one(number: int) -> int | None:
        together.wait(30)
        try:
            return database.in_group(add(number))
        except ZeroDivisionError:
            return None

    with ThreadPoolExecutor(20) as pool:
        returned = list(pool.map(one, range(20)))
    kept = [number for number in range(20) if number % 10 != 3]
    assert [number for number in returned if number is not None] == kept
    with database.reading() as connection:
        found = connection.execute(select(institutions.c.position)).scalars().all()
    assert sorted(found) == kept


def test_a_group_costs_fewer_commits_than_it_has_members(database: Database) -> None:
    commits: list[int] = []
    event.listen(database.engine, "commit", lambda _: commits.append(1))
    together = Barrier(40)

    def one(number: int) -> int:
        together.wait(30)
        return database.in_group(add(10 * number))

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(one, range(40)))
    assert len(commits) < 40


def test_what_is_raised_is_the_callers_own(database: Database) -> None:
    with pytest.raises(ZeroDivisionError, match="13"):
        database.in_group(add(13))
