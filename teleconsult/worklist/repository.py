"""Pages of the worklist: what the user has a part in, filtered, sorted, and read on from a key.

What a user sees are ranges of rows, no row in two of them: those of the own institution, those of consults
in which the user has a part for good, and those that wait for somebody like the user. A page is the first
rows of all of them, so each is asked for its own first rows alone.

On PostgreSQL what is asked for is looked for along the order first, which finds what is common, and by the
index of terms where so many rows had too little of it, which finds what is rare. The planner cannot choose
between the two: to it the pieces of a word are independent of each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, literal, not_, select, tuple_, union_all

from storage.tables import institutions, worklist_items
from teleconsult import access
from teleconsult.consults.repository import ConsultRepository
from teleconsult.users.user import Institution, User
from teleconsult.worklist.asked import Asked, Columns, among, are
from teleconsult.worklist.paging import PAGE
from teleconsult.worklist.worklist_filter import Cursor, Sort, WorklistFilter

COUNTED_AT_MOST: Final = 1000
# How many rows are looked at along an order before the index of terms is asked.
LOOKED_AT_FOR_A_PAGE: Final = 2_000
LOOKED_AT_FOR_A_COUNT: Final = 10_000
_SORT_KEYS: Final[dict[Sort, tuple[str, ...]]] = {
    Sort.URGENCY: ("urgency", "arrived_at", "id"),
    Sort.AI: ("ai_urgency", "arrived_at", "id"),
    Sort.WAITING: ("waiting_since", "id"),
    Sort.NEWEST: ("arrived_at", "id"),
}
_ASCENDS: Final = frozenset({Sort.WAITING})
_TYPES: Final[dict[str, type]] = {
    "urgency": int,
    "ai_urgency": float,
    "arrived_at": datetime,
    "waiting_since": datetime,
    "id": str,
}
_items = worklist_items.c


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Row[Any]]  # of worklist_items
    next: str | None  # the cursor behind the last row; None: there are no more
    count: int | None  # of all pages, where it was asked for; beyond COUNTED_AT_MOST nobody counts on


@dataclass(frozen=True, slots=True)
class _Range:
    """Rows that the user sees for one reason; `reader` is None where they are a few, here and there."""

    reader: str | None
    conditions: tuple[ColumnElement[bool], ...]


@dataclass(frozen=True, slots=True)
class _First:
    keys: list[tuple[str, str]]
    number: int | None  # of all rows that are asked for in the range; None: nobody has counted them


@dataclass(frozen=True, slots=True)
class _Order:
    """A sort, and the key behind which it is read on."""

    names: tuple[str, ...]
    ascends: bool
    reached: tuple[Any, ...] | None = None

    @classmethod
    def of(cls, sort: Sort, after: str | None = None) -> "_Order":
        """Raises BadCursor."""
        names = _SORT_KEYS[sort]
        types = tuple(_TYPES[name] for name in names)
        return cls(names, sort in _ASCENDS, None if after is None else Cursor.from_text(after, types).values)

    def by(self, items: Columns) -> list[ColumnElement[Any]]:
        return [items[name].asc() if self.ascends else items[name].desc() for name in self.names]

    def behind(self) -> list[ColumnElement[bool]]:
        if self.reached is None:
            return []
        keys = [_items[name] for name in self.names]
        reached = tuple_(*(literal(value, key.type) for key, value in zip(keys, self.reached, strict=True)))
        return [tuple_(*keys) > reached if self.ascends else tuple_(*keys) < reached]


class WorklistRepository:
    def __init__(self, consults: ConsultRepository) -> None:
        self._consults = consults

    def page(
        self,
        connection: Connection,
        user: User,
        wanted: WorklistFilter,
        at: datetime,
        after: str | None = None,
        limit: int = PAGE,
        *,
        counts: bool = False,
    ) -> Page:
        """The first `limit` rows, or those behind the cursor; only of the first rows all can be counted.

        Raises BadCursor.
        """
        order = _Order.of(wanted.sort, after)
        asked = Asked.of(connection, wanted, user, at)
        parts = [
            (part, _first(connection, part, asked, order, limit + 1))
            for part in self._ranges(connection, user, at)
        ]
        chosen = [key for _, first in parts for key in first.keys]
        rows = connection.execute(
            select(worklist_items)
            .where(are(connection, _items, chosen))
            .order_by(*order.by(_items))
            .limit(limit + 1)
        ).all()
        more = len(rows) > limit
        rows = rows[:limit]
        last = Cursor(tuple(getattr(rows[-1], name) for name in order.names)) if more else None
        count = _count_all(connection, parts, asked) if counts else None
        return Page(rows, last.to_text() if last else None, count)

    def institutions_of(self, connection: Connection, user: User, at: datetime) -> list[Institution]:
        """The user's own, and behind it the others from which the user has a part in something."""
        own = user.institution
        others = union_all(
            *(
                select(_items.institution_id).where(*part.conditions)
                for part in self._ranges(connection, user, at)
                if part.reader != own.id
            )
        )
        named = select(institutions).where(institutions.c.id.in_(others)).order_by(institutions.c.id)
        found = (Institution(row.id, row.name_en, row.name_zh) for row in connection.execute(named))
        return [own, *(one for one in found if one != own)]

    def _ranges(self, connection: Connection, user: User, at: datetime) -> Iterator[_Range]:
        own = user.institution.id
        elsewhere: tuple[ColumnElement[bool], ...] = ()
        if access.sees_own_institution(user):
            yield _Range(own, (_items.reader == own,))
            elsewhere = (_items.institution_id != own,)
        yield _Range(user.id, (_items.reader == user.id, *elsewhere))
        waits = among(connection, _items.id, self._consults.open_to(user, at))
        mine = worklist_items.alias().c
        is_mine = select(mine.id).where(mine.id == _items.id, mine.reader == user.id).exists()
        first = _items.reader == _items.institution_id  # of the rows of one study or consult
        yield _Range(None, (waits, first, *elsewhere, not_(is_mine)))


def _first(connection: Connection, part: _Range, asked: Asked, order: _Order, limit: int) -> _First:
    """The first rows of the range that are asked for."""
    within = (*part.conditions, *order.behind())
    terms = asked.terms(part.reader) if part.reader is not None else []
    if terms:
        found = _keys(connection, _along(within, order, LOOKED_AT_FOR_A_PAGE, asked).limit(limit))
        if len(found) == limit:
            return _First(found, None)
    keys = select(_items.id, _items.reader).where(*within, *terms, *asked.conditions(_items))
    if terms:
        # Without MATERIALIZED the planner would go along the order again.
        sorted_by = (_items[name] for name in order.names if name != "id")
        rare = keys.add_columns(*sorted_by).cte().prefix_with("MATERIALIZED")
        number = select(func.count()).select_from(rare).scalar_subquery()
        first = select(rare.c.id, rare.c.reader, number).order_by(*order.by(rare.c)).limit(limit)
        rows = connection.execute(first).all()
        return _First([(row.id, row.reader) for row in rows], rows[0][2] if rows else 0)
    found = _keys(connection, keys.order_by(*order.by(_items)).limit(limit))
    return _First(found, None if len(found) == limit else len(found))


def _keys(connection: Connection, query: Select[Any]) -> list[tuple[str, str]]:
    return [(row.id, row.reader) for row in connection.execute(query)]


def _count_all(connection: Connection, parts: Sequence[tuple[_Range, _First]], asked: Asked) -> int:
    """How many rows there are in the ranges; those that were found to be few are counted already."""
    number = sum(first.number for _, first in parts if first.number is not None)
    for part, first in parts:
        if first.number is None and number <= COUNTED_AT_MOST:
            number += _count(connection, part, asked, COUNTED_AT_MOST + 1 - number)
    return min(number, COUNTED_AT_MOST + 1)


def _count(connection: Connection, part: _Range, asked: Asked, limit: int) -> int:
    """How many rows of the range are asked for, up to the limit."""
    terms = asked.terms(part.reader) if part.reader is not None else []
    if terms:
        newest = _along(part.conditions, _Order.of(Sort.NEWEST), LOOKED_AT_FOR_A_COUNT, asked)
        if (found := _number(connection, newest, limit)) == limit:
            return found
    query = select(_items.id).where(*part.conditions, *terms, *asked.conditions(_items))
    return _number(connection, query, limit)


def _along(
    within: Sequence[ColumnElement[bool]], order: _Order, looked_at: int, asked: Asked
) -> Select[tuple[str, str]]:
    """The keys of what is asked for among so many first rows of the order."""
    some = select(worklist_items).where(*within).order_by(*order.by(_items)).limit(looked_at).subquery().c
    return select(some.id, some.reader).where(*asked.conditions(some)).order_by(*order.by(some))


def _number(connection: Connection, rows: Select[Any], limit: int) -> int:
    counted = select(func.count()).select_from(rows.limit(limit).subquery())
    return int(connection.execute(counted).scalar_one())
